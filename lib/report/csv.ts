/** Reports as comma-separated values, one record a line, for spreadsheets and scripts. */
import Papa from "papaparse";
import type { TableResult } from "../experiment.ts";
import { type FlatRecord, recordsOf } from "./records.ts";

/** A table's results as CSV; what was not measured is empty. */
export function csv(result: TableResult): string {
  return csvOf(recordsOf(result));
}

/** Records that have the same columns, as CSV with a header. Lines end in a line feed alone. */
export function csvOf(records: readonly FlatRecord[]): string {
  const { unparse } = Papa as unknown as {
    unparse(rows: readonly FlatRecord[], options: { newline: string }): string;
  };
  return unparse(records, { newline: "\n" });
}
