/**
 * Evaluation: a net's class posteriors of test images (Section 3.2).
 *
 * Each method looks at an image one or several times: at all of it, at 25 crops, at one. A look's
 * posteriors are the soft-max of its scores; an image's are the mean over its looks, and over those of
 * its mirror image.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { EvaluateSetup, OddSides, TrainSetup } from "../setup.ts";
import { looksAtMirror, type Method } from "../experiment.ts";
import type { MappedFile } from "../tensorflow/files.ts";
import type { Graph, Tensor } from "../tensorflow/graph.ts";
import { add, flip, reduceMean, reshape, scale, softmax } from "../tensorflow/operations.ts";
import { float32, int32, type Session } from "../tensorflow/session.ts";
import { identityAfter } from "../tensorflow/variables.ts";
import { pooled } from "./configs.ts";
import { GRID, gridOf, rescale } from "./images.ts";
import { averageScores, forward, type Network, sumScores } from "./network.ts";
import { cropsOfImages, pixelStrides, wholeImages } from "./pipeline.ts";
import { feedOf, type ImageFile } from "./sources.ts";

/** What an evaluator's graph depends on, besides the net. */
export interface EvaluatorOptions {
  readonly method: Method;
  readonly setup: Pick<TrainSetup, "crop" | "inputScale" | "resize" | "precision">;
  readonly evaluate: EvaluateSetup;
  /** What holds the image files, where they are not files by themselves. */
  readonly archive?: MappedFile | undefined;
}

/**
 * Adds an evaluator to a graph; `posteriorsOf` runs it. See `wholeImages` and `cropsOfImages` for what
 * it is fed with.
 *
 * - `posteriors`: `[batch, classes]`, those of the image and of its mirror image averaged.
 * - `posteriors/upright`: without the mirror image.
 */
export function addEvaluator(
  graph: Graph,
  net: Network,
  { method, setup, evaluate, archive }: EvaluatorOptions,
) {
  const crops = GRID[method] ** 2;
  const images = { ...setup, archive };
  const looks = crops === 0
    ? wholeImages(graph, images)
    : cropsOfImages(graph, { ...images, crops });
  const posteriors = (x: Tensor) => {
    const each = posteriorsFrom(forward(net, x, { precision: setup.precision }), evaluate);
    return crops > 1 ? reduceMean(reshape(each, [null, crops, each.shape[1]!]), [1]) : each;
  };
  const upright = posteriors(looks);
  identityAfter("posteriors/upright", upright, []);
  identityAfter("posteriors", scale(add(upright, posteriors(flip(looks))), 0.5), []);
}

/** Posteriors `[batch, classes]` from the scores of `forward`. */
export function posteriorsFrom(scores: Tensor, { scoreMap }: EvaluateSetup): Tensor {
  switch (scoreMap) {
    case "average-then-softmax":
      return softmax(averageScores(scores));
    case "softmax-then-average":
      return averageScores(softmax(scores));
    case "sum-then-softmax":
      return softmax(sumScores(scores));
  }
}

/** Images that are evaluated together. */
export interface Group {
  /** Images in a batch. */
  readonly batch: number;
  /** Indices of the images, a multiple of `batch`. */
  readonly images: readonly number[];
}

/**
 * Sorts images, given by the shapes of what the net sees of them, into batches of one shape each. What
 * is left of a shape fills a last batch up with repeats where it is a quarter of one at least; else
 * its images go one by one: each new shape of a batch costs TensorFlow's kernels some time.
 */
