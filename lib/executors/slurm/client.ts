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
  /** The script that was submitted, where Slurm tells it. */
  readonly script?: string;
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

/** What a job waits for. */
export interface Dependency {
  /** Whether the jobs must succeed, or only end. */
  readonly kind: "afterok" | "afterany";
  readonly jobs: readonly string[];
}

/** Cluster of a job, if sbatch named one: `east` of `12_3;east`. */
export function clusterOf(job: string): string | undefined {
  return job.split(";")[1];
}

/** A task of an array, on the array's cluster. */
export function taskOf(job: string, task: number): string {
  return onCluster(`${numberOf(job)}_${task}`, clusterOf(job));
}

/** The array of a task; a job by itself stays what it is. */
export function arrayOf(job: string): string {
  return onCluster(numberOf(job).split("_")[0]!, clusterOf(job));
}

/** The number of a job or task, which is unique on its cluster. */
export function numberOf(job: string): string {
  return job.split(";")[0]!;
}

/** A job's number together with its cluster, in the form that sbatch prints. */
function onCluster(number: string, cluster: string | undefined): string {
  return cluster === undefined ? number : `${number};${cluster}`;
}

/**
 * Submits a script.
 *
 * @param dependency jobs that it waits for, on the same cluster
 * @param cluster where to submit it; absent for the cluster that sbatch chooses
 * @returns the job's number, with its cluster where sbatch names that: `12`, `12;east`
 * @throws {UserError} sbatch is not installed, refuses the script, or prints no job number.
 */
export async function submit(
  script: string,
  { dependency: { kind, jobs }, cluster }: {
    readonly dependency: Dependency;
    readonly cluster: string | undefined;
  },
): Promise<string> {
  const waits = jobs.length === 0
    ? []
    : [`--dependency=${[kind, ...jobs.map(numberOf)].join(":")}`];
  const args = ["--parsable", ...optionOf(cluster), ...waits, script];
  const { code, out, err } = await call("sbatch", args, without(OF_THE_SCRIPT));
  if (code !== 0) {
    throw new UserError(`Cannot submit "${script}": ${err.trim()}; ${remedyFor(err)}`);
  }
  // sites wrap sbatch and print lines of their own
  const number = out.split("\n").findLast((line) => /^\d+(;\S+)?$/.test(line.trim()));
  if (number !== undefined) return number.trim();
  throw new UserError(
    `Cannot tell which job "${script}" became: sbatch printed ${
      JSON.stringify(out.trim())
    } in place ` +
      "of a job's number; look for it with squeue, and cancel it with scancel",
  );
}

/** What helps where sbatch refuses a script, by what it says. */
function remedyFor(refusal: string): string {
  return /\bmem/i.test(refusal)
    ? "some sites want no --mem, or another one: --resources memory=none leaves it out, and " +
      "memoryPerCpu=2G asks for it by the processor"
    : "change what the jobs ask for with --resources FIELD=VALUE, and call the same command again";
}

/**
 * The user's pending and running jobs by number. Each task of an array has an entry, as in `12_3`.
 *
 * @param jobs jobs that are looked for: their clusters are queried besides that of this machine
 * @param cluster another cluster to query
 */
export async function queue(
  jobs: readonly string[],
  cluster?: string,
): Promise<Map<string, QueuedJob>> {
  const clusters = new Set([undefined, cluster, ...jobs.map(clusterOf)]);
  const queues = await Promise.all([...clusters].map(async (cluster) => {
    const { code, out, err } = await call("squeue", [
      ...optionOf(cluster),
      ...["--noheader", "--array", "--me", "--format=%i|%T|%r|%N|%o"],
    ]);
    if (code !== 0) {
      const whose = cluster === undefined ? "its queue" : `the queue of cluster ${cluster}`;
      throw new UserError(`Cannot ask Slurm for ${whose}: ${err.trim()}`);
    }
    // a site's own lines are no jobs
    return linesOf(out).filter((line) => /^\d/.test(line)).map((line) => {
      const [number = "", state = "", reason = "", node = "", ...rest] = line.split("|");
      const script = rest.join("|");
      const job = { state, reason, node, ...script !== "" && { script } };
      return [onCluster(number, cluster), job] as const;
    });
  }));
  return new Map(queues.flat());
}

/** Options of sacct: one line per job, without job steps. `parseJobEnds` reads the output. */
export const ACCOUNT_FIELDS = [
  ...["--noheader", "--parsable2", "--allocations", "--format=JobID,State,ExitCode"],
] as const;

