/**
 * Which job carries out which run: noted beside the results, in files that each have one writer, so
 * that they lie well on network file systems.
 *
 * @module
 */
import { appendLine, entriesIn, readIfThere } from "../../system/files.ts";
import { parsed } from "../../store/run_files.ts";
import { verifyChecksum, withChecksum } from "../../system/checksums.ts";
import type { Store } from "../../store/mod.ts";

/** A job that was submitted. */
export interface JobRecord {
  /** Its number, with that of an array's task: `12`, `12_3`. */
  readonly job: string;
  readonly name: string;
  /** Key of the run that it carries out; absent for data and reports. */
  readonly run?: string;
  /** What it prints. */
  readonly log: string;
}

/** Where a store's jobs have their scripts, logs and records. */
export function jobsFolder(store: Store): string {
  return `${store.folder}/jobs`;
}

/** A new file of records. @returns what adds to it */
export function openRecords(store: Store): (record: JobRecord) => void {
  const file = `${jobsFolder(store)}/submitted-${crypto.randomUUID()}.jsonl`;
  return (record) => appendLine(file, JSON.stringify(withChecksum(record)));
}

/** Every job that was submitted, the oldest first; lines that are cut off or changed are left out. */
export function readRecords(store: Store): JobRecord[] {
  const folder = jobsFolder(store);
  const files = entriesIn(folder).filter(({ name }) => /^submitted-.*\.jsonl$/.test(name));
  const records = files.flatMap(({ name }) => {
    const lines = readIfThere(`${folder}/${name}`)?.split("\n").slice(0, -1) ?? [];
    return lines.flatMap((line) => verifyChecksum<JobRecord>(parsed(line)) ?? []);
  });
  return records.sort((a, b) => parseInt(a.job) - parseInt(b.job));
}

/** Of each run that was submitted its last job. */
export function jobOfRun(records: readonly JobRecord[]): Map<string, JobRecord> {
  return new Map(records.flatMap((record) => record.run ? [[record.run, record]] : []));
}
