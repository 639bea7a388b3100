/** Records as JSON, for programs. */
import type { FlatRecord } from "./records.ts";

/** Writes records as a JSON array, one record a line; missing values are null. */
export function jsonOf(records: readonly FlatRecord[]): string {
  const lines = records.map((record) =>
    JSON.stringify(record, (_name, value) => value === undefined ? null : value)
  );
  return lines.length === 0 ? "[]" : `[\n  ${lines.join(",\n  ")}\n]`;
}
