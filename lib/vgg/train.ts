/**
 * A training: one straight loop over steps, with validations and checkpoints (Section 3.1). Its results
 * follow from its arguments alone, so that it can stop after any step and resume from a checkpoint with
 * the same results.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import type { Checkpoint, Divergence, LogEntry, Losses, Tensors } from "./checkpoint.ts";
import { RETRY } from "../setup.ts";
import { UserError } from "../errors.ts";
import {
  type Context,
  displayName,
  type Errors,
  normalisedOver,
  scheduleOf,
  type TrainRun,
} from "../experiment.ts";
import { errorsOf, inMemory, scored } from "../score.ts";
import type { Binding } from "../tensorflow/addon.ts";
import { float32, int32, Session } from "../tensorflow/session.ts";
import type { ImageCache } from "./image_cache.ts";
import { meanOf } from "./colours.ts";
import { layersOf, netShapeOf } from "./configs.ts";
import { openCrops } from "./crops.ts";
import { posteriorsOf } from "./evaluate.ts";
import { middleOf, pixels } from "./images.ts";
import { type Model, trainingGraph } from "./model.ts";
import {
  afterValidation,
  INITIAL_PLATEAU,
  learningRate,
  loweredRate,
  stepsOf,
} from "./schedule.ts";
import { archiveOf } from "./sources.ts";
import { unlessStopped } from "./stop.ts";
import { inherited } from "./initialisation.ts";

/** A training to be done. */
export interface Training {
  readonly run: TrainRun;
  readonly context: Context;
  readonly dataset: Dataset;
  /** Weights of the net that the run starts from, if it starts from one; unused with a checkpoint. */
  readonly ancestor?: Tensors;
  /** Where to resume; from the beginning if absent. */
  readonly checkpoint?: Checkpoint;
  /** Whether it is restarted with a lower rate, after it diverged. */
  readonly again?: boolean;
  /** Training images in memory; they are read from their files if absent. */
  readonly imageCache?: ImageCache;
  /** Images that are in memory at once, unless batch normalisation says how many; the batch if absent. */
  readonly microBatch?: number;
  /** Parts of them that are computed in parallel; 1 if absent. See `forward`. */
  readonly towers?: number;
  /** Devices that share them, if there are several; see `trainingGraph`. */
  readonly devices?: readonly string[];
}

/** What a training calls while it runs. */
export interface TrainingCallbacks {
  onLog(entry: LogEntry): void;
  onCheckpoint(checkpoint: Checkpoint): void;
  /** Images seen, and the largest number that the training may see. */
  onProgress(seen: number, total: number): void;
  /** Called after every part of a step: whether to write a checkpoint and stop. */
  shouldStop(): boolean;
}

/** Lines of a training's log, besides validations. */
const LOG_LINES = 50;
/** Samples that are drawn at once. */
const SAMPLES = 32_768;
/** Longest time between two checkpoints, ms; each validation also makes one. */
export const CHECKPOINT_PAUSE = 5 * 60_000;

/**
 * Trains a net and returns its state at the end, or where it was stopped (`finished` false).
 *
 * @throws {Diverged} The loss or a weight became NaN or infinite; the last checkpoint is good.
 */
