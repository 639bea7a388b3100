/**
 * Data sets by name. Each is in the end a list of image files with labels and sizes, which
 * TensorFlow reads by itself, from a folder or out of an archive: JPEG or 8-bit PNG, upright, without
 * alpha, red-green-blue or grey.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { describeCifar10, openCifar10 } from "./cifar10.ts";
import { describeFashionMnist, openFashionMnist } from "./fashion_mnist.ts";
import { describeFolder, openFolder } from "./folder.ts";
import { describeIlsvrc2012, openIlsvrc2012 } from "./ilsvrc2012.ts";
import { describeScenes, openScenes } from "./scenes.ts";

/** What can be said of a data set without its image files. */
export interface Description {
  readonly name: string;
  /** Sorted; a label is an index. */
  readonly classes: readonly string[];
  /** How many training images there are. */
  readonly train: { readonly length: number };
  /** In an order whose every beginning has the classes as equally as can be. */
  readonly val: readonly ImageSize[];
  /**
   * 12 hexadecimal digits that change when a name, a label or a size does. Of made data: when its
   * recipe does. Absolute paths and times do not count. Empty where nothing was found.
   */
  readonly fingerprint: string;
  /** Images whose classes nobody tells, where there are any. */
  readonly test?: TestSplit<ImageSize>;
  /** Why it has no training images, and the way out; nets made elsewhere can be tested on it. */
  readonly untrainable?: string;
}

/** Images whose classes only a test server knows, in the order of their files' names. */
export interface TestSplit<Image> {
  readonly images: readonly Image[];
  /** As that of a description; it is no part of that one. */
  readonly fingerprint: string;
}

/** A description, and whether there is what it describes. */
export interface Sighting extends Description {
  /** Whether the image files are there, so that opening takes no making. */
  readonly made: boolean;
  /** Why nothing was found, and the way out; classes and images are only assumed then. */
  readonly missing?: string;
}

/** Labelled images as they are, with what training needs to know of them. */
export interface Dataset extends Description {
  /** In such an order, too. */
  readonly train: readonly LabelledImage[];
  readonly val: readonly LabelledImage[];
  readonly colours: Colours;
  readonly test?: TestSplit<LabelledImage>;
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

/** Size of an image, pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** An image, its class, and its size. */
export interface LabelledImage extends ImageSize {
  /** Absolute path of its file, or of the archive that it lies in. */
  readonly file: string;
  /** Where it lies in an archive: its first byte, a multiple of 512, and how many there are. */
  readonly at?: number;
  readonly bytes?: number;
  /** Index of its class; -1 where nobody tells. */
  readonly label: number;
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
  /** Called now and then while data is made or looked at; images are counted if nothing is said. */
  readonly onProgress?: (what: string, done: number, total: number, unit?: string) => void;
}

/** A member of the family. */
interface Source {
  /** Opens the data set, making it first where that is possible. */
  open(options: DatasetOptions): Promise<Dataset>;
  /** Says what opening would come to, and makes nothing. */
  describe(options: DatasetOptions): Promise<Sighting>;
}

const SOURCES: Readonly<Record<string, Source>> = {
  "scenes": { open: openScenes, describe: describeScenes },
  "folder": { open: openFolder, describe: describeFolder },
  "fashion-mnist": { open: openFashionMnist, describe: describeFashionMnist },
  "cifar10": { open: openCifar10, describe: describeCifar10 },
  "ilsvrc2012": { open: openIlsvrc2012, describe: describeIlsvrc2012 },
};

/** Names that `openDataset` and `describeDataset` know. */
export const DATASET_NAMES: readonly string[] = Object.keys(SOURCES);

/**
 * Opens a data set by name, making it first where that is possible.
 *
 * @throws {UserError} for a name that is not known and for data that cannot be trained on.
 */
export async function openDataset(name: string, options: DatasetOptions): Promise<Dataset> {
  return await sourceNamed(name).open(options);
}

/**
 * Says of a data set by name what opening it would come to. Nothing is drawn or converted for
 * that; a folder of images is looked at once, as for opening.
 *
 * @throws {UserError} for a name that is not known and for data that is not found, except ImageNet.
 */
export async function describeDataset(name: string, options: DatasetOptions): Promise<Sighting> {
  return await sourceNamed(name).describe(options);
}

function sourceNamed(name: string): Source {
  if (Object.hasOwn(SOURCES, name)) return SOURCES[name]!;
  const meant = nearest(name, DATASET_NAMES);
  throw new UserError(
    `Cannot open data set "${name}": the data sets are ${DATASET_NAMES.join(", ")}` +
      (meant ? `; did you mean ${meant}?` : ""),
  );
}
