/** Submits the jobs of a plan one by one, and records which run has which job. */
import { UserError } from "../../errors.ts";
import { writing } from "../../system/file_errors.ts";
import { writeAtomically } from "../../system/files.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Store } from "../../store/mod.ts";
import { arrayOf, cancel, clusterOf, type Dependency, numberOf, submit, taskOf } from "./client.ts";
import { scriptName } from "./jobs.ts";
import { type JobRecord, jobsFolder, openRecords } from "./records.ts";
import type { JobScript } from "./script.ts";

/** Submits jobs to one cluster, because jobs cannot wait for those of another. */
export class JobSubmitter {
  readonly #store: Store;
  /** Jobs by the key of their run. */
  readonly #jobs: Map<string, string>;
  readonly #record: (record: JobRecord) => void;
  /** The cluster of all jobs, once one has been submitted; its name is absent for this machine's. */
  #cluster: { readonly name: string | undefined } | undefined;
  /** The job that makes the data set, if there is one. */
  #prepared: string[] = [];
  readonly #submitted: string[] = [];
  /** Number of submitted jobs, and of runs that they execute. */
  jobs = 0;
  runs = 0;

  /**
   * @param waiting jobs of the store that are in the queue, by the key of their run
   * @throws {UserError} These are on several clusters.
   */
  constructor(store: Store, waiting: ReadonlyMap<string, JobRecord>) {
    const clusters = new Set([...waiting.values()].map(({ job }) => clusterOf(job)));
    if (clusters.size > 1) {
      throw new UserError(
        `Cannot submit jobs: others of "${store.folder}" are in the queues of ` +
          `${[...clusters].map(clusterInWords).join(" and ")}, and a job cannot wait for jobs of ` +
          "two clusters; wait until those of one have ended, or cancel them with deno task cancel",
      );
    }
    for (const name of clusters) this.#cluster = { name };
    this.#store = store;
    this.#jobs = new Map([...waiting].map(([key, { job }]) => [key, job]));
    this.#record = openRecords(store);
    const logs = `${jobsFolder(store)}/logs`;
    writing(logs, () => Deno.mkdirSync(logs, { recursive: true }));
  }

  /** Submits a job that starts when the jobs that it depends on have succeeded. */
  async submit(script: JobScript) {
    const { kind, after } = script.job;
    const found = after.flatMap((key) => this.#jobs.get(key) ?? []);
    const jobs = found.length > 0 ? found : this.#prepared;
    const job = await this.#submit(script, { kind: "afterok", jobs });
    if (kind === "prepare") this.#prepared = [job];
    this.#submitted.push(job);
  }

  /** Submits a job that starts when all others have succeeded, or ended in any way. */
  async submitLast(script: JobScript, kind: Dependency["kind"]) {
    const jobs = new Set([...this.#jobs.values()].map(arrayOf));
    for (const job of this.#submitted) jobs.add(job);
    await this.#submit(script, { kind, jobs: [...jobs] });
  }

  async #submit({ job, text }: JobScript, dependency: Dependency): Promise<string> {
    const { name, runs } = job;
    const file = `${jobsFolder(this.#store)}/${scriptName(job)}`;
    writeAtomically(file, text);
    // a job reads its run's recipe from the store
    for (const run of runs) this.#store.announce(run);
    const number = await submit(file, { dependency, cluster: this.#cluster?.name });
    await this.#mustBeOnOneCluster(number, name);
    try {
      if (runs.length === 0) this.#note(name, number);
      runs.forEach((run, i) => this.#note(name, runs.length > 1 ? taskOf(number, i) : number, run));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(
        `Cannot record job ${number} (${name}), which was submitted: ${error.message}; cancel the ` +
          `job with "${cancelLine(number)}" before you call the same command again`,
      );
    }
    this.jobs++;
    this.runs += runs.length;
    return number;
  }

  #note(name: string, job: string, run?: PlannedRun) {
    const log = `${jobsFolder(this.#store)}/logs/${name}-${numberOf(job)}.log`;
    const submitted = new Date().toISOString();
    this.#record({ job, name, ...run && { run: run.key }, log, submitted });
    if (run) this.#jobs.set(run.key, job);
  }

  /** Cancels a job that another cluster has than those before it. */
  async #mustBeOnOneCluster(job: string, name: string) {
    const cluster = { name: clusterOf(job) };
    this.#cluster ??= cluster;
    if (cluster.name === this.#cluster.name) return;
    await cancel([job]);
    throw new UserError(
      `Cannot submit ${name} to ${
        clusterInWords(cluster.name)
      }: jobs that it may depend on are in ` +
        `the queue of ${
          clusterInWords(this.#cluster.name)
        }; submit it there, or cancel those with ` +
        "deno task cancel",
    );
  }
}

function clusterInWords(name: string | undefined): string {
  return name === undefined ? "this machine's cluster" : `cluster ${name}`;
}

function cancelLine(job: string): string {
  const cluster = clusterOf(job);
  return `scancel ${cluster === undefined ? "" : `--clusters=${cluster} `}${numberOf(job)}`;
}
