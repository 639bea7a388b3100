/** Runs that a command line asks for: printed as a plan, or carried out, here or by a cluster. */
import type { Dataset } from "../datasets/dataset.ts";
import { type Context, isImported } from "../experiment.ts";
import { contextsOf, type PlannedRun } from "../plan.ts";
import type { Study } from "../results/study.ts";
import { type ImportedNet, importNet } from "../store/import.ts";
import { makeStore } from "../store/mod.ts";
import type { ClusterRequest } from "./cluster.ts";
import { printPlan } from "./plan_listing.ts";
import { known } from "./known_runs.ts";

/** The command that asks for runs, and what it asks for. */
export interface RunRequest extends ClusterRequest {
  /** Nets in files, which are imported into the store first. */
  readonly imported?: readonly ImportedNet[];
}

/** Lists runs, ancestors first, under the contexts of the command line. */
type RunsUnder = (contexts: readonly Context[]) => readonly PlannedRun[];

/**
 * Prints the cost of runs, or the jobs that would carry them out. Imported weights cost nothing.
 *
 * @returns the exit code
 */
export async function printRuns(runsUnder: RunsUnder, request: RunRequest): Promise<number> {
  const { study, options } = request;
  const planned = runsUnder(study.contexts)
    .filter(({ run }) => !("init" in run && isImported(run.init)));
  if (options.executor === "slurm") {
    const { showJobs } = await import("./cluster.ts");
    return showJobs(planned, request);
  }
  return printPlan({ runs: known(planned, study), study }, options);
}

/**
 * Imports nets from files; then carries out runs and their ancestors.
 *
 * @returns the study with their results; nothing if a cluster carries them out and the command does not wait
 */
export async function carryOut(
  runsUnder: RunsUnder,
  request: RunRequest,
): Promise<Study<Dataset> | undefined> {
  const { reproducePlan } = await import("../reproduce.ts");
  const { options, study: { contexts }, imported = [] } = request;
  for (const net of imported) await importNet(net, { store: makeStore(options.results), contexts });
  if (options.executor === "slurm") {
    const { submitRuns } = await import("./cluster.ts");
    await submitRuns(runsUnder(contexts), request);
    if (!options.wait) return undefined;
  }
  return await reproducePlan((data) => runsUnder(contextsOf(options, data)), options);
}
