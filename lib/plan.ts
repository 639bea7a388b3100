/** Which runs a set of tables needs, each once, in an order that works. */
import { type Context, type EvalRun, key, needs, type Run, type Table } from "./experiment.ts";

/** A run under a context, with its name. */
export interface PlannedRun {
  readonly key: string;
  readonly run: Run;
  readonly context: Context;
  /** Keys of the runs that must be done before this one. */
  readonly after: readonly string[];
}

/**
 * Collects the runs behind `tables` under every context (one for each seed), dropping repeats.
 * Every run comes after those it needs.
 */
export function plan(tables: readonly Table[], contexts: readonly Context[]): PlannedRun[] {
  const planned = new Map<string, PlannedRun>();

  function visit(run: Run, context: Context) {
    const name = key(run, context);
    if (planned.has(name)) return;
    const ancestors = needs(run);
    for (const ancestor of ancestors) visit(ancestor, context);
    const after = ancestors.map((ancestor) => key(ancestor, context));
    planned.set(name, { key: name, run, context, after });
  }

  for (const context of contexts) {
    for (const evaluation of evaluationsOf(tables)) visit(evaluation, context);
  }
  return [...planned.values()];
}

/** Every evaluation that the tables name, repeats included. */
export function evaluationsOf(tables: readonly Table[]): EvalRun[] {
  return tables.flatMap((table) => table.rows).flatMap((row) => row.evaluations);
}
