/**
 * A cluster that Slurm runs: each training and each evaluation becomes a job that waits for those
 * that it starts from, all of them at once, and a last job writes the reports. What is done is not
 * submitted, nor what is in the queue already. Slurm alone decides what runs when and where.
 *
 * @module
 */
import { cost } from "../../estimates/cost.ts";
import { UserError } from "../../errors.ts";
import { isEvaluation } from "../../experiment.ts";
import { writeAtomically } from "../../system/files.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Bars } from "../../system/progress.ts";
import type { Store } from "../../store/mod.ts";
import { urgentFirst } from "../../estimates/critical_path.ts";
import type { Executor } from "../executor.ts";
import { queue, type QueuedJob, siteLimits, submit, timeLimits } from "./client.ts";
import { follow } from "./follow.ts";
import { jobsOf, scriptName, type SlurmJob } from "./jobs.ts";
import { jobOfRun, type JobRecord, jobsFolder, openRecords, readRecords } from "./records.ts";
import { accountsIn, hardwareFor, type ResourceInputs, resourcesFor } from "./resources.ts";
import { type JobContext, scriptText } from "./script.ts";

/** What jobs are made from. */
export interface SlurmOptions extends ResourceInputs {
  readonly bars: Bars;
  readonly commands: JobContext["commands"];
  readonly start: JobContext["start"];
  /** Whether the last job makes what it can of runs of which some failed; else it needs them all. */
  readonly reportsAnyway: boolean;
  /** The command line that submits the rest later, where a site takes fewer jobs than there are. */
  readonly again: string;
  /** Whether the data set must be made first. */
  readonly prepare: boolean;
  /** Whether to stay until all is done. */
  readonly wait: boolean;
}

/** A job with its script. */
export interface JobScript {
  readonly job: SlurmJob;
  readonly script: string;
}

/** Submits plans to a cluster, and stays until they are done if it is to wait. */
export function slurm(cluster: SlurmOptions): Executor {
  return async (runs, store) => {
    await submitMissing(runs, store, cluster);
    if (cluster.wait) await follow(runs, store, cluster.bars);
  };
}

/** Every job that runs take, in the order in which they are submitted. */
export function jobScripts(
  runs: readonly PlannedRun[],
  store: Store,
  { cluster, array }: { readonly cluster: SlurmOptions; readonly array?: number },
): JobScript[] {
  const expected = (run: PlannedRun) => {
    const kind = isEvaluation(run.run) ? "evaluate" : "train";
    return cost(run, cluster.dataset, hardwareFor(kind, cluster)).seconds;
  };
  const prepare: SlurmJob = { kind: "prepare", name: "prepare", runs: [], after: [] };
  const jobs = [
    ...cluster.prepare && runs.length > 0 ? [prepare] : [],
    ...jobsOf(urgentFirst(runs, expected), array),
    reportJob,
  ];
  return jobs.map((job) => jobScript(job, store, cluster));
}

const reportJob: SlurmJob = { kind: "report", name: "report", runs: [], after: [] };

function jobScript(job: SlurmJob, store: Store, cluster: SlurmOptions): JobScript {
  const { config: { cache }, commands, start } = cluster;
  const site = { folder: jobsFolder(store), start, commands, ...cache !== undefined && { cache } };
  return { job, script: scriptText(job, resourcesFor(job, cluster), site) };
}

/** Submits what is neither done nor in the queue. */
async function submitMissing(runs: readonly PlannedRun[], store: Store, given: SlurmOptions) {
  const present = await queue();
  const limits = await siteLimits(accountsIn(given.config));
  const cluster = { ...given, limits: await timeLimits() };
  const records = readRecords(store);
  const waiting = jobsInQueue(records, present);
  const missing = runs.filter((run) => {
    return !waiting.has(run.key) && store.status(run).state !== "done";
  });
  const { log } = cluster.bars;
  if (missing.length === 0) {
    const under = waiting.size > 0 ? `; ${waiting.size} of them are in the queue` : "";
    return log(`Nothing to submit: every run is done or in the queue${under}`);
  }
  // the last job, which writes the reports, needs a place too
  const room = Math.min(cluster.config.maxJobs ?? Infinity, limits.jobs) - present.size - 1;
  const array = Math.min(limits.array, Math.max(1, room));
  const drafts = jobScripts(missing, store, { cluster, array });
  const { now, later } = fitting(drafts.slice(0, -1), room);
  if (now.length === 0) throw isFull(present.size);
  const desk = new JobSubmitter(store, waiting);
  for (const draft of now) await desk.submit(draft);
  // a command that stands in for a report would carry the rest out itself
  if (later === 0 || cluster.reportsAnyway) {
    await desk.submitLast(drafts.at(-1)!, cluster.reportsAnyway ? "afterany" : "afterok");
  }
  log(
    `Submitted ${desk.jobs} jobs for ${inWords(desk.runs)}. Scripts, logs and job numbers: ` +
      jobsFolder(store),
  );
  if (later === 0) return;
  log(
    `${inWords(later)} did not fit into the queue; submit the rest later with the same command: ` +
      cluster.again,
  );
}

