/** Details of the runs behind the tables of a report: state, folder, log and errors. */
import type { TableResult } from "../results/row_result.ts";
import type { LogEntry } from "../vgg/checkpoint.ts";
import {
  type Context,
  type Errors,
  type EvalRun,
  isEvaluation,
  type TrainRun,
} from "../experiment.ts";
import { plan, type PlannedRun } from "../plan.ts";
import { UnreadableError, UserError } from "../errors.ts";
import type { Study } from "../results/study.ts";
import { errorsOfRuns } from "../results/run_errors.ts";
import type { RunStatus, Store } from "../store/mod.ts";
import { energyOf, type EnergyUse, type Execution } from "../system/environment.ts";
import { warn } from "./warn.ts";

/** Details that all runs have. */
export interface RunFacts<Kind extends TrainRun | EvalRun> {
  readonly key: string;
  readonly run: Kind;
  readonly context: Context;
  /** Relative to the folder of the results. */
  readonly folder: string;
  readonly state: RunStatus["state"];
  /** Name of the first table that needs it. */
  readonly table: string;
  /** What GPUs took for it; absent where nothing said it. */
  readonly energy?: EnergyUse;
}

/** A training with its log, line by line. */
export interface TrainingDetails extends RunFacts<TrainRun> {
  readonly log: readonly LogEntry[];
}

/** An evaluation with its own errors, absent if it is not done. */
export interface EvaluationDetails extends RunFacts<EvalRun> {
  readonly errors?: Errors;
}

/** Everything in a report besides its tables. */
export interface RunDetails {
  /** Command-line options that select these results: `--setup small`. */
  readonly choice: string;
  readonly seeds: readonly number[];
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Ancestors first, seed after seed. */
  readonly trainings: readonly TrainingDetails[];
  readonly evaluations: readonly EvaluationDetails[];
}

/** Collects details of the runs behind tables from the store. */
export function runDetailsOf(
  results: readonly TableResult[],
  { store, dataset, contexts, choice }: Study & { readonly choice: string },
): RunDetails {
  const tables = results.map(({ table }) => table);
  const known = errorsOfSingles(results);
  const firstTable = new Map<string, string>();
  for (const table of tables.toReversed()) {
    for (const { key } of plan([table], contexts)) firstTable.set(key, table.name);
  }
  const trainings: TrainingDetails[] = [], evaluations: EvaluationDetails[] = [];
  const runs = plan(tables, contexts);
  const statuses = store.statuses(runs);
  for (const [i, planned] of runs.entries()) {
    const { key, run, context } = planned;
    const { state, detail } = statuses[i]!;
    if (state === "unreadable" && detail !== undefined) warn(detail); // the page cannot name it
    const folder = store.folderOf(planned).slice(store.folder.length + 1);
    const energy = energyOf(executionsOf(planned, store));
    const facts = {
      ...{ key, context, folder, state, table: firstTable.get(key)! },
      ...energy && { energy },
    };
    if (isEvaluation(run)) {
      const errors = state === "done" ? known.get(key) ?? validErrors(planned, store) : undefined;
      const isDamaged = state === "done" && errors === undefined;
      evaluations.push({
        ...{ ...facts, run, state: isDamaged ? "damaged" : state },
        ...errors && { errors },
      });
    } else trainings.push({ ...facts, run, ...logOf(planned, store, state) });
  }
  const seeds = contexts.map(({ seed }) => seed);
  return { choice, seeds, classes: dataset.classes, trainings, evaluations };
}

/** A run's executions; none where the disk withholds their record, which decides no result. */
export function executionsOf(planned: PlannedRun, store: Store): Execution[] {
  try {
    return store.readExecutions(planned);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return [];
  }
}

/** A training's log, with its state: unreadable if the log is. */
function logOf(
  planned: PlannedRun,
  store: Store,
  state: RunStatus["state"],
): Pick<TrainingDetails, "log" | "state"> {
  try {
    return { log: store.readLog(planned), state };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    warn(error.message);
    return { log: [], state: "unreadable" };
  }
}

/** Errors of an evaluation; undefined if its posteriors are damaged or not valid. */
function validErrors(planned: PlannedRun, store: Store): Errors | undefined {
  if (store.damage(planned) !== undefined) return undefined;
  try {
    return errorsOfRuns([planned], store.scoresOf([planned]));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Errors of rows with a single evaluation, by the key of that evaluation. */
function errorsOfSingles(results: readonly TableResult[]): Map<string, Errors> {
  const rows = results.flatMap(({ rows }) => rows);
  return new Map(
    rows.filter(({ row }) => row.evaluations.length === 1)
      .flatMap(({ runs, seeds }) => seeds.map((errors, seed) => [runs[seed]!, errors])),
  );
}
