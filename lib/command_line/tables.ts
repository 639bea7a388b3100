/** Tables by the names that a user gives them, and what is done with their results. */
import { paperTables, sideExperiments } from "../../experiments/mod.ts";
import { UsageError } from "../errors.ts";
import type { ListedTable, Row, Table } from "../experiment.ts";
import { didYouMean } from "../did_you_mean.ts";
import { report, writeReports } from "../report/mod.ts";
import type { Sheet } from "../report/sheet.ts";
import type { Options } from "./options.ts";

/** The paper's tables that ask for runs. */
export const PAPER_TABLES: readonly Table[] = paperTables.map(withoutHelp);

/** Every table that asks for runs: the paper's, and then the others. */
export const TABLES: readonly Table[] = [...PAPER_TABLES, ...sideExperiments.map(withoutHelp)];

/** A table as results have it. */
function withoutHelp({ help: _help, ...table }: ListedTable): Table {
  return table;
}

/** Whether a word is the name of a table that asks for runs. */
export function isTableName(word: string): boolean {
  return TABLES.some(({ name }) => name === word);
}

/**
 * The tables called `words`, each once; the paper's if there are none.
 *
 * @throws {UsageError} There is no such table, or it asks for no runs.
 */
export function tablesNamed(words: readonly string[]): readonly Table[] {
  if (words.length === 0) return PAPER_TABLES;
  return [...new Set(words)].map((word) => {
    const table = TABLES.find(({ name }) => name === word);
    if (table !== undefined) return table;
    if (word === "table1" || word === "table2") {
      throw new UsageError(`${word} asks for no runs; print it with: deno task ${word}`);
    }
    const names = TABLES.map(({ name }) => name);
    throw new UsageError(
      `There is no table "${word}": the tables that ask for runs are ${names.join(", ")}.` +
        didYouMean(word, names),
    );
  });
}

/** The tables that these rows are in, and nothing else of them. */
export function tablesWith(rows: ReadonlySet<Row>): Table[] {
  return TABLES
    .map((table) => ({ ...table, rows: table.rows.filter((row) => rows.has(row)) }))
    .filter((table) => table.rows.length > 0);
}

/** Writes sheets as files beside the runs, and prints them. @returns the exit code */
export function publish(sheets: readonly Sheet[], options: Options): number {
  const files = writeReports(sheets, options.results);
  console.log(report(sheets, options.format));
  tell(files);
  return 0;
}

/** Says on standard error which files were written; those that differ in their ending, together. */
export function tell(files: readonly string[]) {
  const named = Map.groupBy(files, (file) => file.replace(/\.\w+$/, ""));
  for (const [name, alike] of named) {
    const endings = alike.map((file) => file.slice(name.length + 1));
    const shown = alike.length > 1 ? `${name}.{${endings.join(",")}}` : alike[0]!;
    console.error(`written: ${shown}`);
  }
}
