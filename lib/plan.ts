/** The runs that tables need, each once, ancestors first. */
import { UserError } from "./errors.ts";
import {
  actionLabel,
  ancestorOf,
  type Context,
  type EvalRun,
  isEvaluation,
  isImported,
  type Row,
  type Run,
  type Table,
} from "./experiment.ts";
import { key } from "./key.ts";
import { count, formatNumber } from "./numbers.ts";
import type { Setup } from "./setup.ts";

/** A run under a context, with its name. */
export interface PlannedRun {
  readonly key: string;
  readonly run: Run;
  readonly context: Context;
  /** The run that must be done before: the net that it tests, or starts from. */
  readonly ancestor?: PlannedRun;
}

/** A run under a context, with its name and its ancestors. */
export function plannedRun(run: Run, context: Context): PlannedRun {
  const ancestor = ancestorOf(run);
  return {
    ...{ key: key(run, context), run, context },
    ...ancestor && { ancestor: plannedRun(ancestor, context) },
  };
}

/** Keys of the runs that must be done before a run: none or one. */
export function ancestorKeys({ ancestor }: Pick<PlannedRun, "ancestor">): string[] {
  return ancestor ? [ancestor.key] : [];
}

/** The contexts of runs, one for each seed. */
export function contextsOf(
  { setup: { train, evaluate }, seeds }: {
    readonly setup: Pick<Setup, "train" | "evaluate">;
    readonly seeds: readonly number[];
  },
  { fingerprint }: { readonly fingerprint: string },
): Context[] {
  return seeds.map((seed) => ({ train, evaluate, seed, data: fingerprint }));
}

/** The contexts of a row: the given ones, with the setup and the seeds that are the row's own. */
export function contextsOfRow(
  { combination: { setup, seeds } = { values: {} } }: Pick<Row, "combination">,
  contexts: readonly Context[],
): readonly Context[] {
  const [first] = contexts;
  if (first === undefined || (setup ?? seeds) === undefined) return contexts;
  const { train, evaluate } = setup ?? first;
  const all = seeds === undefined ? contexts : seeds.map((seed) => ({ ...first, seed }));
  return all.map((context) => ({ ...context, train, evaluate }));
}

/** The evaluations of a row, seed by seed. */
export function runsOfRow(row: Row, contexts: readonly Context[]): PlannedRun[][] {
  return contextsOfRow(row, contexts).map((context) =>
    row.evaluations.map((run) => plannedRun(run, context))
  );
}

/** The evaluations of each row of tables: those of all rows under their first seed, and so on. */
export function runsOfRows(
  tables: readonly Table[],
  contexts: readonly Context[],
): PlannedRun[][] {
  const rows = tables.flatMap(({ rows }) => rows).map((row) => runsOfRow(row, contexts));
  const seeds = rows.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: seeds }, (_, i) => rows.flatMap((runs) => runs.slice(i, i + 1)))
    .flat();
}

/** The runs behind `tables`, each once; every run comes after its ancestors. */
export function plan(tables: readonly Table[], contexts: readonly Context[]): PlannedRun[] {
  return withAllAncestors(runsOfRows(tables, contexts).flat());
}

/**
 * Collects runs and their ancestors under every context (one for each seed), each once. Every run
 * comes after its ancestors.
 */
export function planOf(runs: readonly Run[], contexts: readonly Context[]): PlannedRun[] {
  return withAllAncestors(
    contexts.flatMap((context) => runs.map((run) => plannedRun(run, context))),
  );
}

/** Runs and their ancestors, each once; every run comes after its ancestors. */
export function withAllAncestors(runs: Iterable<PlannedRun>): PlannedRun[] {
  const planned = new Map<string, PlannedRun>();

  function add(run: PlannedRun) {
    if (planned.has(run.key)) return;
    if (run.ancestor) add(run.ancestor);
    planned.set(run.key, run);
  }

  for (const run of runs) add(run);
  return [...planned.values()];
}

/** Every evaluation that the tables name, repeats included. */
export function evaluationsOf(tables: readonly Table[]): EvalRun[] {
  return tables.flatMap((table) => table.rows).flatMap((row) => row.evaluations);
}

/** How many runs of each kind. */
export interface Counts {
  readonly evaluations: number;
  readonly trainings: number;
}

/**
 * The runs of tables if nothing were shared: every evaluation that a row names, and for each table its
 * own trainings. A table that only repeats rows of others adds nothing.
 */
export function askedFor(tables: readonly Table[], contexts: readonly Context[]): Counts {
  const asking = tables.filter(({ quotes }) => !quotes);
  return {
    evaluations: runsOfRows(asking, contexts).flat().length,
    trainings: asking.reduce((sum, table) => sum + counts(plan([table], contexts)).trainings, 0),
  };
}

/** Runs of a plan by their kind. */
export function counts(runs: readonly Pick<PlannedRun, "run">[]): Counts {
  const evaluations = runs.filter(({ run }) => isEvaluation(run)).length;
  return { evaluations, trainings: runs.length - evaluations };
}

/** Trainings among runs; imported nets do not count. */
function trainingsIn<Each extends Pick<PlannedRun, "run">>(runs: readonly Each[]): Each[] {
  return runs.filter(({ run }) => !isEvaluation(run) && !isImported(run.init));
}

/** The first training among runs; imported nets do not count. */
export function trainingIn<Each extends Pick<PlannedRun, "run">>(
  runs: readonly Each[],
): Each | undefined {
  return trainingsIn(runs)[0];
}

/** @throws {UserError} A run is a training, and there are no training images, or fewer than it asks for. */
export function mustBeTrainable(
  open: readonly PlannedRun[],
  { untrainable, train }: {
    readonly untrainable?: string;
    readonly train: { readonly length: number };
  },
) {
  for (const { run, context: { train: { trainingImages = 0 } } } of trainingsIn(open)) {
    if (untrainable !== undefined) {
      throw new UserError(`Cannot ${actionLabel(run)}: ${untrainable}`);
    }
    if (trainingImages <= train.length) continue;
    const asked = formatNumber(trainingImages);
    throw new UserError(
      `Cannot ${actionLabel(run)}: the setup's trainingImages is ${asked}, and the data set has ` +
        `${count(train.length, "training image")}; name no more than these`,
    );
  }
}
