/**
 * Two classifiers on the same images. Images that both got right or both got wrong do not tell which
 * is better; only the discordant ones count, which one of them got wrong.
 *
 * @module
 */
import { binomialCdf, normalCdf, normalQuantile, upperProbability } from "./distributions.ts";
import type { Interval } from "./proportion.ts";

/** How two classifiers did on the same images; a mean over seeds may be fractional. */
export interface Pairs {
  /** Number of images. */
  readonly images: number;
  /** Number of images that only the first got wrong. */
  readonly onlyFirst: number;
  /** Number of images that only the second got wrong. */
  readonly onlySecond: number;
}

/**
 * Two-sided p-value of McNemar's exact test (McNemar 1947; Fagerland, Lydersen and Laake 2013): how
 * likely a fair coin, thrown for each discordant image, would be as uneven or more. 1 where no
 * image is discordant.
 *
 * @param onlyFirst images that only the first got wrong
 * @param onlySecond images that only the second got wrong
 * @throws {RangeError} One is not a count.
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  requireCounts(onlyFirst, onlySecond);
  if (onlyFirst === onlySecond) return 1;
  const fewer = Math.min(onlyFirst, onlySecond);
  return Math.min(1, 2 * binomialCdf(fewer, onlyFirst + onlySecond, 1 / 2));
}

/**
 * Tango's score interval (Tango 1998) of the difference of two errors, first - second: the
 * differences that McNemar's test, generalised to any difference, does not reject. It agrees with the
 * p-value and keeps its coverage if few images are discordant. If no image is, it still says what this
 * number of images can exclude.
 *
 * @returns shares, -1 to 1
 * @throws {RangeError} The counts cannot be.
 */
export function pairedDifference(pairs: Pairs, confidence = 0.95): Interval {
  requirePairs(pairs);
  const z = normalQuantile(upperProbability(confidence));
  const swapped = { ...pairs, onlyFirst: pairs.onlySecond, onlySecond: pairs.onlyFirst };
  return { low: -upperEnd(swapped, z), high: upperEnd(pairs, z) };
}

