import assert from "node:assert/strict";
import { differenceOf, type Ranks } from "../../lib/results/paired_difference.ts";
import { pairwiseP, placeOfPair } from "../../lib/results/pairwise.ts";
import { noise } from "../support/formula.ts";

/** Made-up ranks; a lower row gets more images wrong. */
const ranksOf = (row: number, seed: number, images: number): Ranks => ({
  ranks: Int32Array.from({ length: images }, (_, image) => {
    const draw = noise(image) + noise((row * 7 + seed) * images + image) / 4;
    return draw < row / 12 - 0.4 ? 1 + image % 3 : 0;
  }),
});

/** Ranks of 300 images, the first `count` of which are wrong. */
const wrongFrom = (count: number): Ranks => ({
  ranks: Int32Array.from({ length: 300 }, (_, image) => image < count ? 1 : 0),
});

for (const seeds of [1, 2, 3, 5]) {
  Deno.test(`p-values of all pairs are those of two rows alone, with ${seeds} seeds`, () => {
    const rows = Array.from(
      { length: 7 },
      (_, row) => Array.from({ length: seeds }, (_, seed) => ranksOf(row, seed, 333)),
    );
    const p = pairwiseP(rows);
    assert.equal(p.length, 21);
    for (let one = 0; one < 7; one++) {
      for (let other = 0; other < 7; other++) {
        if (one === other) continue;
        const alone = differenceOf(rows[one]!, rows[other]!);
        const larger = Math.max(alone.p, alone.pSeeds ?? 0);
        assert.ok(Math.abs(p[placeOfPair(one, other, 7)]! - larger) < 1e-9);
      }
    }
    assert.ok(new Set(p).size > 10, `${p}`);
  });
}

Deno.test("rows whose seeds disagree do not differ, however many images do", () => {
  // of 300 images the second row misclassifies 30 more, 30 more and none under its three seeds
  const first = [0, 0, 0].map((count) => wrongFrom(count));
  const second = [30, 30, 0].map((count) => wrongFrom(count));
  // scipy.stats.ttest_rel([0, 0, 0], [30, 30, 0]); McNemar's test alone has 2^-29
  assert.ok(Math.abs(pairwiseP([first, second])[0]! - 0.18350341907) < 1e-9);
  assert.equal(pairwiseP([first.slice(0, 1), second.slice(0, 1)])[0], 2 ** -29);
  // the same nets, trained elsewhere, under all seeds: seeds decide nothing
  const [same, other] = [first, second].map(([seed]) => [seed!, seed!, seed!]);
  assert.equal(pairwiseP([same!, other!])[0], 2 ** -29);
});

Deno.test("rows of other images, or of other numbers of seeds, are not compared", () => {
  const row = [ranksOf(0, 0, 10)];
  assert.throws(() => pairwiseP([row, [ranksOf(1, 0, 11)]]), /other seeds or images/);
  assert.throws(() => pairwiseP([row, [...row, ...row]]), /other seeds or images/);
  assert.equal(pairwiseP([row]).length, 0);
});

Deno.test("every pair of a thousand rows has its place", () => {
  let place = 0;
  for (let one = 0; one < 1000; one += 1) {
    for (let other = one + 1; other < 1000; other++) {
      if (placeOfPair(other, one, 1000) !== place++) assert.fail(`${one} ${other}`);
    }
  }
});
