/** Runs that a command line names by themselves, and no table: shown, or carried out. */
import type { Dataset } from "../lib/datasets/mod.ts";
import { isImported, type Run } from "../lib/experiment.ts";
import { bringIn, type ImportedNet } from "../lib/import.ts";
import { planOf } from "../lib/plan.ts";
import type { Source } from "../lib/results.ts";
import { makeStore } from "../lib/store.ts";
import type { Options } from "./options.ts";
import { printPlan } from "./plan.ts";
import { type Ground, known } from "./runs.ts";
import { workOf } from "./tables.ts";

/** Prints what runs would take; weights from a file take nothing. @returns the exit code */
export function showPlan(runs: readonly Run[], ground: Ground, options: Options): number {
  const planned = planOf(runs, ground.contexts)
    .filter(({ run }) => !("init" in run && isImported(run.init)));
  return printPlan({ runs: known(planned, ground), dataset: ground.dataset }, options);
}

/** Carries runs out, with those that they start from; nets in files come first. */
export async function carryOut(
  runs: readonly Run[],
  { options, ground, imported = [] }: {
    readonly options: Options;
    readonly ground: Ground;
    readonly imported?: readonly ImportedNet[];
  },
): Promise<Source & { readonly dataset: Dataset }> {
  const { carryOutRuns } = await import("../lib/reproduce.ts");
  const work = workOf(options);
  for (const net of imported) {
    await bringIn(net, { store: makeStore(work.results), contexts: ground.contexts });
  }
  return await carryOutRuns(runs, work);
}
