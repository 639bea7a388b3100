import assert from "node:assert/strict";
import { differenceOf } from "../../lib/results/paired_difference.ts";
import { discordant } from "../support/discordant.ts";
import { assertNear } from "../support/near.ts";

/** Scores of two rows, seed by seed, from the images that one of them alone got wrong. */
const seeds = (images: number, ...counts: [onlyFirst: number, onlySecond: number][]) => {
  const each = counts.map(([first, second]) => discordant(images, first, second));
  return [each.map(([first]) => first), each.map(([, second]) => second)] as const;
};

Deno.test("one seed: difference in points, Tango's interval and McNemar's exact test", () => {
  const { points, interval, from, p, pairs } = differenceOf(...seeds(200, [5, 17]));
  assert.equal(points, -6);
  // as in tests/statistics/pairs_test.ts
  assertNear(interval.low, -11.065550952750815);
  assertNear(interval.high, -1.5336966912057917);
  assertNear(p, 0.01690053939819336); // scipy.stats.binomtest(5, 22).pvalue
  assert.equal(from, "images");
  assert.deepEqual(pairs, { images: 200, onlyFirst: 5, onlySecond: 17 });
});

Deno.test("images that both got wrong say nothing, and a rank is a miss however low", () => {
  const first = { ranks: Int32Array.of(7, 3, 0, 0, 1) };
  const second = { ranks: Int32Array.of(1, 0, 0, 9, 2) };
  const { points, p, pairs } = differenceOf([first], [second]);
  assert.deepEqual([points, p, pairs], [0, 1, { images: 5, onlyFirst: 1, onlySecond: 1 }]);
});

Deno.test("several seeds: the mean, and the wider of two intervals", () => {
  // -5, -7 and -3 points; scipy.stats.t.interval is 9.94 wide, Tango's of the mean counts 9.48
  const apart = differenceOf(...seeds(200, [6, 16], [4, 18], [7, 13]));
  assertNear(apart.points, -5);
  assert.equal(apart.from, "seeds");
  assertNear(apart.interval.low, -9.96827542350066);
  assertNear(apart.interval.high, -0.03172457649933946);
  assertNear(apart.pairs.onlyFirst, 17 / 3);
  // seeds that agree do not make 200 images more than 200
  const alike = differenceOf(...seeds(200, [5, 17], [5, 17], [5, 17]));
  assert.equal(alike.from, "images");
  assert.deepEqual(alike.interval, differenceOf(...seeds(200, [5, 17])).interval);
});

Deno.test("several seeds: an image counts for the row that got it wrong under fewer of them", () => {
  const wrong = (...ranks: number[]) => ({ ranks: Int32Array.from(ranks) });
  const first = [wrong(1, 1, 0, 1, 0), wrong(1, 0, 1, 0, 0), wrong(0, 1, 1, 0, 0)];
  const second = [wrong(0, 0, 0, 0, 0), wrong(0, 1, 0, 0, 1), wrong(0, 0, 0, 1, 1)];
  // wrong by the first more often: images 0, 1 and 2; by the second: 4; as often: 3
  const { p, pairs } = differenceOf(first, second);
  assert.equal(p, 0.625); // 2 * (1 + 4) / 16
  assertNear(pairs.onlyFirst, 7 / 3); // 3, 2 and 2
  assertNear(pairs.onlySecond, 4 / 3); // 0, 2 and 2
});

Deno.test("a higher confidence has a wider interval", () => {
  const [wide, usual] = [0.995, 0.95].map((confidence) =>
    differenceOf(...seeds(200, [5, 17]), confidence).interval
  ) as [{ low: number; high: number }, { low: number; high: number }];
  assert.ok(wide.low < usual.low && wide.high > usual.high);
});

Deno.test("rows of other seeds or images are refused", () => {
  const [first, second] = seeds(200, [5, 17], [5, 17]);
  assert.throws(() => differenceOf(first, second.slice(1)), RangeError);
  assert.throws(() => differenceOf(first.slice(1), second), RangeError);
  assert.throws(() => differenceOf([], []), RangeError);
  const [, fewer] = seeds(100, [5, 17], [5, 17]);
  assert.throws(() => differenceOf(first, fewer), {
    name: "RangeError",
    message: "Cannot compare 200 images with 100",
  });
});
