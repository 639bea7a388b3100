/**
 * Two classifiers on the same images. Images that both got right or both got wrong do not tell which
 * is better; only the discordant ones count, which one of them got wrong.
 *
 * @module
 */
import { fairCoinCdf, normalQuantile, upperProbability } from "./distributions.ts";
import type { Interval } from "./proportion.ts";

/** How two classifiers did on the same images; a mean over seeds may be fractional. */
export interface Pairs {
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
  return Math.min(1, 2 * fairCoinCdf(fewer, onlyFirst + onlySecond));
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

/** What `imagesToDecide` plans for: a test at 5 %, won four times in five. */
const [SIGNIFICANCE, POWER] = [0.05, 0.8];

/**
 * How many images McNemar's test would need to find a difference of the observed size, among such a
 * share of discordant images, significant at 5 % with a probability of 80 % (Connor 1987); or
 * Tango's test, to tell it from another difference than none. Infinity where there is nothing to
 * tell apart.
 *
 * @param against the difference, a share, that the observed one is to be told from
 * @throws {RangeError} The counts cannot be.
 */
export function imagesToDecide(pairs: Pairs, against = 0): number {
  requirePairs(pairs);
  const { images, onlyFirst, onlySecond } = pairs;
  const discordant = (onlyFirst + onlySecond) / images;
  const difference = (onlyFirst - onlySecond) / images;
  if (difference === against) return Infinity;
  // that difference itself would take so many discordant images at least
  const supposed = Math.max(discordant, Math.abs(against));
  const deviations =
    normalQuantile(upperProbability(1 - SIGNIFICANCE)) * Math.sqrt(supposed - against ** 2) +
    normalQuantile(POWER) * Math.sqrt(discordant - difference ** 2);
  return Math.ceil((deviations / (difference - against)) ** 2);
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
