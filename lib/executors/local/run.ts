/**
 * Executes one run and stores its result: trains or evaluates a net, where its checkpoint says. What
 * computes is an `Engine`.
 *
 * @module
 */
import type { Dataset, LabelledImage } from "../../datasets/dataset.ts";
import { RETRY } from "../../setup.ts";
import type { Checkpoint, LogEntry, Tensors } from "../../vgg/checkpoint.ts";
import { isDeterministic } from "../../system/determinism.ts";
import { countOf, type Device } from "../../system/device.ts";
import { environment, type Execution } from "../../system/environment.ts";
import { UserError } from "../../errors.ts";
import {
  actionLabel,
  type Context,
  displayName,
  type EvalRun,
  isEvaluation,
  normalisedOver,
  type TrainRun,
} from "../../experiment.ts";
import { nextSmaller } from "../../estimates/memory.ts";
import type { PlannedRun } from "../../plan.ts";
import { inMemory, summed } from "../../score.ts";
import type { Store } from "../../store/mod.ts";
import type { Summaries } from "../../tensorflow/summaries.ts";
import type { ImageCache } from "../../vgg/image_cache.ts";
import { meanOf } from "../../vgg/colours.ts";
import { noteIfPossible } from "./notes.ts";
import { fewerImages } from "./out_of_memory.ts";
import {
  CHECKPOINT_PAUSE,
  Diverged,
  type Training,
  type TrainingCallbacks,
} from "../../vgg/train.ts";

/** What computes a run: TensorFlow (`engine.ts`), or what a test puts in its place. */
export interface Engine {
  /** TensorFlow's version. */
  readonly version: string;
  /** The device that it computes on. */
  readonly device: Device;
  /** As `train` of `vgg/train.ts`. */
  train(
    training: Training,
    callbacks: TrainingCallbacks,
  ): { readonly finished: boolean; readonly checkpoint: Checkpoint };
  /** Posteriors `[images, classes]`; undefined if it was stopped. */
  evaluate(evaluation: EvaluationTask, control: RunControl): Float32Array | undefined;
  /** Opens a new file of TensorBoard's events in a folder. */
  openSummaries(folder: string): Summaries;
}

/** An evaluation to be done. */
export interface EvaluationTask {
  readonly run: EvalRun;
  readonly context: Context;
  readonly dataset: Dataset;
  readonly images: readonly LabelledImage[];
  /** Of the net. */
  readonly weights: Tensors;
  /** `[images, classes]`, to be filled: NaN but for images that were evaluated before a stop. */
  readonly posteriors: Float32Array;
}

/** What a run reports, and what it asks. */
export interface RunControl {
  /** Called with the number of processed images, and of all. */
  onProgress(done: number, total: number): void;
  /** Called with a message for the user. */
  onNotice(message: string): void;
  /** Whether to stop at the next step. */
  shouldStop(): boolean;
}

/** What a run needs. */
export interface RunResources extends RunControl {
  readonly engine: Engine;
  readonly store: Store;
  readonly dataset: Dataset;
  /** Training images in memory, at the scales of the run. */
  readonly images?: ImageCache;
  /** Initial number of a batch's images in memory at once; the whole batch if absent. */
  readonly microBatch?: number;
  /** Parts of a batch that a training computes in parallel; 1 if absent. */
  readonly towers?: number;
  /** Threads inside an operation; TensorFlow's choice if absent. */
  readonly threads?: number;
}

/**
 * Executes a run whose ancestor is done, and stores its result. Who holds the run's lease records a
 * failure: without it, the error may come from another process's work on the same files.
 *
 * @returns whether it is done; false if it was stopped, after writing a checkpoint
 */
export function runOne(planned: PlannedRun, resources: RunResources): boolean {
  const { store } = resources;
  store.begin(planned);
  const execution = beginExecution(planned, resources);
  try {
    const isFinished = isEvaluation(planned.run)
      ? evaluate(planned, resources)
      : trainNet(planned, resources, execution.note);
    if (isFinished) noteIfPossible(() => store.dropCheckpoints(planned), resources.onNotice);
    return isFinished;
  } finally {
    execution.end();
  }
}

