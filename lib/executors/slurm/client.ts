/** Calls Slurm's programs and parses what they print. */
import { userInfo } from "node:os";
import { UserError } from "../../errors.ts";
import { secondsOf } from "./resources.ts";

/** A job in the queue. */
export interface QueuedJob {
  /** `PENDING`, `RUNNING` and others. */
  readonly state: string;
  /** Why it is pending: `Dependency`, `Resources`. */
  readonly reason: string;
  readonly node: string;
}

/** How a job ended. Slurm may say of a job that has just left the queue that it runs or is pending. */
export interface JobEnd {
  /** `COMPLETED`, `FAILED`, `TIMEOUT`, `CANCELLED`, `OUT_OF_MEMORY`, `NODE_FAIL` and others. */
  readonly state: string;
  /** Number of the signal that ended the job; 0 if none did. */
  readonly signal: number;
}

/** How many jobs a site accepts. */
export interface SiteLimits {
  /** Most tasks of an array. */
  readonly array: number;
  /** Most jobs in the queue: of the whole site, or of this user where the site limits that. */
  readonly jobs: number;
}

/**
 * Submits a script.
 *
 * @param dependency for example `afterok:12:13_4`; empty for a job that waits for no other
 * @returns the job's number
 * @throws {UserError} sbatch is not installed or refuses the script.
 */
export async function submit(script: string, dependency: string): Promise<string> {
  const waits = dependency === "" ? [] : [`--dependency=${dependency}`];
  const { code, out, err } = await call("sbatch", ["--parsable", ...waits, script]);
  if (code !== 0) throw new UserError(`Cannot submit "${script}": ${err.trim()}`);
  return out.trim().split(";")[0]!;
}

/** The user's pending and running jobs by number. Each task of an array has an entry, as in `12_3`. */
export async function queue(): Promise<Map<string, QueuedJob>> {
  const { code, out, err } = await call("squeue", [
    ...["--noheader", "--array", "--me", "--format=%i|%T|%r|%N"],
  ]);
  if (code !== 0) throw new UserError(`Cannot ask Slurm for its queue: ${err.trim()}`);
  return new Map(
    linesOf(out).map((line) => {
      const [job = "", state = "", reason = "", node = ""] = line.split("|");
      return [job, { state, reason, node }];
    }),
  );
}

/** Options of sacct: one line per job, without job steps. `parseJobEnds` reads the output. */
export const ACCOUNT_FIELDS = [
  ...["--noheader", "--parsable2", "--allocations", "--format=JobID,State,ExitCode"],
] as const;

/** How jobs that have left the queue ended; jobs that Slurm no longer knows are left out. */
export async function jobEnds(jobs: readonly string[]): Promise<Map<string, JobEnd>> {
  if (jobs.length === 0) return new Map();
  const account = await call("sacct", [...ACCOUNT_FIELDS, `--jobs=${jobs.join(",")}`]);
  const known = account.code === 0 ? parseJobEnds(account.out) : new Map<string, JobEnd>();
  // sites without accounting: the controller remembers a job for some minutes
  for (const job of jobs) {
    if (known.has(job)) continue;
    const { code, out } = await call("scontrol", ["show", "job", "--oneliner", job]);
    const [, state = ""] = /\bJobState=(\w+)/.exec(out) ?? [];
    const [, exitCode = ""] = /\bExitCode=(\S+)/.exec(out) ?? [];
    if (code === 0 && state !== "") known.set(job, { state, signal: signalIn(exitCode) });
  }
  return known;
}

/**
 * Parses what sacct prints, for example `12_3|CANCELLED by 1000|0:0`. Tasks that never started share a
 * line, as in `12_[0-2,5]`; each of them has an entry.
 */
export function parseJobEnds(text: string): Map<string, JobEnd> {
  return new Map(
    linesOf(text).flatMap((line) => {
      const [job = "", state = "", exitCode = ""] = line.split("|");
      const end = { state: state.split(" ")[0]!, signal: signalIn(exitCode) };
      return tasksOf(job).map((task) => [task, end] as const);
    }),
  );
}

