/**
 * Executes plans on a cluster with Slurm. Each training and each evaluation becomes a job that
 * depends on the jobs of the runs that it starts from. All jobs are submitted at once; the last one
 * writes the reports. Runs that are done or already in the queue are not submitted. Slurm alone
 * decides when and where a job runs.
 *
 * @module
 */
import { cost } from "../../estimates/cost.ts";
import { UserError } from "../../errors.ts";
import { isEvaluation } from "../../experiment.ts";
import { count } from "../../numbers.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Bars } from "../../system/progress.ts";
import type { Store } from "../../store/mod.ts";
import { urgentFirst } from "../../estimates/critical_path.ts";
import { clusterOf, queue, type QueuedJob, siteLimits, timeLimits } from "./client.ts";
import { doneOf } from "../done_runs.ts";
import { follow } from "./follow.ts";
import { jobsOf, type SlurmJob } from "./jobs.ts";
import { jobOfRun, type JobRecord, jobsFolder, ownRecords, readRecords } from "./records.ts";
import {
  accountsIn,
  clusterFor,
  hardwareFor,
  type ResourceInputs,
  resourcesFor,
} from "./resources.ts";
import { type JobContext, type JobScript, scriptText } from "./script.ts";
import { JobSubmitter } from "./submitter.ts";

/** What jobs are made from, and how they are submitted. */
export interface SlurmOptions extends ResourceInputs {
  readonly bars: Bars;
  readonly commands: JobContext["commands"];
  readonly start: JobContext["start"];
  /** Whether the last job writes reports even where runs failed; if not, it needs all runs. */
  readonly reportsAnyway: boolean;
  /** The user's command line, which submits later what does not fit into the queue now. */
  readonly again: string;
  /** Whether a job must make the data set first. */
  readonly prepare: boolean;
  /** Whether to wait until all jobs have ended. */
  readonly wait: boolean;
}

/** Submits plans to a cluster and, where `wait` is set, waits for their end. */
export async function submitPlan(
  runs: readonly PlannedRun[],
  store: Store,
  options: SlurmOptions,
) {
  await alone(store, options.bars, () => submitMissing(runs, store, options));
  if (options.wait) await follow(runs, store, options.bars);
}

/** The lease of a store under which jobs are submitted; other leases are called by keys. */
const SUBMISSION = "submission";

/** Time between two looks at another command's submission, ms. */
const LOOK_AGAIN = 200;

/**
 * Submits while no other command does so for this store: of two at once, each would see an empty queue, and
 * every run would have two jobs.
 */
async function alone(store: Store, { log }: Bars, submit: () => Promise<void>) {
  if (!store.leases.take(SUBMISSION)) {
    const who = store.leases.ownerInWords(SUBMISSION);
    log(`Waiting for ${who}, which submits jobs of "${store.folder}"`);
    do await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN)); while (
      !store.leases.take(SUBMISSION)
    );
  }
  try {
    await submit();
  } finally {
    store.leases.release(SUBMISSION, (sentence) => log(`warning: ${sentence}`));
  }
}

/** The scripts of all jobs for runs, in the order of submission. */
export function jobScripts(
  runs: readonly PlannedRun[],
  store: Store,
  { options, array }: { readonly options: SlurmOptions; readonly array?: number },
): JobScript[] {
  const expected = (run: PlannedRun) => {
    const kind = isEvaluation(run.run) ? "evaluate" : "train";
    return cost(run, options.dataset, hardwareFor(kind, options)).seconds;
  };
  const prepare: SlurmJob = { kind: "prepare", name: "prepare", runs: [], after: [] };
  const jobs = [
    ...options.prepare && runs.length > 0 ? [prepare] : [],
    ...jobsOf(urgentFirst(runs, expected), array),
    reportJob,
  ];
  return jobs.map((job) => jobScript(job, store, options));
}

const reportJob: SlurmJob = { kind: "report", name: "report", runs: [], after: [] };