export function train(
  binding: Binding,
  training: Training,
  watcher: TrainingCallbacks,
): { finished: boolean; checkpoint: Checkpoint } {
  const { run, context, dataset, imageCache, again = false } = training;
  const { train: setup, seed } = context;
  const { batch } = setup;
  const microBatch = normalisedOver(run, setup) ?? training.microBatch ?? batch;
  const schedule = scheduleOf(run, setup);
  const steps = stepsOf(run, setup);
  const classes = dataset.classes.length;
  const images = dataset.train.slice(0, setup.trainingImages);

  const model = trainingGraph(run, {
    setup,
    classes,
    microBatch,
    towers: training.towers ?? 1,
    ...training.devices && { devices: training.devices },
    source: imageCache ? "cache" : "files",
    archives: { train: archiveOf(images), val: archiveOf(dataset.val) },
  });
  const session = new Session(binding, model.graph);
  const crops = openCrops(session, {
    ...{ ...training, setup, seed, microBatch },
    dataset: { train: images, colours: dataset.colours },
  });
  try {
    let step = training.checkpoint?.step ?? 0;
    let plateau = training.checkpoint?.plateau ?? INITIAL_PLATEAU;
    session.run({ "seed/weights": int32([seed, 0]) }, ["initialise:0"]);
    if (training.checkpoint) setTensors(session, training.checkpoint.tensors);
    else if (training.ancestor) {
      const shape = netShapeOf(setup, classes);
      const drawn = () => getTensors(session, { weights: model.weights, velocities: [] });
      setTensors(session, inherited(run, { ancestor: training.ancestor, drawn, setup, shape }));
    }
    const rateAt = (step: number) => {
      const rate = learningRate(schedule, plateau, step * batch);
      return again ? loweredRate(rate, step * batch / schedule.images, setup.retry ?? RETRY) : rate;
    };
    let due = training.checkpoint?.due ?? false;
    const log = logger(images.length, batch, watcher, training.checkpoint?.losses);
    const checkpoint = (): Checkpoint => ({
      ...{ step, plateau, tensors: getTensors(session, model) },
      ...log.losses && { losses: log.losses },
      ...due && { due },
      ...again && { again },
    });

    let saved = performance.now();
    const save = () => {
      const state = checkpoint();
      const wrong = firstInfinite(state.tensors);
      if (wrong !== undefined) {
        throw new Diverged(run, { what: `${wrong} is not finite`, step, rate: rateAt(step) });
      }
      watcher.onCheckpoint(state);
      saved = performance.now();
    };
    while (due || step < steps && !plateau.over) {
      const validation = due ? step : nextMark(step, steps, setup.validations);
      const end = Math.min(validation, step + stepsAtOnce(batch));
      if (step < end) crops.start(step * batch, end * batch);
      while (step < end) {
        const rate = rateAt(step);
        const loss = update(session, { rate, seed, step, parts: batch / microBatch }, (part) => {
          watcher.onProgress(step * batch + part * microBatch, steps * batch);
          return watcher.shouldStop();
        });
        if (loss === "stopped") return { finished: false, checkpoint: checkpoint() };
        step++;
        due = step === validation;
        if (!Number.isFinite(loss)) {
          throw new Diverged(run, { what: `the loss is ${loss}`, step, rate });
        }
        log.add(loss);
        watcher.onProgress(step * batch, steps * batch);
        if (step === nextMark(step - 1, steps, LOG_LINES) && step < end) log.write(step, rate);
        if (watcher.shouldStop()) return { finished: false, checkpoint: checkpoint() };
        if (performance.now() - saved > CHECKPOINT_PAUSE) save();
      }
      if (due) {
        const rate = rateAt(step);
        const errors = log.pause(() => validate(session, training, watcher));
        if (errors === "stopped") return { finished: false, checkpoint: checkpoint() };
        if (errors === undefined) {
          throw new Diverged(run, { what: "posteriors are NaN", step, rate });
        }
        plateau = afterValidation(schedule, plateau, 1 - errors.top1 / 100);
        log.write(step, rate, errors);
        due = false;
        save();
      }
    }
    return { finished: true, checkpoint: checkpoint() };
  } finally {
    crops.release();
    session.close();
  }
}

/**
 * One update; returns the mini-batch's loss before it. It can stop after each part except the last:
 * then nothing was updated, and the step must be repeated.
 */
function update(
  session: Session,
  { rate, seed, step, parts }: { rate: number; seed: number; step: number; parts: number },
  shouldStopAfter: (part: number) => boolean,
): number | "stopped" {
  const rates = { rate: float32([rate], []) };
  const draws = { "seed/dropout": int32([seed, step]) };
  if (parts === 1) return session.run({ ...rates, ...draws }, ["step:0"])[0]!.values[0]!;
  let loss = 0;
  for (let part = 0; part < parts; part++) {
    if (part > 0 && shouldStopAfter(part)) return "stopped";
    loss += session.run({ ...draws, "part/index": int32([part], []) }, ["part:0"])[0]!.values[0]!;
  }
  session.run(rates, ["update:0"]);
  return loss;
}

/**
 * Errors on the setup's validation images: dense, at the run's middle scale, scores averaged before
 * the soft-max, without flips;
 * `undefined` if the last update made posteriors NaN or infinite.
 */
