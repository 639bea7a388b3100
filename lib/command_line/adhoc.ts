/** Runs that a command line names by themselves, and no table: shown, or carried out. */
import type { Dataset } from "../datasets/dataset.ts";
import { isImported, type Run } from "../experiment.ts";
import { type ImportedNet, importNet } from "../store/import.ts";
import { planOf } from "../plan.ts";
import type { Source } from "../results/mod.ts";
import { makeStore } from "../store/mod.ts";
import type { Options } from "./options.ts";
import { printPlan } from "../commands/plan.ts";
import { type Ground, known } from "./runs.ts";
import { workOf } from "./tables.ts";

/** What runs are for. */
export interface Order {
  /** The command that asks for them, and its words. */
  readonly command: readonly [command: string, ...words: string[]];
  readonly options: Options;
  readonly ground: Ground;
  readonly imported?: readonly ImportedNet[];
  /**
   * Tables, none for all of the paper's, that the last job of a cluster writes of what is there; else
   * it is the command itself, if all is done.
   */
  readonly report?: readonly string[];
}

/**
 * Prints what runs would take, or as which jobs; weights from a file take nothing.
 *
 * @returns the exit code
 */
export async function showPlan(runs: readonly Run[], order: Order): Promise<number> {
  const { ground, options } = order;
  const planned = planOf(runs, ground.contexts)
    .filter(({ run }) => !("init" in run && isImported(run.init)));
  if (options.executor === "slurm") {
    const { showJobs } = await import("./cluster.ts");
    return showJobs(planned, order);
  }
  return printPlan({ runs: known(planned, ground), dataset: ground.dataset }, options);
}

/**
 * Carries runs out, with those that they start from; nets in files come first.
 *
 * @returns where their results are; nothing where a cluster was left to carry them out
 */
export async function carryOut(
  runs: readonly Run[],
  order: Order,
): Promise<Source & { readonly dataset: Dataset } | undefined> {
  const { carryOutRuns } = await import("../reproduce.ts");
  const { options, ground: { contexts }, imported = [] } = order;
  const work = workOf(options);
  for (const net of imported) await importNet(net, { store: makeStore(work.results), contexts });
  if (options.executor === "slurm") {
    const { submitRuns } = await import("./cluster.ts");
    await submitRuns(planOf(runs, contexts), order);
    if (!options.wait) return undefined;
  }
  return await carryOutRuns(runs, work);
}