/** Numbers of the tasks that Slurm writes as one, as in `12_[0-4:2,7%1]`; else the number itself. */
function tasksOf(job: string): string[] {
  const [, array = "", tasks] = /^(\d+)_\[([\d,:-]+)(?:%\d+)?\]$/.exec(job) ?? [];
  if (tasks === undefined) return [job];
  return tasks.split(",").flatMap((part) => {
    const [, first = "", last = first, step = "1"] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ??
      [];
    const count = Math.floor((Number(last) - Number(first)) / Number(step)) + 1;
    return Array.from({ length: count }, (_, i) => `${array}_${Number(first) + i * Number(step)}`);
  });
}

/** The signal in an exit code of Slurm, such as `0:9`. */
function signalIn(exitCode: string): number {
  return Number(exitCode.split(":")[1] ?? 0);
}

/** Cancels jobs. */
export async function cancel(jobs: readonly string[]) {
  if (jobs.length === 0) return;
  const { code, err } = await call("scancel", [...jobs]);
  if (code !== 0) throw new UserError(`Cannot cancel jobs ${jobs.join(", ")}: ${err.trim()}`);
}

/** Requeues a running job. @throws {UserError} Slurm refuses. */
export async function requeue(job: string) {
  const { code, err } = await call("scontrol", ["requeue", job]);
  if (code !== 0) throw new UserError(`Cannot requeue job ${job}: ${err.trim()}`);
}

/**
 * How many jobs the site accepts; `Infinity` where it names no limit.
 *
 * @param accounts accounts that jobs are charged to; empty for the user's default account
 */
export async function siteLimits(accounts: readonly string[]): Promise<SiteLimits> {
  const config = await call("scontrol", ["show", "config"]);
  const user = `users=${userInfo().username}`;
  const mine = await call("scontrol", ["show", "assoc_mgr", user, "flags=assoc"]);
  return parseLimits(config.out, mine.out, accounts);
}

/** Parses the limits that `scontrol show config` and `scontrol show assoc_mgr` print. */
export function parseLimits(
  config: string,
  associations: string,
  accounts: readonly string[] = [],
): SiteLimits {
  const number = (name: string) =>
    Number(new RegExp(`^${name}\\s*= (\\d+)`, "m").exec(config)?.[1] ?? Infinity);
  const own = associations.split(/^(?=ClusterName=)/m)
    .filter((text) => {
      const account = /\bAccount=(\S*)/.exec(text)?.[1] ?? "";
      return accounts.length > 0 ? accounts.includes(account) : /\bDefAssoc=Yes/.test(text);
    })
    .flatMap((text) => Number(/\bMaxSubmitJobs=(\d+)/.exec(text)?.[1] ?? Infinity));
  // 0 forbids arrays; an array of one task is submitted as a plain job
  return {
    array: Math.max(1, number("MaxArraySize")),
    jobs: Math.min(number("MaxJobCount"), ...own),
  };
}

/** Time limit of each partition, seconds; the default partition's is also under "". */
export async function timeLimits(): Promise<Map<string, number>> {
  const { out } = await call("sinfo", ["--noheader", "--format=%P|%l"]);
  return new Map(
    linesOf(out).flatMap((line): [string, number][] => {
      const [name = "", time = ""] = line.split("|");
      const limit = secondsOf(time);
      return name.endsWith("*") ? [[name.slice(0, -1), limit], ["", limit]] : [[name, limit]];
    }),
  );
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Has Slurm write all tasks of an array; by default it cuts them off after 64 characters. */
const ENVIRONMENT = { SLURM_BITSTR_LEN: "0" };

async function call(program: string, args: string[]) {
  try {
    const command = new Deno.Command(program, { args, env: ENVIRONMENT });
    const { code, stdout, stderr } = await command.output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UserError(
      `Cannot reach Slurm: ${program} is not installed on this machine; run this where jobs are ` +
        "submitted (a login node), or use --executor local",
    );
  }
}
