/**
 * Posteriors in a small bundle: for each image its label, the posterior and the rank of the label, and
 * the five highest classes with their posteriors. All errors can be computed from that, but not the
 * mean of several evaluations. So the mean posteriors of each row are kept in the same form, and must
 * be within the bounds that the evaluations allow.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { GUESSES, highestOf, type Posteriors, scored, type Scores } from "../score.ts";
import {
  type NamedTensor,
  type OpenSafetensors,
  type Safetensors,
  safetensorsBytes,
} from "../weights/safetensors.ts";

/** Rounding error of a posterior: float32, and sums of several. */
const TOLERANCE = 1e-5;
/** How far a sum of posteriors may be from one. */
const SUM_TOLERANCE = 1e-3;

/** The highest classes of mean posteriors, and the rank of each image's label among all classes. */
export interface TopFive {
  readonly classes: number;
  /** `[images]`. */
  readonly labels: Int32Array;
  /** `[images]`: other classes whose posterior is not below the label's. */
  readonly ranks: Int32Array;
  /** `[images]`: the label's posterior. */
  readonly own: Float32Array;
  /** Classes that are kept of each image: 5, or all classes if there are fewer. */
  readonly kept: number;
  /** `[images, kept]`: highest first; ties in the order of classes. */
  readonly top: Int32Array;
  /** `[images, kept]`: their posteriors. */
  readonly values: Float32Array;
}

/**
 * The five highest classes of the mean of evaluations.
 *
 * @throws {UserError} Images have several right classes, of which such a file keeps one.
 */
export function topFiveOf(evaluations: readonly Posteriors[]): TopFive {
  const { name, classes, labels, alsoRight } = evaluations[0]!;
  if (alsoRight !== undefined) {
    throw new UserError(
      `Cannot keep only five classes of "${name}": its images have several right classes; leave ` +
        "--small out",
    );
  }
  const kept = Math.min(GUESSES, classes);
  const top = new Int32Array(labels.length * kept);
  const values = new Float32Array(labels.length * kept);
  const own = new Float32Array(labels.length);
  const { ranks } = scored(evaluations, (image, sums) => {
    own[image] = sums[labels[image]!]! / evaluations.length;
    const highest = highestOf(sums, kept);
    top.set(highest, image * kept);
    values.set(highest.map((place) => sums[place]! / evaluations.length), image * kept);
  });
  return { classes, labels, ranks, own, kept, top, values };
}

