/** Carries out one run against a store: trains a net, or evaluates one. Needs TensorFlow. */
import type { Dataset, LabelledImage } from "../../datasets/dataset.ts";
import { RETRY } from "../../setup.ts";
import type { LogEntry } from "../../vgg/checkpoint.ts";
import type { Device } from "../../system/device.ts";
import { environment, type Sitting } from "../../system/environment.ts";
import { UserError } from "../../errors.ts";
import { type EvalRun, isEvaluation, nameOf, title, type TrainRun } from "../../experiment.ts";
import { nextSmaller } from "../../estimates/memory.ts";
import type { PlannedRun } from "../../plan.ts";
import { inMemory, summed } from "../../score.ts";
import type { Store } from "../../store/mod.ts";
import type { Binding } from "../../tensorflow/addon.ts";
import { Session } from "../../tensorflow/session.ts";
import { openSummaries } from "../../tensorflow/summaries.ts";
import type { ImageCache } from "../../vgg/image_cache.ts";
import { meanOf } from "../../vgg/colours.ts";
import { imagesAtOnce, posteriorsOf } from "../../vgg/evaluate.ts";
import { pixels } from "../../vgg/images.ts";
import { evaluationGraph } from "../../vgg/model.ts";
import { archiveOf } from "../../vgg/sources.ts";
import { unlessStopped } from "../../vgg/stop.ts";
import { withinMemory } from "./out_of_memory.ts";
import { Diverged, setTensors, train } from "../../vgg/train.ts";

/** What a run works with. */
export interface Workplace {
  readonly binding: Binding;
  /** What the binding computes on. */
  readonly device: Device;
  readonly store: Store;
  readonly dataset: Dataset;
  /** Training images in memory, at the scales of the run. */
  readonly bank?: ImageCache;
  /** Images of a training's batch in memory at once, to begin with; the batch if absent. */
  readonly microBatch?: number;
  /** Parts of a batch that a training computes side by side; 1 if absent. */
  readonly towers?: number;
  /** Threads inside an operation; TensorFlow's choice if absent. */
  readonly threads?: number;
  /** Images seen, of how many. */
  onProgress(done: number, total: number): void;
  /** Told, in a sentence, what a user should know. */
  onNotice(message: string): void;
  /** Whether to leave at the next step. */
  shouldStop(): boolean;
}

/**
 * Carries out a run whose ancestors are done, and keeps what it comes to.
 *
 * @returns whether it is done; false where it was asked to stop, at a checkpoint
 */
export function carryOut(planned: PlannedRun, ancestor: PlannedRun | undefined, place: Workplace) {
  const { store } = place;
  store.begin(planned);
  const { note, leave } = sitDown(planned, place);
  try {
    return isEvaluation(planned.run)
      ? evaluate(planned, ancestor!, place)
      : trainNet(planned, ancestor, { ...place, note });
  } catch (error) {
    unlessItFails(() => store.fail(planned, (error as Error).message));
    throw error;
  } finally {
    leave();
  }
}

