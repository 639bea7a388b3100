/**
 * Records which job executes which run. The records are files beside the results. Each file has one
 * writer, which network file systems need.
 *
 * @module
 */
import { appendLine, entriesIn, readIfThere } from "../../system/files.ts";
import { parsed } from "../../store/run_files.ts";
import { verifyChecksum, withChecksum } from "../../system/checksums.ts";
import type { Store } from "../../store/mod.ts";

/** A job that was submitted. */
export interface JobRecord {
  /** Job number, with the task number in an array: `12`, `12_3`. */
  readonly job: string;
  readonly name: string;
  /** Key of the run that it executes; absent for jobs that make data or reports. */
  readonly run?: string;
  /** File of its output. */
  readonly log: string;
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

/** Every submitted job, oldest first. Lines that are cut off or changed are left out. */
export function readRecords(store: Store): JobRecord[] {
  const folder = jobsFolder(store);
  const files = entriesIn(folder).filter(({ name }) => /^submitted-.*\.jsonl$/.test(name));
  const records = files.flatMap(({ name }) => {
    const lines = readIfThere(`${folder}/${name}`)?.split("\n").slice(0, -1) ?? [];
    return lines.flatMap((line) => verifyChecksum<JobRecord>(parsed(line)) ?? []);
  });
  return records.sort((a, b) => parseInt(a.job) - parseInt(b.job));
}

/** The last job of each submitted run, by the run's key. */
export function jobOfRun(records: readonly JobRecord[]): Map<string, JobRecord> {
  return new Map(records.flatMap((record) => record.run ? [[record.run, record]] : []));
}
