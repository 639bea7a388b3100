/** How far a share of images, such as an error, may be from its value on infinitely many images. */
import { normalCdf, normalQuantile, upperProbability } from "./distributions.ts";

/** The values from `low` to `high`. */
export interface Interval {
  /** Its lower end. */
  readonly low: number;
  /** Its upper end. */
  readonly high: number;
}

/**
 * Wilson's score interval of a proportion (Wilson 1927; recommended by Brown, Cai and DasGupta
 * 2001): the shares that a score test does not reject after `failures` in `n`. Nearly symmetric
 * in the middle, never outside [0, 1], and of some width even where nothing or everything failed.
 *
 * @param failures wrongly classified images; a mean over seeds need not be whole
 * @param n images; of a class, a mean over seeds need not be whole either
 * @returns shares, 0 to 1
 * @throws {RangeError} There are no images, or fewer than failures.
 */
export function wilson(failures: number, n: number, confidence = 0.95): Interval {
  if (!(n > 0 && n <= Number.MAX_SAFE_INTEGER && failures >= 0 && failures <= n)) {
    throw new RangeError(`Cannot take ${failures} failures of ${n} images as a proportion`);
  }
  const z = normalQuantile(upperProbability(confidence));
  const p = failures / n;
  const shrinkage = 1 + z ** 2 / n;
  const centre = (p + z ** 2 / (2 * n)) / shrinkage;
  const half = z / shrinkage * Math.sqrt(p * (1 - p) / n + z ** 2 / (4 * n ** 2));
  return {
    low: failures === 0 ? 0 : centre - half,
    high: failures === n ? 1 : centre + half,
  };
}

/** Wrongly classified images of some; a mean over seeds need not be whole. */
export interface Share {
  readonly failures: number;
  readonly n: number;
}

/**
 * Newcombe's interval of the difference of two shares, one - other, of different images (Newcombe
 * 1998, method 10): the distances of both from the ends of their Wilson intervals, put together.
 *
 * @returns shares, -1 to 1
 * @throws {RangeError} A share has no images, or fewer than failures.
 */
export function shareDifference(one: Share, other: Share, confidence = 0.95): Interval {
  const [ours, theirs] = [one, other].map(({ failures, n }) => {
    const { low, high } = wilson(failures, n, confidence);
    return { share: failures / n, down: failures / n - low, up: high - failures / n };
  }) as [Ends, Ends];
  const difference = ours.share - theirs.share;
  return {
    low: difference - Math.hypot(ours.down, theirs.up),
    high: difference + Math.hypot(ours.up, theirs.down),
  };
}

/** A share, and how far the ends of its interval are from it. */
interface Ends {
  readonly share: number;
  readonly down: number;
  readonly up: number;
}

/**
 * Two-sided p-value of the score test that two shares of different images are equal: the pooled z-test,
 * which is Pearson's chi-squared test without a correction. 1 where nothing or everything failed.
 *
 * @throws {RangeError} A share has no images, or fewer than failures.
 */
export function shareTest(one: Share, other: Share): number {
  for (const { failures, n } of [one, other]) wilson(failures, n);
  const pooled = (one.failures + other.failures) / (one.n + other.n);
  const variance = pooled * (1 - pooled) * (1 / one.n + 1 / other.n);
  if (variance === 0) return 1;
  const z = (one.failures / one.n - other.failures / other.n) / Math.sqrt(variance);
  return Math.min(1, 2 * normalCdf(-Math.abs(z)));
}
