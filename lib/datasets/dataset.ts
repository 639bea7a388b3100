/** The types of a data set: labelled images, their sizes and colours. */
import type { Scenes } from "../setup.ts";

/** A data set without its image files. */
export interface DatasetDescription {
  readonly name: string;
  /** Sorted. A label is an index into this list. */
  readonly classes: readonly string[];
  /** How many training images there are. */
  readonly train: { readonly length: number };
  /** In an order where the first N images have the classes as evenly as possible, for every N. */
  readonly val: readonly ImageSize[];
  /**
   * 12 hexadecimal digits that change when a name, a label, a size or a file's content changes. For
   * generated data: when its recipe changes. Absolute paths and times do not count. Empty where nothing
   * was found.
   */
  readonly fingerprint: string;
  /** Images without labels, if there are any. */
  readonly test?: TestSplit<ImageSize>;
  /**
   * Why it is probably not what it is taken for, as sentences without paths of the machine; absent where
   * nothing is known. They are named with every number that is measured on it.
   */
  readonly doubts?: readonly string[];
  /** Why it has no training images, and the way out; nets made elsewhere can be tested on it. */
  readonly untrainable?: string;
}

/** Images with labels that only a test server knows, in the order of their file names. */
export interface TestSplit<Image> {
  readonly images: readonly Image[];
  /** Number of images that are left out, as they cannot be read. */
  readonly unreadable: number;
  /** Computed like the description's, and not part of it. */
  readonly fingerprint: string;
}

/** A description, and whether the data exists. */
export interface DatasetInfo extends DatasetDescription {
  /** Whether the image files exist already, so that opening does not have to make them. */
  readonly made: boolean;
  /** Why nothing was found, and the way out. Classes and images are assumed in that case. */
  readonly missing?: string;
}

/** Labelled images, with what training needs to know about them. */
export interface Dataset extends DatasetDescription {
  /** In the same kind of order as `val`. */
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
  /** Absolute path of its file, or of the archive that holds it. */
  readonly file: string;
  /** In an archive: offset of its first byte, a multiple of 512. */
  readonly at?: number;
  /** Size in bytes; absent where another picture is read in its place. */
  readonly bytes?: number;
  /** Index of its class; -1 where the class is unknown. */
  readonly label: number;
  /** Further classes that are as right as `label`, where it shows several. */
  readonly alsoRight?: readonly number[];
}

/** Where data is, and how to open it. */
export interface DatasetOptions {
  /** The folder of `--data`: data is found or made there. */
  readonly folder: string;
  /** Which pictures a `scenes` data set has; the small setup's if absent. */
  readonly scenes?: Scenes;
  /** Leave out files that are not whole images, instead of refusing the data set. */
  readonly skipUnreadable?: boolean;
  /** Read all files again though an index has them, and compare both. ILSVRC-2012 does not. */
  readonly readAgain?: boolean;
  /** Called now and then while data is made or read. `unit` is what is counted; images if absent. */
  readonly onProgress?: (what: string, done: number, total: number, unit?: string) => void;
  /** Called with a sentence where data is probably not what it is taken for. */
  readonly onWarning?: (warning: string) => void;
}
