/** What a run costs: arithmetic, time and disk, before it is carried out; memory: `memory.ts`. */
import type { DatasetDescription, ImageSize } from "../datasets/dataset.ts";
import type { TrainSetup } from "../setup.ts";
import {
  type Context,
  type EvalRun,
  isEvaluation,
  looksAtMirror,
  type TrainRun,
} from "../experiment.ts";
import { cores } from "../system/machine.ts";
import type { PlannedRun } from "../plan.ts";
import type { MeasuredSpeed } from "./speed.ts";
import {
  countMultiplyAdds,
  countParameters,
  type Layer,
  layersOf,
  netShapeOf,
  pooled,
} from "../vgg/configs.ts";
import { GRID, middleOf, pixels, rescale } from "../vgg/images.ts";
import { scheduleOf } from "../vgg/schedule.ts";

/** What is expected of a run. */
export interface RunCost {
  /** Multiplications with their additions, counted once together. */
  readonly multiplyAdds: number;
  /** Rough time, seconds. */
  readonly seconds: number;
}

/**
 * Multiply-adds a second and core, float32: measured on cores with AVX-512 (Zen 4), where the small
 * setup's nets reached 33 and the paper's 50 thousand million: net D trained on 2.1 crops a second and
 * two cores. Other processors differ by some times.
 */
const SPEED = { narrow: 33e9, full: 50e9 };

/**
 * Multiply-adds a second and GPU, assumed: none was at hand to be measured. A quarter of what a V100
 * does in float32 (15.7e12 operations, two a multiply-add), which later ones surpass.
 */
const GPU_SPEED = 2e12;

/** What a run is carried out on. */
export interface Hardware {
  readonly cores: number;
  readonly gpus: number;
}

/**
 * Multiply-adds and time of a run, alone on this machine's processor, or on other hardware: rough,
 * unless a speed was measured.
 */
export function cost(
  { run, context }: PlannedRun,
  { classes, val, test }: Pick<DatasetDescription, "classes" | "val" | "test">,
  hardware: Hardware | Pick<MeasuredSpeed, "training" | "testing"> = { cores: cores(), gpus: 0 },
): RunCost {
  const setup = context.train;
  const net = isEvaluation(run) ? run.net : run;
  const layers = layersOf(net.config, netShapeOf(setup, classes.length));
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

/** Multiply-adds a second that a training and a test get out of hardware. */
function guessed({ width }: TrainSetup, { cores, gpus }: Hardware) {
  const core = SPEED.narrow + (SPEED.full - SPEED.narrow) * width;
  // one training computes on one GPU
  const speed = gpus > 0 ? GPU_SPEED : core * cores;
  return { training: speed, testing: speed };
}

/**
 * Multiply-adds of a training. A backward pass takes about as much for the weights as for the maps:
 * twice the forward pass, of the layers that learn.
 */
function trainingAdds(
  run: TrainRun,
  { layers, setup }: { layers: readonly Layer[]; setup: TrainSetup },
): number {
  const forward = countMultiplyAdds(layers, setup.crop);
  const fc = layers.filter((layer) => layer.kind === "conv" && layer.name.startsWith("fc"));
  const learning = run.update === "fc"
    ? countMultiplyAdds(fc, pooled(setup.crop, setup.oddSides))
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
  return validations * wholeAdds(layers, images.slice(0, validationImages), side);
}

/** Multiply-adds of looking at all images as the method does. */
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
    ? wholeAdds(layers, images, pixels(Q, crop))
    : crops * countMultiplyAdds(layers, crop) * images.length;
  return looksAtMirror(method, evaluate) ? 2 * once : once;
}

/** Multiply-adds of looking once at each image, whole, its smallest side rescaled to `side`. */
function wholeAdds(layers: readonly Layer[], images: readonly ImageSize[], side: number) {
  const alike = Map.groupBy(images, ({ height, width }) => height * 2 ** 20 + width);
  return [...alike.values()].reduce((sum, group) => {
    const { height, width } = rescale(group[0]!, side);
    return sum + group.length * countMultiplyAdds(layers, height, width);
  }, 0);
}

/** Bytes of a float32. */
const FLOAT = 4;

/** Bytes that runs will need on the disk at most. */
export interface DiskSpace {
  readonly weights: number;
  readonly posteriors: number;
  /**
   * Of the largest net three, of weights and velocities: the last, the one before, and the next
   * while it is written.
   */
  readonly checkpoints: number;
}

/** What runs will need on the disk. */
export function diskSpaceFor(
  runs: readonly PlannedRun[],
  { classes, val }: Pick<DatasetDescription, "classes" | "val">,
): DiskSpace {
  const nets = runs.flatMap(({ run, context: { train } }) =>
    isEvaluation(run)
      ? []
      : FLOAT * countParameters(layersOf(run.config, netShapeOf(train, classes.length)))
  );
  return {
    weights: nets.reduce((sum, size) => sum + size, 0),
    posteriors: FLOAT * (runs.length - nets.length) * val.length * (classes.length + 1),
    checkpoints: 3 * 2 * Math.max(0, ...nets),
  };
}
