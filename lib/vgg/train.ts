/**
 * A training: one straight loop over steps, with validations and checkpoints on the way
 * (Section 3.1). What it computes follows from its arguments alone, so that it can stop after any
 * step and go on from a checkpoint as if it had not.
 *
 * @module
 */
import type { Dataset } from "../datasets/mod.ts";
import { UserError } from "../errors.ts";
import { type Context, type Errors, hasAncestor, title, type TrainRun } from "../experiment.ts";
import { errorsOf, inMemory, scored } from "../score.ts";
import type { Binding } from "../tensorflow/addon.ts";
import { float32, int32, Session } from "../tensorflow/session.ts";
import type { Bank } from "./bank.ts";
import { meanOf } from "./colours.ts";
import { openCrops } from "./crops.ts";
import { posteriorsOf } from "./evaluate.ts";
import { middleOf, pixels } from "./images.ts";
import { type Model, trainingGraph } from "./model.ts";
import { learningRate, type Plateau, scheduleOf, START, validated } from "./schedule.ts";

/** Tensors by name, float32. */
export type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly values: Float32Array }
>;

/** Where a training stands between two steps. */
export interface Checkpoint {
  /** Updates done. */
  readonly step: number;
  readonly plateau: Plateau;
  /** Weights, and velocities as `<name>.velocity`. */
  readonly tensors: Tensors;
}

/** A training to be done. */
export interface Training {
  readonly run: TrainRun;
  readonly context: Context;
  readonly dataset: Dataset;
  /** Weights of the net that the run starts from, where it starts from one. */
  readonly ancestor?: Tensors;
  /** Where it stood when it was interrupted. */
  readonly checkpoint?: Checkpoint;
  /** Training images in memory; they are read from their files if absent. */
  readonly bank?: Bank;
  /** Images that memory holds at once; the batch if absent. */
  readonly microBatch?: number;
  /** Parts of them that are computed side by side; 1 if absent. See `forward`. */
  readonly towers?: number;
}

/** A line of a training's log. */
export interface LogEntry {
  readonly step: number;
  /** Passes over the training images so far. */
  readonly epoch: number;
  /** Mean cross-entropy since the last line, without the weight decay's term. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Errors on the setup's validation images, whole, at one scale, without flips. */
  readonly validation?: Errors;
}

/** What a training tells and asks on its way. */
export interface Watcher {
  onLog(entry: LogEntry): void;
  onCheckpoint(checkpoint: Checkpoint): void;
  /** Images seen, of how many at most. */
  onProgress(seen: number, total: number): void;
  /** Asked after every step: whether to write a checkpoint and leave. */
  shouldStop(): boolean;
}

/** Lines of the log in a whole training, besides validations. */
const LOG_LINES = 50;
/** Samples that are planned at once. */
const SAMPLES = 32_768;
/** Between two checkpoints at most, ms; each validation makes one too. */
const CHECKPOINT_PAUSE = 5 * 60_000;

/**
 * Trains a net and returns where it stands at the end, or where it was asked to stop
 * (`finished` false).
 *
 * @throws UserError when the loss is no number any more; the last checkpoint is good
 */
export function train(
  binding: Binding,
  training: Training,
  watcher: Watcher,
): { finished: boolean; checkpoint: Checkpoint } {
  const { run, context, dataset, bank } = training;
  const { train: setup, evaluate, seed } = context;
  const { batch } = setup;
  const microBatch = training.microBatch ?? batch;
  const schedule = scheduleOf(run, setup);
  const steps = Math.ceil(schedule.images / batch);
  const classes = dataset.classes.length;

  const model = trainingGraph(run, {
    setup,
    evaluate,
    classes,
    microBatch,
    towers: training.towers ?? 1,
    source: bank ? "bank" : "files",
  });
  const session = new Session(binding, model.graph);
  const crops = openCrops(session, { ...training, setup, seed, microBatch });
  try {
    let step = training.checkpoint?.step ?? 0;
    let plateau = training.checkpoint?.plateau ?? START;
    session.run({ "seed/weights": int32([seed, 0]) }, ["initialise:0"]);
    if (training.ancestor) setTensors(session, inherited(run, training.ancestor));
    if (training.checkpoint) setTensors(session, training.checkpoint.tensors);
    const checkpoint = () => ({ step, plateau, tensors: getTensors(session, model) });

    const log = logger(dataset.train.length, batch, watcher);
    let saved = Date.now();
    while (step < steps && !plateau.over) {
      const validation = nextMark(step, steps, setup.validations);
      const end = Math.min(validation, step + Math.floor(SAMPLES / batch));
      crops.start(step * batch, end * batch);
      while (step < end) {
        const rate = learningRate(schedule, plateau, step * batch);
        const loss = update(session, { rate, seed, step, parts: batch / microBatch });
        step++;
        if (!Number.isFinite(loss)) {
          throw diverged(run, { what: `the loss is ${loss}`, step, rate });
        }
        log.add(loss);
        watcher.onProgress(step * batch, steps * batch);
        if (step === nextMark(step - 1, steps, LOG_LINES) && step < end) log.write(step, rate);
        if (watcher.shouldStop()) return { finished: false, checkpoint: checkpoint() };
      }
      if (step === validation) {
        const rate = learningRate(schedule, plateau, step * batch);
        const errors = log.pause(() => validate(session, training));
        if (errors === undefined) throw diverged(run, { what: "posteriors are NaN", step, rate });
        plateau = validated(schedule, plateau, 1 - errors.top1 / 100);
        log.write(step, rate, errors);
      }
      if (step === validation || Date.now() - saved > CHECKPOINT_PAUSE) {
        watcher.onCheckpoint(checkpoint());
        saved = Date.now();
      }
    }
    return { finished: true, checkpoint: checkpoint() };
  } finally {
    crops.release();
    session.close();
  }
}

