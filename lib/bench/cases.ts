/**
 * The cases of the benchmark. Each case is self-contained, so that contestants in any language can build
 * it from JSON.
 *
 * @module
 */
import { paper, small } from "../../experiments/setups.ts";
import { type Precision, PRECISIONS, type TrainSetup } from "../setup.ts";
import { type ConfigName, formatS, type Method, type TrainScale } from "../experiment.ts";
import { type Layer, layersOf, netShapeOf } from "../vgg/configs.ts";
import { GRID, scalesOf } from "../vgg/images.ts";

/**
 * Programs to compare with. PyTorch computes eagerly or with torch.compile. It reads images with Pillow
 * and rescales them with Pillow or as tensors. Stock tfjs-node computes only in float32, even if we
 * compute in bfloat16.
 */
export type PeerName =
  | "PyTorch"
  | "PyTorch, compiled"
  | "PyTorch, tensors"
  | "stock tfjs-node, float32"
  | "sharp";

/** Fields of every case. */
interface Named {
  /** The name in the table. */
  readonly name: string;
  /** Images in one step. */
  readonly batch: number;
  /** Memory that all contestants need together, GiB; absent if it is little. */
  readonly memory?: number;
  /** Programs to compare with. */
  readonly peers: readonly PeerName[];
}

/** A net, with its layers listed for contestants that do not know Table 1. */
interface Net {
  readonly config: ConfigName;
  readonly setup: TrainSetup;
  readonly classes: number;
  readonly layers: readonly Layer[];
}

/** Updates of SGD with momentum on one batch: forward, backward, weight decay, update. */
export interface TrainingCase extends Named, Net {
  readonly kind: "training";
  /** The same batch in every step, or crops as in a real training: of images in memory, or of files. */
  readonly crops: "fed" | "cache" | "files";
  /** JPEG files of 500 by 375 pixels, where crops are of files. */
  readonly files?: readonly string[];
  /** Parts of the batch that we compute in parallel; see `lib/vgg/network.ts`. */
  readonly towers: number;
}

/**
 * Posteriors of whole images or of several crops of each, averaged with those of their mirror images
 * (Section 3.2).
 */
export interface EvaluationCase extends Named, Net {
  readonly kind: "evaluation";
  readonly method: Method;
  /** Crops of each image; 1 for whole images. */
  readonly looks: number;
  /** Sides of a crop or whole image, pixels. */
  readonly height: number;
  readonly width: number;
}

/** Crops without a net: from JPEG files that are read and rescaled, or from images in memory. */
export interface InputCase extends Named {
  readonly kind: "input";
  readonly source: "files" | "cache";
  readonly setup: TrainSetup;
  readonly S: TrainScale;
  /** Smallest sides of rescaled images to draw from, pixels. */
  readonly scales: readonly number[];
  /** JPEG files of 500 by 375 pixels; empty if the source is memory. */
  readonly files: readonly string[];
}

/** Errors of the mean of several evaluations' posteriors, read from their files (Section 3.2). */
export interface ScoringCase extends Named {
  readonly kind: "scoring";
  /** One file for each evaluation, in the store's format. */
  readonly files: readonly string[];
}

/** Products of square matrices, one after the other: the most arithmetic that a device does. */
export interface MatmulCase extends Named {
  readonly kind: "matmul";
  readonly precision: Precision;
  /** Rows and columns. */
  readonly side: number;
  /** Products in one step. */
  readonly products: number;
}

/** A case of the benchmark. */
export type Case = TrainingCase | EvaluationCase | InputCase | ScoringCase | MatmulCase;

/** Size of the posteriors to score: the paper's ensemble of seven nets (Table 6). */
export const ENSEMBLE_SIZE = { evaluations: 7, images: 50_000, classes: 1000 };
const CLASSES = { narrow: 20, full: 1000 };

/** The parameters of cases with a net. */
export interface Size {
  readonly config: ConfigName;
  /** Divides the paper's channels and the units of fc6 and fc7. */
  readonly divisor: number;
  readonly crop: number;
  readonly batch: number;
  readonly precision: Precision;
}

function net({ config, divisor, crop, batch, precision }: Size): Net {
  const setup: TrainSetup = {
    ...small.train,
    ...{ crop, batch, precision, width: 1 / divisor, fc: 4096 / divisor },
  };
  const classes = divisor === 1 ? CLASSES.full : CLASSES.narrow;
  return { config, setup, classes, layers: layersOf(config, netShapeOf(setup, classes)) };
}

const netName = ({ config, divisor }: Size) => divisor === 1 ? config : `${config}/${divisor}`;

/**
 * A training case. Stock tfjs-node has only float32. It is compared with our bfloat16 on wide nets only,
 * for which float32 is most demanding.
 */