/** The difference above the observed one whose score is -z, by halving, to 2^-60. */
function upperEnd(pairs: Pairs, z: number): number {
  let [low, high] = [(pairs.onlyFirst - pairs.onlySecond) / pairs.images, 1];
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (score(pairs, middle) > -z) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Tango's score of a hypothetical difference: how many standard deviations the observed difference is
 * above it. The share that only the second gets wrong is the most likely one under the hypothesis, the
 * root of 2 n share^2 + b share + c = 0.
 */
function score({ images, onlyFirst, onlySecond }: Pairs, difference: number): number {
  const b = (2 * images - onlyFirst + onlySecond) * difference - onlyFirst - onlySecond;
  const c = -onlySecond * difference * (1 - difference);
  const share = (Math.sqrt(b ** 2 - 8 * images * c) - b) / (4 * images);
  const variance = images * (2 * share + difference * (1 - difference));
  return (onlyFirst - onlySecond - images * difference) / Math.sqrt(variance);
}

/** What `imagesToDecide` and `imagesToDetect` plan for: a test at 5 %, decided four times in five. */
const [SIGNIFICANCE, POWER] = [0.05, 0.8];

/** How precisely a number of images is found where that takes time. */
const PRECISION = 1e-4;

/** Expected discordant images below which the power is summed exactly and not approximated. */
const FEW = { interval: 50, exactTest: 100 } as const;

/**
 * How many images Tango's interval at 95 % needs, with a probability of 80 %, to be inside a range of
 * differences or beyond one of its ends, if the true shares are the observed ones. A difference inside a
 * range with two ends (an equivalence) must be told from both. Infinity if the observed difference is at
 * an end.
 *
 * With many discordant images the score is normally distributed (Connor 1987); with few the probability
 * is summed over their number.
 *
 * @param range differences, shares; by default the end 0: which of the two is better
 * @throws {RangeError} The counts cannot be.
 */
export function imagesToDecide(
  pairs: Pairs,
  range: Interval = { low: -Infinity, high: 0 },
): number {
  const truth = sharesOf(pairs);
  if ([range.low, range.high].includes(truth.difference)) return Infinity;
  const ends = endsToExclude(truth, range);
  const needed = smallest((images) => normalPower(truth, ends, images) >= POWER, 1);
  if (needed * truth.discordant >= FEW.interval) return needed;
  const z = normalQuantile(upperProbability(1 - SIGNIFICANCE));
  const decisions = ends.map((end): Decision =>
    end < truth.difference
      ? { forMore: true, holds: (pairs) => score(pairs, end) > z }
      : { forMore: false, holds: (pairs) => score(pairs, end) < -z }
  );
  const suffices = (images: number) => exactPower(truth, decisions, images) >= POWER;
  return smallest(suffices, Math.ceil(needed / 2), PRECISION);
}

/**
 * How many images McNemar's exact test needs to be significant at 5 % with a probability of 80 %, if the
 * true shares are the observed ones: it needs more than the interval where few images are discordant.
 * Infinity if both got the same number wrong.
 *
 * @throws {RangeError} The counts cannot be.
 */
export function imagesToDetect(pairs: Pairs): number {
  const truth = sharesOf(pairs);
  if (truth.difference === 0) return Infinity;
  const needed = smallest((images) => normalPower(truth, [0], images) >= POWER, 1);
  if (needed * truth.discordant >= FEW.exactTest) return needed;
  const forMore = truth.difference > 0;
  // the same for any number of images, and costly
  const known = new Map<string, boolean>();
  function holds({ onlyFirst, onlySecond }: Pairs): boolean {
    if (onlyFirst > onlySecond !== forMore) return false;
    const key = `${onlyFirst} ${onlySecond}`;
    const found = known.get(key) ?? mcnemar(onlyFirst, onlySecond) < SIGNIFICANCE;
    known.set(key, found);
    return found;
  }
  const suffices = (images: number) => exactPower(truth, [{ forMore, holds }], images) >= POWER;
  return smallest(suffices, needed, PRECISION);
}

/** True shares of images: those that one classifier alone gets wrong, and first - second. */
interface TrueShares {
  readonly discordant: number;
  readonly difference: number;
}

function sharesOf(pairs: Pairs): TrueShares {
  requirePairs(pairs);
  const { images, onlyFirst, onlySecond } = pairs;
  return {
    discordant: (onlyFirst + onlySecond) / images,
    difference: (onlyFirst - onlySecond) / images,
  };
}

/** The first number from `from` on that suffices, if all larger ones do; to `precision` of it. */
function smallest(suffices: (count: number) => boolean, from: number, precision = 0): number {
  let [low, high] = [from - 1, from];
  while (!suffices(high)) [low, high] = [high, Math.ceil(1.5 * high)];
  while (high - low > Math.max(1, precision * low)) {
    const middle = Math.floor((low + high) / 2);
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The ends that the interval must exclude: both from inside a range, else the one that was passed. */
function endsToExclude({ difference }: TrueShares, { low, high }: Interval): number[] {
  if (difference < low) return [low];
  if (difference > high) return [high];
  return [low, high].filter(Number.isFinite);
}

/** Probability that the interval excludes the ends, where the score is normally distributed. */
function normalPower(
  { discordant, difference }: TrueShares,
  ends: readonly number[],
  images: number,
): number {
  const z = normalQuantile(upperProbability(1 - SIGNIFICANCE));
  const misses = ends.map((end) => {
    // a difference of this size needs as many discordant images at least
    const supposed = Math.max(discordant, Math.abs(end));
    const distance = Math.sqrt(images) * Math.abs(difference - end) -
      z * Math.sqrt(supposed - end ** 2);
    const deviation = Math.sqrt(discordant - difference ** 2);
    return deviation === 0 ? (distance >= 0 ? 0 : 1) : normalCdf(-distance / deviation);
  });
  return 1 - misses.reduce((sum, miss) => sum + miss, 0);
}

/** A decision on counts, which holds from some number of images that only the first got wrong on, or up to one. */
interface Decision {
  readonly forMore: boolean;
  holds(pairs: Pairs): boolean;
}

/** Probability that all decisions hold, summed over the number of discordant images. */
function exactPower(
  { discordant, difference }: TrueShares,
  decisions: readonly Decision[],
  images: number,
): number {
  const ofFirst = discordant === 0 ? 0 : (1 + difference / discordant) / 2;
  const [expected, spread] = [images * discordant, 6 * Math.sqrt(images * discordant) + 6];
  const most = Math.min(images, Math.ceil(expected + spread));
  let power = 0;
  for (let count = Math.max(0, Math.floor(expected - spread)); count <= most; count++) {
    let [least, largest] = [0, count];
    for (const { forMore, holds } of decisions) {
      const of = (onlyFirst: number) => holds({ images, onlyFirst, onlySecond: count - onlyFirst });
      if (forMore) least = Math.max(least, firstTrue(count, of));
      else largest = Math.min(largest, firstTrue(count, (n) => !of(n)) - 1);
    }
    if (largest < least) continue;
    const share = binomialCdf(count, images, discordant) -
      binomialCdf(count - 1, images, discordant);
    power += share *
      (binomialCdf(largest, count, ofFirst) - binomialCdf(least - 1, count, ofFirst));
  }
  return power;
}

/** The first of 0 to `most` for which a test holds, as for all larger ones; `most + 1` if there is none. */
function firstTrue(most: number, holds: (n: number) => boolean): number {
  let [low, high] = [-1, most + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function requirePairs({ images, onlyFirst, onlySecond }: Pairs): void {
  requireCounts(images);
  const wrong = [onlyFirst, onlySecond].find((count) => !(count >= 0 && count < Infinity));
  if (wrong !== undefined) throw new RangeError(`Cannot take ${wrong} as a number of images`);
  if (images === 0 || onlyFirst + onlySecond > images) {
    throw new RangeError(
      `Cannot compare on ${images} images, ${onlyFirst} and ${onlySecond} of them discordant: ` +
        "count each image once",
    );
  }
}

function requireCounts(...counts: readonly number[]): void {
  const wrong = counts.find((count) => !(Number.isSafeInteger(count) && count >= 0));
  if (wrong !== undefined) throw new RangeError(`Cannot take ${wrong} as a number of images`);
}
