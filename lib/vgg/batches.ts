/**
 * Batches of an evaluation: how many images are in memory at once, and which. Numbers only;
 * `evaluate.ts` computes.
 *
 * @module
 */
import type { Method } from "../experiment.ts";
import { GRID, rescale, type Sides } from "./images.ts";

/** What decides the views of images that a net is evaluated on. */
export interface ViewOptions {
  readonly method: Method;
  /** Test scale: smallest side of the rescaled image, pixels. */
  readonly side: number;
  /** Side of the net's training crops, pixels. */
  readonly crop: number;
}

/** Largest number of images at once. */
const IMAGES = 16;
/**
 * Approximate number of pixels at once: on a Zen 4 the small setup's D was fastest with 50 to 100 of its
 * crops, and about 5 per cent slower with 25 or 300. At full width the largest maps then take 64 MiB.
 */
const PIXELS = 2 ** 18;

/** Images at once, if each is a square or a grid of crops. */
export function imagesAtOnce(
  { method, side, crop }: ViewOptions,
): number {
  const pixels = (GRID[method] * crop || side) ** 2;
  return Math.max(1, Math.min(IMAGES, Math.floor(PIXELS / pixels)));
}

/** How many times as long as wide a view may be to share a batch; longer ones are evaluated alone. */
const LONGEST = 4;

/**
 * Most pixels of views that `posteriorsOf` has in memory at once: of a batch of common shape, or of a
 * single image that is much longer than wide.
 */
export function pixelsAtOnce(
  images: readonly Sides[],
  options: ViewOptions,
): number {
  const { method, side, crop } = options;
  const most = imagesAtOnce(options);
  if (method !== "dense") return most * (GRID[method] * crop) ** 2;
  return images.reduce((largest, image) => {
    const { height, width } = rescale(image, side);
    const count = isLong(image) ? 1 : most;
    return Math.max(largest, count * height * width);
  }, 0);
}

/** Whether a view of an image is evaluated alone. */
export function isLong({ height, width }: Sides): boolean {
  return Math.max(height, width) > LONGEST * Math.min(height, width);
}

/** Images that are evaluated together. */
export interface Group {
  /** Images in a batch. */
  readonly batch: number;
  /** Indices of the images, a multiple of `batch`. */
  readonly images: readonly number[];
}

/**
 * Sorts images, given by the shapes of their views, into batches of one shape each. The rest of a
 * shape, if it is at least a quarter of a batch, is filled up with repeats; otherwise its images are
 * evaluated one by one, because each new shape of a batch costs TensorFlow's kernels some time. Images
 * without a shape are evaluated one by one, too.
 */
export function groupAlike(shapes: readonly (string | undefined)[], largest: number): Group[] {
  const alike = Map.groupBy(shapes.keys(), (i) => shapes[i]);
  const parts = [...alike].map(([shape, indices]) => {
    if (shape === undefined) return { whole: [], rest: indices };
    const left = indices.length % largest;
    const fill = left >= largest / 4 ? largest - left : 0;
    const end = fill > 0 ? indices.length : indices.length - left;
    const repeats = Array<number>(fill).fill(indices.at(-1)!);
    return { whole: [...indices.slice(0, end), ...repeats], rest: indices.slice(end) };
  });
  return [
    { batch: largest, images: parts.flatMap(({ whole }) => whole) },
    { batch: 1, images: parts.flatMap(({ rest }) => rest) },
  ].filter(({ images }) => images.length > 0);
}
