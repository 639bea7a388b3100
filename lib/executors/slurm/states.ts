/** Combines what Slurm and the store know about runs. */
import { isEvaluation, title } from "../../experiment.ts";
import { readIfThere } from "../../system/files.ts";
import type { PlannedRun } from "../../plan.ts";
import { clock } from "../../system/progress.ts";
import type { Store } from "../../store/mod.ts";
import { stepsOf } from "../../vgg/schedule.ts";
import { type JobEnd, jobEnds, queue, type QueuedJob } from "./client.ts";
import { jobOfRun, type JobRecord, readRecords } from "./records.ts";
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
  const last = store.readLog(planned).at(-1);
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

/**
 * The states of runs by key: the store's state where no job was submitted or the run is done, and
 * else the state of the job. Each run must come after the runs that it starts from.
 *
 * @throws {UserError} Slurm cannot be asked.
 */
export async function runStates(
  runs: readonly PlannedRun[],
  store: Store,
): Promise<Map<string, RunState>> {
  const jobs = jobOfRun(readRecords(store));
  const present = jobs.size > 0 ? await queue() : new Map<string, QueuedJob>();
  const own = new Map(runs.map((run) => [run.key, store.status(run)]));
  const ended = runs.flatMap(({ key }) => {
    const { job } = jobs.get(key) ?? {};
    const isOver = job !== undefined && !present.has(job);
    return isOver && !["done", "damaged", "running"].includes(own.get(key)!.state) ? [job] : [];
  });
  const known = await jobEnds(ended);
  const states = new Map<string, RunState>();
  for (const run of runs) {
    const record = jobs.get(run.key);
    const { state, detail } = own.get(run.key)!;
    const job = record && { job: record.job };
    const plain = { state, ...detail !== undefined && { detail }, ...job };
    const queued = record && present.get(record.job);
    if (["done", "damaged"].includes(state) || !record) states.set(run.key, plain);
    else if (queued) states.set(run.key, { ...job, ...queuedState(run, queued, store) });
    else if (state === "running") states.set(run.key, plain);
    else {
      const fate = known.get(record.job);
      states.set(run.key, { ...job, ...endState(run, { record, fate, detail, states, runs }) });
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

/** The state of a run whose job has ended without a result. */
function endState(
  { after: ancestors }: PlannedRun,
  { record, fate, detail, states, runs }: {
    readonly record: JobRecord;
    readonly fate: JobEnd | undefined;
    readonly detail: string | undefined;
    readonly states: ReadonlyMap<string, RunState>;
    readonly runs: readonly PlannedRun[];
  },
): RunState {
  const lost = ancestors.find((key) => {
    return ["failed", "cancelled"].includes(states.get(key)?.state ?? "");
  });
  const neverBegan = fate === undefined || fate.state === "CANCELLED";
  if (lost !== undefined && neverBegan && detail === undefined) {
    const ancestor = runs.find(({ key }) => key === lost)!;
    return {
      state: "cancelled",
      detail: `train ${title(ancestor.run)} ${states.get(lost)!.state}`,
    };
  }
  if (fate?.state === "CANCELLED") {
    return { state: "cancelled", detail: `job ${record.job} was cancelled` };
  }
  const lines = readIfThere(record.log)?.trimEnd().split("\n");
  const ending = fate && fate.state !== "COMPLETED" && fate.state !== "FAILED"
    ? ENDINGS[fate.state] ?? fate.state.toLowerCase()
    : lines === undefined
    ? `left no log; check that its node can write ${record.log}`
    : "ended without a result";
  return {
    state: "failed",
    detail: detail ?? `job ${record.job} ${ending}`,
    ...lines && { lastLines: lines.slice(-LINES) },
  };
}

/** Number of log lines that are shown. */
const LINES = 5;

/** Slurm's states of ended jobs, in words. */
const ENDINGS: Readonly<Record<string, string>> = {
  TIMEOUT: "reached its time limit; set a longer one with --resources evaluate.time=4:00:00",
  OUT_OF_MEMORY: "ran out of memory; request more with --resources memory=32G",
  NODE_FAIL: "lost its node",
};

function count(number: number): string {
  return formatNumber(Math.round(number));
}