function jobScript(job: SlurmJob, store: Store, options: SlurmOptions): JobScript {
  const { config: { cache }, commands, start } = options;
  const context = {
    folder: jobsFolder(store),
    start,
    commands,
    ...cache !== undefined && { cache },
  };
  return { job, text: scriptText(job, resourcesFor(job, options), context) };
}

/** Submits the runs that are neither done nor in the queue. */
async function submitMissing(runs: readonly PlannedRun[], store: Store, given: SlurmOptions) {
  const cluster = clusterFor(given.config);
  const all = readRecords(store);
  const present = await queue(all.map(({ job }) => job), cluster);
  const records = ownRecords(all, present);
  const limits = await siteLimits(accountsIn(given.config), cluster);
  const options = { ...given, limits: await timeLimits(cluster) };
  const waiting = jobsInQueue(records, present);
  const { log } = options.bars;
  // a damaged result of a job in the queue is that job's to repeat
  const others = runs.filter(({ key }) => !waiting.has(key));
  const done = doneOf(others, { store, bars: options.bars });
  const missing = others.filter((run) => !done.includes(run));
  if (missing.length === 0) {
    const queued = waiting.size > 0 ? `; ${waiting.size} of them are in the queue` : "";
    const isLast = ({ job, name }: JobRecord) => name === reportJob.name && present.has(job);
    if (done.length === runs.length || records.some(isLast)) {
      return log(`Nothing to submit: every run is done or in the queue${queued}`);
    }
    // as after a submission that ended before its last job
    const [last] = jobScripts([], store, { options });
    await new JobSubmitter(store, waiting).submitLast(last!, whenLast(options));
    return log(
      `Submitted the job that writes the reports: every run is done or in the queue${queued}`,
    );
  }
  // one place is kept for the last job, which writes the reports
  const taken = [...present.keys()].filter((job) => clusterOf(job) === cluster).length;
  const room = Math.min(options.config.maxJobs ?? Infinity, limits.jobs) - taken - 1;
  const array = Math.min(limits.array, Math.max(1, room));
  const scripts = jobScripts(missing, store, { options, array });
  const { now, later } = fitting(scripts.slice(0, -1), room);
  if (now.length === 0) throw isFull(taken);
  const submitter = new JobSubmitter(store, waiting);
  for (const script of now) await submitter.submit(script);
  // without reports the last job is the command itself, which would execute the missing runs
  if (later === 0 || options.reportsAnyway) {
    await submitter.submitLast(scripts.at(-1)!, whenLast(options));
  }
  log(
    `Submitted ${count(submitter.jobs, "job")} for ${count(submitter.runs, "run")}. ` +
      `Scripts, logs and job numbers: ${jobsFolder(store)}`,
  );
  if (later === 0) return;
  log(
    `${count(later, "run")} did not fit into the queue. Submit the rest later with the same ` +
      `command: ${options.again}`,
  );
}

/** When the last job begins: once all others have ended, or all have succeeded. */
function whenLast({ reportsAnyway }: Pick<SlurmOptions, "reportsAnyway">) {
  return reportsAnyway ? "afterany" : "afterok";
}

/** The jobs of a store that are in the queue, by the key of their run. */
function jobsInQueue(
  records: readonly JobRecord[],
  present: ReadonlyMap<string, QueuedJob>,
): Map<string, JobRecord> {
  return new Map([...jobOfRun(records, present)].filter(([, { job }]) => present.has(job)));
}

function isFull(jobs: number): UserError {
  return new UserError(
    `Cannot submit anything: ${jobs} of your jobs are in the queue, and the limit allows no more; ` +
      "wait until some have ended, or raise maxJobs in verydeep.json",
  );
}

/** The first jobs that have at most `most` tasks together, and the number of runs in the others. */
function fitting(scripts: readonly JobScript[], most: number) {
  let room = most;
  const end = scripts.findIndex(({ job: { runs } }) => (room -= Math.max(runs.length, 1)) < 0);
  const now = scripts.slice(0, end < 0 ? scripts.length : end);
  const later = scripts.slice(now.length).reduce((sum, { job }) => sum + job.runs.length, 0);
  return { now, later };
}
