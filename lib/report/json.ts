/** Reports as JSON: the records of the CSV, numbers as numbers. */
import type { TableResult } from "../experiment.ts";
import { type FlatRecord, recordsOf } from "./records.ts";

/** A table's results as a JSON array; what was not measured is null. */
export function json(result: TableResult): string {
  return jsonOf(recordsOf(result));
}

/** Records as a JSON array, one record a line. */
export function jsonOf(records: readonly FlatRecord[]): string {
  const lines = records.map((record) =>
    JSON.stringify(record, (_name, value) => value === undefined ? null : value)
  );
  return lines.length === 0 ? "[]" : `[\n  ${lines.join(",\n  ")}\n]`;
}
