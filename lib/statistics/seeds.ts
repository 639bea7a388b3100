/** Means and intervals over seeds. */
import {
  fractionalQuantile,
  fractionalTail,
  studentCdf,
  studentQuantile,
  upperProbability,
} from "./distributions.ts";
import type { Interval } from "./proportion.ts";

/**
 * The mean and the standard deviation (n - 1 in the denominator) of `values`. A single value has no
 * deviation: NaN.
 *
 * @throws {RangeError} There are no values, or one is not finite.
 */
export function meanAndDeviation(
  values: readonly number[],
): { readonly mean: number; readonly deviation: number } {
  if (values.length === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(`Cannot average [${values.join(", ")}]: give at least one finite number`);
  }
  // equal values have no deviation, where a rounded sum would leave some 1e-15 for a test to find
  const isOne = values.every((value) => value === values[0]);
  const mean = isOne ? values[0]! : values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/**
 * Student's interval of the mean over infinitely many seeds (Student 1908), for values that are about
 * normally distributed. With two seeds it is wide: 12.7 standard errors to each side.
 *
 * @throws {RangeError} There are fewer than two values, or one is not finite.
 */
export function studentInterval(values: readonly number[], confidence = 0.95): Interval {
  const { mean, deviation } = meanAndDeviation(values);
  if (values.length < 2) {
    throw new RangeError(`Cannot tell from one seed (${mean}) how seeds differ: run at least two`);
  }
  const t = studentQuantile(upperProbability(confidence), values.length - 1);
  const half = t * deviation / Math.sqrt(values.length);
  return { low: mean - half, high: mean + half };
}

/**
 * Two-sided p-value of Student's t-test that the mean over infinitely many seeds is 0; for
 * differences within a seed, the paired t-test.
 *
 * @throws {RangeError} There are fewer than two values, or one is not finite.
 */
export function studentTest(values: readonly number[]): number {
  const { mean, deviation } = meanAndDeviation(values);
  if (values.length < 2) {
    throw new RangeError(`Cannot tell from one seed (${mean}) how seeds differ: run at least two`);
  }
  if (deviation === 0) return mean === 0 ? 1 : 0;
  const t = Math.abs(mean) / (deviation / Math.sqrt(values.length));
  return Math.min(1, 2 * studentCdf(-t, values.length - 1));
}

/** What Welch's test says of two means. */
export interface WelchResult {
  /** Two-sided p-value of equal means. */
  readonly p: number;
  /** Interval of the difference, one - other. */
  readonly interval: Interval;
}

/**
 * Welch's t-test that the means over infinitely many seeds are equal (Welch 1947), for two groups of
 * seeds that have nothing in common, neither their number nor their deviation.
 *
 * @throws {RangeError} A group has fewer than two values, or one is not finite.
 */
export function welch(
  ones: readonly number[],
  others: readonly number[],
  confidence = 0.95,
): WelchResult {
  const [one, other] = [ones, others].map((values) => {
    const { mean, deviation } = meanAndDeviation(values);
    if (values.length < 2) {
      throw new RangeError(
        `Cannot tell from one seed (${mean}) how seeds differ: run at least two`,
      );
    }
    return { mean, variance: deviation ** 2 / values.length, degrees: values.length - 1 };
  }) as [MeanOfSeeds, MeanOfSeeds];
  const difference = one.mean - other.mean;
  const variance = one.variance + other.variance;
  if (variance === 0) {
    return { p: difference === 0 ? 1 : 0, interval: { low: difference, high: difference } };
  }
  const degrees = variance ** 2 /
    (one.variance ** 2 / one.degrees + other.variance ** 2 / other.degrees);
  const half = fractionalQuantile(upperProbability(confidence), degrees) * Math.sqrt(variance);
  return {
    p: fractionalTail(difference / Math.sqrt(variance), degrees),
    interval: { low: difference - half, high: difference + half },
  };
}

/** A mean over seeds, and the variance of that mean. */
interface MeanOfSeeds {
  readonly mean: number;
  readonly variance: number;
  readonly degrees: number;
}
