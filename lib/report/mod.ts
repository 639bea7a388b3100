/** Reports: sheets on standard output, and as files beside the results. */
import { join } from "node:path";
import { writeAtomically } from "../system/files.ts";
import { csvOf } from "./csv.ts";
import type { ReportFormat } from "./formats.ts";
import { jsonOf } from "./json.ts";
import { latex, latexDocument, latexProtocol } from "./latex.ts";
import { markdown } from "./markdown.ts";
import type { Sheet } from "./sheet.ts";
import { terminals } from "./terminal.ts";

/** Sheets in a format, without a line break at the end: as one list of records, or one by one. */
export function report(sheets: readonly Sheet[], format: ReportFormat): string {
  const records = () => sheets.flatMap(({ records }) => records);
  switch (format) {
    case "csv":
      return csvOf(records());
    case "json":
      return jsonOf(records());
    case "markdown":
      return sheets.map(markdown).join("\n\n");
    case "latex":
      return sheets.map(latex).join("\n\n");
    case "table":
      return terminals(sheets);
  }
}

/**
 * Writes `<table>.csv`, `.md` and `.tex` of each sheet into `folder`, each file wholly or not at all.
 *
 * @returns the files' paths
 * @throws {UserError} The folder cannot be written.
 */
export function writeReports(sheets: readonly Sheet[], folder: string): string[] {
  return written(
    folder,
    sheets.flatMap((sheet) => [
      [`${sheet.name}.csv`, csvOf(sheet.records)],
      [`${sheet.name}.md`, markdown(sheet)],
      [`${sheet.name}.tex`, latex(sheet)],
    ]),
  );
}

/**
 * Writes files about several tables: `all.csv`, the records of all tables of errors, and
 * `tables.tex`, a document of all tables, which says once, by `protocol.tex`, what they have in common.
 *
 * @returns the files' paths
 * @throws {UserError} The folder cannot be written.
 */
export function writeCollections(
  { counts, errors }: { readonly counts: readonly Sheet[]; readonly errors: readonly Sheet[] },
  folder: string,
): string[] {
  return written(folder, [
    ["all.csv", csvOf(errors.flatMap(({ records }) => records))],
    ["protocol.tex", latexProtocol(errors)],
    ["tables.tex", latexDocument([...counts, ...errors])],
  ]);
}

function written(folder: string, files: readonly (readonly [string, string])[]): string[] {
  return files.map(([name, text]) => {
    const file = join(folder, name);
    writeAtomically(file, `${text}\n`);
    return file;
  });
}
