/**
 * The difference of one row's errors between two reproductions, and whether chance allows it: other
 * machines and other seeds give other nets, of the same images or of others.
 *
 * @module
 */
import { GUESSES, misses, type Scores } from "../score.ts";
import {
  type Interval,
  mcnemar,
  meanAndDeviation,
  pairedDifference,
  shareDifference,
  shareTest,
  welch,
} from "../statistics/mod.ts";
import { differenceOf, type Ranks } from "./paired_difference.ts";

/** Which error of a row. */
export type ErrorName = "top1" | "top5";

/** A row's scores in two reproductions, one for each seed. */
export interface ScoredTwice {
  readonly first: readonly Scores[];
  readonly other: readonly Scores[];
  /** Whether both are of the same images, in the same order. */
  readonly sameImages: boolean;
  /** Whether both are of the same seeds, in the same order. */
  readonly sameSeeds: boolean;
}

/** Other error - first error, in points. */
export interface SideDifference {
  readonly points: number;
  /** 95 % interval, points. */
  readonly interval: Interval;
  /** `paired`: McNemar's exact test. `two proportions`: a score test of different images. */
  readonly test: "paired" | "two proportions";
  /** The larger p-value of this test and, with several seeds on both sides, of Student's or Welch's. */
  readonly p: number;
}

/** Numbers of correct guesses that each error allows for. */
const LIMITS = { top1: 1, top5: GUESSES } as const;

/**
 * Tests a row's error in one reproduction against another.
 *
 * On the same images, McNemar's exact test compares as many seeds of each side as both have, and counts
 * an image for the side that misclassified it under fewer of them. On different images a score test
 * compares two proportions. With at least two seeds on both sides, their errors must differ by Student's
 * test, too: the paired one if the seeds are the same, else Welch's. Both must reject.
 */
export function sideDifference(
  { first, other, sameImages, sameSeeds }: ScoredTwice,
  error: ErrorName,
): SideDifference {
  const [firsts, others] = [first, other].map((scores) => scores.map((each) => wrong(each, error)));
  if (sameImages && sameSeeds) {
    const { points, interval, p, pSeeds = 0 } = differenceOf(others!, firsts!);
    return { points, interval, test: "paired", p: Math.max(p, pSeeds) };
  }
  const byImages = sameImages ? paired(firsts!, others!) : unpaired(firsts!, others!);
  const bySeeds = firsts!.length > 1 && others!.length > 1
    ? welch(others!.map(errorOf), firsts!.map(errorOf))
    : undefined;
  const isWider = bySeeds !== undefined && width(bySeeds.interval) > width(byImages.interval);
  return {
    points: mean(others!) - mean(firsts!),
    interval: isWider ? bySeeds.interval : byImages.interval,
    test: sameImages ? "paired" : "two proportions",
    p: Math.max(byImages.p, bySeeds?.p ?? 0),
  };
}

/** Whether a row's scores are equal in both, as far as they tell: guesses, ranks and confidence. */
export function areSame(first: readonly Scores[], other: readonly Scores[]): boolean {
  return first.length === other.length && first.every((one, seed) => {
    const two = other[seed]!;
    return (["ranks", "predicted", "confidence"] as const).every((field) =>
      one[field].length === two[field].length &&
      one[field].every((value, image) => value === two[field][image])
    );
  });
}

/** `ranks` that are 0 exactly where an image counts as correct. */
function wrong({ ranks }: Ranks, error: ErrorName): Ranks {
  return { ranks: ranks.map((rank) => rank >= LIMITS[error] ? 1 : 0) };
}

/** An error in per cent. */
function errorOf({ ranks }: Ranks): number {
  return 100 * misses({ ranks }, 1) / ranks.length;
}

const mean = (seeds: readonly Ranks[]) => meanAndDeviation(seeds.map(errorOf)).mean;
const width = ({ low, high }: Interval) => high - low;
const inPoints = ({ low, high }: Interval) => ({ low: 100 * low, high: 100 * high });

/** The same images, other seeds. */
function paired(
  firsts: readonly Ranks[],
  others: readonly Ranks[],
): Pick<SideDifference, "interval" | "p"> {
  const images = firsts[0]!.ranks.length;
  // shares of seeds that got an image wrong: their product is the share of pairs of seeds that both did
  const [one, two] = [firsts, others].map((seeds) => shareOfSeeds(seeds, seeds.length));
  const onlyFirst = two!.reduce((sum, share, image) => sum + share * (1 - one![image]!), 0);
  const onlySecond = one!.reduce((sum, share, image) => sum + share * (1 - two![image]!), 0);
  const seeds = Math.min(firsts.length, others.length);
  const [few, fewOthers] = [shareOfSeeds(firsts, seeds), shareOfSeeds(others, seeds)];
  const count = (sign: 1 | -1) =>
    fewOthers.filter((share, image) => sign * (share - few[image]!) > 0).length;
  return {
    interval: inPoints(pairedDifference({ images, onlyFirst, onlySecond })),
    p: mcnemar(count(1), count(-1)),
  };
}

/** `[images]`: the share of the first seeds that got an image wrong. */
function shareOfSeeds(seeds: readonly Ranks[], most: number): Float64Array {
  const wrong = new Float64Array(seeds[0]!.ranks.length);
  for (const { ranks } of seeds.slice(0, most)) ranks.forEach((rank, i) => wrong[i]! += rank);
  return wrong.map((count) => count / Math.min(most, seeds.length));
}

/** Other images. */
function unpaired(
  firsts: readonly Ranks[],
  others: readonly Ranks[],
): Pick<SideDifference, "interval" | "p"> {
  const [first, other] = [firsts, others].map((seeds) => {
    const n = seeds[0]!.ranks.length;
    return { failures: mean(seeds) / 100 * n, n };
  });
  return {
    interval: inPoints(shareDifference(other!, first!)),
    p: shareTest(other!, first!),
  };
}
