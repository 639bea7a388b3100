/** Combines what Slurm and the store know about runs. */
import { displayName, isEvaluation } from "../../experiment.ts";
import { readIfThere } from "../../system/files.ts";
import { ancestorKeys, type PlannedRun } from "../../plan.ts";
import { clock } from "../../system/progress.ts";
import type { RunStatus, Store } from "../../store/mod.ts";
import { stepsOf } from "../../vgg/schedule.ts";
import { type JobEnd, jobEnds, queue, type QueuedJob } from "./client.ts";
import { jobOfRun, type JobRecord, ownRecords, readRecords } from "./records.ts";
import { formatNumber } from "../../numbers.ts";

/** The state of a run, in the store or in the queue. */
export interface RunState {
  readonly state: string;
  readonly detail?: string;
  /** Number of its last job. */
  readonly job?: string;
  /** Last lines of a failed job's log. */
  readonly lastLines?: readonly string[];
}

/** Progress of a training. */
export interface TrainingProgress {
  readonly step: number;
  readonly steps: number;
  readonly batch: number;
  readonly imagesPerSecond: number;
  /** An upper bound: a plateau may end the training earlier. */
  readonly secondsLeft: number;
}

/** Progress of a training, from its log. */
export function progressOf(planned: PlannedRun, store: Store): TrainingProgress | undefined {
  const { run, context: { train: { batch }, train } } = planned;
  if (isEvaluation(run)) return undefined;
  const last = store.lastLogged(planned);
  if (last === undefined) return undefined;
  const { step, imagesPerSecond } = last;
  const steps = stepsOf(run, train);
  return {
    step,
    steps,
    batch,
    imagesPerSecond,
    secondsLeft: (steps - step) * batch / imagesPerSecond,
  };
}

/** The jobs of a store. */
export interface StoreJobs {
  readonly records: readonly JobRecord[];
  /** The user's jobs in the queue, by number. */
  readonly present: ReadonlyMap<string, QueuedJob>;
}

/** The jobs of a store, and the queue. @throws {UserError} Slurm cannot be asked. */
export async function jobsOfStore(store: Store): Promise<StoreJobs> {
  const all = readRecords(store);
  const present = all.length > 0 ? await queue(all.map(({ job }) => job)) : new Map();
  return { records: ownRecords(all, present), present };
}

/**
 * The states of runs by key: the store's state where no job was submitted or the run is done, and
 * else the state of the job. Each run must come after the runs that it starts from.
 *
 * @param known the store's jobs; they are asked for if absent
 * @throws {UserError} Slurm cannot be asked.
 */
export async function runStates(
  runs: readonly PlannedRun[],
  store: Store,
  known?: StoreJobs,
): Promise<Map<string, RunState>> {
  const { records, present } = known ?? await jobsOfStore(store);
  const jobs = jobOfRun(records, present);
  const own = new Map(runs.map((run) => [run.key, store.status(run)]));
  const ended = runs.flatMap(({ key }) => {
    const { job } = jobs.get(key) ?? {};
    const isOver = job !== undefined && !present.has(job);
    return isOver && !["done", "damaged", "unreadable", "running"].includes(own.get(key)!.state)
      ? [job]
      : [];
  });
  const ends = await jobEnds(ended);
  const states = new Map<string, RunState>();
  for (const run of runs) {
    const record = jobs.get(run.key);
    const status = own.get(run.key)!;
    const job = record && { job: record.job };
    const queued = record && present.get(record.job);
    if (["done", "damaged", "unreadable"].includes(status.state) || !record) {
      states.set(run.key, { ...status, ...job });
    } else if (queued) states.set(run.key, { ...job, ...queuedState(run, queued, store) });
    else if (status.state === "running") states.set(run.key, { ...status, ...job });
    else {
      const end = ends.get(record.job);
      states.set(run.key, { ...job, ...endState(run, { record, end, status, states, runs }) });
    }
  }
  return states;
}

/** The state of a run whose job is in the queue. */
function queuedState(run: PlannedRun, { state, reason, node }: QueuedJob, store: Store): RunState {
  if (state === "PENDING") return { state: "pending", detail: REASONS[reason] ?? reason };
  const progress = progressOf(run, store);
  if (state !== "RUNNING") return { state: state.toLowerCase() };
  if (!progress) return { state: "running", detail: `on ${node}` };
  const { step, steps, imagesPerSecond, secondsLeft } = progress;
  return {
    state: "running",
    detail: `step ${count(step)} of ${count(steps)}, ${count(imagesPerSecond)} images/s, ` +
      `${clock(secondsLeft)} left on ${node}`,
  };
}