/** Records where and how a run is executed, and at the end its duration. */
function beginExecution(
  planned: PlannedRun,
  { store, engine: { version, device }, threads, towers = 1, onNotice }: RunResources,
) {
  const earlier = store.readExecutions(planned);
  const [started, begin] = [new Date(), performance.now()];
  let execution: Execution = {
    ...environment(version),
    ...{ device: device.kind, ..."gpu" in device && { gpu: device.gpu } },
    ...countOf(device) > 1 && { gpus: countOf(device) },
    ..."mixture" in device && { mixture: device.mixture },
    ...device.kind === "gpu" && { deterministic: isDeterministic() },
    precision: planned.context.train.precision,
    ...threads !== undefined && { threads },
    towers,
    started: started.toISOString(),
  };
  const note = (more: Partial<Execution>) => {
    execution = { ...execution, ...more };
    store.writeExecutions(planned, [...earlier, execution]);
  };
  note({});
  return {
    note,
    end() {
      // not from dates: the clock may be set meanwhile
      const seconds = (performance.now() - begin) / 1000;
      noteIfPossible(() => note({ finished: new Date().toISOString(), seconds }), onNotice);
    },
  };
}

/**
 * Trains a net from the start or from its last checkpoint. A training that diverges restarts once, as
 * the setup's retry says. A training that runs out of memory continues from its last checkpoint with
 * fewer images at once.
 */
function trainNet(
  planned: PlannedRun,
  resources: RunResources,
  note: (more: Partial<Execution>) => void,
): boolean {
  const { store, engine, dataset, images, towers = 1, onNotice } = resources;
  const run = planned.run as TrainRun;
  mustLearn(run);
  const { batch, retry = RETRY } = planned.context.train;
  const fixed = normalisedOver(run, planned.context.train);
  let microBatch = fixed ?? resources.microBatch ?? batch;
  for (;;) {
    note({ microBatch });
    const again = store.readDivergence(planned) !== undefined;
    const found = store.readCheckpoint(planned);
    // a checkpoint from before the restart is ignored
    const checkpoint = (found?.again ?? false) === again ? found : undefined;
    const log = openLog(planned, { ...resources, again, from: checkpoint?.step ?? 0 });
    try {
      const outcome = engine.train({
        ...{ run, context: planned.context, dataset, microBatch, towers, again },
        ...checkpoint
          ? { checkpoint }
          : planned.ancestor && { ancestor: store.readWeights(planned.ancestor) },
        ...images && { imageCache: images },
      }, {
        onLog: log.write,
        onCheckpoint: (state) => store.writeCheckpoint(planned, state),
        onProgress: resources.onProgress,
        shouldStop: resources.shouldStop,
      });
      const mean = meanOf(run, dataset.colours);
      if (outcome.finished) {
        store.endLog(planned, outcome.checkpoint.step);
        store.writeWeights(planned, outcome.checkpoint.tensors, mean);
      } else store.writeCheckpoint(planned, outcome.checkpoint);
      return outcome.finished;
    } catch (error) {
      if (error instanceof Diverged) {
        if (retry.share === 0 || again) throw error;
        store.writeDivergence(planned, error.divergence);
        continue;
      }
      const smaller = fixed === undefined
        ? { smaller: nextSmaller(microBatch, batch, countOf(engine.device)) }
        : {};
      microBatch = fewerImages(error, {
        ...{ action: actionLabel(run), size: microBatch, ...smaller, onNotice },
      });
    } finally {
      noteIfPossible(log.close, onNotice);
    }
  }
}

/** Refuses imported weights, which cannot be trained here. */
function mustLearn(run: TrainRun) {
  const { init, config } = run;
  if (init === "random" || !("weights" in init)) return;
  throw new UserError(
    `Cannot train ${
      displayName(run)
    }: its weights come from a file (SHA-256 ${init.weights}) and ` +
      "are not in this folder of results; import them with " +
      `deno task evaluate --config ${config} --weights FILE`,
  );
}

