/** The distributions behind intervals and tests, from Cephes, as in SciPy. */
import { createRequire } from "node:module";

let loaded: typeof import("cephes") | undefined;

/**
 * Loaded at the first use, because it takes 20 ms, and by require(), because Deno cannot run the
 * package's ES module (it writes to `__proto__`).
 */
function cephes(): typeof import("cephes") {
  return loaded ??= createRequire(import.meta.url)("cephes") as typeof import("cephes");
}

/** The value that a normal draw of N(0, 1) stays below with probability `p`. */
export function normalQuantile(p: number): number {
  return cephes().ndtri(p);
}

/** The value that a draw of Student's t with `degrees` of freedom stays below with probability `p`. */
export function studentQuantile(p: number, degrees: number): number {
  return cephes().stdtri(degrees, p);
}

/** The probability that a draw of Student's t with `degrees` of freedom is below `x`. */
export function studentCdf(x: number, degrees: number): number {
  return cephes().stdtr(degrees, x);
}

/**
 * The probability that a draw of Student's t is farther from 0 than `t`, to either side. Degrees of
 * freedom need not be whole.
 */
export function fractionalTail(t: number, degrees: number): number {
  return cephes().incbet(degrees / 2, 1 / 2, degrees / (degrees + t ** 2));
}

/** As `studentQuantile`, of p above 1/2; degrees of freedom need not be whole. */
export function fractionalQuantile(p: number, degrees: number): number {
  const x = cephes().incbi(degrees / 2, 1 / 2, 2 * (1 - p));
  return Math.sqrt(degrees * (1 - x) / x);
}

/** The probability that a normal draw of N(0, 1) is below `x`. */
export function normalCdf(x: number): number {
  return cephes().ndtr(x);
}

/** Probability of at most `k` successes in `n` trials, each of probability `p`. */
export function binomialCdf(k: number, n: number, p: number): number {
  // Cephes refuses a probability of 0 or 1
  if (k < 0 || k >= n) return k < 0 ? 0 : 1;
  if (p <= 0 || p >= 1) return p <= 0 ? 1 : 0;
  return cephes().bdtr(k, n, p);
}

/**
 * Probability below the upper end of a two-sided interval: 0.975 for a confidence of 0.95.
 *
 * @throws {RangeError} A confidence is between 0 and 1, neither included.
 */
export function upperProbability(confidence: number): number {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`Cannot take ${confidence} as a confidence: give a share such as 0.95`);
  }
  return (1 + confidence) / 2;
}
