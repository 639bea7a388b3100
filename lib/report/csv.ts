/** Records as comma-separated values, for spreadsheets and scripts. */
import Papa from "papaparse";
import type { FlatRecord } from "./records.ts";

/**
 * How a text begins that a spreadsheet would carry out: it gets an apostrophe before it (OWASP, "CSV
 * Injection"). Some take wide signs for others.
 */
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

/**
 * Records as CSV with a header, which has the columns of all of them. Lines end in a line feed
 * alone. Texts, unlike numbers, are kept from being formulas.
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