/**
 * A training's log: its lines, and the same values as TensorBoard events.
 *
 * @param again whether the training has restarted after a divergence
 * @param from the step that it continues from
 */
function openLog(
  planned: PlannedRun,
  { store, engine, again, from }: RunResources & {
    readonly again: boolean;
    readonly from: number;
  },
) {
  const events = engine.openSummaries(store.folderOf(planned));
  const show = (entry: LogEntry) => events.write(entry.step, scalarsOf(entry));
  store.readLog(planned).filter(({ step }) => step <= from).forEach(show);
  return {
    write(entry: LogEntry) {
      store.appendLog(planned, entry, again);
      show(entry);
    },
    close: events.close,
  };
}

/** A line of the log as scalars with TensorBoard's tags. */
function scalarsOf({ loss, learningRate, imagesPerSecond, validation }: LogEntry) {
  return {
    "loss": loss,
    "learning rate": learningRate,
    "images per second": imagesPerSecond,
    ...validation && {
      "validation/top-1 error": validation.top1,
      ...validation.top5 !== undefined && { "validation/top-5 error": validation.top5 },
    },
  };
}

function evaluate(planned: PlannedRun, resources: RunResources): boolean {
  const { run, context, ancestor } = planned;
  const { store, dataset } = resources;
  if (!isEvaluation(run)) throw new TypeError("Cannot evaluate a training");
  const images = imagesFor(run, dataset);
  const weights = store.readWeights(ancestor!);
  const classes = dataset.classes.length;
  const posteriors = store.readPartialPosteriors(planned, [images.length, classes]) ??
    new Float32Array(images.length * classes).fill(NaN);
  const task = { run, context, dataset, images, weights, posteriors };
  const values = evaluated(task, resources, () => {
    store.writePartialPosteriors(planned, { classes, values: posteriors });
  });
  if (values === undefined) return false;
  const labels = Int32Array.from(images, ({ label }) => label);
  const alsoRight = alsoRightIn(images);
  const found = {
    ...{ classes, values, labels },
    ...alsoRight.length > 0 && { alsoRight },
  };
  // checks that they are posteriors
  summed([inMemory({ name: displayName(run), ...found })], () => {});
  store.writePosteriors(planned, found);
  return true;
}

/** Evaluates. Saves the posteriors so far every five minutes, and when it is stopped or fails. */
function evaluated(
  task: EvaluationTask,
  { engine, ...control }: RunResources,
  save: () => void,
): Float32Array | undefined {
  let saved = performance.now();
  let values: Float32Array | undefined;
  try {
    values = engine.evaluate(task, {
      ...control,
      onProgress(done, total) {
        control.onProgress(done, total);
        if (performance.now() - saved <= CHECKPOINT_PAUSE) return;
        save();
        saved = performance.now();
      },
    });
  } catch (error) {
    noteIfPossible(save, control.onNotice);
    throw error;
  }
  if (values === undefined) save();
  return values;
}

/** Further right classes of images, `[images, some]`, -1 after the last; empty if there are none. */
function alsoRightIn(images: readonly LabelledImage[]): Int32Array {
  const most = images.reduce((most, { alsoRight = [] }) => Math.max(most, alsoRight.length), 0);
  const all = new Int32Array(images.length * most).fill(-1);
  for (const [i, { alsoRight = [] }] of images.entries()) all.set(alsoRight, i * most);
  return all;
}

/** The images of an evaluation. */
function imagesFor(run: EvalRun, { name, val, test }: Dataset): readonly LabelledImage[] {
  if (run.test === undefined) return val;
  if (run.test === test?.fingerprint) return test.images;
  throw new UserError(
    `Cannot evaluate ${
      displayName(run)
    }: it was planned with other test images of ${name}; choose ` +
      "their folder with --data DIR",
  );
}
