/** What a data set is: labelled images, their sizes and colours. Types only. */

/** What can be said of a data set without its image files. */
export interface DatasetDescription {
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
export interface DatasetInfo extends DatasetDescription {
  /** Whether the image files are there, so that opening takes no making. */
  readonly made: boolean;
  /** Why nothing was found, and the way out; classes and images are only assumed then. */
  readonly missing?: string;
}

/** Labelled images as they are, with what training needs to know of them. */
export interface Dataset extends DatasetDescription {
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
