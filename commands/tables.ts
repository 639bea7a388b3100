/** Tables by the names that a user gives them, and what is done with their results. */
import * as experiments from "../experiments/mod.ts";
import type { Table, TableResult } from "../lib/experiment.ts";
import { didYouMean } from "../lib/nearest.ts";
import { report, writeReports } from "../lib/report/mod.ts";
import type { Request } from "../lib/reproduce.ts";
import type { Options } from "./options.ts";
import { UsageError } from "../lib/errors.ts";

const { setups: _setups, ...TABLES }: { setups: unknown } & Record<string, unknown> = experiments;
const tables = TABLES as Readonly<Record<string, Table>>;

/**
 * The tables called `words`; all of them if there are none.
 *
 * @throws {UsageError} There is no such table, or it asks for no runs.
 */
export function tablesNamed(words: readonly string[]): Table[] {
  const names = Object.keys(tables);
  return (words.length > 0 ? words : names).map((word) => {
    if (Object.hasOwn(tables, word)) return tables[word]!;
    if (word === "table1" || word === "table2") {
      throw new UsageError(`${word} asks for no runs; print it with: deno task ${word}`);
    }
    throw new UsageError(
      `There is no table "${word}": the tables that ask for runs are ${names.join(", ")}.` +
        didYouMean(word, names),
    );
  });
}

/** What the options ask for, of the tables called `words`. */
export function requestFor(words: readonly string[], options: Options): Request {
  const { setup, data, results, seeds, workers, skipUnreadable } = options;
  return {
    tables: tablesNamed(words),
    setup,
    dataset: setup.dataset,
    dataFolder: data,
    results,
    seeds,
    ...(workers !== undefined && { workers }),
    skipUnreadable,
  };
}

/** Writes results as files beside the runs, and prints them. @returns the exit code */
export function publish(results: readonly TableResult[], options: Options): number {
  const files = writeReports(results, options.results);
  console.log(report(results, options.format));
  for (const file of files) console.error(`written: ${file}`);
  return 0;
}
