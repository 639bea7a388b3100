/** Slurm's own programs, and what they print, read. */
import { userInfo } from "node:os";
import { UserError } from "../../errors.ts";
import { secondsOf } from "./resources.ts";

/** A job in the queue. */
export interface QueuedJob {
  /** `PENDING`, `RUNNING` and others. */
  readonly state: string;
  /** Why it waits: `Dependency`, `Resources`. */
  readonly reason: string;
  readonly node: string;
}

/** How a job ended. */
export interface JobEnd {
  /** `COMPLETED`, `FAILED`, `TIMEOUT`, `CANCELLED`, `OUT_OF_MEMORY`, `NODE_FAIL`. */
  readonly state: string;
  /** As in `DependencyNeverSatisfied`. */
  readonly reason: string;
}

/** How many jobs a site takes. */
export interface SiteLimits {
  /** Tasks of an array. */
  readonly array: number;
  /** Jobs in the queue, of one user where the site says so. */
  readonly jobs: number;
}

/**
 * Puts a script into the queue.
 *
 * @param dependency as in `afterok:12:13_4`; none if empty
 * @returns the job's number
 * @throws {UserError} There is no sbatch, or it refuses.
 */
export async function submit(script: string, dependency: string): Promise<string> {
  const waits = dependency === "" ? [] : [`--dependency=${dependency}`];
  const { code, out, err } = await call("sbatch", ["--parsable", ...waits, script]);
  if (code !== 0) throw new UserError(`Cannot submit "${script}": ${err.trim()}`);
  return out.trim().split(";")[0]!;
}

/** The user's jobs that wait or run, tasks of arrays each by itself, as in `12_3`. */
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

/** What sacct is asked for: a line a job, without its steps; see `fatesIn`. */
export const ACCOUNT_FIELDS = [
  ...["--noheader", "--parsable2", "--allocations", "--format=JobID,State"],
] as const;

/** How jobs that are not in the queue any more ended, where Slurm still knows. */
export async function jobEnds(jobs: readonly string[]): Promise<Map<string, JobEnd>> {
  if (jobs.length === 0) return new Map();
  const account = await call("sacct", [...ACCOUNT_FIELDS, `--jobs=${jobs.join(",")}`]);
  const known = account.code === 0 ? parseJobEnds(account.out) : new Map<string, JobEnd>();
  // without accounting the controller remembers for some minutes
  for (const job of jobs) {
    if (known.has(job)) continue;
    const { code, out } = await call("scontrol", ["show", "job", "--oneliner", job]);
    const [, state = "", reason = ""] = /JobState=(\w+) Reason=(\S+)/.exec(out) ?? [];
    if (code === 0 && state !== "") known.set(job, { state, reason });
  }
  return known;
}

/** What sacct prints, line by line: `12_3|CANCELLED by 1000`. */
export function parseJobEnds(text: string): Map<string, JobEnd> {
  return new Map(
    linesOf(text).map((line) => {
      const [job = "", state = ""] = line.split("|");
      return [job, { state: state.split(" ")[0]!, reason: "" }];
    }),
  );
}

/** Takes jobs out of the queue. */
export async function cancel(jobs: readonly string[]) {
  if (jobs.length === 0) return;
  const { code, err } = await call("scancel", [...jobs]);
  if (code !== 0) throw new UserError(`Cannot cancel jobs ${jobs.join(", ")}: ${err.trim()}`);
}

/** Has a running job wait in the queue again. @throws {UserError} It may not. */
export async function requeue(job: string) {
  const { code, err } = await call("scontrol", ["requeue", job]);
  if (code !== 0) throw new UserError(`Cannot put job ${job} back into the queue: ${err.trim()}`);
}

/**
 * How many jobs the site takes; no limit where it says none.
 *
 * @param accounts those that jobs are charged to; the user's default one if there are none
 */
export async function siteLimits(accounts: readonly string[]): Promise<SiteLimits> {
  const config = await call("scontrol", ["show", "config"]);
  const user = `users=${userInfo().username}`;
  const mine = await call("scontrol", ["show", "assoc_mgr", user, "flags=assoc"]);
  return parseLimits(config.out, mine.out, accounts);
}

/** Limits in what `scontrol show config` and `scontrol show assoc_mgr` print. */
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
  // 0 forbids arrays; a job by itself is none
  return {
    array: Math.max(1, number("MaxArraySize")),
    jobs: Math.min(number("MaxJobCount"), ...own),
  };
}

/** Longest time of a job in each partition, seconds; that of the default one also under "". */
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

async function call(program: string, args: string[]) {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UserError(
      `Cannot reach Slurm: there is no ${program} on this machine; run this where jobs are ` +
        "submitted (a login node), or here with --executor local",
    );
  }
}
