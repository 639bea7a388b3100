/** Estimates of what a run needs: arithmetic, time and disk space. Memory is in `memory.ts`. */
import type { DatasetDescription, ImageSize } from "../datasets/dataset.ts";
import type { TrainSetup } from "../setup.ts";
import {
  type Context,
  type EvalRun,
  isEvaluation,
  looksAtMirror,
  scheduleOf,
  type TrainRun,
} from "../experiment.ts";
import { cores } from "../system/machine.ts";
import type { PlannedRun } from "../plan.ts";
import { knownLayersOf } from "./known_layers.ts";
import { type MeasuredSpeed, speedAt } from "./speed.ts";
import {
  countMultiplyAdds,
  countParameters,
  lastMapOf,
  type Layer,
  netShapeOf,
} from "../vgg/configs.ts";
import { GRID, middleOf, pixels, rescale } from "../vgg/images.ts";

/** Estimates for a run. */
export interface RunCost {
  /** A multiplication and its addition count as one. */
  readonly multiplyAdds: number;
  /** Rough time, seconds. */
  readonly seconds: number;
}

/**
 * Multiply-adds per second and GPU. This is an assumption, not a measurement: a quarter of what a V100
 * does in float32 (15.7e12 operations, two per multiply-add). Later GPUs are faster.
 */
const GPU_SPEED = 2e12;

/** What a run is executed on. */
export interface Hardware {
  readonly cores: number;
  readonly gpus: number;
}

/**
 * Multiply-adds and time of a run that has this machine's processor, or other hardware, to itself.
 * The time is a rough estimate unless a measured speed is given.
 */
export function cost(
  { run, context }: PlannedRun,
  { classes, val, test }: Pick<DatasetDescription, "classes" | "val" | "test">,
  hardware: Hardware | Pick<MeasuredSpeed, "training" | "testing"> = { cores: cores(), gpus: 0 },
): RunCost {
  const setup = context.train;
  const net = isEvaluation(run) ? run.net : run;
  const layers = knownLayersOf(net, netShapeOf(setup, classes.length));
  const images = isEvaluation(run) && run.test !== undefined ? test?.images ?? [] : val;
  const [training, testing] = isEvaluation(run)
    ? [0, evaluationAdds(run, { layers, images, context })]
    : [trainingAdds(run, { layers, setup }), validationAdds(run, { layers, images, setup })];
  const speed = "training" in hardware ? hardware : guessed(setup, hardware);
  return {
    multiplyAdds: training + testing,
    seconds: training / speed.training + testing / speed.testing,
  };
}

/** Assumed multiply-adds per second of trainings and tests on some hardware. */
function guessed({ width }: TrainSetup, { cores, gpus }: Hardware) {
  const core = speedAt(width);
  // several count as one: what sharing a batch gains was not measured
  const speed = gpus > 0 ? GPU_SPEED : core * cores;
  return { training: speed, testing: speed };
}

/**
 * Multiply-adds of a training. The backward pass computes gradients of weights and of feature maps.
 * Each takes about as much as the forward pass, for the layers that learn.
 */
function trainingAdds(
  run: TrainRun,
  { layers, setup }: { layers: readonly Layer[]; setup: TrainSetup },
): number {
  const forward = countMultiplyAdds(layers, setup.crop);
  const fc = layers.filter((layer) => layer.kind === "conv" && layer.name.startsWith("fc"));
  const learning = run.update === "fc"
    ? countMultiplyAdds(fc, lastMapOf(layers, setup.crop, setup.oddSides))
    : forward;
  return (forward + 2 * learning) * scheduleOf(run, setup).images;
}

/** Multiply-adds of a training's validations: whole images, without their mirror images. */
function validationAdds(
  { S }: TrainRun,
  { layers, images, setup: { crop, validations, validationImages } }: {
    layers: readonly Layer[];
    images: readonly ImageSize[];
    setup: TrainSetup;
  },
): number {
  const side = pixels(middleOf(S), crop);
  return validations * wholeAdds(layers, sizesOf(images, validationImages), side);
}

/** Multiply-adds of an evaluation of all images by its method. */
function evaluationAdds(
  { method, Q }: EvalRun,
  { layers, images, context: { train: { crop }, evaluate } }: {
    layers: readonly Layer[];
    images: readonly ImageSize[];
    context: Context;
  },
): number {
  const crops = GRID[method] ** 2;
  const once = crops === 0
    ? wholeAdds(layers, sizesOf(images), pixels(Q, crop))
    : crops * countMultiplyAdds(layers, crop) * images.length;
  return looksAtMirror(method, evaluate) ? 2 * once : once;
}

/** Multiply-adds of one pass over whole images whose smallest side is rescaled to `side`. */
function wholeAdds(layers: readonly Layer[], sizes: readonly Alike[], side: number) {
  return sizes.reduce((sum, { size, count }) => {
    const { height, width } = rescale(size, side);
    return sum + count * countMultiplyAdds(layers, height, width);
  }, 0);
}

/** Images of one size. */
interface Alike {
  readonly size: ImageSize;
  readonly count: number;
}

/** The sizes of images, which all runs of a plan share. */
const known = new WeakMap<readonly ImageSize[], Map<number, readonly Alike[]>>();

/** The sizes of the first `count` images, each once. */
function sizesOf(images: readonly ImageSize[], count = images.length): readonly Alike[] {
  const byCount = known.get(images) ?? new Map<number, readonly Alike[]>();
  known.set(images, byCount);
  const found = byCount.get(count) ??
    [
      ...Map.groupBy(images.slice(0, count), ({ height, width }) => height * 2 ** 20 + width)
        .values(),
    ].map((group) => ({ size: group[0]!, count: group.length }));
  byCount.set(count, found);
  return found;
}

/** Bytes of a float32. */
const FLOAT = 4;

/** Most bytes that runs need on disk. */
export interface DiskSpace {
  readonly weights: number;
  readonly posteriors: number;
  /**
   * Three checkpoints of the largest net, with weights and velocities: the latest, the previous one,
   * and the next while it is written.
   */
  readonly checkpoints: number;
}

/** Disk space that runs need. */
export function diskSpaceFor(
  runs: readonly PlannedRun[],
  { classes, val, test }: Pick<DatasetDescription, "classes" | "val" | "test">,
): DiskSpace {
  const nets = runs.flatMap(({ run, context: { train } }) =>
    isEvaluation(run)
      ? []
      : FLOAT * countParameters(knownLayersOf(run, netShapeOf(train, classes.length)))
  );
  return {
    weights: nets.reduce((sum, size) => sum + size, 0),
    // a posterior for each class, and the label
    posteriors: FLOAT * (classes.length + 1) * runs.reduce((sum, { run }) => {
      if (!isEvaluation(run)) return sum;
      return sum + (run.test === undefined ? val.length : test?.images.length ?? 0);
    }, 0),
    checkpoints: 3 * 2 * Math.max(0, ...nets),
  };
}
