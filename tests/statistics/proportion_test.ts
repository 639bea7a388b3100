import assert from "node:assert/strict";
import { shareDifference, shareTest, wilson } from "../../lib/statistics/mod.ts";
import { assertNear } from "../support/near.ts";

Deno.test("Wilson's interval agrees with SciPy's", () => {
  // ci = scipy.stats.binomtest(k, n).proportion_ci(confidence, method="wilson"); ci.low, ci.high
  const expected = [
    [0, 1, 0.95, 0, 0.7934506856227626],
    [0, 2000, 0.95, 0, 0.0019170472812529344],
    [2000, 2000, 0.95, 0.9980829527187471, 1],
    [3, 10, 0.95, 0.10779126740630102, 0.6032218525388546],
    [348, 2000, 0.95, 0.15801422969875314, 0.1912356851286238],
    [12750, 50000, 0.95, 0.2511985002808491, 0.2588391431234819],
    [1, 50000, 0.95, 3.530499822832098e-06, 0.00011328970139120264],
    [49999, 50000, 0.95, 0.9998867102986088, 0.9999964695001772],
    [3, 10, 0.99, 0.07956631652306578, 0.6799753207988974],
    [3, 10, 0.5, 0.2127148628403787, 0.40469074938748906],
  ] as const;
  for (const [k, n, confidence, low, high] of expected) {
    const interval = wilson(k, n, confidence);
    assertNear(interval.low, low);
    assertNear(interval.high, high);
  }
});

Deno.test("successes mirror failures, and a mean over seeds lies between its neighbours", () => {
  for (const k of [0, 1, 7, 50, 99]) {
    const [failures, successes] = [wilson(k, 100), wilson(100 - k, 100)];
    assertNear(1 - successes.high + 1, failures.low + 1);
    const [between, more] = [wilson(k + 0.5, 100), wilson(k + 1, 100)];
    assert.ok(failures.low < between.low && between.low < more.low);
    assert.ok(failures.high < between.high && between.high < more.high);
  }
});

Deno.test("the ends solve Wilson's equation: the share is z deviations from what was seen", () => {
  const { low, high } = wilson(348, 2000);
  for (const share of [low, high]) {
    const z = Math.abs(348 / 2000 - share) / Math.sqrt(share * (1 - share) / 2000);
    assertNear(z, 1.959963984540054); // scipy.stats.norm.ppf(0.975)
  }
});

Deno.test("what is no proportion is refused", () => {
  for (const [k, n] of [[-1, 10], [11, 10], [NaN, 10], [0, 0], [1, NaN], [3, 2.5], [1, Infinity]]) {
    assert.throws(() => wilson(k!, n!), {
      name: "RangeError",
      message: `Cannot take ${k} failures of ${n} images as a proportion`,
    });
  }
  for (const confidence of [0, 1, 95, NaN]) {
    assert.throws(() => wilson(1, 10, confidence), {
      name: "RangeError",
      message: `Cannot take ${confidence} as a confidence: give a share such as 0.95`,
    });
  }
});

Deno.test("the difference of two shares of different images agrees with statsmodels", () => {
  // from statsmodels.stats.proportion:
  // confint_proportions_2indep(k, n, k2, n2, method="newcomb", compare="diff")
  // proportions_ztest([k, k2], [n, n2])[1]
  const expected = [
    [56, 70, 48, 80, 0.05243147240236498, 0.33387265403690614, 0.00804508136819656],
    [348, 2000, 301, 2000, 0.0006409867807610492, 0.04634869543159649, 0.043835048684778666],
    [0, 10, 3, 12, -0.5323053349335658, 0.0708804156994084, 0.08886928647264575],
    [12750, 50000, 2620, 10000, -0.016502188166560964, 0.002350349069033574, 0.1432241478679603],
  ] as const;
  for (const [k, n, otherK, otherN, low, high, p] of expected) {
    const [one, other] = [{ failures: k, n }, { failures: otherK, n: otherN }];
    const interval = shareDifference(one, other);
    assertNear(interval.low, low);
    assertNear(interval.high, high);
    assertNear(shareTest(one, other), p);
    assertNear(shareTest(other, one), p);
  }
  // all failed in both: an interval all the same, and no evidence
  const all = { failures: 5, n: 5 };
  assertNear(shareDifference(all, all).high, 0.43448246478317476);
  assert.equal(shareTest(all, all), 1);
  assert.throws(() => shareTest(all, { failures: 6, n: 5 }), /Cannot take 6 failures of 5 images/);
});
