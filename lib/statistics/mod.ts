/**
 * Intervals and tests for errors of classifiers: pure functions on numbers. Errors are counts and
 * shares from 0 to 1; only `verdict` uses per cent and points, as the paper does.
 *
 * @module
 */
export { fewLetters, holm, letters, ones } from "./multiple_comparisons.ts";
export { type Interval, type Share, shareDifference, shareTest, wilson } from "./proportion.ts";
export { imagesToDecide, imagesToDetect, mcnemar, pairedDifference, type Pairs } from "./pairs.ts";
export {
  meanAndDeviation,
  studentInterval,
  studentTest,
  welch,
  type WelchResult,
} from "./seeds.ts";
export { MARGIN, signed, type Status, type Verdict, verdict } from "./verdict.ts";
