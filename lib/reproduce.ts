/**
 * From a request to results: opens the data, plans, has the plan carried out against a store, and
 * turns what is there into the tables' results. Loads no TensorFlow; `pool.ts` starts threads that do.
 *
 * @module
 */
import {
  type Dataset,
  type DatasetOptions,
  describeDataset,
  type Description,
  openDataset,
  type Sighting,
} from "./datasets/mod.ts";
import { UserError } from "./errors.ts";
import type { Context, Setup, Table, TableResult } from "./experiment.ts";
import { plan } from "./plan.ts";
import { type Bars, progressBars } from "./progress.ts";
import { resultsOf, type Source } from "./results.ts";
import { makeStore, openStore } from "./store.ts";

/** What a user asks for. */
export interface Request {
  readonly tables: readonly Table[];
  readonly setup: Setup;
  /** The paper's own setup, from which departures are counted. */
  readonly paper: Setup;
  readonly dataset: string;
  /** Folder of all data sets. */
  readonly dataFolder: string;
  /** Folder of the results. */
  readonly results: string;
  readonly seeds: readonly number[];
  /** Trainings side by side; the setup's choice if absent. */
  readonly workers?: number;
  readonly skipUnreadable?: boolean;
}

/**
 * Carries out what the tables need and is not done yet, with progress on standard error.
 *
 * @throws {UserError} A run failed, or the data or the store cannot be used. All that was done is kept.
 */
export async function reproduce(request: Request): Promise<TableResult[]> {
  const bars = progressBars();
  try {
    const dataset = await openData(request, bars);
    const store = makeStore(request.results);
    const contexts = contextsOf(request, dataset);
    const runs = plan(request.tables, contexts);
    const { setup, workers } = request;
    // Loaded here: whoever only collects needs neither threads nor an installer.
    const { carryOutPlan } = await import("./crew.ts");
    await carryOutPlan(runs, { store, dataset, setup, bars, ...workers && { workers } });
    return resultsOf(request, { dataset, store, contexts });
  } finally {
    bars.stop();
  }
}

/**
 * What the store has of the tables; rows whose runs are not done have no `measured`.
 *
 * @throws {UserError} The data set, whose content is a part of every run's name, is not found.
 */
export async function collect(request: Request): Promise<TableResult[]> {
  return resultsOf(request, await sourceOf(request));
}

/**
 * Where the results of a request are: its store, and its data set, of which nothing is made.
 *
 * @throws {UserError} The data set, whose content is a part of every run's name, is not found.
 */
export async function sourceOf(
  request: Request,
): Promise<Source & { readonly dataset: Sighting }> {
  const bars = progressBars();
  const dataset = await describeData(request, bars).finally(bars.stop);
  if (dataset.missing !== undefined) throw new UserError(dataset.missing);
  const contexts = contextsOf(request, dataset);
  return { dataset, store: openStore(request.results), contexts };
}

/** The part of a request that says which data set is meant. */
export type DataRequest = Pick<Request, "setup" | "dataset" | "dataFolder" | "skipUnreadable">;

/** Opens the data set of a request, with a bar for each kind of work that takes long. */
export async function openData(request: DataRequest, bars: Bars): Promise<Dataset> {
  return await openDataset(request.dataset, optionsOf(request, bars));
}

/** Opens the data set of a request where it is made already; nothing where it cannot be used. */
export async function openedIfMade(request: DataRequest): Promise<Dataset | undefined> {
  const bars = progressBars();
  try {
    const { made } = await describeData(request, bars);
    return made ? await openData(request, bars) : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  } finally {
    bars.stop();
  }
}

/** Describes the data set of a request, and makes none. */
export async function describeData(request: DataRequest, bars: Bars): Promise<Sighting> {
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
    onProgress(what, done, total) {
      const bar = shown.get(what) ?? bars.bar(what, { unit: "images" });
      shown.set(what, bar);
      bar.update(done, total);
      if (done === total) bar.stop();
    },
  };
}

/** What the runs of a request depend on, seed by seed. */
export function contextsOf(
  { setup: { train, evaluate }, seeds }: Pick<Request, "setup" | "seeds">,
  { fingerprint }: Pick<Description, "fingerprint">,
): Context[] {
  return seeds.map((seed) => ({ train, evaluate, seed, data: fingerprint }));
}