/** Notes something that is worth less than the error that may be on its way: a disk may be full. */
function unlessItFails(note: () => void) {
  try {
    note();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** Notes where and how a run is carried out, and, when it is left, how long. */
function sitDown(planned: PlannedRun, { store, binding, device, threads, towers = 1 }: Workplace) {
  const earlier = store.readSittings(planned);
  const [started, begin] = [new Date(), performance.now()];
  let sitting: Sitting = {
    ...environment(binding.TF_Version),
    ...{ device: device.kind, ..."gpu" in device && { gpu: device.gpu } },
    precision: planned.context.train.precision,
    ...threads !== undefined && { threads },
    towers,
    started: started.toISOString(),
  };
  const note = (more: Partial<Sitting>) => {
    sitting = { ...sitting, ...more };
    store.writeSittings(planned, [...earlier, sitting]);
  };
  note({});
  return {
    note,
    leave() {
      // the date may be set meanwhile
      const seconds = (performance.now() - begin) / 1000;
      unlessItFails(() => note({ finished: new Date().toISOString(), seconds }));
    },
  };
}

/** A workplace whose sitting may be told more of. */
interface Seat extends Workplace {
  note(more: Partial<Sitting>): void;
}

/** Trains a net; one that diverges begins again, once, as the setup says. */
function trainNet(planned: PlannedRun, ancestor: PlannedRun | undefined, place: Seat): boolean {
  const { store } = place;
  mustLearn(planned.run as TrainRun);
  try {
    return trainWithin(planned, ancestor, place);
  } catch (error) {
    const { share } = planned.context.train.retry ?? RETRY;
    const isLast = share === 0 || store.readDivergence(planned) !== undefined;
    if (!(error instanceof Diverged) || isLast) throw error;
    store.writeDivergence(planned, error.divergence);
    return trainWithin(planned, ancestor, place);
  }
}

/** Trains with as many images at once as memory holds; with fewer from the last checkpoint on. */
function trainWithin(planned: PlannedRun, ancestor: PlannedRun | undefined, place: Seat): boolean {
  const { batch } = planned.context.train;
  return withinMemory({
    ...{ action: nameOf(planned.run), most: place.microBatch ?? batch },
    smaller: (size) => nextSmaller(size, batch),
    onNotice: place.onNotice,
  }, (microBatch) => {
    place.note({ microBatch });
    return trainOn(planned, ancestor, { ...place, microBatch });
  });
}

/** Trains a net from its beginning, or from its last checkpoint. */
function trainOn(planned: PlannedRun, ancestor: PlannedRun | undefined, place: Workplace) {
  const { store, binding, dataset, bank, microBatch, towers = 1 } = place;
  const run = planned.run as TrainRun;
  const again = store.readDivergence(planned) !== undefined;
  const found = store.readCheckpoint(planned);
  // one from before it began again is of no use
  const checkpoint = (found?.again ?? false) === again ? found : undefined;
  store.cutLog(planned, checkpoint?.step ?? 0);
  const log = openLog(planned, place);
  try {
    const outcome = train(binding, {
      run,
      context: planned.context,
      dataset,
      ...ancestor && { ancestor: store.readWeights(ancestor) },
      ...checkpoint && { checkpoint },
      ...bank && { imageCache: bank },
      ...microBatch !== undefined && { microBatch },
      ...{ towers, again },
    }, {
      onLog: log.write,
      onCheckpoint: (state) => store.writeCheckpoint(planned, state),
      onProgress: place.onProgress,
      shouldStop: place.shouldStop,
    });
    const mean = meanOf(run, dataset.colours);
    if (outcome.finished) store.writeWeights(planned, outcome.checkpoint.tensors, mean);
    else store.writeCheckpoint(planned, outcome.checkpoint);
    return outcome.finished;
  } finally {
    log.close();
  }
}

/** Weights that were made elsewhere are brought into a store, not learnt. */
function mustLearn(run: TrainRun) {
  const { init, config } = run;
  if (init === "random" || !("weights" in init)) return;
  throw new UserError(
    `Cannot train ${title(run)}: its weights were made elsewhere (SHA-256 ${init.weights}) and ` +
      "are not in this folder of results; bring them in with " +
      `deno task evaluate --config ${config} --weights FILE`,
  );
}

/** A training's log: lines, and TensorBoard's events, which say the same from the first step on. */
function openLog(planned: PlannedRun, { store, binding }: Workplace) {
  const events = openSummaries(binding, store.folderOf(planned));
  const show = (entry: LogEntry) => events.write(entry.step, scalarsOf(entry));
  store.readLog(planned).forEach(show);
  return {
    write(entry: LogEntry) {
      store.appendLog(planned, entry);
      show(entry);
    },
    close: events.close,
  };
}

/** A line of the log by TensorBoard's tags. */
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

function evaluate(planned: PlannedRun, ancestor: PlannedRun, place: Workplace) {
  const { run, context } = planned;
  const { store, binding, dataset } = place;
  const { classes, colours } = dataset;
  if (!isEvaluation(run)) throw new TypeError("Cannot evaluate a training");
  const images = imagesFor(run, dataset);
  const setup = context.train;
  const { graph } = evaluationGraph(run, {
    setup,
    evaluate: context.evaluate,
    classes: classes.length,
    archive: archiveOf(images),
  });
  const session = new Session(binding, graph);
  try {
    setTensors(session, store.readWeights(ancestor));
    const options = {
      method: run.method,
      side: pixels(run.Q, setup.crop),
      crop: setup.crop,
      oddSides: setup.oddSides,
      evaluate: context.evaluate,
      classes: classes.length,
      mean: meanOf(run.net, colours),
    };
    const attempt = {
      ...{ action: nameOf(run), most: imagesAtOnce(options) },
      smaller: (size: number) => Math.floor(size / 2),
      onNotice: place.onNotice,
    };
    const values = unlessStopped(
      place,
      (onProgress) =>
        withinMemory(
          attempt,
          (largest) => posteriorsOf(session, images, { ...options, largest, onProgress }),
        ),
    );
    if (values === undefined) return false;
    const labels = Int32Array.from(images, ({ label }) => label);
    // looks whether they are posteriors
    summed([inMemory({ name: title(run), classes: classes.length, values, labels })], () => {});
    store.writePosteriors(planned, { classes: classes.length, values, labels });
    return true;
  } finally {
    session.close();
  }
}

/** The images that an evaluation looks at. */
function imagesFor(run: EvalRun, { name, val, test }: Dataset): readonly LabelledImage[] {
  if (run.test === undefined) return val;
  if (run.test === test?.fingerprint) return test.images;
  throw new UserError(
    `Cannot evaluate ${title(run)}: these are not the test images of ${name} as it lies here`,
  );
}
