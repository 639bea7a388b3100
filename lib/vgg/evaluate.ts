/**
 * Evaluation: a net's class posteriors of test images (Section 3.2).
 *
 * Each method evaluates one or several views of an image: the whole image, 25 crops, or one. A view's
 * posteriors are the soft-max of its scores; an image's are the mean over its views and, with flips,
 * over the views of the flipped image.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { EvaluateSetup, OddSides, TrainSetup } from "../setup.ts";
import { looksAtMirror, type Method } from "../experiment.ts";
import type { MappedFile } from "../tensorflow/files.ts";
import { type Graph, HOST, type Tensor } from "../tensorflow/graph.ts";
import { softmax } from "../tensorflow/layers.ts";
import { add, concat, flip, reduceMean, reshape, scale } from "../tensorflow/operations.ts";
import { float32, int32, type Session } from "../tensorflow/session.ts";
import { identityAfter } from "../tensorflow/variables.ts";
import { lastMapOf, type Layer, pooled } from "./configs.ts";
import { GRID, gridOf, rescale } from "./images.ts";
import { groupAlike, imagesAtOnce, isLong } from "./batches.ts";
import { averageScores, forward, type Network, sumScores } from "./network.ts";
import { cropsOfImages, pixelStrides, wholeImages } from "./pipeline.ts";
import { feedOf, type ImageFile } from "./sources.ts";

/** What an evaluator's graph depends on, besides the net. */
export interface EvaluatorOptions {
  readonly method: Method;
  readonly setup: Pick<TrainSetup, "crop" | "inputScale" | "resize" | "precision">;
  readonly evaluate: EvaluateSetup;
  /** The archive that contains the images, if they are not separate files. */
  readonly archive?: MappedFile | undefined;
  /** Devices that share a batch; see `addEvaluator`. */
  readonly devices?: readonly string[] | undefined;
}

/**
 * Adds an evaluator to a graph; `posteriorsOf` runs it. See `wholeImages` and `cropsOfImages` for what
 * it is fed with.
 *
 * - `posteriors`: `[batch, classes]`, averaged over the image and the flipped image.
 * - `posteriors/upright`: without the flipped image.
 * - With several devices, `devices/posteriors` and `devices/posteriors/upright`: the same for a batch that
 *   is a multiple of their number; each computes its part.
 */
export function addEvaluator(
  graph: Graph,
  net: Network,
  { method, setup, evaluate, archive, devices = [] }: EvaluatorOptions,
) {
  const crops = GRID[method] ** 2;
  const images = { ...setup, archive, devices };
  const views = crops === 0
    ? wholeImages(graph, images)
    : cropsOfImages(graph, { ...images, crops });
  const posteriors = (x: Tensor) => {
    const each = posteriorsFrom(forward(net, x, { precision: setup.precision }), evaluate);
    return crops > 1 ? reduceMean(reshape(each, [null, crops, each.shape[1]!]), [1]) : each;
  };
  const both = (x: Tensor) => {
    const upright = posteriors(x);
    return [upright, scale(add(upright, posteriors(flip(x))), 0.5)] as const;
  };
  const [upright, mean] = both(views.whole);
  identityAfter("posteriors/upright", upright, []);
  identityAfter("posteriors", mean, []);
  if (views.parts.length === 0) return;
  const parts = views.parts.map((part, i) => graph.on(devices[i], () => both(part)));
  const joined = (which: 0 | 1) =>
    graph.on(HOST, () => concat(parts.map((part) => part[which]) as [Tensor, ...Tensor[]]));
  identityAfter("devices/posteriors/upright", joined(0), []);
  identityAfter("devices/posteriors", joined(1), []);
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

/** Options of `posteriorsOf`. */
export interface EvaluateOptions {
  /** The method of the session's graph. */
  readonly method: Method;
  /** Test scale: smallest side of the rescaled image, pixels. */
  readonly side: number;
  /** Side of the net's training crops, pixels. */
  readonly crop: number;
  /** How the net rounds half of an odd side; up if absent. */
  readonly oddSides?: OddSides | undefined;
  /** The net's layers; those of the paper's nets, with their five poolings, if absent. */
  readonly layers?: readonly Layer[];
  /** Where crops are cut, and whether they are flipped; as usual if absent. */
  readonly evaluate?: Pick<EvaluateSetup, "cropGrid" | "centreCrop">;
  readonly classes: number;
  /** Mean colour that is subtracted, 0-255. */
  readonly mean: readonly number[];
  /** Whether the flipped image's posteriors are averaged in; the method decides if absent. */
  readonly flips?: boolean;
  /** Largest number of images at once on a device; by default about the fastest number. */
  readonly largest?: number;
  /** Number of devices of the session's evaluator; 1 if absent. */
  readonly devices?: number | undefined;
  /**
   * `[images, classes]`, to be filled: NaN but for images that an earlier call evaluated, whose batches
   * are not evaluated again. All are evaluated if absent.
   */
  readonly posteriors?: Float32Array;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Posteriors of images under a session's weights. Batches do not depend on what is known already, so
 * that an evaluation that goes on gives the same bits.
 *
 * @returns `[images, classes]`, row after row.
 * @throws {UserError} The rescaled images are smaller than the net's input.
 */
export function posteriorsOf(
  session: Session,
  images: readonly ImageFile[],
  options: EvaluateOptions,
): Float32Array {
  const { method, side, classes, evaluate = {}, onProgress } = options;
  const { flips = looksAtMirror(method, evaluate), largest = imagesAtOnce(options) } = options;
  const { devices = 1 } = options;
  mustBeLargeEnough(options);
  const { posteriors: result = new Float32Array(images.length * classes).fill(NaN) } = options;
  const isKnown = (image: number) => !Number.isNaN(result[image * classes]);
  const posteriors = flips ? "posteriors:0" : "posteriors/upright:0";
  const means = { "images/mean": float32(options.mean) };
  // crops of all images have one shape
  const shapes = images.map((image) => {
    const { height, width } = rescale(image, side);
    if (method !== "dense") return "crops";
    return isLong(image) ? undefined : `${height}x${width}`;
  });
  let done = 0;
  for (const { batch, images: indices } of groupAlike(shapes, largest * devices)) {
    const fetch = devices > 1 && batch % devices === 0 ? `devices/${posteriors}` : posteriors;
    let start = 0;
    while (start < indices.length && indices.slice(start, start + batch).every(isKnown)) {
      start += batch;
    }
    done += start;
    if (start === indices.length) continue;
    const table = tableOf(indices.slice(start).map((i) => images[i]!), options);
    session.run({ ...table, "images/batch": int32([batch], []) }, ["images/start:0"]);
    for (let at = start; at < indices.length; at += batch) {
      const [fetched] = session.run(means, [fetch]);
      for (let row = 0; row < batch; row++) {
        const values = fetched!.values.subarray(row * classes, (row + 1) * classes);
        result.set(values, indices[at + row]! * classes);
      }
      done += batch;
      onProgress?.(Math.min(done, images.length), images.length);
    }
  }
  return result;
}

/** Feeds of the input pipeline: images, their rescaled sides, and the places of crops. */
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
function mustBeLargeEnough({ method, side, crop, oddSides, layers }: EvaluateOptions) {
  const map = (side: number) =>
    layers === undefined ? pooled(side, oddSides) : lastMapOf(layers, side, oddSides);
  if (method === "dense" ? map(side) >= map(crop) : side >= crop) return;
  throw new UserError(
    `Cannot evaluate (${method}) at a smallest side of ${side} pixels: the net needs at least ${crop} ` +
      "pixels; choose a larger Q: 224 is the side of a crop in any setup",
  );
}
