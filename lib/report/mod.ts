/** Reports: sheets on standard output, and as files beside the results. */
import { join } from "node:path";
import { writeAtomically } from "../files.ts";
import { csvOf } from "./csv.ts";
import type { ReportFormat } from "./formats.ts";
import { jsonOf } from "./json.ts";
import { markdown } from "./markdown.ts";
import type { Sheet } from "./sheet.ts";
import { terminal } from "./terminal.ts";

/** Sheets in a format, without a line break at the end: all in one list, or one below the other. */
export function report(sheets: readonly Sheet[], format: ReportFormat): string {
  const records = () => sheets.flatMap(({ records }) => records);
  switch (format) {
    case "csv":
      return csvOf(records());
    case "json":
      return jsonOf(records());
    case "markdown":
      return sheets.map(markdown).join("\n\n");
    case "table":
      return sheets.map(terminal).join("\n\n");
  }
}

/**
 * Writes `<table>.csv` and `<table>.md` of each sheet into `folder`, each file wholly or not at all.
 *
 * @returns the files' paths
 * @throws {UserError} The folder cannot be written.
 */
export function writeReports(sheets: readonly Sheet[], folder: string): string[] {
  const files = sheets.flatMap((sheet) => {
    const file = join(folder, sheet.name);
    return [[`${file}.csv`, csvOf(sheet.records)], [`${file}.md`, markdown(sheet)]] as const;
  });
  for (const [file, text] of files) writeAtomically(file, `${text}\n`);
  return files.map(([file]) => file);
}
