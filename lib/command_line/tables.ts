/** Finds tables by name; writes and prints their results. */
import { paperTables, sideExperiments } from "../../experiments/mod.ts";
import { UsageError } from "../errors.ts";
import type { ListedTable, Row, Table } from "../experiment.ts";
import { didYouMean } from "../did_you_mean.ts";
import { report, writeReports } from "../report/mod.ts";
import type { Sheet } from "../report/sheet.ts";
import type { Options } from "./options.ts";

/** The paper's tables that need runs. */
export const PAPER_TABLES: readonly Table[] = paperTables.map(withoutHelp);

/** Every table that needs runs: the paper's, then the others. */
export const TABLES: readonly Table[] = [...PAPER_TABLES, ...sideExperiments.map(withoutHelp)];

/** A table without its help text. */
function withoutHelp({ help: _help, ...table }: ListedTable): Table {
  return table;
}

/** Whether a word is the name of a table that needs runs. */
export function isTableName(word: string): boolean {
  return TABLES.some(({ name }) => name === word);
}

/**
 * The tables called `words`, each once; the paper's if there are none.
 *
 * @throws {UsageError} There is no such table, or it needs no runs.
 */
export function tablesNamed(words: readonly string[]): readonly Table[] {
  if (words.length === 0) return PAPER_TABLES;
  return [...new Set(words)].map((word) => {
    const table = TABLES.find(({ name }) => name === word);
    if (table !== undefined) return table;
    if (word === "table1" || word === "table2") {
      throw new UsageError(`${word} needs no runs; print it with: deno task ${word}`);
    }
    const names = TABLES.map(({ name }) => name);
    throw new UsageError(
      `There is no table "${word}": the tables that need runs are ${names.join(", ")}.` +
        didYouMean(word, names),
    );
  });
}

/** The tables of these rows, without their other rows. */
export function tablesWith(rows: ReadonlySet<Row>): Table[] {
  return TABLES
    .map(({ baseline: _, ...table }) => (
      { ...table, rows: table.rows.filter((row) => rows.has(row)) }
    ))
    .filter((table) => table.rows.length > 0);
}

/** Writes sheets as files beside the runs, and prints them. @returns the exit code */
export function publish(sheets: readonly Sheet[], options: Options): number {
  console.log(report(sheets, options.format));
  tell(writeReports(sheets, options.results)); // after them: a disk that is full hides no numbers
  return 0;
}

/** Lists written files on standard error; files that differ only in their ending share a line. */
export function tell(files: readonly string[]) {
  const named = Map.groupBy(files, (file) => file.replace(/\.\w+$/, ""));
  for (const [name, alike] of named) {
    const endings = alike.map((file) => file.slice(name.length + 1));
    const shown = alike.length > 1 ? `${name}.{${endings.join(",")}}` : alike[0]!;
    console.error(`written: ${shown}`);
  }
}
