/** Runs by the words that a user has for them: a key's first digits, or the place of a row. */
import { UsageError, UserError } from "../errors.ts";
import { actionLabel, type Context, isEvaluation, isImported } from "../experiment.ts";
import { type RowPlace, rowsOn } from "../results/lineage.ts";
import { type PlannedRun, plannedRun } from "../plan.ts";
import type { Store } from "../store/mod.ts";
import { evaluateLine, submissionLine, tableLine, trainLine } from "./lines.ts";
import type { Options } from "./options.ts";
import { isPlace, rowAt } from "./places.ts";
import { knownRuns, runByKey } from "./runs.ts";
import { TABLES } from "./tables.ts";

/** Every run that is planned or stored, and how to find one. */
export interface Library {
  readonly store: Store;
  /** Those of all tables, ancestors first; then those that only the store has. */
  readonly runs: readonly PlannedRun[];
  /** What the options come to, seed by seed; none where there is no data set. */
  readonly contexts: readonly Context[];
}

/** Looks for all runs that the options mean. */
export async function openLibrary(options: Options): Promise<Library> {
  const { runs, study } = await knownRuns(TABLES.map(({ name }) => name), options);
  const { store, dataset } = study;
  // Without data no planned run has a key.
  const isFound = dataset.missing === undefined;
  const all = new Map([...isFound ? runs : [], ...store.runs()].map((run) => [run.key, run]));
  return { store, runs: [...all.values()], contexts: isFound ? study.contexts : [] };
}

/** What a word means: one run, or a row of a table. */
export type Found = { readonly run: PlannedRun } | { readonly place: RowPlace };

/**
 * What `word` means.
 *
 * @throws {UserError} Nothing has that name, or several runs have.
 */
export function find(word: string, { runs, store }: Library): Found {
  if (isPlace(word)) return { place: rowAt(word) };
  if (!/^[0-9a-f]{1,12}$/.test(word)) {
    throw new UsageError(
      `Cannot find "${word}": a run is called by the first of its key's 12 hexadecimal digits ` +
        "(deno task status lists keys), a row by its table and headings, as in table3/D/384",
    );
  }
  return { run: runByKey(word, runs, store) };
}

/** The evaluations of a row, seed by seed. */
export function runsAt({ table, row }: RowPlace, { contexts }: Library): PlannedRun[] {
  const { evaluations } = table.rows[row - 1]!;
  return contexts.flatMap((context) => evaluations.map((run) => plannedRun(run, context)));
}

/**
 * The one run that `word` means.
 *
 * @throws {UserError} There is none, or it means several.
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
        ? "nothing here stands behind that row"
        : `behind that row stand ${names}; name one of them`),
  );
}

/**
 * The command that makes a run, with the options that were given here: a table's where one needs it.
 * None for weights that were made elsewhere, and for a run that other options make.
 */
export function commandFor(
  planned: PlannedRun,
  options: Options,
  { contexts: [here] }: Library,
): string | undefined {
  const { run, context } = planned;
  if (here === undefined) return undefined;
  if (plannedRun(run, { ...here, seed: context.seed }).key !== planned.key) return undefined;
  const [row] = rowsOn(planned, TABLES);
  if (row !== undefined) return tableLine(row.table.name, options, context.seed);
  if (!isEvaluation(run)) return isImported(run.init) ? undefined : trainLine(planned, options);
  const { net, Q, method, test } = run;
  if (test !== undefined) {
    return submissionLine(plannedRun({ net, Q, method }, context), options);
  }
  return evaluateLine(plannedRun(net, context), { Q, method, options });
}

/** Runs that begin with a run: evaluations of it, and nets that start from it. */
export function heirsOf({ key }: PlannedRun, { runs }: Library): PlannedRun[] {
  const heirs = runs.filter(({ ancestor }) => ancestor?.key === key);
  return heirs.toSorted((a, b) => Number(isEvaluation(b.run)) - Number(isEvaluation(a.run)));
}