function validate(
  session: Session,
  { run, context, dataset, devices }: Training,
  { shouldStop }: Pick<TrainingCallbacks, "shouldStop">,
): Errors | "stopped" | undefined {
  const { crop, oddSides, validationImages } = context.train;
  const images = dataset.val.slice(0, validationImages);
  const classes = dataset.classes.length;
  const values = unlessStopped({ shouldStop }, (onProgress) =>
    posteriorsOf(session, images, {
      ...{ method: "dense", side: pixels(middleOf(run.S), crop), crop, oddSides, classes },
      ...{ mean: meanOf(run, dataset.colours), flips: false, onProgress },
      layers: layersOf(run, netShapeOf(context.train, classes)),
      devices: devices?.length,
    }));
  if (values === undefined) return "stopped";
  if (!values.every(Number.isFinite)) return undefined;
  const labels = Int32Array.from(images, ({ label }) => label);
  return errorsOf(scored([inMemory({ name: "validation", classes, values, labels })]));
}

/** Steps whose samples are drawn at once: at least one, however large the batch. */
export function stepsAtOnce(batch: number): number {
  return Math.max(1, Math.floor(SAMPLES / batch));
}

/** The first of `count` evenly spaced marks after `step`. */
function nextMark(step: number, steps: number, count: number): number {
  const every = steps / Math.min(count, steps);
  return Math.min(steps, Math.ceil((Math.floor(step / every + 1e-9) + 1) * every - 1e-9));
}

/** Averages losses between two lines of the log. */
function logger(
  images: number,
  batch: number,
  watcher: TrainingCallbacks,
  { sum, count }: Losses = { sum: 0, count: 0 },
) {
  let [since, here] = [performance.now(), 0];
  return {
    /** Losses that are not in a line yet. */
    get losses(): Losses | undefined {
      return count > 0 ? { sum, count } : undefined;
    },
    add(loss: number) {
      sum += loss;
      count++;
      here++;
    },
    /** Excludes the time of `act` from the speed. */
    pause<Result>(act: () => Result): Result {
      const begin = performance.now();
      const result = act();
      since += performance.now() - begin;
      return result;
    },
    write(step: number, learningRate: number, validation?: Errors) {
      const seconds = (performance.now() - since) / 1000;
      watcher.onLog({
        step,
        epoch: step * batch / images,
        loss: sum / count,
        learningRate,
        imagesPerSecond: here * batch / seconds,
        ...validation === undefined ? {} : { validation },
      });
      [sum, count, here, since] = [0, 0, 0, performance.now()];
    },
  };
}

/** Sets variables; all in one run, because TensorFlow prepares each kind of run separately. */
export function setTensors(session: Session, tensors: Tensors) {
  if (tensors.size === 0) return;
  const fed = [...tensors].map(([name, { shape, values }]) => {
    return [`${name}/fed`, float32(values, shape)] as const;
  });
  session.run(Object.fromEntries(fed), [...tensors.keys()].map((name) => `${name}/set:0`));
}

/** Reads a net's variables. */
function getTensors(session: Session, { weights, velocities }: Omit<Model, "graph">): Tensors {
  const variables = [...weights, ...velocities];
  const fetched = session.run({}, variables.map(({ value }) => value));
  return new Map(variables.map(({ name, shape }, i) => {
    return [name, { shape, values: fetched[i]!.values as Float32Array }];
  }));
}

/** The name of a tensor with a value that is NaN or infinite. */
function firstInfinite(tensors: Tensors): string | undefined {
  return [...tensors].find(([, { values }]) => !values.every(Number.isFinite))?.[0];
}

/** Thrown when the loss, a weight or a posterior becomes NaN or infinite. */
export class Diverged extends UserError {
  readonly divergence: Divergence;

  constructor(run: TrainRun, divergence: Divergence) {
    const { what, step, rate } = divergence;
    super(
      `Cannot go on training ${displayName(run)}: ${what} at step ${step} ` +
        `(learning rate ${rate}); the last good checkpoint is kept. Try a lower rate or another ` +
        "initialisation, as in --set schedules.first.learningRate=0.001,kernels=glorot",
    );
    this.divergence = divergence;
  }
}
