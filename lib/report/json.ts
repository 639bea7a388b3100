/** Records as JSON, for programs. */
import type { FlatRecord } from "./records.ts";

/** Records as a JSON array, one record a line; what was not measured is null. */
export function jsonOf(records: readonly FlatRecord[]): string {
  const lines = records.map((record) =>
    JSON.stringify(record, (_name, value) => value === undefined ? null : value)
  );
  return lines.length === 0 ? "[]" : `[\n  ${lines.join(",\n  ")}\n]`;
}