/** Slurm's reasons why a job is pending, in words. */
const REASONS: Readonly<Record<string, string>> = {
  Dependency: "waits for the runs that it starts from",
  Resources: "waits for a node",
  Priority: "waits for its turn",
  BeginTime: "was requeued; starts again in some minutes",
};

/** The state of a run whose job has left the queue without a result. */
function endState(
  planned: PlannedRun,
  { record, end, status, states, runs }: {
    readonly record: JobRecord;
    readonly end: JobEnd | undefined;
    readonly status: RunStatus;
    readonly states: ReadonlyMap<string, RunState>;
    readonly runs: readonly PlannedRun[];
  },
): RunState {
  const { run } = planned;
  const { job } = record;
  const live = LIVE[end?.state ?? ""];
  if (live !== undefined) return { state: live, detail: `job ${job}, by Slurm's accounting` };
  const lines = readIfThere(record.log)?.trimEnd().split("\n");
  const ranOutOfMemory = end?.state === "OUT_OF_MEMORY" || lines?.some(tellsOutOfMemory);
  const isCancelled = end?.state === "CANCELLED" && !ranOutOfMemory;
  const lost = ancestorKeys(planned).find((key) => {
    return ["failed", "cancelled"].includes(states.get(key)?.state ?? "");
  });
  if (lost !== undefined && (end === undefined || isCancelled) && status.state === "todo") {
    const ancestor = runs.find(({ key }) => key === lost)!;
    return {
      state: "cancelled",
      detail: `train ${displayName(ancestor.run)} ${states.get(lost)!.state}`,
    };
  }
  if (isCancelled) return { state: "cancelled", detail: `job ${job} was cancelled` };
  const kind = isEvaluation(run) ? "evaluate" : "train";
  const ending = ranOutOfMemory
    ? `ran out of memory; ${moreMemory(kind)}`
    : end?.state === "TIMEOUT"
    ? `reached its time limit; set a longer one with --resources ${kind}.time=4:00:00`
    : end?.state === "FAILED" && end.signal === SIGKILL
    ? `was killed (SIGKILL), as processes are that run out of memory; ${moreMemory(kind)}`
    : ENDINGS[end?.state ?? ""] ??
      (lines === undefined
        ? `left no log: it was cancelled before it began, or its node cannot write ${record.log}`
        : "ended without a result");
  const step = status.state === "partial" ? ` (${status.detail})` : "";
  return {
    state: "failed",
    detail: status.state === "failed" ? status.detail! : `job ${job} ${ending}${step}`,
    ...lines && { lastLines: lines.slice(-LINES) },
  };
}

/** States in which Slurm's accounting may keep a job that has left the queue, or returns to it. */
const LIVE: Readonly<Record<string, "running" | "pending">> = {
  RUNNING: "running",
  COMPLETING: "running",
  SUSPENDED: "running",
  RESIZING: "running",
  PENDING: "pending",
  REQUEUED: "pending",
};

const SIGKILL = 9;

/** Whether a line of a log says that Slurm or the kernel ended the job for its memory. */
function tellsOutOfMemory(line: string): boolean {
  return /^slurmstepd\S*: .*(oom[-_ ]kill|exceeded (\w+ )?memory limit)/i.test(line);
}

function moreMemory(kind: "train" | "evaluate"): string {
  return `request more with --resources ${kind}.memory=32G`;
}

/** Number of log lines that are shown. */
const LINES = 5;

/** Slurm's states of ended jobs, in words. */
const ENDINGS: Readonly<Record<string, string>> = {
  BOOT_FAIL: "did not start, because its node failed to boot; the same command submits it again",
  DEADLINE: "reached the deadline that sbatch was given",
  NODE_FAIL: "lost its node; the same command submits it again",
  PREEMPTED: "was preempted and not requeued; the same command submits it again",
  REVOKED: "was moved to another cluster of the federation",
};

function count(number: number): string {
  return formatNumber(Math.round(number));
}
