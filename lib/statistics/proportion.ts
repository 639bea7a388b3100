/** How far a share of images, such as an error, may be from its value on infinitely many images. */
import { normalQuantile, upperProbability } from "./distributions.ts";

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
 * @param n images
 * @returns shares, 0 to 1
 * @throws {RangeError} There are no images, or fewer than failures.
 */
export function wilson(failures: number, n: number, confidence = 0.95): Interval {
  if (!(Number.isSafeInteger(n) && n > 0 && failures >= 0 && failures <= n)) {
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
