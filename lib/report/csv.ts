/** Records as comma-separated values, for spreadsheets and scripts. */
import Papa from "papaparse";
import type { FlatRecord } from "./records.ts";

/**
 * A text that begins like this is a formula to a spreadsheet, so it gets an apostrophe before it
 * (OWASP, "CSV Injection"). Some spreadsheets accept full-width signs, too.
 */
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

/**
 * Writes records as CSV. The header has the columns of all records. Lines end in a line feed.
 * Texts, unlike numbers, are protected from being read as formulas.
 */
export function csvOf(records: readonly FlatRecord[]): string {
  const { unparse } = Papa as unknown as {
    unparse(
      rows: readonly FlatRecord[],
      options: { columns: string[]; newline: string; escapeFormulae: RegExp },
    ): string;
  };
  if (records.length === 0) return "";
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return unparse(records, { columns, newline: "\n", escapeFormulae: FORMULA });
}

/** The cells of comma-separated values, line by line, header first. */
export function cellsOf(csv: string): string[][] {
  const { parse } = Papa as unknown as {
    parse(text: string, options: { delimiter: string; skipEmptyLines: true }): { data: string[][] };
  };
  return parse(csv, { delimiter: ",", skipEmptyLines: true }).data;
}
