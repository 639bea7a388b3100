/**
 * Records which job executes which run. The records are files beside the results. Each file has one
 * writer, which network file systems need.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { appendLine, entriesIn, readIfThere } from "../../system/files.ts";
import { parsed } from "../../store/run_files.ts";
import { verifyChecksum, withChecksum } from "../../system/checksums.ts";
import type { Store } from "../../store/mod.ts";

/** A job that was submitted. */
export interface JobRecord {
  /** Job number, with its task in an array and its cluster if sbatch named one: `12`, `12_3;east`. */
  readonly job: string;
  readonly name: string;
  /** Key of the run that it executes; absent for jobs that make data or reports. */
  readonly run?: string;
  /** File of its output. */
  readonly log: string;
  /** Time of submission, ISO 8601, UTC. */
  readonly submitted: string;
}

/** Folder with the scripts, logs and records of a store's jobs. */
export function jobsFolder(store: Store): string {
  return `${store.folder}/jobs`;
}

/** Opens a new file of records. @returns a function that adds a record */
export function openRecords(store: Store): (record: JobRecord) => void {
  const file = `${jobsFolder(store)}/submitted-${crypto.randomUUID()}.jsonl`;
  return (record) => appendLine(file, JSON.stringify(withChecksum(record)));
}

/** The jobs of each submission. Lines that are cut off or changed are left out. */
export function readSubmissions(store: Store): JobRecord[][] {
  const folder = jobsFolder(store);
  const files = entriesIn(folder).filter(({ name }) => /^submitted-.*\.jsonl$/.test(name));
  return files.map(({ name }) => {
    const lines = readIfThere(`${folder}/${name}`)?.split("\n").slice(0, -1) ?? [];
    return lines.flatMap((line) => verifyChecksum<JobRecord>(parsed(line)) ?? []);
  });
}

/** Every submitted job, oldest first. */
export function readRecords(store: Store): JobRecord[] {
  return inOrder(readSubmissions(store).flat());
}

/** Records of jobs, oldest first. */
export function inOrder(records: readonly JobRecord[]): JobRecord[] {
  return records.toSorted((a, b) => {
    // job numbers of different clusters do not compare
    if (a.submitted !== b.submitted) return a.submitted < b.submitted ? -1 : 1;
    return parseInt(a.job) - parseInt(b.job);
  });
}

/**
 * The records without those whose number another job in the queue has: numbers begin again where Slurm
 * lost its state or had given all, and records may come from another cluster with a copy of the results.
 */
export function ownRecords(
  records: readonly JobRecord[],
  queued: ReadonlyMap<string, { readonly script?: string }>,
): JobRecord[] {
  return records.filter(({ job, name, log }) => {
    const { script } = queued.get(job) ?? {};
    if (script === undefined) return true;
    const file = basename(script);
    return dirname(script) === dirname(dirname(log)) &&
      (file === `${name}.sh` || file.startsWith(`${name}-`));
  });
}

/**
 * The job of each submitted run, by the run's key: one that is in the queue, or else the last one.
 *
 * @param records oldest first
 */
export function jobOfRun(
  records: readonly JobRecord[],
  queued: ReadonlyMap<string, unknown> = new Map(),
): Map<string, JobRecord> {
  const byQueue = records.toSorted((a, b) => Number(queued.has(a.job)) - Number(queued.has(b.job)));
  return new Map(byQueue.flatMap((record) => record.run ? [[record.run, record]] : []));
}