function inWords(runs: number): string {
  return `${runs} run${runs === 1 ? "" : "s"}`;
}

/** Jobs of runs that wait or run, by the run's key. */
export function jobsInQueue(
  records: readonly JobRecord[],
  present: ReadonlyMap<string, QueuedJob>,
): Map<string, JobRecord> {
  return new Map([...jobOfRun(records)].filter(([, { job }]) => present.has(job)));
}

function isFull(jobs: number): UserError {
  return new UserError(
    `Cannot submit anything: you have ${jobs} jobs in the queue, and more are not taken; wait ` +
      "until some are done, or raise maxJobs in verydeep.json",
  );
}

/** The first drafts with so many tasks together, and the number of runs in the others. */
function fitting(drafts: readonly JobScript[], most: number) {
  let room = most;
  const end = drafts.findIndex(({ job: { runs } }) => (room -= Math.max(runs.length, 1)) < 0);
  const now = drafts.slice(0, end < 0 ? drafts.length : end);
  const later = drafts.slice(now.length).reduce((sum, { job }) => sum + job.runs.length, 0);
  return { now, later };
}

/** Hands drafts in, and notes which run became which job. */
class JobSubmitter {
  readonly #store: Store;
  /** Numbers of jobs by the run's key. */
  readonly #numbers: Map<string, string>;
  readonly #note: (record: JobRecord) => void;
  /** Of the job that makes the data. */
  #prepared: string[] = [];
  #submitted: string[] = [];
  jobs = 0;
  runs = 0;

  constructor(store: Store, waiting: ReadonlyMap<string, JobRecord>) {
    this.#store = store;
    this.#numbers = new Map([...waiting].map(([key, { job }]) => [key, job]));
    this.#note = openRecords(store);
    Deno.mkdirSync(`${jobsFolder(store)}/logs`, { recursive: true });
  }

  /** Submits a job, to begin when those that it waits for have succeeded. */
  async submit(draft: JobScript) {
    const { kind, after } = draft.job;
    const numbers = after.flatMap((key) => this.#numbers.get(key) ?? []);
    const waits = numbers.length > 0 ? numbers : this.#prepared;
    const number = await this.#hand(draft, dependency("afterok", waits));
    if (kind === "prepare") this.#prepared = [number];
    this.#submitted.push(number);
  }

  /** Submits a job to begin when all others have ended, however they did, or well. */
  async submitLast(draft: JobScript, when: "afterok" | "afterany") {
    const all = new Set([...this.#numbers.values()].map((job) => job.split("_")[0]!));
    for (const number of this.#submitted) all.add(number);
    await this.#hand(draft, dependency(when, [...all]));
  }

  async #hand({ job, script }: JobScript, waits: string): Promise<string> {
    const { name, runs } = job;
    const file = `${jobsFolder(this.#store)}/${scriptName(job)}`;
    writeAtomically(file, script);
    // jobs find their runs by their recipes
    for (const run of runs) this.#store.announce(run);
    const number = await submit(file, waits);
    const noteTask = (task: string, run?: PlannedRun) => {
      const log = `${jobsFolder(this.#store)}/logs/${name}-${task}.log`;
      this.#note({ job: task, name, ...run && { run: run.key }, log });
      if (run) this.#numbers.set(run.key, task);
    };
    if (runs.length === 0) noteTask(number);
    runs.forEach((run, i) => noteTask(runs.length > 1 ? `${number}_${i}` : number, run));
    this.jobs++;
    this.runs += runs.length;
    return number;
  }
}

function dependency(kind: "afterok" | "afterany", jobs: readonly string[]): string {
  return jobs.length === 0 ? "" : [kind, ...jobs].join(":");
}
