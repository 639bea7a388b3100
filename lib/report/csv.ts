/** Records as comma-separated values, for spreadsheets and scripts. */
import Papa from "papaparse";
import type { FlatRecord } from "./records.ts";

/** Records that have the same columns, as CSV with a header. Lines end in a line feed alone. */
export function csvOf(records: readonly FlatRecord[]): string {
  const { unparse } = Papa as unknown as {
    unparse(rows: readonly FlatRecord[], options: { newline: string }): string;
  };
  return unparse(records, { newline: "\n" });
}
