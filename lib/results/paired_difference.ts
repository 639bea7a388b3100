/**
 * The difference of two rows' top-1 errors with its uncertainty. Both rows are of the same images, so
 * only the images that one row alone misclassified matter.
 *
 * @module
 */
import type { Scores } from "../score.ts";
import {
  type Interval,
  mcnemar,
  meanAndDeviation,
  pairedDifference,
  type Pairs,
  studentInterval,
  studentTest,
} from "../statistics/mod.ts";

/** First error - second error, in points. */
export interface Difference {
  /** Mean over the seeds. */
  readonly points: number;
  /** 95 % interval, points. */
  readonly interval: Interval;
  /** The larger source of uncertainty, which gives the interval: images or seeds. */
  readonly from: "images" | "seeds";
  /** McNemar's exact test of no difference. */
  readonly p: number;
  /** Student's paired t-test over the seeds; absent for one seed. */
  readonly pSeeds?: number;
  /** Numbers of images that one row alone misclassified, means over the seeds. */
  readonly pairs: Pairs;
}

/** The part of a row's scores that is needed. */
export type Ranks = Pick<Scores, "ranks">;

/**
 * Compares two rows, seed by seed. The interval is the wider of two: Tango's over the images, whose
 * number does not grow with the seeds; and Student's over the differences of at least two seeds.
 * With several seeds, McNemar's test counts an image for the row that misclassified it under fewer
 * seeds, so that its units are images, too.
 *
 * @param first scores of the first row, one for each seed
 * @param second scores of the second row, for the same seeds and images
 * @throws {RangeError} The numbers of seeds or images differ.
 */
export function differenceOf(
  first: readonly Ranks[],
  second: readonly Ranks[],
  confidence = 0.95,
): Difference {
  const seeds = first.map(({ ranks }, seed) => contrast(ranks, second[seed]?.ranks));
  if (seeds.length === 0 || seeds.length !== second.length) {
    throw new RangeError(`Cannot compare ${first.length} seeds with ${second.length}`);
  }
  const images = seeds[0]!.length;
  const count = (of: Int32Array, sign: 1 | -1) => of.filter((each) => each * sign > 0).length;
  const mean = (sign: 1 | -1) => meanAndDeviation(seeds.map((seed) => count(seed, sign))).mean;
  const points = seeds.map((seed) => 100 * (count(seed, 1) - count(seed, -1)) / images);
  const pairs = { images, onlyFirst: mean(1), onlySecond: mean(-1) };
  const together = seeds[0]!.map((_, image) => seeds.reduce((sum, seed) => sum + seed[image]!, 0));
  return {
    points: meanAndDeviation(points).mean,
    ...intervalOf(pairs, points, confidence),
    p: mcnemar(count(together, 1), count(together, -1)),
    ...points.length > 1 && { pSeeds: studentTest(points) },
    pairs,
  };
}

/** `[images]`: 1 where only the first is wrong, -1 where only the second is, else 0. */
function contrast(first: Int32Array, second: Int32Array | undefined): Int32Array {
  if (first.length !== second?.length) {
    throw new RangeError(`Cannot compare ${first.length} images with ${second?.length ?? "none"}`);
  }
  return first.map((rank, image) => Math.sign(rank) - Math.sign(second[image]!));
}

function intervalOf(
  pairs: Pairs,
  points: readonly number[],
  confidence: number,
): Pick<Difference, "interval" | "from"> {
  const { low, high } = pairedDifference(pairs, confidence);
  const byImages = { low: 100 * low, high: 100 * high };
  if (points.length > 1) {
    const bySeeds = studentInterval(points, confidence);
    if (width(bySeeds) > width(byImages)) return { interval: bySeeds, from: "seeds" };
  }
  return { interval: byImages, from: "images" };
}

const width = ({ low, high }: Interval) => high - low;
