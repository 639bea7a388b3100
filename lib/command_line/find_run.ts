/** Finds runs as a user names them: by the first digits of a key, or by a table's row. */
import { UsageError, UserError } from "../errors.ts";
import { actionLabel, type Context, isEvaluation, isImported, type Table } from "../experiment.ts";
import { type RowPlace, rowsOn } from "../results/lineage.ts";
import { type PlannedRun, plannedRun, runsOfRow } from "../plan.ts";
import type { Store } from "../store/mod.ts";
import { evaluateLine, submissionLine, tableLine, trainLine } from "./suggested_commands.ts";
import type { Options } from "./options.ts";
import { isPlace, rowAt } from "./row_names.ts";
import { runByKey, runsOf } from "./known_runs.ts";
import { tablesAround } from "./tables.ts";

/** Every run that is planned or stored. */
export interface Library {
  readonly store: Store;
  /** The runs of all tables, ancestors first; then those that only the store has. */
  readonly runs: readonly PlannedRun[];
  /** One for each seed; empty if there is no data set. */
  readonly contexts: readonly Context[];
  /** The project's tables, and those of the files that the command names. */
  readonly tables: readonly Table[];
}

/** Lists all runs under the options, those of tables in files that `words` name among them. */
export async function openLibrary(words: readonly string[], options: Options): Promise<Library> {
  const tables = await tablesAround(words, options);
  const { runs, study } = await runsOf(tables, options);
  const { store, dataset } = study;
  // Without data no planned run has a key.
  const isFound = dataset.missing === undefined;
  const all = new Map([...isFound ? runs : [], ...store.runs()].map((run) => [run.key, run]));
  return { store, runs: [...all.values()], contexts: isFound ? study.contexts : [], tables };
}

/** What a user's word names: a run, or a row of a table. */
export type RunOrRow = { readonly run: PlannedRun } | { readonly place: RowPlace };

/**
 * The run or the row that `word` names.
 *
 * @throws {UserError} No run has that name, or several have.
 */
export function find(word: string, { runs, store, tables }: Library): RunOrRow {
  if (isPlace(word)) return { place: rowAt(word, tables) };
  if (!/^[0-9a-f]{1,12}$/.test(word)) {
    throw new UsageError(
      `Cannot find "${word}": name a run by the first of its key's 12 hexadecimal digits ` +
        "(deno task status lists keys), or a row by its table and headings, as in table3/D/384",
    );
  }
  return { run: runByKey(word, runs, store) };
}

/** The evaluations of a row, seed by seed. */
export function runsAt({ table, row }: RowPlace, { contexts }: Library): PlannedRun[] {
  return runsOfRow(table.rows[row - 1]!, contexts).flat();
}

/**
 * The only run that `word` names.
 *
 * @throws {UserError} There is no such run, or there are several.
 */
export function findRun(word: string, library: Library): PlannedRun {
  const found = find(word, library);
  if ("run" in found) return found.run;
  const runs = runsAt(found.place, library);
  if (runs.length === 1) return runs[0]!;
  const names = runs.map(({ key, run }) => `${key} (${actionLabel(run)})`).join(", ");
  throw new UserError(
    `Cannot take "${word}" for one run: ` +
      (runs.length === 0
        ? "that row has no run here"
        : `that row needs ${names}; name one of them`),
  );
}

/**
 * The command that makes a run, with the options of this command line: a table's command if a table
 * needs the run. Nothing for imported weights, and for a run that needs other options.
 */
export function commandFor(
  planned: PlannedRun,
  options: Options,
  { contexts: [here], tables }: Library,
): string | undefined {
  const { run, context } = planned;
  if (here === undefined) return undefined;
  const now = { ...here, seed: context.seed };
  const [row] = rowsOn({ ...planned, context: now }, tables);
  if (row !== undefined) return tableLine(row.table, options, context.seed);
  if (plannedRun(run, now).key !== planned.key) return undefined;
  if (!isEvaluation(run)) {
    // a net of one's own is trained by its table alone
    return isImported(run.init) || run.blocks ? undefined : trainLine(planned, options);
  }
  const { net, Q, method, test } = run;
  if (test !== undefined) {
    return submissionLine(plannedRun({ net, Q, method }, context), options);
  }
  return evaluateLine(planned.ancestor!, { Q, method, options });
}

/** The direct descendants of a run: its evaluations, and nets that start from it. */
export function heirsOf({ key }: PlannedRun, { runs }: Library): PlannedRun[] {
  const heirs = runs.filter(({ ancestor }) => ancestor?.key === key);
  return heirs.toSorted((a, b) => Number(isEvaluation(b.run)) - Number(isEvaluation(a.run)));
}