export function training(size: Size): TrainingCase {
  const { crop, batch, precision, divisor } = size;
  const raceStock = precision === "float32" || divisor <= 4;
  return {
    kind: "training",
    name: `train ${netName(size)}, ${crop} px, batch ${batch}, ${precision}`,
    batch,
    crops: "fed",
    towers: navigator.hardwareConcurrency > 1 ? 2 : 1,
    peers: [
      ...["PyTorch", "PyTorch, compiled"] as const,
      ...raceStock ? ["stock tfjs-node, float32"] as const : [],
    ],
    ...divisor === 1 && { memory: 16 },
    ...net(size),
  };
}

/** Whole images, tested densely. */
export function evaluation(size: Size, height: number, width: number): EvaluationCase {
  const { batch, precision } = size;
  return {
    kind: "evaluation",
    name: `test ${netName(size)}, ${height} x ${width} px, batch ${batch}, ${precision}`,
    ...{ batch, method: "dense", looks: 1, height, width },
    peers: ["PyTorch", "PyTorch, compiled"],
    ...net(size),
  };
}

/** 25 crops of each image, and their mirror images. */
export function multiCrop(size: Size): EvaluationCase {
  const { crop, batch, precision } = size;
  return {
    ...evaluation(size, crop, crop),
    name: `multi-crop test ${netName(size)}, ${crop} px, batch ${batch}, ${precision}`,
    method: "multi-crop",
    looks: GRID["multi-crop"] ** 2,
    ...size.divisor === 1 && { memory: 6 },
  };
}

/** Crops for the paper's trainings at a scale S. */
export function reading(S: TrainScale, files: readonly string[]): InputCase {
  const setup = paper.train;
  return {
    kind: "input",
    name: `read 500 x 375 JPEGs, S = ${formatS(S)}, crop ${setup.crop}`,
    batch: 32,
    source: "files",
    peers: ["PyTorch", "PyTorch, tensors", "sharp"],
    ...{ setup, S, scales: scalesOf(S, setup), files },
  };
}

/** All comparisons in the table's order, with JPEG files and files of posteriors to read. */
export function races(photos: readonly string[], posteriors: readonly string[]): Case[] {
  const sizes: Omit<Size, "precision">[] = [
    { config: "A", divisor: 8, crop: 56, batch: 16 },
    { config: "A", divisor: 8, crop: 56, batch: 64 },
    { config: "D", divisor: 8, crop: 56, batch: 16 },
    { config: "D", divisor: 8, crop: 56, batch: 64 },
    { config: "D", divisor: 4, crop: 64, batch: 64 },
    { config: "D", divisor: 1, crop: 224, batch: 8 },
  ];
  const trainings = sizes.flatMap((size) =>
    PRECISIONS.map((precision) => training({ ...size, precision }))
  );
  const evaluations = PRECISIONS.flatMap((precision) => [
    evaluation({ config: "D", divisor: 8, crop: 56, batch: 16, precision }, 64, 80),
    evaluation({ config: "D", divisor: 1, crop: 224, batch: 2, precision }, 256, 341),
    multiCrop({ config: "D", divisor: 8, crop: 56, batch: 3, precision }),
    multiCrop({ config: "D", divisor: 1, crop: 224, batch: 1, precision }),
  ]);
  const inputs: InputCase[] = [
    reading(256, photos),
    reading([256, 512], photos),
    {
      kind: "input",
      name: "cut 56-pixel crops out of memory",
      batch: small.train.batch,
      source: "cache",
      peers: [],
      ...{ setup: CUT, S: 256, scales: scalesOf(256, CUT) },
      files: [],
    },
  ];
  const scoring: ScoringCase = {
    kind: "scoring",
    name: "score 7 x 50,000 x 1,000 posteriors",
    batch: ENSEMBLE_SIZE.images,
    peers: ["PyTorch"],
    files: posteriors,
  };
  return [...trainings, ...evaluations, ...inputs, scoring];
}

/** Crops of 56 pixels out of images in memory. */
const CUT = { ...small.train, crop: 56 };

/** Trainings of the small setup, to measure how long they wait for data. */
export function waits(): TrainingCase[] {
  const { train: { crop, width, batch, precision } } = small;
  return (["A", "D"] as const).map((config) => {
    const what = training({ config, divisor: 1 / width, crop, batch, precision });
    return { ...what, name: `wait for data, ${what.name}`, towers: 1, peers: [] };
  });
}

/**
 * Whether a case is selected: its name contains all words of at least one phrase. No phrases select
 * every case.
 *
 * ```ts
 * import { isSelected } from "./cases.ts";
 *
 * const name = "train D/8, 56 px, batch 64, float32";
 * if (!isSelected(name, ["train A/8", "D/8 float32"])) throw new Error("the second phrase selects it");
 * ```
 */
export function isSelected(name: string, phrases: readonly string[]): boolean {
  const all = (phrase: string) => phrase.split(/\s+/).every((word) => name.includes(word));
  return phrases.length === 0 || phrases.some(all);
}

/** Whether a case computes in bfloat16. */
export function isBfloat16(what: Case): boolean {
  if (what.kind === "matmul") return what.precision === "bfloat16";
  return (what.kind === "training" || what.kind === "evaluation") &&
    what.setup.precision === "bfloat16";
}
