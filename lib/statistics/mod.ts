/**
 * What differences between errors mean: pure functions on numbers. Errors of images are counts and
 * shares here, 0 to 1; only a verdict speaks of per cent and points, as the paper does.
 *
 * @module
 */
export { type Interval, wilson } from "./proportion.ts";
export { imagesToDecide, mcnemar, pairedDifference, type Pairs } from "./pairs.ts";
export { meanAndDeviation, studentInterval } from "./seeds.ts";
export { MARGIN, signed, type Status, type Verdict, verdict } from "./verdict.ts";
