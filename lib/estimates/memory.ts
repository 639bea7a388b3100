/** What a run takes of memory, before it is carried out, and how many images fit in at once. */
import type { Hardware } from "./cost.ts";
import type { DatasetDescription } from "../datasets/dataset.ts";
import type { Precision, TrainSetup } from "../setup.ts";
import type { Device } from "../system/device.ts";
import { isEvaluation } from "../experiment.ts";
import { memory } from "../system/machine.ts";
import type { PlannedRun } from "../plan.ts";
import { countParameters, halved, type Layer, layersOf, netShapeOf } from "../vgg/configs.ts";
import { rescale, scalesOf } from "../vgg/images.ts";

/** Bytes that a training holds. */
export interface MemoryFootprint {
  /** However many images it looks at. */
  readonly net: number;
  /** Of each image of a micro-batch. */
  readonly image: number;
}

const BYTES: Readonly<Record<Precision, number>> = { float32: 4, bfloat16: 2 };

/**
 * Copies of a net's weights, float32: themselves, velocities, gradients, their sums over
 * micro-batches, and what kernels are turned into on the way. Full D took 3.5 GB in all with no
 * images, and 0.09 GB more for each, where its maps come to 0.11 GB (2 cores, TensorFlow 2.21).
 */
const COPIES = 6;

/** What a training of a net takes, about. */
export function footprint(
  layers: readonly Layer[],
  { crop, precision }: Pick<TrainSetup, "crop" | "precision">,
): MemoryFootprint {
  return {
    net: COPIES * BYTES.float32 * countParameters(layers),
    image: BYTES[precision] * mapValues(layers, crop),
  };
}

/** Values of one image's feature maps: before and after each ReLU. */
function mapValues(layers: readonly Layer[], crop: number): number {
  let [side, values, channels] = [crop, 0, 3];
  for (const layer of layers) {
    if (layer.kind === "maxpool") side = halved(side, layer.oddSides);
    if (layer.kind === "conv") {
      channels = layer.outputs;
      if (layer.name.startsWith("fc")) side = 1;
    }
    values += side * side * channels * (layer.kind === "conv" ? 2 : 1);
  }
  return values;
}

/**
 * Images of a batch that memory holds at once: the batch, or the largest share of it of which the
 * training fits; one at least. The update is the same; gradients are added up.
 *
 * @param room bytes that the training may take
 */
export function microBatchFor(
  layers: readonly Layer[],
  setup: Pick<TrainSetup, "batch" | "crop" | "precision">,
  room: number,
): number {
  const { net, image } = footprint(layers, setup);
  let size = setup.batch;
  while (size > 1 && net + size * image > room) size = nextSmaller(size, setup.batch);
  return size;
}

/** The largest size of a micro-batch that is at most half of `size` and divides the batch. */
export function nextSmaller(size: number, batch: number): number {
  let half = Math.max(1, Math.floor(size / 2));
  while (batch % half !== 0) half--;
  return half;
}

/** Share of memory that trainings may take: the rest of a processor's is for others, and for files. */
const SHARE = { cpu: 0.5, gpu: 0.8 };

/**
 * Bytes that each of some trainings side by side may take: of a GPU's memory, or of ours. Of a GPU
 * that is not known better it turns out when it is used up.
 */
export function shareFor(device: Device, sideBySide: number): number {
  if (device.kind === "cpu") return SHARE.cpu * memory() / sideBySide;
  return device.gpu ? SHARE.gpu * device.gpu.memory / sideBySide : Infinity;
}

/** Share of the machine's memory that a data set, decoded, may take. */
export const BANK_SHARE = 0.15;

/** TensorFlow, Deno, their threads and what a step leaves behind, bytes: 1.1 GiB for small nets. */
const RUNTIME = 2 * 2 ** 30;

/** No run asks for more memory than this for its maps; they are computed in parts then. Bytes. */
const LARGEST = 64 * 2 ** 30;

/** Copies of the weights that are tested, or trained on a GPU: read from their file, and on the way. */
const [TESTING_COPIES, GPU_COPIES] = [2, 5];

/** Most pixels that an evaluation looks at at once (`vgg/evaluate.ts`). */
const PIXELS = 2 ** 18;

/**
 * Main memory that a run wants, bytes: for its weights, its feature maps and its data. Feature maps
 * are in a GPU's own memory where there is one.
 */
export function memoryFor(
  { run, context: { train: setup } }: PlannedRun,
  { classes, train, val }: Pick<DatasetDescription, "classes" | "train" | "val">,
  { gpus }: Pick<Hardware, "gpus">,
): number {
  const { config } = isEvaluation(run) ? run.net : run;
  const layers = layersOf(config, netShapeOf(setup, classes.length));
  const weights = BYTES.float32 * countParameters(layers);
  const { net, image } = footprint(layers, setup);
  if (isEvaluation(run)) {
    const maps = gpus > 0 ? 0 : image * Math.max(1, PIXELS / setup.crop ** 2);
    const posteriors = BYTES.float32 * classes.length * val.length;
    return RUNTIME + TESTING_COPIES * (weights + posteriors) + maps;
  }
  const training = gpus > 0
    ? GPU_COPIES * weights
    : net + image * microBatchFor(layers, setup, SHARE.cpu * LARGEST);
  const bank = bankBytes(scalesOf(run.S, setup), { train, val });
  // a data set that is too large for its share is read from files
  const withBank = bank <= BANK_SHARE * LARGEST ? bank / BANK_SHARE : 0;
  return Math.max(RUNTIME + training, gpus > 0 ? 0 : training / SHARE.cpu, withBank);
}

/** Roughly the bytes of all training images at some scales, as if they were as the others are. */
function bankBytes(
  scales: readonly number[],
  { train, val }: Pick<DatasetDescription, "train" | "val">,
): number {
  const some = val.slice(0, 100);
  const sides = some.flatMap((image) => scales.map((side) => rescale(image, side)));
  const pixels = sides.reduce((sum, { height, width }) => sum + height * width, 0);
  return 3 * pixels / some.length * train.length;
}
