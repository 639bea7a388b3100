/** What a run costs: arithmetic, time and memory, before it is carried out. */
import type { Description, ImageSize } from "./datasets/mod.ts";
import { type EvalRun, FLIPS, isEvaluation, type TrainRun, type TrainSetup } from "./experiment.ts";
import { cores, jobGpus, memory as ownMemory } from "./machine.ts";
import type { PlannedRun } from "./plan.ts";
import {
  countMultiplyAdds,
  countParameters,
  type Layer,
  layersOf,
  pooled,
  shapeOf,
} from "./vgg/configs.ts";
import { GRID, pixels, rescale, scalesOf } from "./vgg/images.ts";
import { scheduleOf } from "./vgg/schedule.ts";

/** What is expected of a run. */
export interface Cost {
  /** Multiplications with their additions, counted once together. */
  readonly multiplyAdds: number;
  /** Rough time, seconds. */
  readonly seconds: number;
}

/**
 * Multiply-adds a second and core, float32: measured on cores with AVX-512 (Zen 4), where the small
 * setup's nets reached 33 and the paper's 70 thousand million. Other processors differ by some times.
 */
const SPEED = { narrow: 33e9, full: 70e9 };

/**
 * Multiply-adds a second and GPU, assumed: none was at hand to be measured. A quarter of what a V100
 * does in float32 (15.7e12 operations, two a multiply-add), which later ones surpass.
 */
const GPU_SPEED = 2e12;

/** What a run is carried out on. */
export interface Equipment {
  readonly cores: number;
  readonly gpus: number;
}

/** Multiply-adds and rough time of a run, alone on this machine's processor, or on other equipment. */
export function cost(
  { run, context }: PlannedRun,
  { classes, val, test }: Pick<Description, "classes" | "val" | "test">,
  equipment: Equipment = { cores: cores(), gpus: 0 },
): Cost {
  const setup = context.train;
  const net = isEvaluation(run) ? run.net : run;
  const layers = layersOf(net.config, shapeOf(setup, classes.length));
  const multiplyAdds = isEvaluation(run)
    ? evaluationAdds(run, {
      layers,
      images: run.test === undefined ? val : test?.images ?? [],
      crop: setup.crop,
    })
    : trainingAdds(run, { layers, setup });
  const core = SPEED.narrow + (SPEED.full - SPEED.narrow) * setup.width;
  // one training computes on one GPU
  const speed = equipment.gpus > 0 ? GPU_SPEED : core * equipment.cores;
  return { multiplyAdds, seconds: multiplyAdds / speed };
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
  const learning = run.update === "fc" ? countMultiplyAdds(fc, pooled(setup.crop)) : forward;
  return (forward + 2 * learning) * scheduleOf(run, setup).images;
}