/** The bytes of a file; `runs` are the keys of its evaluations. */
export function topFiveBytes(
  { classes, labels, ranks, own, kept, top, values }: TopFive,
  runs: readonly string[],
): Uint8Array[] {
  const images = labels.length;
  const tensors: Safetensors["tensors"] = new Map<string, NamedTensor>([
    ["labels", { shape: [images], values: labels }],
    ["ranks", { shape: [images], values: ranks }],
    ["label_posteriors", { shape: [images], values: own }],
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
  const [labels, ranks, own, top, values] = [
    ...["labels", "ranks", "label_posteriors", "top_classes", "top_posteriors"],
  ].map(read);
  const classes = Number(open.metadata.classes);
  const kept = Math.min(GUESSES, classes);
  const isWhole = labels instanceof Int32Array && ranks instanceof Int32Array &&
    top instanceof Int32Array && values instanceof Float32Array && own instanceof Float32Array &&
    own.length === labels.length &&
    Number.isSafeInteger(classes) && classes > 0 && ranks.length === labels.length &&
    top.length === kept * labels.length && values.length === top.length;
  if (!isWhole) throw new UserError(`Cannot read "${name}": it does not hold the highest classes`);
  const found = { classes, labels, ranks, own, kept, top, values };
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
function faultOf({ classes, labels, ranks, own, kept, top, values }: TopFive, image: number) {
  const [label, rank, ownValue] = [labels[image]!, ranks[image]!, own[image]!];
  const highest = top.subarray(image * kept, (image + 1) * kept);
  const posteriors = values.subarray(image * kept, (image + 1) * kept);
  const isClass = (index: number) => index >= 0 && index < classes;
  if (!isClass(label) || !highest.every(isClass)) {
    return `not all are one of its ${classes} classes`;
  }
  if (new Set(highest).size < kept) return "a class is listed twice";
  const place = highest.indexOf(label);
  const sum = posteriors.reduce((sum, value) => sum + value, place < 0 ? ownValue : 0);
  const falls = posteriors.every((value, i) => value >= 0 && !(value > posteriors[i - 1]!));
  const isOwn = place < 0
    ? ownValue >= 0 && ownValue <= posteriors[kept - 1]!
    : ownValue === posteriors[place];
  const isWhole = kept < classes || sum >= 1 - SUM_TOLERANCE;
  if (!falls || !isOwn || !isWhole || !(sum <= 1 + SUM_TOLERANCE)) {
    return "its highest posteriors are not valid posteriors";
  }

  // Posteriors that are equal in float32 may be in either order.
  const above = posteriors.filter((value) => value > ownValue).length;
  const equal = posteriors.filter((value, i) => i !== place && value === ownValue).length;
  const isLast = place < 0 || ownValue === posteriors[kept - 1];
  // Classes that are not listed share the rest of the sum.
  const room = ownValue > 0 ? (1 + SUM_TOLERANCE - sum) / ownValue : Infinity;
  const others = isLast ? Math.min(classes - kept, room) : 0;
  return rank >= above && rank <= above + equal + others && (place >= 0 || rank >= kept)
    ? undefined
    : `its label cannot have rank ${rank}`;
}

/** As scores. */
export function scoresOf({ classes, labels, ranks, kept, top, values }: TopFive): Scores {
  return {
    ...{ classes, labels, ranks },
    predicted: labels.map((_, image) => top[image * kept]!),
    confidence: Float32Array.from(labels, (_, image) => values[image * kept]!),
  };
}

/** Numbers of images whose result the evaluations in a small bundle do not determine. */
export interface Undetermined {
  readonly top1: number;
  readonly top5: number;
}

/**
 * Checks that `mean` can be the mean of `parts`, image by image: the label's posterior must be the
 * mean, every listed class must be within its bounds, no class that must be higher may be missing,
 * and the label's rank must be within the bounds of the other classes.
 *
 * @returns how many images could still be right or wrong: there a class that no part lists decides
 * @throws {UserError} It cannot be the mean, or the parts have other images.
 */
export function mustBeMean(
  mean: TopFive,
  parts: readonly TopFive[],
  name: string,
): Undetermined {
  for (const part of parts) {
    if (part.classes === mean.classes && sameLabels(part.labels, mean.labels)) continue;
    throw new UserError(`Cannot score "${name}": its evaluations are of other images`);
  }
  let [top1, top5] = [0, 0];
  for (const image of mean.labels.keys()) {
    const bounds = boundsOf(parts, image);
    if (!isWithin(mean, bounds, image)) {
      throw new UserError(
        `Cannot score "${name}": its numbers for image ${image} are not the mean of its evaluations`,
      );
    }
    const { least, most } = rankBounds(mean, bounds, image, TOLERANCE);
    if (least < 1 && most >= 1) top1++;
    if (least < GUESSES && most >= GUESSES && mean.classes > GUESSES) top5++;
  }
  return { top1, top5 };
}

/** What the evaluations of a mean say about the posteriors of one image. */
interface Bounds {
  /** Bounds of each class that a part lists, and the label's exact posterior. */
  readonly listed: ReadonlyMap<number, { readonly low: number; readonly high: number }>;
  /** Highest posterior of a class that no part lists. */
  readonly unlisted: number;
}

function boundsOf(parts: readonly TopFive[], image: number): Bounds {
  const known = parts.map(({ labels, own, kept, top, values }) => {
    const posteriors = new Map<number, number>();
    for (let i = image * kept; i < (image + 1) * kept; i++) posteriors.set(top[i]!, values[i]!);
    posteriors.set(labels[image]!, own[image]!);
    const sum = posteriors.values().reduce((sum, value) => sum + value, 0);
    const lowest = values[(image + 1) * kept - 1]!;
    return { posteriors, other: Math.min(lowest, Math.max(0, 1 + SUM_TOLERANCE - sum)) };
  });
  const mean = (of: (part: typeof known[number]) => number) =>
    known.reduce((sum, part) => sum + of(part), 0) / parts.length;
  const classes = new Set(known.flatMap(({ posteriors }) => [...posteriors.keys()]));
  return {
    listed: new Map([...classes].map((index) => [index, {
      low: mean(({ posteriors }) => posteriors.get(index) ?? 0),
      high: mean(({ posteriors, other }) => posteriors.get(index) ?? other),
    }])),
    unlisted: mean(({ other }) => other),
  };
}

/** Whether the numbers of an image in a mean are within the bounds of its evaluations. */
function isWithin(mean: TopFive, bounds: Bounds, image: number): boolean {
  const { kept, top, values, own, labels, ranks } = mean;
  const highest = top.subarray(image * kept, (image + 1) * kept);
  const [label, ownValue] = [labels[image]!, own[image]!];
  const isBetween = (value: number, index: number) => {
    const { low, high } = bounds.listed.get(index) ?? { low: 0, high: bounds.unlisted };
    return value >= low - TOLERANCE && value <= high + TOLERANCE;
  };
  const lowest = values[(image + 1) * kept - 1]!;
  const { least, most } = rankBounds(mean, bounds, image, -TOLERANCE);
  return isBetween(ownValue, label) &&
    highest.every((index, i) => isBetween(values[image * kept + i]!, index)) &&
    bounds.listed.entries().every(([index, { low }]) =>
      highest.includes(index) || low <= lowest + TOLERANCE
    ) &&
    ranks[image]! >= least && ranks[image]! <= most;
}

/**
 * Bounds of the rank of an image's label in a mean, from its evaluations alone. A class may be as high
 * as the label if its upper bound is higher than the label's posterior by `margin`.
 */
function rankBounds(
  { classes, labels, own }: TopFive,
  bounds: Bounds,
  image: number,
  margin: number,
) {
  const [label, ownValue] = [labels[image]!, own[image]!];
  const others = [...bounds.listed].filter(([index]) => index !== label);
  const unlisted = classes - others.length - 1;
  return {
    least: others.filter(([, { low }]) => low > ownValue + TOLERANCE).length,
    most: others.filter(([, { high }]) => high >= ownValue + margin).length +
      (bounds.unlisted >= ownValue + margin ? unlisted : 0),
  };
}

/** Whether two lists of labels are the same. */
export function sameLabels(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((label, image) => label === other[image]);
}
