/**
 * From posteriors to errors. The paper combines test scales, methods and nets by the mean of their
 * posteriors (Sections 3.2, 4.2-4.4); all of its tables are computed that way.
 *
 * @module
 */
import { UserError } from "./errors.ts";
import type { Errors } from "./experiment.ts";
import { type RowSums, rowSums } from "./system/row_sums.ts";

/** Class posteriors of a set of images under one evaluation, read in parts. */
export interface Posteriors {
  /** A name for messages: a file or a run. */
  readonly name: string;
  /** Number of classes. */
  readonly classes: number;
  /** `[images]`. */
  readonly labels: Int32Array;
  /** `[images, some]`: further classes that are as right, -1 after the last; none if absent. */
  readonly alsoRight?: Int32Array;
  /**
   * Posteriors `[to - from, classes]`, row by row: in `into`, or in an array that is valid until the
   * next call.
   */
  rows(from: number, to: number, into?: Float32Array): Float32Array;
}

/** Ranks and predictions of each image under mean posteriors. */
export interface Scores {
  /** Number of classes. */
  readonly classes: number;
  /** `[images]`: the true class; of several, the one with the highest posterior. */
  readonly labels: Int32Array;
  /**
   * `[images]`: number of wrong classes whose posterior is at least that of the true class. 0 is a
   * top-1 hit, less than 5 a top-5 hit.
   */
  readonly ranks: Int32Array;
  /** `[images]`: the class with the highest posterior; the first one if several tie. */
  readonly predicted: Int32Array;
  /** `[images]`: the posterior of the predicted class. */
  readonly confidence: Float32Array;
}

/** Posteriors to read at a time from each evaluation: with their sums they fit in a core's cache. */
const VALUES = 2 ** 16;

/** Tolerance of a row's sum, which should be 1: fits float32 over 1,000 classes, and bfloat16. */
const TOLERANCE = 1e-3;

/**
 * Scores the mean of several evaluations' posteriors. They are read in parts, so that memory holds
 * only some thousand rows of each. A class that ties with the true class counts as higher, so that a
 * net with equal posteriors for all classes has no hits. Where an image has several right classes, a
 * guess is right if it is one of them.
 *
 * `onImage` gets each image's posteriors, summed over the evaluations; they are valid during the call.
 *
 * @throws {UserError} Evaluations have different images or classes, or a row is not a posterior.
 */
export function scored(
  evaluations: readonly Posteriors[],
  onImage?: (image: number, sums: Float64Array) => void,
): Scores {
  const [first] = evaluations;
  if (first === undefined) {
    throw new RangeError("Cannot score: there are no posteriors: name an evaluation");
  }
  const { classes, labels, alsoRight = new Int32Array() } = first;
  const count = labels.length;
  const most = alsoRight.length / count;
  if (
    !labels.every((label) => label >= 0 && label < classes) ||
    !alsoRight.every((label) => label >= -1 && label < classes) || alsoRight.length % count !== 0
  ) {
    throw new UserError(`Cannot score "${first.name}": a label is not one of ${classes} classes`);
  }
  const scores = {
    classes,
    labels: most > 0 ? labels.slice() : labels,
    ranks: new Int32Array(count),
    predicted: new Int32Array(count),
    confidence: new Float32Array(count),
  };
  for (const { from, to, sums } of parts(evaluations)) {
    sums.labels.set(labels.subarray(from, to));
    sums.judge(to - from, evaluations.length);
    for (let image = from; image < (most > 0 ? to : from); image++) {
      const row = sums.row(image - from);
      const others = alsoRight.subarray(image * most, (image + 1) * most);
      const { label, ties } = highestRight(row, labels[image]!, others);
      scores.labels[image] = label;
      sums.ranks[image - from] = sums.atLeast(image - from, row[label]!) - ties; // without right classes
    }
    scores.ranks.set(sums.ranks.subarray(0, to - from), from);
    scores.predicted.set(sums.highest.subarray(0, to - from), from);
    scores.confidence.set(sums.means.subarray(0, to - from), from);
    if (onImage === undefined) continue;
    for (let image = from; image < to; image++) onImage(image, sums.row(image - from));
  }
  return scores;
}

/**
 * The right class with the highest posterior, the first one if several tie, and how many right classes
 * have that posterior.
 */
function highestRight(row: Float64Array, label: number, others: Int32Array) {
  const right = new Set([label, ...others.filter((other) => other >= 0)]);
  const highest = Math.max(...right.values().map((each) => row[each]!));
  const tied = [...right].filter((each) => row[each] === highest);
  return { label: Math.min(...tied), ties: tied.length };
}

/**
 * Calls `onImage` with each image's posteriors, summed over at least one evaluation. Labels do not
 * matter. The sums are valid until the next image.
 *
 * @throws {UserError} Evaluations have different images or classes, or a row is not a posterior.
 */
export function summed(
  evaluations: readonly Posteriors[],
  onImage: (image: number, sums: Float64Array) => void,
) {
  for (const { from, to, sums } of parts(evaluations)) {
    for (let image = from; image < to; image++) onImage(image, sums.row(image - from));
  }
}

