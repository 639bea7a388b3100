/**
 * Input of a net: scales in pixels, and which crop of which image a training uses at each position
 * (Section 3.1). Numbers only; `pipeline.ts` cuts the pixels.
 *
 * @module
 */
import { type CropGrid, INTERPRETATIONS, type ResizeFilter, type TrainSetup } from "../setup.ts";
import type { Method, TrainScale } from "../experiment.ts";
import { normal, permutation, uniform } from "../statistics/random.ts";
import type { Filter } from "../tensorflow/images.ts";

/** Side of the paper's training crop, the unit of S and Q. */
export const PAPER_CROP = 224;

/** A scale S or Q, given in the paper's pixels, in pixels of a setup whose crop is `crop` wide. */
export function pixels(scale: number, crop: number): number {
  return Math.round(scale * crop / PAPER_CROP);
}

/** The middle of a training's scales, in the paper's pixels: the scale of its validations. */
export function middleOf(S: TrainScale): number {
  return typeof S === "number" ? S : (S[0] + S[1]) / 2;
}

/** All scales that a training draws from, in pixels: one, or a range in steps (jittering). */
export function scalesOf(
  S: TrainScale,
  { crop, jitterStep }: Pick<TrainSetup, "crop" | "jitterStep">,
): number[] {
  if (typeof S === "number") return [pixels(S, crop)];
  const [min, max] = S;
  const count = Math.floor((max - min) / jitterStep) + 1;
  const scales = Array.from({ length: count }, (_, i) => pixels(min + i * jitterStep, crop));
  return [...new Set(scales)];
}

/** Height and width of an image in pixels. */
export interface Sides {
  readonly height: number;
  readonly width: number;
}

/** Sides of an image rescaled so that the smallest is `side`; the aspect is kept, rounded. */
export function rescale({ height, width }: Sides, side: number): Sides {
  const factor = side / Math.min(height, width);
  return { height: Math.round(height * factor), width: Math.round(width * factor) };
}

/** Crops along each side of a test image for each method; 0: the whole image. */
export const GRID: Readonly<Record<Method, number>> = {
  "dense": 0,
  "multi-crop": 5,
  "centre-crop": 1,
};

/**
 * Upper left corners of `count` by `count` crops in a rescaled image, row by row: a regular grid, whose
 * offsets are rounded; a single crop is the middle one.
 *
 * @param options.grid evenly from edge to edge if absent; see `CropGrid`
 */
export function gridOf(
  { height, width }: Sides,
  { crop, count, grid = INTERPRETATIONS.evaluate.cropGrid }: {
    crop: number;
    count: number;
    grid?: CropGrid | undefined;
  },
): { top: number; left: number }[] {
  const offsets = (side: number) =>
    Array.from({ length: count }, (_, i) => {
      const span = grid === "central-square" ? Math.min(height, width) : side;
      const inCells = grid === "cell-centres" || count === 1;
      const share = inCells ? (i + 0.5) / count : i / (count - 1);
      return Math.round((side - span) / 2 + share * (span - crop));
    });
  return offsets(height).flatMap((top) => offsets(width).map((left) => ({ top, left })));
}

/** One training crop. */
export interface Sample {
  /** Index of the image. */
  readonly image: number;
  /** Smallest side of the rescaled image, pixels. */
  readonly side: number;
  /** Upper left corner of the crop in the rescaled image, pixels. */
  readonly top: number;
  readonly left: number;
  /** Whether the crop is flipped. */
  readonly flip: boolean;
  /** What is added to R, G and B, on the 0-255 scale. */
  readonly shift: readonly [r: number, g: number, b: number];
}

/** The part of an image that a crop of the rescaled image depends on; vertical before horizontal. */
export interface CropWindow {
  /** Top, left, height and width in the image, pixels. */
  readonly window: readonly [top: number, left: number, height: number, width: number];
  /** Sides of the rescaled image divided by those of the image. */
  readonly factors: readonly [down: number, across: number];
  /** Position of the rescaled window's corner in the crop, pixels. */
  readonly moves: readonly [down: number, across: number];
}

/** TensorFlow's names of the filters, and their radius in pixels without shrinking. */
export const FILTERS: Readonly<Record<ResizeFilter, Filter & { readonly radius: number }>> = {
  "bicubic": { kernel: "keyscubic", antialias: true, radius: 2 },
  "bilinear": { kernel: "triangle", antialias: true, radius: 1 },
  "lanczos3": { kernel: "lanczos3", antialias: true, radius: 3 },
  "aliased-bilinear": { kernel: "triangle", antialias: false, radius: 1 },
};

/** Extra pixels on each side of the window: a JPEG's decoder blurs colours into neighbours. */
const MARGIN = 2;

/** The window for a sample's crop, before the flip. */
export function cropWindowOf(
  image: Sides,
  { side, top, left }: Pick<Sample, "side" | "top" | "left">,
  { crop, resize = INTERPRETATIONS.train.resize }: Pick<TrainSetup, "crop" | "resize">,
): CropWindow {
  const rescaled = rescale(image, side);
  const along = (length: number, scaled: number, first: number) => {
    const factor = scaled / length;
    // The kernel's radius is in pixels of the rescaled image if that is smaller.
    const reach = FILTERS[resize].radius * Math.max(1, 1 / factor) + MARGIN;
    const from = Math.max(0, Math.floor((first + 0.5) / factor - reach));
    const to = Math.min(length, Math.ceil((first + crop - 0.5) / factor + reach));
    return { from, size: to - from, factor, move: from * factor - first };
  };
  const down = along(image.height, rescaled.height, top);
  const across = along(image.width, rescaled.width, left);
  return {
    window: [down.from, across.from, down.size, across.size],
    factors: [down.factor, across.factor],
    moves: [down.move, across.move],
  };
}

/** What determines a training's samples. */
export interface Sampling {
  readonly images: readonly Sides[];
  /** Scales to draw from, pixels. */
  readonly scales: readonly number[];
  readonly crop: number;
  readonly seed: number;
  /** Columns that a draw from N(0, sigma^2) each is multiplied with; see `colours.ts`. */
  readonly axes: readonly (readonly number[])[];
  readonly sigma: number;
}

/**
 * The samples of a training by position: each epoch visits every image once in a new order, and each
 * draw follows from (seed, epoch, image) alone.
 */
export function sampler(sampling: Sampling): (position: number) => Sample {
  const { images, scales, crop, seed, axes, sigma } = sampling;
  let epoch = -1;
  let order: Uint32Array = new Uint32Array();
  return (position) => {
    const current = Math.floor(position / images.length);
    if (current !== epoch) {
      epoch = current;
      order = permutation(images.length, uniform(seed, epoch));
    }
    const image = order[position % images.length]!;
    const draw = uniform(seed, epoch, image);
    const upTo = (count: number) => Math.floor(draw() * count);
    const side = scales[upTo(scales.length)]!;
    const { height, width } = rescale(images[image]!, side);
    const [top, left] = [upTo(height - crop + 1), upTo(width - crop + 1)];
    const flip = draw() < 0.5;
    const alphas = axes.map(() => sigma * normal(draw));
    const along = (channel: number) =>
      axes.reduce((sum, axis, i) => sum + alphas[i]! * axis[channel]!, 0);
    return { image, side, top, left, flip, shift: [along(0), along(1), along(2)] };
  };
}
