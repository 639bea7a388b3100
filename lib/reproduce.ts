/**
 * From a request to results: opens the data and the store of a study, and carries out its runs. Loads
 * no TensorFlow; the threads of `executors/local/` do.
 *
 * @module
 */
import type {
  Dataset,
  DatasetDescription,
  DatasetInfo,
  DatasetOptions,
} from "./datasets/dataset.ts";
import { describeDataset, openDataset } from "./datasets/mod.ts";
import { Interruption, UserError } from "./errors.ts";
import type { RunOptions } from "./executors/local/scheduler.ts";
import type { Run } from "./experiment.ts";
import { contextsOf, mustBeTrainable, type PlannedRun, planOf } from "./plan.ts";
import { departures, mustBePapers, sizeOf } from "./results/protocol.ts";
import type { Study } from "./results/study.ts";
import { warn } from "./report/warn.ts";
import { testScoresIn } from "./results/submission.ts";
import type { Setup } from "./setup.ts";
import { makeStore, openStore } from "./store/mod.ts";
import { type Bars, progressBars } from "./system/progress.ts";
import { onStopSignal } from "./system/signals.ts";

/** The choice of a data set and its folder. */
export interface DataOptions {
  /** Names the data set, and the size of one that is drawn. */
  readonly setup: Pick<Setup, "dataset" | "scenes">;
  /** Folder of all data sets. */
  readonly data: string;
  readonly skipUnreadable?: boolean;
  /** Ends making and reading data: its reason is thrown then. */
  readonly stop?: AbortSignal;
  /** Whether to read all images again, and compare them with what was read at first. */
  readonly readAgain?: boolean;
}

/** The choice of a study. */
export interface StudyOptions extends DataOptions {
  readonly setup: Setup;
  /** The paper's own setup, from which departures are counted. */
  readonly paper: Setup;
  /** Folder of the results. */
  readonly results: string;
  readonly seeds: readonly number[];
  /** Whether any departure from the paper is an error. */
  readonly strict?: boolean;
}

/**
 * Carries out runs and their ancestors under every seed, unless they are done.
 *
 * @returns the study with their results
 * @throws {UserError} A run failed, or the data or the store cannot be used. All that was done is kept.
 */
export async function reproduce(
  runs: readonly Run[],
  options: StudyOptions & RunOptions,
): Promise<Study<Dataset>> {
  return await reproducePlan((data) => planOf(runs, contextsOf(options, data)), options);
}

/** Lists runs, ancestors first, on data with a fingerprint. */
type PlanFor = (data: { readonly fingerprint: string }) => readonly PlannedRun[];

/** Carries out a plan that is made when the data is known; see `reproduce`. */
export async function reproducePlan(
  planFor: PlanFor,
  options: StudyOptions & RunOptions,
): Promise<Study<Dataset>> {
  // loaded here: commands that only read results need neither threads nor an installer
  const { runPlan } = await import("./executors/local/scheduler.ts");
  const bars = progressBars();
  try {
    const study = await openAndInstall(planFor, options, bars);
    await runPlan(planFor(study.dataset), { ...study, bars }, options);
    return { ...study, testScores: testScoresIn(study.store.folder) };
  } finally {
    bars.stop();
  }
}

/**
 * Opens a study. Where TensorFlow is not installed and runs will need it, it is installed at the same
 * time: that waits for the network and the disk, while the drawing of pictures needs the cores.
 *
 * The first failure of either ends both, and so does a signal. The programs of the installation have
 * ended then, and data ends at its next progress: what both write has its name only when it is whole.
 */
async function openAndInstall(
  planFor: PlanFor,
  options: StudyOptions,
  bars: Bars,
): Promise<Study<Dataset>> {
  const { ensureInstalled, isAtHand } = await import("./tensorflow/install/mod.ts");
  if (await isAtHand() || !await needsRuns(planFor, options)) {
    return await openStudy(options, bars);
  }
  const control = new AbortController();
  const stop = control.signal;
  const stopped = new Promise<never>((_, reject) => stop.onabort = () => reject(stop.reason));
  const unlisten = onStopSignal((exitCode) => control.abort(new Interruption(exitCode)));
  const opening = openStudy({ ...options, stop }, bars);
  const installing = ensureInstalled(bars, { stop });
  try {
    const [study] = await Promise.race([Promise.all([opening, installing]), stopped]);
    return study;
  } catch (error) {
    control.abort(error);
    await installing.catch(() => {});
    throw error;
  } finally {
    unlisten();
  }
}