/** Sums of evaluations' posteriors, some images at a time; valid until the next ones. */
function* parts(evaluations: readonly Posteriors[]) {
  const [first] = evaluations as [Posteriors];
  for (const other of evaluations) mustMatch(first, other);
  const { classes, labels: { length: count } } = first;
  const step = Math.max(1, Math.floor(VALUES / classes));
  // a thousand evaluations, one after the other, take the same memory
  const sums = spare.get(classes) ?? rowSums(step, classes);
  spare.clear();
  try {
    for (let from = 0; from < count; from += step) {
      const to = Math.min(from + step, count);
      for (const [i, evaluation] of evaluations.entries()) {
        readRows(evaluation, { from, to }, sums.values.subarray(0, (to - from) * classes));
        const good = i === 0 ? sums.put(to - from, TOLERANCE) : sums.add(to - from, TOLERANCE);
        if (good < to - from) throw notPosteriors(evaluation, from + good);
      }
      yield { from, to, sums };
    }
  } finally {
    spare.set(classes, sums);
  }
}

/** The last sums that are not in use, by their number of classes. */
const spare = new Map<number, RowSums>();

/**
 * Reads rows into an array that has those of another evaluation, or of other images, until then.
 *
 * @throws {UserError} There are fewer values, or more.
 */
function readRows(
  evaluation: Posteriors,
  { from, to }: { readonly from: number; readonly to: number },
  into: Float32Array,
) {
  const read = evaluation.rows(from, to, into);
  if (read.length !== into.length) {
    throw new UserError(
      `Cannot score "${evaluation.name}": it has ${read.length} values for the images ${from} to ` +
        `${to - 1}, not ${into.length}: ${to - from} images of ${evaluation.classes} classes`,
    );
  }
  if (read !== into) into.set(read); // somebody's own may ignore the array
}

/** Indices of the `count` highest values, highest first; of equal values the first comes first. */
export function highestOf(values: Float64Array, count: number): number[] {
  const places: number[] = [];
  for (const [place, value] of values.entries()) {
    if (places.length === count && !(value > values[places.at(-1)!]!)) continue;
    let at = places.length;
    while (at > 0 && value > values[places[at - 1]!]!) at--;
    places.splice(at, 0, place);
    places.length = Math.min(places.length, count);
  }
  return places;
}

function mustMatch(first: Posteriors, other: Posteriors) {
  const [a, b] = [first.labels, other.labels];
  const what = other.classes !== first.classes
    ? `"${other.name}" has ${other.classes} classes, "${first.name}" has ${first.classes}`
    : b.length !== a.length
    ? `"${other.name}" has ${b.length} images, "${first.name}" has ${a.length}`
    : b.some((label, i) => label !== a[i]) ||
        String(other.alsoRight ?? "") !== String(first.alsoRight ?? "")
    ? `"${other.name}" and "${first.name}" have different labels`
    : undefined;
  if (what === undefined) return;
  throw new UserError(
    `Cannot average posteriors: ${what}; evaluate both nets on the same data`,
  );
}

/** The error that says why the values of an image are not posteriors. */
function notPosteriors(evaluation: Posteriors, image: number): UserError {
  const values = evaluation.rows(image, image + 1);
  const sum = values.reduce((sum, value) => sum + value, 0);
  const fault = values.some((value) => value < 0)
    ? "include a negative one"
    : `sum to ${sum}, not to 1`;
  return new UserError(
    `Cannot score "${evaluation.name}": its values for image ${image} are not posteriors: they ` +
      `${fault}; remove the file to compute it again`,
  );
}

/** Number of images whose label is not among the `k` highest. */
export function misses({ ranks }: Pick<Scores, "ranks">, k: 1 | 5): number {
  let count = 0;
  for (let image = 0; image < ranks.length; image++) count += ranks[image]! >= k ? 1 : 0;
  return count;
}

/** Number of guesses in a top-5 error. */
export const GUESSES = 5;

/**
 * Top-1 and top-5 errors in per cent: the share of missed images. There is no top-5 error for five
 * classes or fewer.
 */
export function errorsOf(scores: Pick<Scores, "ranks" | "classes">): Errors {
  const share = (k: 1 | 5) => 100 * misses(scores, k) / scores.ranks.length;
  return { top1: share(1), ...scores.classes > GUESSES && { top5: share(GUESSES) } };
}

/**
 * Posteriors that are in memory, `[images, classes]`.
 *
 * @throws {UserError} There are not as many values as images and classes need.
 */
export function inMemory(
  { values, ...about }: Omit<Posteriors, "rows"> & { readonly values: Float32Array },
): Posteriors {
  const { name, classes, labels } = about;
  if (values.length !== classes * labels.length) {
    throw new UserError(
      `Cannot score "${name}": it has ${values.length} values, but ${labels.length} labels of ${classes} ` +
        `classes need ${classes * labels.length}`,
    );
  }
  function rows(from: number, to: number, into?: Float32Array) {
    const part = values.subarray(from * classes, to * classes);
    into?.set(part);
    return into ?? part;
  }
  return { ...about, rows };
}
