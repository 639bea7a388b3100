/** Estimates of the memory that a run needs, and of how many images fit into it at once. */
import type { Hardware } from "./cost.ts";
import type { DatasetDescription, ImageSize } from "../datasets/dataset.ts";
import type { Precision, TrainSetup } from "../setup.ts";
import type { Device } from "../system/device.ts";
import { UserError } from "../errors.ts";
import { actionLabel, isEvaluation, normalisedOver, type TrainRun } from "../experiment.ts";
import { memory } from "../system/machine.ts";
import type { PlannedRun } from "../plan.ts";
import {
  countParameters,
  isFullyConnected,
  type Layer,
  layersOf,
  netShapeOf,
  sideAfter,
} from "../vgg/configs.ts";
import { pixelsAtOnce, type ViewOptions } from "../vgg/batches.ts";
import { middleOf, pixels, rescale, scalesOf } from "../vgg/images.ts";

/** Bytes that a training needs. */
export interface MemoryFootprint {
  /** Independent of the number of images. */
  readonly net: number;
  /** For each image of a micro-batch. */
  readonly image: number;
}

const BYTES: Readonly<Record<Precision, number>> = { float32: 4, bfloat16: 2 };

/**
 * Copies of a net's weights in float32: the weights, velocities, gradients, their sums over
 * micro-batches, and transformed kernels inside operations. Net D at full width took 3.5 GB without
 * images and 0.09 GB for each image, whose feature maps have 0.11 GB (2 cores, TensorFlow 2.21).
 */
const COPIES = 6;

/** Approximate memory of a net's training. */
export function footprint(
  layers: readonly Layer[],
  { crop, precision }: Pick<TrainSetup, "crop" | "precision">,
): MemoryFootprint {
  return {
    net: COPIES * BYTES.float32 * countParameters(layers),
    image: BYTES[precision] * mapValues(layers, crop),
  };
}

/** Number of values in one image's feature maps, before and after each ReLU and each normalisation. */
function mapValues(layers: readonly Layer[], crop: number): number {
  let [side, values, channels] = [crop, 0, 3];
  for (const layer of layers) {
    side = sideAfter(layer, side, layer.kind === "maxpool" ? layer.oddSides : undefined);
    if (layer.kind === "conv") channels = layer.outputs;
    if (isFullyConnected(layer)) side = 1;
    const maps = layer.kind === "conv" ? layer.normalised ? 3 : 2 : 1;
    values += side * side * channels * maps;
  }
  return values;
}

/**
 * Images of a batch that are in memory at once: the whole batch, or else the largest divisor of it
 * with which the training fits; at least 1. Gradients are summed over the parts of a batch.
 *
 * @param room bytes that the training may use, on each of `devices` that share the images equally
 */
export function microBatchFor(
  layers: readonly Layer[],
  setup: Pick<TrainSetup, "batch" | "crop" | "precision">,
  room: number,
  devices = 1,
): number {
  const { net, image } = footprint(layers, setup);
  let size = setup.batch;
  while (size > devices && net + size / devices * image > room) {
    size = nextSmaller(size, setup.batch, devices);
  }
  return size;
}

/**
 * Images of a batch that are in memory at once while a net is trained: what memory allows, or what its
 * batch normalisation takes.
 *
 * @throws {UserError} These do not fit, or several devices would share them.
 */
export function imagesAtOnceFor(
  run: TrainRun,
  { layers, setup, room, devices = 1, asked }: {
    readonly layers: readonly Layer[];
    readonly setup: TrainSetup;
    /** Bytes that the training may use, on each device. */
    readonly room: number;
    /** Devices that share the images equally; 1 if absent. */
    readonly devices?: number;
    /** The number that the user asked for, if any. */
    readonly asked?: number | undefined;
  },
): number {
  const fixed = normalisedOver(run, setup);
  if (fixed === undefined) return asked ?? microBatchFor(layers, setup, room, devices);
  if (devices > 1) {
    throw new UserError(
      `Cannot ${
        actionLabel(run)
      } on ${devices} GPUs: its batch normalisation takes ${fixed} images ` +
        "at once on one; choose one, as in --device gpu:0",
    );
  }
  const { net, image } = footprint(layers, setup);
  if (net + fixed * image <= room) return fixed;
  const [wanted, given] = [net + fixed * image, room].map((bytes) => (bytes / 2 ** 30).toFixed(1));
  throw new UserError(
    `Cannot ${
      actionLabel(run)
    }: its batch normalisation takes ${fixed} images at once, about ${wanted} ` +
      `GiB, and it may use ${given}; give the net fewer, as in "batchNorm": ${
        Math.max(2, nextSmaller(fixed, setup.batch))
      }`,
  );
}

/**
 * The largest size of a micro-batch that is at most half of `size`, divides the batch and is a multiple
 * of the number of devices, which divides the batch, too.
 */
export function nextSmaller(size: number, batch: number, devices = 1): number {
  let half = Math.max(devices, Math.floor(size / 2));
  while (batch % half !== 0 || half % devices !== 0) half--;
  return half;
}

