/** Images as arrays of pixels. */

/** Images of one size in one array. */
export interface RawImages {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** [images, height, width, channels] */
  readonly pixels: Uint8Array;
  /** [images]: indices of classes in the source's order. */
  readonly labels: Uint8Array;
}

/** A data set in memory. */
export interface RawDataset {
  readonly classes: readonly string[];
  readonly train: RawImages;
  readonly val: RawImages;
}

/** Where image `i` of a split is saved, below the folder of its data set. */
export function pathOf(split: "train" | "val", className: string, i: number): string {
  return `${split}/${className}/${String(i).padStart(5, "0")}.png`;
}
