/**
 * Data sets by name. Each is in the end a folder of image files with labels and sizes, which
 * TensorFlow reads by itself: JPEG or 8-bit PNG, upright, without alpha, red-green-blue or grey.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { openCifar10 } from "./cifar10.ts";
import { openFashionMnist } from "./fashion_mnist.ts";
import { openFolder, openIlsvrc2012 } from "./folder.ts";
import { openScenes } from "./scenes.ts";

/** Labelled images as they are, with what training needs to know of them. */
export interface Dataset {
  readonly name: string;
  /** Sorted; a label is an index. */
  readonly classes: readonly string[];
  /** In an order whose every beginning has the classes as equally as can be; so is `val`. */
  readonly train: readonly LabelledImage[];
  readonly val: readonly LabelledImage[];
  /**
   * 12 hexadecimal digits that change when a name, a label or a size does. Of made data: when its
   * recipe does. Absolute paths and times do not count.
   */
  readonly fingerprint: string;
  readonly colours: Colours;
  /** Licences and attributions. */
  readonly credits?: string;
}

/** Colours of the training images, every pixel counted once. */
export interface Colours {
  /** 0 to 255. */
  readonly mean: readonly [r: number, g: number, b: number];
  /** [3, 3], of values in [0, 1]. */
  readonly covariance: readonly (readonly number[])[];
}

/** An image file, its class, and its size in pixels. */
export interface LabelledImage {
  /** Absolute path. */
  readonly file: string;
  readonly label: number;
  readonly width: number;
  readonly height: number;
}

/** Where data lies and how to treat it. */
export interface DatasetOptions {
  /** The folder of `--data`: data lies or is made there. */
  readonly folder: string;
  /** Size of a `scenes` data set; the small setup's if absent. */
  readonly scenes?: { readonly classes: number; readonly train: number; readonly val: number };
  /** Seed of a `scenes` data set, 0 if absent. */
  readonly seed?: number;
  /** Leave out files that are no whole images, instead of refusing the data set. */
  readonly skipUnreadable?: boolean;
  /** Called now and then while data is made or looked at. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

const DATASETS: Readonly<Record<string, (options: DatasetOptions) => Promise<Dataset>>> = {
  "scenes": openScenes,
  "folder": openFolder,
  "fashion-mnist": openFashionMnist,
  "cifar10": openCifar10,
  "ilsvrc2012": openIlsvrc2012,
};

/** Names that `openDataset` knows. */
export const DATASET_NAMES: readonly string[] = Object.keys(DATASETS);

/**
 * Opens a data set by name, making it first where that is possible.
 *
 * @throws {UserError} for a name that is not known and for data that cannot be trained on.
 */
export async function openDataset(name: string, options: DatasetOptions): Promise<Dataset> {
  const open = Object.hasOwn(DATASETS, name) ? DATASETS[name] : undefined;
  if (open) return await open(options);
  const meant = nearest(name, DATASET_NAMES);
  throw new UserError(
    `Cannot open data set "${name}": the data sets are ${DATASET_NAMES.join(", ")}` +
      (meant ? `; did you mean ${meant}?` : ""),
  );
}