/** Multiply-adds of looking at all images as the method does. */
function evaluationAdds(
  { method, Q }: EvalRun,
  { layers, images, crop }: {
    layers: readonly Layer[];
    images: readonly ImageSize[];
    crop: number;
  },
): number {
  const crops = GRID[method] ** 2;
  const once = crops === 0
    ? wholeAdds(layers, images, pixels(Q, crop))
    : crops * countMultiplyAdds(layers, crop) * images.length;
  return FLIPS[method] ? 2 * once : once;
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

/**
 * Bytes that runs will need on the disk at most: posteriors, weights, and of the largest net three
 * checkpoints of weights and velocities: the last, the one before, and the next while it is written.
 */
export function spaceFor(
  runs: readonly PlannedRun[],
  { classes, val }: Pick<Description, "classes" | "val">,
): number {
  const sizes = runs.map(({ run, context: { train } }) =>
    FLOAT *
    (isEvaluation(run)
      ? val.length * (classes.length + 1)
      : countParameters(layersOf(run.config, shapeOf(train, classes.length))))
  );
  const nets = sizes.filter((_, i) => !isEvaluation(runs[i]!.run));
  return sizes.reduce((sum, size) => sum + size, 0) + 3 * 2 * Math.max(0, ...nets);
}

/** Share of the machine's memory that a training's feature maps may take. */
const SHARE = 1 / 4;

/** Share of the machine's memory that a data set, decoded, may take. */
export const BANK_SHARE = 0.15;

/**
 * Images of a batch that memory holds at once: the batch, halved until its feature maps and their
 * gradients fit. The update is the same; gradients are added up. A job that asked for little memory
 * because a GPU holds its feature maps is not held to that.
 */
export function microBatchFor(
  layers: readonly Layer[],
  { batch, crop }: Pick<TrainSetup, "batch" | "crop">,
  memory: number = jobGpus() > 0 ? Deno.systemMemoryInfo().total : ownMemory(),
): number {
  const image = 2 * mapBytes(layers, crop);
  let size = batch;
  while (size % 2 === 0 && size * image > SHARE * memory) size /= 2;
  return size;
}

/** Bytes of one image's feature maps: before and after each ReLU, float32. */
function mapBytes(layers: readonly Layer[], crop: number): number {
  let [side, values, channels] = [crop, 0, 3];
  for (const layer of layers) {
    if (layer.kind === "maxpool") side = Math.ceil(side / 2);
    if (layer.kind === "conv") {
      channels = layer.outputs;
      if (layer.name.startsWith("fc")) side = 1;
    }
    values += side * side * channels * (layer.kind === "conv" ? 2 : 1);
  }
  return 4 * values;
}

/** TensorFlow, Deno, their threads and what a step leaves behind, bytes: 1.1 GiB for small nets. */
const RUNTIME = 2 * 2 ** 30;

/** No batch asks for more memory than this by itself; it is computed in parts then. Bytes. */
const LARGEST = 64 * 2 ** 30;

/** Copies of a training's weights: itself, velocity, gradient, and the first two on their way out. */
const TRAINING_COPIES = 5;

/** Copies of the weights that are tested: read from their file, and in the session. */
const TESTING_COPIES = 2;

/** Most pixels that an evaluation looks at at once (`vgg/evaluate.ts`). */
const PIXELS = 2 ** 18;

/**
 * Main memory that a run wants, bytes: for its weights, its feature maps and its data. Feature maps
 * are in a GPU's own memory where there is one.
 */
export function memoryFor(
  { run, context: { train: setup } }: PlannedRun,
  { classes, train, val }: Pick<Description, "classes" | "train" | "val">,
  { gpus }: Pick<Equipment, "gpus">,
): number {
  const net = isEvaluation(run) ? run.net : run;
  const layers = layersOf(net.config, shapeOf(setup, classes.length));
  const weights = FLOAT * countParameters(layers);
  const image = mapBytes(layers, setup.crop);
  if (isEvaluation(run)) {
    const maps = gpus > 0 ? 0 : image * Math.max(1, PIXELS / setup.crop ** 2);
    const posteriors = FLOAT * classes.length * val.length;
    return RUNTIME + TESTING_COPIES * (weights + posteriors) + maps;
  }
  const maps = gpus > 0 ? 0 : 2 * image * microBatchFor(layers, setup, LARGEST);
  const bank = bankBytes(scalesOf(run.S, setup), { train, val });
  const whole = RUNTIME + TRAINING_COPIES * weights + maps;
  // a data set that is too large for its share is read from files
  const withBank = bank <= BANK_SHARE * LARGEST ? bank / BANK_SHARE : 0;
  return Math.max(whole, maps / SHARE, withBank);
}

/** Roughly the bytes of all training images at some scales, as if they were as the others are. */
function bankBytes(
  scales: readonly number[],
  { train, val }: Pick<Description, "train" | "val">,
): number {
  const some = val.slice(0, 100);
  const sides = some.flatMap((image) => scales.map((side) => rescale(image, side)));
  const pixels = sides.reduce((sum, { height, width }) => sum + height * width, 0);
  return 3 * pixels / some.length * train.length;
}
