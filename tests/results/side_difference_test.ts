import assert from "node:assert/strict";
import type { Scores } from "../../lib/score.ts";
import { areSame, type ScoredTwice, sideDifference } from "../../lib/results/side_difference.ts";
import { assertNear } from "../support/near.ts";

/** Scores of 20 classes; each image's rank is that of its letter: 0 to 9. */
function ranked(ranks: string): Scores {
  const images = ranks.length;
  return {
    classes: 20,
    labels: new Int32Array(images),
    ranks: Int32Array.from(ranks, Number),
    predicted: new Int32Array(images),
    confidence: new Float32Array(images),
  };
}

const twice = (first: string[], other: string[], more: Partial<ScoredTwice> = {}): ScoredTwice => ({
  ...{ first: first.map(ranked), other: other.map(ranked), sameImages: true, sameSeeds: true },
  ...more,
});

Deno.test("the same images and seeds: McNemar's test, of top-1 and of top-5 errors", () => {
  // top-1: 12 images that the other alone gets wrong, 2 that the first does; top-5: 4 and 0
  const found = twice(["0".repeat(14) + "11" + "0".repeat(84)], [
    "5".repeat(4) + "4".repeat(8) + "0".repeat(88),
  ]);
  const top1 = sideDifference(found, "top1");
  assert.equal(top1.test, "paired");
  assertNear(top1.points, 10);
  assertNear(top1.p, 0.012939453125); // scipy.stats.binomtest(2, 14).pvalue
  assert.ok(top1.interval.low > 0 && top1.interval.low < 10 && top1.interval.high > 10);
  const top5 = sideDifference(found, "top5");
  assertNear(top5.points, 4);
  assertNear(top5.p, 0.125); // scipy.stats.binomtest(0, 4).pvalue
});

Deno.test("other seeds: as many of each side as both have, and Welch's test of all of them", () => {
  const first = ["1".repeat(10) + "0".repeat(90)];
  const others = ["0".repeat(100), "1".repeat(50) + "0".repeat(50)];
  const one = sideDifference(twice(first, others, { sameSeeds: false }), "top1");
  assertNear(one.points, 15);
  assertNear(one.p, 2 / 2 ** 10); // the second of the others' seeds has no partner
  const wrong = (count: number) => "1".repeat(count) + "0".repeat(100 - count);
  const several = sideDifference(
    twice([wrong(10), wrong(12), wrong(14)], [wrong(11), wrong(50)], { sameSeeds: false }),
    "top1",
  );
  // scipy.stats.ttest_ind([11, 50], [10, 12, 14], equal_var=False).pvalue; the images' is far below
  assertNear(several.p, 0.5164226888106203);
  assertNear(several.points, 18.5);
});

Deno.test("other images: two proportions", () => {
  const found = twice(["1".repeat(56) + "0".repeat(14)], ["1".repeat(48) + "0".repeat(32)], {
    sameImages: false,
  });
  const { points, interval, p, test } = sideDifference(found, "top1");
  assert.equal(test, "two proportions");
  assertNear(points, -20);
  // statsmodels: confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
  assertNear(interval.low, -33.387265403690614);
  assertNear(interval.high, -5.243147240236498);
  assertNear(p, 0.00804508136819656); // proportions_ztest([56, 48], [70, 80])
});

Deno.test("scores are the same if each guess, rank and confidence is", () => {
  const one = ranked("0123");
  assert.ok(areSame([one], [ranked("0123")]));
  assert.ok(!areSame([one], [ranked("0124")]));
  assert.ok(!areSame([one], [ranked("01233")]));
  assert.ok(!areSame([one], [one, one]));
  assert.ok(!areSame([one], [{ ...one, predicted: Int32Array.of(0, 0, 0, 1) }]));
  assert.ok(!areSame([one], [{ ...one, confidence: Float32Array.of(0, 0, 0, 0.5) }]));
});
