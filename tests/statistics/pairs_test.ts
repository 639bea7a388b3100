import assert from "node:assert/strict";
import { uniform } from "../../lib/statistics/random.ts";
import {
  imagesToDecide,
  imagesToDetect,
  type Interval,
  mcnemar,
  pairedDifference,
  type Pairs,
} from "../../lib/statistics/mod.ts";
import { assertNear } from "../support/near.ts";

const pairs = (onlyFirst: number, onlySecond: number, images: number): Pairs => (
  { images, onlyFirst, onlySecond }
);

Deno.test("McNemar's exact p-value agrees with SciPy's, down to 1e-115", () => {
  // scipy.stats.binomtest(b, b + c).pvalue
  const expected = [
    [0, 1, 1],
    [5, 12, 0.143463134765625],
    [0, 10, 0.001953125],
    [75, 100, 0.06933702412999178],
    [900, 1100, 8.45708953550381e-06],
    [9800, 10200, 0.004780889455902781],
    [9990, 10010, 0.8931260239225577],
    [0, 332, 2.28597478256455e-100],
    [500, 1500, 1.4743975229770045e-115],
    [8500, 11500, 3.5819485070593784e-100],
  ] as const;
  for (const [b, c, p] of expected) {
    assertNear(mcnemar(b, c), p);
    assert.equal(mcnemar(c, b), mcnemar(b, c));
  }
});

Deno.test("no discordant image, or as many for each, is no evidence; too small a p-value is 0", () => {
  for (const count of [0, 1, 10_000]) assert.equal(mcnemar(count, count), 1);
  const [one, next] = [mcnemar(9999, 10_000), mcnemar(9999, 10_001)];
  assert.ok(one <= 1 && 1 - one < 1e-9 && next < one);
  assert.equal(mcnemar(0, 20_000), 0); // 2^-19999
});

Deno.test("Tango's interval agrees with a numerical solution in SciPy", () => {
  // z, seen = scipy.stats.norm.ppf(.975), (b - c) / n
  // def score(d):  # the likelihood under a supposed difference d has its maximum at some t
  //   at = lambda t: (t * (1 - abs(d)) / 2 + max(d, 0), t * (1 - abs(d)) / 2 + max(-d, 0))
  //   slope = lambda t: b / at(t)[0] + c / at(t)[1] - 2 * (n - b - c) / ((1 - abs(d)) * (1 - t))
  //   t = brentq(slope, 1e-12, 1 - 1e-12, xtol=1e-300, rtol=1e-14)
  //   return (b - c - n * d) / (n * (sum(at(t)) - d * d)) ** .5
  // brentq(lambda d: score(d) - z, -.9999, seen, xtol=1e-16, rtol=1e-15)
  // brentq(lambda d: score(d) + z, seen, .9999, xtol=1e-16, rtol=1e-15)
  const expected = [
    // the first is the example of Fagerland, Lydersen and Laake 2014: -0.517 to -0.026
    [1, 7, 21, -0.5172322764213774, -0.026003032480868556],
    [40, 20, 160, 0.030864533133086736, 0.21806424416682477],
    [100, 75, 2000, -0.0004686173882844361, 0.025665738408807072],
    [3, 1, 2000, -0.0014526727015570593, 0.003954139511040884],
    [3000, 2000, 50000, 0.01723831371163515, 0.022772486729040024],
    [20000, 15000, 50000, 0.09271319911479574, 0.10727477600155992],
    [1, 1, 50000, -9.473389226427828e-05, 9.473389226427828e-05],
  ] as const;
  for (const [b, c, n, low, high] of expected) {
    const interval = pairedDifference(pairs(b, c, n));
    assertNear(interval.low, low);
    assertNear(interval.high, high);
    const mirrored = pairedDifference(pairs(c, b, n));
    assert.deepEqual([-mirrored.high, -mirrored.low], [interval.low, interval.high]);
  }
});

Deno.test("at its extremes Tango's interval is known by hand", () => {
  // no discordant image: z^2 / (n + z^2) to each side
  const z2 = 1.959963984540054 ** 2;
  const none = pairedDifference(pairs(0, 0, 2000));
  assertNear(none.high, z2 / (2000 + z2));
  assert.equal(none.low, -none.high);
  // only the first is ever wrong: 1 at the upper end, a proportion's interval at the lower
  const all = pairedDifference(pairs(50, 0, 50));
  assertNear(all.high, 1);
  assertNear(all.low, (50 - z2) / (50 + z2));
});