/** One update; the mini-batch's loss before it. */
function update(
  session: Session,
  { rate, seed, step, parts }: { rate: number; seed: number; step: number; parts: number },
): number {
  const rates = { rate: float32([rate], []) };
  const draws = (part: number) => ({ "seed/dropout": int32([seed, step * parts + part]) });
  if (parts === 1) return session.run({ ...rates, ...draws(0) }, ["step:0"])[0]!.values[0]!;
  let loss = 0;
  for (let part = 0; part < parts; part++) {
    loss += session.run(draws(part), ["part:0"])[0]!.values[0]!;
  }
  session.run(rates, ["update:0"]);
  return loss;
}

/**
 * Errors on the setup's validation images: dense, at the run's middle scale, without flips. Nothing
 * where the last update left weights that are no numbers.
 */
function validate(session: Session, { run, context, dataset }: Training): Errors | undefined {
  const { crop, validationImages } = context.train;
  const images = dataset.val.slice(0, validationImages);
  const classes = dataset.classes.length;
  const values = posteriorsOf(session, images, {
    ...{ method: "dense", side: pixels(middleOf(run.S), crop), crop, classes },
    mean: meanOf(run, dataset.colours),
    flips: false,
  });
  if (!values.every(Number.isFinite)) return undefined;
  const labels = Int32Array.from(images, ({ label }) => label);
  return errorsOf(scored([inMemory({ name: "validation", classes, values, labels })]));
}

/** The first of `count` evenly spaced marks after `step`. */
function nextMark(step: number, steps: number, count: number): number {
  const every = steps / Math.min(count, steps);
  return Math.min(steps, Math.ceil((Math.floor(step / every + 1e-9) + 1) * every - 1e-9));
}

/** Collects losses between two lines of the log. */
function logger(images: number, batch: number, watcher: Watcher) {
  let [sum, count, since] = [0, 0, performance.now()];
  return {
    add(loss: number) {
      sum += loss;
      count++;
    },
    /** Does something whose time does not count. */
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
        imagesPerSecond: count * batch / seconds,
        ...validation === undefined ? {} : { validation },
      });
      [sum, count, since] = [0, 0, performance.now()];
    },
  };
}

/** The weights that a run takes over from its ancestor. */
function inherited({ init }: TrainRun, ancestor: Tensors): Tensors {
  if (!hasAncestor(init)) return new Map();
  const { layers } = init;
  const wanted = (name: string) => layers === "all" || layers.includes(name.split(".")[0]!);
  return new Map([...ancestor].filter(([name]) => wanted(name)));
}

/** Gives variables their values; all in one run, as TensorFlow prepares each kind of run anew. */
export function setTensors(session: Session, tensors: Tensors) {
  if (tensors.size === 0) return;
  const fed = [...tensors].map(([name, { shape, values }]) => {
    return [`${name}/fed`, float32(values, shape)] as const;
  });
  session.run(Object.fromEntries(fed), [...tensors.keys()].map((name) => `${name}/set:0`));
}

/** Reads a net's variables. */
function getTensors(session: Session, { weights, velocities }: Model): Tensors {
  const variables = [...weights, ...velocities];
  const fetched = session.run({}, variables.map(({ value }) => value));
  return new Map(variables.map(({ name, shape }, i) => {
    return [name, { shape, values: fetched[i]!.values as Float32Array }];
  }));
}

function diverged(
  run: TrainRun,
  { what, step, rate }: { what: string; step: number; rate: number },
) {
  return new UserError(
    `Cannot go on training ${title(run)}: ${what} at step ${step} ` +
      `(learning rate ${rate}); the last good checkpoint is kept. Try a lower rate or another ` +
      "initialisation, as in --set schedules.first.learningRate=0.001,kernels=glorot",
  );
}
