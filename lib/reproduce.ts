/**
 * From a request to results: opens the data, plans, has the plan carried out against a store, and
 * turns what is there into the tables' results. Loads no TensorFlow; `pool.ts` starts threads that do.
 *
 * @module
 */
import type {
  Dataset,
  DatasetDescription,
  DatasetInfo,
  DatasetOptions,
} from "./datasets/dataset.ts";
import type { Setup } from "./setup.ts";
import { describeDataset, openDataset } from "./datasets/mod.ts";
import type { DeviceName } from "./system/device.ts";
import { UserError } from "./errors.ts";
import { local } from "./executors/local/mod.ts";
import type { Context, Run, Table } from "./experiment.ts";
import { planOf } from "./plan.ts";
import { type Bars, progressBars } from "./system/progress.ts";
import { departures, mustBePapers, sizeOf } from "./results/protocol.ts";
import type { Source } from "./results/mod.ts";
import { makeStore, openStore } from "./store/mod.ts";
import { testScoresIn } from "./results/submission.ts";

/** What runs are carried out under and on. */
export interface Work {
  readonly setup: Setup;
  readonly dataset: string;
  /** Folder of all data sets. */
  readonly dataFolder: string;
  /** Folder of the results. */
  readonly results: string;
  readonly seeds: readonly number[];
  /** Trainings side by side; the setup's choice if absent. */
  readonly workers?: number;
  /** What to compute on; a GPU where there is one if absent. */
  readonly device?: DeviceName;
  /** Images of a batch in memory at once; as many as fit if absent. */
  readonly microBatch?: number;
  readonly skipUnreadable?: boolean;
  /** The setup from which any departure is a failure; the paper's, under --strict. */
  readonly strict?: Setup;
}

/** What a user asks for. */
export interface Request extends Work {
  readonly tables: readonly Table[];
  /** The paper's own setup, from which departures are counted. */
  readonly paper: Setup;
  /** Whether rows keep their numbers where sanity checks fail, as for a net at chance. */
  readonly includeAtChance?: boolean;
}

/**
 * Carries out runs, and those that they start from, that are not done yet, under every seed.
 *
 * @returns where their results are
 * @throws {UserError} A run failed, or the data or the store cannot be used. All that was done is kept.
 */
export async function carryOutRuns(
  runs: readonly Run[],
  work: Work,
): Promise<Source & { readonly dataset: Dataset }> {
  const bars = progressBars();
  try {
    const dataset = await openData(work, bars);
    mustBeStrict(work, dataset);
    const store = makeStore(work.results);
    const contexts = contextsOf(work, dataset);
    await local({ ...work, dataset, bars })(planOf(runs, contexts), store);
    return { store, dataset, contexts, testScores: testScoresIn(store.folder) };
  } finally {
    bars.stop();
  }
}

/**
 * Where the results of a request are: its store, and its data set, of which nothing is made.
 *
 * @throws {UserError} The data set, whose content is a part of every run's name, is not found.
 */
export async function sourceOf(
  request: Request,
): Promise<Source & { readonly dataset: DatasetInfo }> {
  const bars = progressBars();
  const dataset = await describeData(request, bars).finally(bars.stop);
  if (dataset.missing !== undefined) throw new UserError(dataset.missing);
  mustBeStrict(request, dataset);
  const contexts = contextsOf(request, dataset);
  const store = openStore(request.results);
  return { dataset, store, contexts, testScores: testScoresIn(store.folder) };
}

/** Under `--strict` data that is not the paper's is refused, as its setup was before. */
function mustBeStrict({ strict, setup }: Work, dataset: DatasetDescription) {
  if (strict) mustBePapers(departures(setup, strict, sizeOf(dataset)));
}

/** The part of a request that says which data set is meant. */
export type DataRequest = Pick<Work, "setup" | "dataset" | "dataFolder" | "skipUnreadable">;

/** Opens the data set of a request, with a bar for each kind of work that takes long. */
export async function openData(request: DataRequest, bars: Bars): Promise<Dataset> {
  return await openDataset(request.dataset, optionsOf(request, bars));
}

/** Opens a data set that was seen, where it is made already; nothing where it cannot be used. */
export async function openedIfMade(
  request: DataRequest,
  { made }: Pick<DatasetInfo, "made">,
): Promise<Dataset | undefined> {
  if (!made) return undefined;
  const bars = progressBars();
  try {
    return await openData(request, bars);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  } finally {
    bars.stop();
  }
}

/** Describes the data set of a request, and makes none. */
export async function describeData(request: DataRequest, bars: Bars): Promise<DatasetInfo> {
  return await describeDataset(request.dataset, optionsOf(request, bars));
}

function optionsOf(
  { setup, dataFolder: folder, skipUnreadable = false }: DataRequest,
  bars: Bars,
): DatasetOptions {
  const shown = new Map<string, ReturnType<Bars["bar"]>>();
  return {
    folder,
    skipUnreadable,
    ...setup.scenes && { scenes: setup.scenes },
    onProgress(what, done, total, unit = "images") {
      const bar = shown.get(what) ?? bars.bar(what, { unit });
      shown.set(what, bar);
      bar.update(done, total);
      if (done === total) bar.stop();
    },
  };
}

/** What the runs of a request depend on, seed by seed. */
export function contextsOf(
  { setup: { train, evaluate }, seeds }: Pick<Work, "setup" | "seeds">,
  { fingerprint }: Pick<DatasetDescription, "fingerprint">,
): Context[] {
  return seeds.map((seed) => ({ train, evaluate, seed, data: fingerprint }));
}