Deno.test("Tango's interval excludes 0 where McNemar's score does, and widens with confidence", () => {
  const z = 1.959963984540054;
  for (let b = 0; b <= 30; b++) {
    for (let c = 0; c <= 30; c++) {
      const { low, high } = pairedDifference(pairs(b, c, 300));
      const significant = Math.abs(b - c) > z * Math.sqrt(b + c);
      assert.equal(low > 0 || high < 0, significant, `${b} and ${c}`);
      assert.ok(low <= (b - c) / 300 && (b - c) / 300 <= high);
    }
  }
  const [sure, surer] = [0.95, 0.99].map((share) => pairedDifference(pairs(9, 4, 300), share));
  assert.ok(surer!.low < sure!.low && sure!.high < surer!.high);
});

Deno.test("means over seeds need not be whole", () => {
  // by the same solution in SciPy, with counts of 17/3 and 47/3 in 200 images
  const { low, high } = pairedDifference(pairs(17 / 3, 47 / 3, 200));
  assertNear(low, -0.09992226941927974);
  assertNear(high, -0.005164534054639367);
});

const above = (end: number) => ({ low: end, high: Infinity });
const within = (margin: number) => ({ low: -margin, high: margin });

Deno.test("images to decide, by Connor's formula where some 50 of them are discordant", () => {
  // z = scipy.stats.norm.ppf; p, d = (b + c) / n, (b - c) / n
  // math.ceil(((z(.975) * p ** .5 + z(.8) * (p - d * d) ** .5) / d) ** 2)
  const expected = [
    [30, 15, 100, 155],
    [100, 75, 2000, 4394],
    [2, 1, 50_000, 1_177_330],
    [3000, 2900, 50_000, 231_540],
  ] as const;
  for (const [b, c, n, images] of expected) {
    assert.equal(imagesToDecide(pairs(b, c, n)), images);
    assert.equal(imagesToDecide(pairs(c, b, n)), images);
  }
  assert.equal(imagesToDecide(pairs(7, 7, 100)), Infinity);
  assert.equal(imagesToDecide(pairs(0, 0, 100)), Infinity);
});

Deno.test("images to tell a difference from another one than none", () => {
  // a = the other one; the discordant images are as many under it, but not fewer than it takes
  // p, d = (b + c) / n, (b - c) / n
  // math.ceil(((z(.975) * (max(p, abs(a)) - a*a) ** .5 + z(.8) * (p - d*d) ** .5) / (d - a)) ** 2)
  const expected = [
    [30, 15, 100, 0.05, 347],
    [100, 75, 2000, -0.005, 2241],
    [100, 75, 2000, 0.005, 12_201],
    [7.5, 7.5, 100, 0.005, 47_088],
    [0, 0, 100, 0.005, 765],
    [0, 0, 100, -0.005, 765],
  ] as const;
  for (const [b, c, n, end, images] of expected) {
    assert.equal(imagesToDecide(pairs(b, c, n), above(end)), images);
    assert.equal(imagesToDecide(pairs(c, b, n), above(-end)), images);
  }
  // so many images without a discordant one are what excludes half a point
  const { high } = pairedDifference(pairs(0, 0, 765));
  assert.ok(Math.abs(high - 0.005) < 1e-4, `${high}`);
  assert.equal(imagesToDecide(pairs(4, 2, 200), above(0.01)), Infinity);
});

Deno.test("an equivalence must exclude both ends: as many images as each end at 90 % takes", () => {
  // math.ceil(((z(.975) * (p - a*a) ** .5 + z(.9) * p ** .5) / a) ** 2), a = 0.005
  assert.equal(imagesToDecide(pairs(7.5, 7.5, 100), within(0.005)), 63_039);
  assert.equal(imagesToDecide(pairs(30, 30, 2000), within(0.005)), 12_603);
  // beyond an end only that one counts
  const beyond = pairs(60, 30, 2000);
  assert.equal(
    imagesToDecide(beyond, within(0.005)),
    imagesToDecide(beyond, { low: -Infinity, high: 0.005 }),
  );
});

Deno.test("with few discordant images the power is summed, as SciPy does", () => {
  // the smallest n whose power by scipy.stats.binom over all counts reaches 80 %; the power oscillates
  assert.equal(imagesToDecide(pairs(45, 5, 100)), 21);
  assert.equal(imagesToDecide(pairs(1, 1, 1000), within(0.005)), 1581);
});