/**
 * Whether any of these runs has to be carried out, as far as can be told before its data is made.
 *
 * @throws {UserError} It cannot be.
 */
async function needsRuns(planFor: PlanFor, options: StudyOptions): Promise<boolean> {
  const { dataset, store } = await describeStudy(options);
  if (dataset.missing !== undefined) return false; // opening explains it
  const open = planFor(dataset).filter((run) => store.status(run).state !== "done");
  mustBeTrainable(open, dataset);
  return open.length > 0;
}

/** Opens a study with its images, which are made if they are missing, and makes its store. */
export async function openStudy(options: StudyOptions, bars: Bars): Promise<Study<Dataset>> {
  mustBeStrict(options);
  const dataset = await openData(options, bars);
  return studyOf(dataset, options, makeStore);
}

/**
 * A study as found: its store, and a description of its data set, which may be missing. Makes nothing.
 */
export async function describeStudy(options: StudyOptions): Promise<Study<DatasetInfo>> {
  mustBeStrict(options);
  const bars = progressBars();
  const dataset = await describeDataset(options.setup.dataset, datasetOptions(options, bars))
    .finally(bars.stop);
  return studyOf(dataset, options, openStore);
}

/**
 * A study as found; see `describeStudy`.
 *
 * @throws {UserError} The data set, whose content is a part of every run's name, is missing.
 */
export async function findStudy(options: StudyOptions): Promise<Study<DatasetInfo>> {
  const study = await describeStudy(options);
  const { missing } = study.dataset;
  if (missing !== undefined) throw new UserError(missing);
  return study;
}

function studyOf<Data extends DatasetDescription & { readonly missing?: string }>(
  dataset: Data,
  options: StudyOptions,
  open: typeof openStore,
): Study<Data> {
  if (dataset.missing === undefined) mustBeStrict(options, dataset);
  const { setup, paper, results } = options;
  const store = open(results);
  const contexts = contextsOf(options, dataset);
  return { setup, paper, dataset, store, contexts, testScores: testScoresIn(store.folder) };
}

/** With `strict`, refuses a setup or data that departs from the paper's. */
function mustBeStrict({ strict, setup, paper }: StudyOptions, dataset?: DatasetDescription) {
  if (strict) mustBePapers(departures(setup, paper, dataset && sizeOf(dataset)), dataset?.doubts);
}

/** Opens a data set, with a bar for each kind of work that takes long. */
export async function openData(options: DataOptions, bars: Bars): Promise<Dataset> {
  return await openDataset(options.setup.dataset, datasetOptions(options, bars));
}

/**
 * Opens a data set whose files exist, for a page that shows some of them; nothing if they do not exist, or
 * cannot be used, which is said.
 */
export async function openIfMade(
  dataset: Pick<DatasetInfo, "made">,
  options: DataOptions,
): Promise<Dataset | undefined> {
  const bars = progressBars();
  try {
    return dataset.made ? await openData(options, bars) : undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    bars.log(`warning: the page is written without images: ${error.message}`);
    return undefined;
  } finally {
    bars.stop();
  }
}

/** Warnings that were printed: a command may describe its data and then open it. */
const warned = new Set<string>();

function datasetOptions(
  { setup: { scenes }, data: folder, skipUnreadable = false, readAgain = false, stop }: DataOptions,
  bars: Bars,
): DatasetOptions {
  const shown = new Map<string, ReturnType<Bars["bar"]>>();
  return {
    folder,
    ...{ skipUnreadable, readAgain },
    ...scenes && { scenes },
    onProgress(what, done, total, unit = "images") {
      stop?.throwIfAborted();
      const bar = shown.get(what) ?? bars.bar(what, { unit });
      shown.set(what, bar);
      bar.update(done, total);
      if (done === total) bar.stop();
    },
    onWarning(warning) {
      if (warned.has(warning)) return;
      warned.add(warning);
      warn(warning);
    },
  };
}