/** How jobs that have left the queue ended; jobs that Slurm no longer knows are left out. */
export async function jobEnds(jobs: readonly string[]): Promise<Map<string, JobEnd>> {
  const known = new Map<string, JobEnd>();
  for (const [cluster, those] of Map.groupBy(jobs, clusterOf)) {
    // tasks that never started are found under their array alone
    const list = `--jobs=${[...new Set(those.map(arrayOf).map(numberOf))].join(",")}`;
    const account = await call("sacct", [...optionOf(cluster), ...ACCOUNT_FIELDS, list]);
    const ends = account.code === 0 ? parseJobEnds(account.out) : [];
    for (const [number, end] of ends) known.set(onCluster(number, cluster), end);
  }
  // sites without accounting: the controller remembers a job for some minutes
  for (const job of jobs) {
    if (known.has(job)) continue;
    const show = ["show", "job", "--oneliner", numberOf(job)];
    const { code, out } = await call("scontrol", [...optionOf(clusterOf(job)), ...show]);
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

/**
 * The same jobs, with an array in place of its tasks where no other task of it is in the queue. A
 * controller knows how the tasks of a cancelled array ended; a waiting task that is cancelled by itself
 * it forgets.
 */
export function asArrays(jobs: readonly string[], queued: Iterable<string>): string[] {
  const listed = new Set(jobs);
  const others = new Set([...queued].filter((job) => !listed.has(job)).map(arrayOf));
  return [...new Set(jobs.map((job) => others.has(arrayOf(job)) ? job : arrayOf(job)))];
}

/** Cancels jobs. */
export async function cancel(jobs: readonly string[]) {
  for (const [cluster, those] of Map.groupBy(jobs, clusterOf)) {
    const { code, err } = await call("scancel", [...optionOf(cluster), ...those.map(numberOf)]);
    if (code !== 0) throw new UserError(`Cannot cancel jobs ${those.join(", ")}: ${err.trim()}`);
  }
}

/** Requeues a running job of this machine's cluster. @throws {UserError} Slurm refuses. */
export async function requeue(job: string) {
  const { code, err } = await call("scontrol", ["requeue", job]);
  if (code !== 0) throw new UserError(`Cannot requeue job ${job}: ${err.trim()}`);
}

/**
 * How many jobs the site accepts; `Infinity` where it names no limit.
 *
 * @param accounts accounts that jobs are charged to; empty for the user's default account
 * @param cluster cluster that is asked; absent for that of this machine
 */
export async function siteLimits(
  accounts: readonly string[],
  cluster: string | undefined,
): Promise<SiteLimits> {
  const config = await call("scontrol", [...optionOf(cluster), "show", "config"]);
  const user = userName();
  if (user === undefined) return parseLimits(config.out, "", accounts);
  const show = ["show", "assoc_mgr", `users=${user}`, "flags=assoc"];
  const mine = await call("scontrol", [...optionOf(cluster), ...show]);
  return parseLimits(config.out, mine.out, accounts);
}

/** The user's name; undefined for a user id without an entry in the system's user database. */
export function userName(info: () => { readonly username: string } = userInfo): string | undefined {
  try {
    return info().username;
  } catch {
    return undefined;
  }
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

/**
 * Time limit of each partition, seconds; the default partition's is also under "".
 *
 * @param cluster cluster that is asked; absent for that of this machine
 */
export async function timeLimits(cluster: string | undefined): Promise<Map<string, number>> {
  const { out } = await call("sinfo", [...optionOf(cluster), "--noheader", "--format=%P|%l"]);
  return new Map(
    linesOf(out).flatMap((line): [string, number][] => {
      const [name = "", time = ""] = line.split("|");
      const limit = secondsOf(time);
      return name.endsWith("*") ? [[name.slice(0, -1), limit], ["", limit]] : [[name, limit]];
    }),
  );
}

/** The option that names a cluster to a program of Slurm's. */
function optionOf(cluster: string | undefined): string[] {
  return cluster === undefined ? [] : [`--clusters=${cluster}`];
}

/** Lines of output, without the headings that queries of a named cluster have. */
function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("CLUSTER: "));
}

/**
 * Variables that change which jobs a query or a cancellation is about, as SQUEUE_STATES=RUNNING hides those
 * that wait, or how it answers. The cluster is this machine's unless an option names one.
 */
const OF_QUERIES = /^((SACCT|SCANCEL|SCONTROL|SINFO|SQUEUE)_|SLURM_CLUSTERS$)/;

/**
 * Variables that overrule what a script says and the program relies on; and what a job says of itself, where
 * this program runs in one, which sbatch would hand on to the new job.
 */
const OF_THE_SCRIPT =
  /^(SBATCH_(ARRAY_INX|ERROR|INPUT|JOB_NAME|(NO_)?REQUEUE|OPEN_MODE|OUTPUT|SIGNAL|WAIT)$|SLURM_(ARRAY|CPUS|JOB|MEM|STEP)_)/;

/** The environment without some variables. */
function without(variables: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !variables.test(name)),
  );
}

/** Environment of queries. Arrays are written out, which Slurm otherwise cuts off after 64 characters. */
function environment(): Record<string, string> {
  return { ...without(OF_QUERIES), SLURM_BITSTR_LEN: "0" };
}

async function call(program: string, args: string[], env = environment()) {
  try {
    const command = new Deno.Command(program, { args, clearEnv: true, env });
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