Deno.test("the exact test needs more images where few are discordant, as many as SciPy says", () => {
  // the smallest n from the one of Connor's formula on whose power by scipy.stats.binomtest is 80 %
  assert.equal(imagesToDetect(pairs(45, 5, 100)), 25);
  assert.equal(imagesToDetect(pairs(3, 8, 200)), 734);
  assert.equal(imagesToDetect(pairs(100, 75, 2000)), 4394); // Connor's
  assert.equal(imagesToDetect(pairs(7, 7, 100)), Infinity);
});

/** The share of trials whose interval decides whether the difference is in a range. */
function decided(
  truth: readonly [first: number, second: number],
  { low, high }: Interval,
  { images, trials }: { readonly images: number; readonly trials: number },
): number {
  const draw = uniform(11, images);
  const [first, second] = truth;
  const discordant = first + second;
  let count = 0;
  for (let trial = 0; trial < trials; trial++) {
    let [b, c] = [0, 0];
    // from one discordant image to the next: the gaps are geometric
    for (let at = 0;;) {
      at += 1 + Math.floor(Math.log(1 - draw()) / Math.log(1 - discordant));
      if (at > images) break;
      if (draw() < first / discordant) b++;
      else c++;
    }
    const found = pairedDifference(pairs(b, c, images));
    const inside = found.low > low && found.high < high;
    if (inside || found.high <= low || found.low >= high) count++;
  }
  return count / trials;
}

Deno.test("80 % means 80 %: simulated trials of that many images decide four times in five", () => {
  const cases = {
    "equal, 10 % discordant": [0.05, 0.05, within(0.005)],
    "equal, 2 % discordant": [0.01, 0.01, within(0.005)],
    "equal, 0.2 % discordant": [0.001, 0.001, within(0.005)],
    "equal, 0.2 points apart": [0.011, 0.009, within(0.005)],
    "beyond an equivalence": [0.02, 0.01, within(0.005)],
    "lower, 10 % discordant": [0.045, 0.055, { low: -Infinity, high: 0 }],
    "lower, 1 % discordant": [0.003, 0.007, { low: -Infinity, high: 0 }],
    "no lower, 2 % discordant": [0.01, 0.01, above(-0.005)],
    "no lower, 0.2 % discordant": [0.001, 0.001, above(-0.005)],
  } as const;
  const trials = 2000;
  for (const [name, [first, second, range]] of Object.entries(cases)) {
    const images = imagesToDecide(pairs(first * 1e6, second * 1e6, 1e6), range);
    const share = decided([first, second], range, { images, trials });
    // three deviations of a binomial are 2.7 %; few discordant images give steps of some per cent
    assert.ok(share > 0.773 && share < 0.86, `${name}: ${images} images decide ${share}`);
  }
});

Deno.test("with that many images the exact test succeeds in four of five", () => {
  const [first, second, trials] = [0.06, 0.04, 1000];
  const images = imagesToDetect(pairs(6, 4, 100));
  const draw = uniform(5);
  let significant = 0;
  for (let trial = 0; trial < trials; trial++) {
    let [b, c] = [0, 0];
    for (let i = 0; i < images; i++) {
      const u = draw();
      if (u < first) b++;
      else if (u < first + second) c++;
    }
    if (mcnemar(b, c) < 0.05) significant++;
  }
  // deviation 0.013; the exact test is a little more careful than the formula
  assert.ok(Math.abs(significant / trials - 0.79) < 0.045, `${significant}`);
});

Deno.test("what are no counts is refused", () => {
  for (const count of [-1, NaN, 1.5, Infinity]) {
    const error = { name: "RangeError", message: `Cannot take ${count} as a number of images` };
    assert.throws(() => mcnemar(count, 1), error);
    assert.throws(() => mcnemar(1, count), error);
    for (const f of [pairedDifference, imagesToDecide, imagesToDetect]) {
      // a mean over seeds need not be whole
      if (count !== 1.5) assert.throws(() => f(pairs(1, count, 10)), error);
      assert.throws(() => f(pairs(1, 1, count)), error);
    }
  }
  for (const f of [pairedDifference, imagesToDecide, imagesToDetect]) {
    assert.throws(() => f(pairs(6, 5, 10)), {
      name: "RangeError",
      message: "Cannot compare on 10 images, 6 and 5 of them discordant: count each image once",
    });
    assert.throws(() => f(pairs(0, 0, 0)), /Cannot compare on 0 images/);
  }
  assert.throws(() => pairedDifference(pairs(1, 1, 10), 1), /Cannot take 1 as a confidence/);
});