export function groupAlike(shapes: readonly string[], largest: number): Group[] {
  const alike = Map.groupBy(shapes.keys(), (i) => shapes[i]!);
  const parts = [...alike.values()].map((indices) => {
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

/** How posteriors are asked for. */
export interface EvaluateOptions {
  /** That of the session's graph. */
  readonly method: Method;
  /** Test scale: smallest side of the rescaled image, pixels. */
  readonly side: number;
  /** Side of the crops that the net was made for, pixels. */
  readonly crop: number;
  /** How the net halves odd sides; up if absent. */
  readonly oddSides?: OddSides | undefined;
  /** Where crops are cut, and whether they are mirrored; as is usual if absent. */
  readonly evaluate?: Pick<EvaluateSetup, "cropGrid" | "centreCrop">;
  readonly classes: number;
  /** Mean colour that is subtracted, 0-255. */
  readonly mean: readonly number[];
  /** Whether the mirror image's posteriors are averaged in; the method's way if absent. */
  readonly flips?: boolean;
  /** Images at once at most; about so many as compute fastest if absent. */
  readonly largest?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images at once at most. */
const IMAGES = 16;
/**
 * Pixels at once, about: on a Zen 4 the small setup's D took 50 to 100 of its crops at once fastest,
 * and 25 or 300 some 5 per cent slower. At full width the largest maps have 64 MiB then.
 */
const PIXELS = 2 ** 18;

/** Images at once, where each is a square, or a grid of crops. */
export function imagesAtOnce(
  { method, side, crop }: Pick<EvaluateOptions, "method" | "side" | "crop">,
): number {
  const pixels = (GRID[method] * crop || side) ** 2;
  return Math.max(1, Math.min(IMAGES, Math.floor(PIXELS / pixels)));
}

/**
 * Posteriors of images under the weights that a session holds.
 *
 * @returns `[images, classes]`, row after row.
 * @throws {UserError} The rescaled images are smaller than what the net looks at.
 */
export function posteriorsOf(
  session: Session,
  images: readonly ImageFile[],
  options: EvaluateOptions,
): Float32Array {
  const { method, side, classes, evaluate = {}, onProgress } = options;
  const { flips = looksAtMirror(method, evaluate), largest = imagesAtOnce(options) } = options;
  mustBeLargeEnough(options);
  const result = new Float32Array(images.length * classes);
  const fetch = flips ? "posteriors:0" : "posteriors/upright:0";
  const means = { "images/mean": float32(options.mean) };
  // crops are of one shape whatever they are cut from
  const shapes = images.map((image) => {
    const { height, width } = rescale(image, side);
    return method === "dense" ? `${height}x${width}` : "crops";
  });
  let done = 0;
  for (const { batch, images: indices } of groupAlike(shapes, largest)) {
    const table = tableOf(indices.map((i) => images[i]!), options);
    session.run({ ...table, "images/batch": int32([batch], []) }, ["images/start:0"]);
    for (let at = 0; at < indices.length; at += batch) {
      const [posteriors] = session.run(means, [fetch]);
      for (let row = 0; row < batch; row++) {
        const values = posteriors!.values.subarray(row * classes, (row + 1) * classes);
        result.set(values, indices[at + row]! * classes);
      }
      done += batch;
      onProgress?.(Math.min(done, images.length), images.length);
    }
  }
  return result;
}

/** What the input pipeline is fed with: which images, rescaled to what, and crops cut where. */
function tableOf(
  images: readonly ImageFile[],
  { method, side, crop, evaluate }: Pick<
    EvaluateOptions,
    "method" | "side" | "crop" | "evaluate"
  >,
) {
  const sides = images.map((image) => rescale(image, side));
  const count = GRID[method];
  const places = sides.flatMap((each) =>
    gridOf(each, { crop, count, grid: evaluate?.cropGrid }).flatMap((corner) =>
      pixelStrides({ ...corner, flip: false }, each, crop)
    )
  );
  return {
    ...feedOf(images, "images"),
    "images/sides": int32(
      sides.flatMap(({ height, width }) => [height, width]),
      [images.length, 2],
    ),
    ...count > 0 && { "images/strides": int32(places, [images.length, count ** 2, 3]) },
  };
}

/** Crops must fit into an image, and fc6's kernel into the last map of a whole one. */
function mustBeLargeEnough({ method, side, crop, oddSides }: EvaluateOptions) {
  const map = (side: number) => pooled(side, oddSides);
  if (method === "dense" ? map(side) >= map(crop) : side >= crop) return;
  throw new UserError(
    `Cannot evaluate (${method}) at a smallest side of ${side} pixels: the net looks at ${crop} ` +
      "pixels at least; choose a larger Q: 224 is the side of a crop in any setup",
  );
}
