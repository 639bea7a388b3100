/** Reports of a table's results: on standard output, and as files beside the results. */
import { join } from "node:path";
import type { TableResult } from "../experiment.ts";
import { writeAtomically } from "../files.ts";
import { csv, csvOf } from "./csv.ts";
import type { ReportFormat } from "./formats.ts";
import { jsonOf } from "./json.ts";
import { markdown } from "./markdown.ts";
import { recordsOf } from "./records.ts";
import { terminal } from "./terminal.ts";

/** Results in a format, without a line break at the end: all in one list, or one below the other. */
export function report(results: readonly TableResult[], format: ReportFormat): string {
  switch (format) {
    case "csv":
      return csvOf(results.flatMap(recordsOf));
    case "json":
      return jsonOf(results.flatMap(recordsOf));
    case "markdown":
      return results.map(markdown).join("\n\n");
    case "table":
      return results.map(terminal).join("\n\n");
  }
}

/**
 * Writes `<table>.csv` and `<table>.md` of each result into `folder`, each file wholly or not at
 * all.
 *
 * @returns the files' paths
 * @throws {UserError} The folder cannot be written.
 */
export function writeReports(results: readonly TableResult[], folder: string): string[] {
  const files = results.flatMap((result) => {
    const file = join(folder, result.table.name);
    return [[`${file}.csv`, csv(result)], [`${file}.md`, markdown(result)]] as const;
  });
  for (const [file, text] of files) writeAtomically(file, `${text}\n`);
  return files.map(([file]) => file);
}