/** Share of memory that trainings may use. The rest is for other processes and cached files. */
const SHARE = { cpu: 0.5, gpu: 0.8 };

/**
 * Bytes that each of several parallel trainings may use, of a GPU's memory or of main memory. For a
 * GPU of unknown size this is `Infinity`; such a training uses smaller parts when memory runs out.
 */
export function shareFor(device: Device, sideBySide: number): number {
  if (device.kind === "cpu") return SHARE.cpu * memory() / sideBySide;
  return device.gpu ? SHARE.gpu * device.gpu.memory / sideBySide : Infinity;
}

/** Share of the machine's memory that decoded training images may use. */
export const IMAGE_CACHE_SHARE = 0.15;

/** Bytes for TensorFlow, Deno and their threads; 1.1 GiB was measured with small nets. */
const RUNTIME = 2 * 2 ** 30;

/** Most memory that feature maps request, bytes; larger batches are computed in parts. */
const LARGEST = 64 * 2 ** 30;

/** Copies of the weights in main memory during a test, and during a training on a GPU. */
const [TESTING_COPIES, GPU_COPIES] = [2, 5];

/** Bytes of a pixel of a rescaled image: three float32, of the image and of its mirror image. */
const PIXEL = 2 * 3 * BYTES.float32;

/**
 * Main memory that a run needs for its weights, feature maps and data, bytes. With a GPU, the feature
 * maps are in the GPU's memory.
 */
export function memoryFor(
  { run, context: { train: setup } }: PlannedRun,
  { classes, train, val, test }: Pick<DatasetDescription, "classes" | "train" | "val" | "test">,
  { gpus }: Pick<Hardware, "gpus">,
): number {
  const layers = layersOf(isEvaluation(run) ? run.net : run, netShapeOf(setup, classes.length));
  const weights = BYTES.float32 * countParameters(layers);
  const { net, image } = footprint(layers, setup);
  /** Of images while they are tested: rescaled, and their feature maps. */
  const bytesOfViews = (images: readonly ImageSize[], view: ViewOptions) => {
    const maps = gpus > 0 ? 0 : image / setup.crop ** 2 * pixelsAtOnce(images, view);
    return maps + PIXEL * pixelsAtOnce(images, { ...view, method: "dense" });
  };
  if (isEvaluation(run)) {
    const images = run.test === undefined ? val : test?.images ?? [];
    const view = { method: run.method, side: pixels(run.Q, setup.crop), crop: setup.crop };
    const posteriors = BYTES.float32 * classes.length * images.length;
    return RUNTIME + TESTING_COPIES * (weights + posteriors) + bytesOfViews(images, view);
  }
  const validated = bytesOfViews(val.slice(0, setup.validationImages), {
    ...{ method: "dense", side: pixels(middleOf(run.S), setup.crop), crop: setup.crop },
  });
  const training = gpus > 0 ? GPU_COPIES * weights + validated : net + Math.max(
    image * (normalisedOver(run, setup) ?? microBatchFor(layers, setup, SHARE.cpu * LARGEST)),
    validated,
  );
  const images = imageCacheBytes(scalesOf(run.S, setup), { train, val });
  // training images that exceed their share of memory are read from files instead
  const withImages = images <= IMAGE_CACHE_SHARE * LARGEST ? images / IMAGE_CACHE_SHARE : 0;
  return Math.max(RUNTIME + training, gpus > 0 ? 0 : training / SHARE.cpu, withImages);
}

/**
 * A warning where a test would need more memory than the machine, or the job, has: a system ends such a
 * program without a word. Undefined for others, and for trainings, which take fewer images at once.
 */
export function memoryDoubt(
  planned: PlannedRun,
  dataset: Pick<DatasetDescription, "classes" | "train" | "val" | "test">,
  { device, room = memory() }: { readonly device: Device; readonly room?: number },
): string | undefined {
  if (!isEvaluation(planned.run)) return undefined;
  const needed = memoryFor(planned, dataset, { gpus: device.kind === "gpu" ? 1 : 0 });
  if (needed <= Math.max(room, 2 * RUNTIME)) return undefined;
  const [wanted, given] = [needed, room].map((bytes) => (bytes / 2 ** 30).toFixed(1));
  return `${
    actionLabel(planned.run)
  } needs about ${wanted} GiB of memory for an image, and there are ` +
    `${given}: the system may end this program. A smaller --Q needs less.`;
}

/**
 * Approximate bytes of all training images at some scales: each as large as the median of the first
 * validation images, so that one of extreme sides does not stand for many.
 */
function imageCacheBytes(
  scales: readonly number[],
  { train, val }: Pick<DatasetDescription, "train" | "val">,
): number {
  const counts = val.slice(0, 100).map((image) =>
    scales.map((side) => rescale(image, side))
      .reduce((sum, { height, width }) => sum + height * width, 0)
  ).sort((one, other) => one - other);
  return 3 * (counts[Math.floor((counts.length - 1) / 2)] ?? 0) * train.length;
}
