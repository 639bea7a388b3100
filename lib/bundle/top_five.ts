/**
 * Posteriors in a small bundle: for each image its label, the rank of the label, and the five highest
 * classes with their posteriors. All errors can be computed from that, but not the mean of several
 * evaluations. So the mean posteriors of each row are kept in the same form, and must be within the
 * bounds that the five highest classes of each evaluation allow.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { highestOf, type Posteriors, scored, type Scores } from "../score.ts";
import {
  type NamedTensor,
  type OpenSafetensors,
  type Safetensors,
  safetensorsBytes,
} from "../weights/safetensors.ts";

/** The five highest classes, or all classes if there are fewer. */
const MOST = 5;

/** Rounding error of a posterior: float32, and sums of several. */
const TOLERANCE = 1e-5;

/** The highest classes of mean posteriors, and the rank of each image's label among all classes. */
export interface TopFive {
  readonly classes: number;
  /** `[images]`. */
  readonly labels: Int32Array;
  /** `[images]`: other classes whose posterior is not below the label's. */
  readonly ranks: Int32Array;
  /** Classes that are kept of each image: 5, or all classes if there are fewer. */
  readonly kept: number;
  /** `[images, kept]`: highest first; ties in the order of classes. */
  readonly top: Int32Array;
  /** `[images, kept]`: their posteriors. */
  readonly values: Float32Array;
}

/** The five highest classes of the mean of evaluations. */
export function topFiveOf(evaluations: readonly Posteriors[]): TopFive {
  const { classes, labels } = evaluations[0]!;
  const kept = Math.min(MOST, classes);
  const top = new Int32Array(labels.length * kept);
  const values = new Float32Array(labels.length * kept);
  const { ranks } = scored(evaluations, (image, sums) => {
    const highest = highestOf(sums, kept);
    top.set(highest, image * kept);
    values.set(highest.map((place) => sums[place]! / evaluations.length), image * kept);
  });
  return { classes, labels, ranks, kept, top, values };
}

/** The bytes of a file; `runs` are the keys of its evaluations. */
export function topFiveBytes(
  { classes, labels, ranks, kept, top, values }: TopFive,
  runs: readonly string[],
): Uint8Array[] {
  const images = labels.length;
  const tensors: Safetensors["tensors"] = new Map<string, NamedTensor>([
    ["labels", { shape: [images], values: labels }],
    ["ranks", { shape: [images], values: ranks }],
    ["top_classes", { shape: [images, kept], values: top }],
    ["top_posteriors", { shape: [images, kept], values }],
  ]);
  const metadata = { runs: runs.join(" "), classes: String(classes) };
  return safetensorsBytes({ tensors, metadata });
}

/**
 * Reads such a file and checks that its numbers are consistent.
 *
 * @throws {UserError} It is not such a file, or the numbers of an image contradict each other.
 */
export function readTopFive(open: OpenSafetensors, name: string): TopFive {
  const read = (tensor: string) => open.shapes.has(tensor) ? open.read(tensor) : undefined;
  const [labels, ranks, top, values] = ["labels", "ranks", "top_classes", "top_posteriors"]
    .map(read);
  const classes = Number(open.metadata.classes);
  const kept = Math.min(MOST, classes);
  const isWhole = labels instanceof Int32Array && ranks instanceof Int32Array &&
    top instanceof Int32Array && values instanceof Float32Array &&
    Number.isSafeInteger(classes) && classes > 0 && ranks.length === labels.length &&
    top.length === kept * labels.length && values.length === top.length;
  if (!isWhole) throw new UserError(`Cannot read "${name}": it does not hold the highest classes`);
  const found = { classes, labels, ranks, kept, top, values };
  for (const image of labels.keys()) {
    const fault = faultOf(found, image);
    if (fault === undefined) continue;
    throw new UserError(
      `Cannot score "${name}": its numbers for image ${image} are impossible: ${fault}`,
    );
  }
  return found;
}

/** Why the numbers of an image are impossible; undefined if they are possible. */
function faultOf({ classes, labels, ranks, kept, top, values }: TopFive, image: number) {
  const [label, rank] = [labels[image]!, ranks[image]!];
  const highest = top.subarray(image * kept, (image + 1) * kept);
  const posteriors = values.subarray(image * kept, (image + 1) * kept);
  const isClass = (index: number) => index >= 0 && index < classes;
  if (!isClass(label) || !highest.every(isClass)) {
    return `not all are one of its ${classes} classes`;
  }
  if (new Set(highest).size < kept) return "a class is listed twice";
  const sum = posteriors.reduce((sum, value) => sum + value, 0);
  const falls = posteriors.every((value, i) => value >= 0 && !(value > posteriors[i - 1]!));
  if (!falls || !(sum <= 1 + 1e-3)) return "its highest posteriors are not valid posteriors";

  // Posteriors that are equal in float32 may be in either order.
  const place = highest.indexOf(label);
  const own = place < 0 ? posteriors[kept - 1]! : posteriors[place]!;
  const above = posteriors.filter((value) => value > own).length;
  const equal = posteriors.filter((value) => value === own).length - 1;
  const least = place < 0 ? kept : above;
  const most = place < 0 || own === posteriors[kept - 1] ? classes - 1 : above + equal;
  return rank >= least && rank <= most ? undefined : `its label cannot have rank ${rank}`;
}

/** As scores. */
export function scoresOf({ classes, labels, ranks, kept, top, values }: TopFive): Scores {
  return {
    ...{ classes, labels, ranks },
    predicted: labels.map((_, image) => top[image * kept]!),
    confidence: Float32Array.from(labels, (_, image) => values[image * kept]!),
  };
}

/**
 * Looks whether `mean` can be the mean of `parts`: each of its highest posteriors must lie between
 * what the parts say at least and at most of that class.
 *
 * @throws {UserError} It cannot; or they are not of the same images.
 */
export function mustBeMean(mean: TopFive, parts: readonly TopFive[], name: string) {
  const { kept, labels } = mean;
  for (const part of parts) {
    if (part.classes === mean.classes && sameLabels(part.labels, labels)) continue;
    throw new UserError(`Cannot score "${name}": its evaluations are of other images`);
  }
  for (const [i, index] of mean.top.entries()) {
    const image = Math.floor(i / kept);
    let [least, most] = [0, 0];
    for (const { top, values } of parts) {
      const at = top.subarray(image * kept, (image + 1) * kept).indexOf(index);
      if (at >= 0) least += values[image * kept + at]!;
      most += values[image * kept + (at < 0 ? kept - 1 : at)]!;
    }
    const value = mean.values[i]!;
    const [low, high] = [least / parts.length - TOLERANCE, most / parts.length + TOLERANCE];
    if (value >= low && value <= high) continue;
    throw new UserError(
      `Cannot score "${name}": its numbers for image ${image} are not the mean of its evaluations`,
    );
  }
}

/** Whether two lists of labels are the same. */
export function sameLabels(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((label, image) => label === other[image]);
}
