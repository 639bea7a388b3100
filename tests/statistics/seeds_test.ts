import assert from "node:assert/strict";
import { meanAndDeviation, studentInterval, studentTest, welch } from "../../lib/statistics/mod.ts";
import { assertNear } from "../support/near.ts";

Deno.test("mean, deviation and Student's interval agree with NumPy and SciPy", () => {
  // m = numpy.mean(v); m, numpy.std(v, ddof=1)
  // scipy.stats.t.interval(confidence, len(v) - 1, m, scipy.stats.sem(v))
  const expected = [
    [[25.5, 25.7], 0.95, 25.6, 0.141421356237309, 24.329379526382535, 26.870620473617468],
    [[25.5, 25.7], 0.99, 25.6, 0.141421356237309, 19.23432588371287, 31.965674116287133],
    [[10, 12, 14], 0.95, 12, 2, 7.0317245764993395, 16.96827542350066],
    [
      [17.4, 15.2, 16.1, 16.9, 15.8],
      ...[0.95, 16.279999999999998, 0.8757853618324519, 15.192568846058785, 17.36743115394121],
    ],
    [
      [17.4, 15.2, 16.1, 16.9, 15.8],
      ...[0.99, 16.279999999999998, 0.8757853618324519, 14.47674583537272, 18.083254164627274],
    ],
  ] as [number[], number, number, number, number, number][];
  for (const [values, confidence, mean, deviation, low, high] of expected) {
    const measured = meanAndDeviation(values);
    assertNear(measured.mean, mean);
    assertNear(measured.deviation, deviation);
    const interval = studentInterval(values, confidence);
    assertNear(interval.low, low);
    assertNear(interval.high, high);
  }
});

Deno.test("two seeds say little: 12.7 times half their distance to each side of their mean", () => {
  const { low, high } = studentInterval([0, 1]);
  assertNear((high - low) / 2, 12.706204736174694 / 2); // scipy.stats.t.ppf(0.975, 1)
});

Deno.test("of endless seeds it is the normal interval", () => {
  const values = Array.from({ length: 100_000 }, (_, i) => i % 2);
  const { low, high } = studentInterval(values);
  const half = 1.959963984540054 * 0.5 / Math.sqrt(100_000);
  assert.ok(Math.abs((high - low) / 2 / half - 1) < 1e-4);
});

Deno.test("seeds that agree have no deviation and an interval of no width", () => {
  assert.deepEqual(meanAndDeviation([7, 7, 7]), { mean: 7, deviation: 0 });
  assert.deepEqual(studentInterval([7, 7, 7]), { low: 7, high: 7 });
});

Deno.test("equal errors of seeds do not differ, however many seeds there are of each", () => {
  // a sum of ten times 1.2 is no 12 in float64; Welch's p-value of what is left was 0.015
  // (of 200 images all errors are halves, whose sums are exact)
  for (const errors of Array.from({ length: 1000 }, (_, failures) => 100 * failures / 1000)) {
    for (const [ones, others] of [[10, 3], [7, 3], [3, 5]] as const) {
      const [one, other] = [Array(ones).fill(errors), Array(others).fill(errors)];
      assert.deepEqual(meanAndDeviation(one), { mean: errors, deviation: 0 });
      assert.deepEqual(welch(one, other), { p: 1, interval: { low: 0, high: 0 } });
    }
  }
});

Deno.test("one seed has a mean, but no deviation and no interval", () => {
  assert.deepEqual(meanAndDeviation([7]), { mean: 7, deviation: NaN });
  assert.throws(() => studentInterval([7]), {
    name: "RangeError",
    message: "Cannot tell from one seed (7) how seeds differ: run at least two",
  });
});

Deno.test("no values and what is no number are refused", () => {
  for (const values of [[], [1, NaN], [Infinity, 2]]) {
    for (const f of [meanAndDeviation, studentInterval]) {
      assert.throws(() => f(values), {
        name: "RangeError",
        message: `Cannot average [${values.join(", ")}]: give at least one finite number`,
      });
    }
  }
});

Deno.test("Student's test of the mean over seeds agrees with SciPy's", () => {
  // scipy.stats.ttest_1samp(v, 0).pvalue
  assertNear(studentTest([-0.7, -1.3, -0.2]), 0.14751731587865863);
  assertNear(studentTest([0.1, -0.1]), 1);
  assertNear(studentTest([2, 2.5, 1.8, 2.2]), 0.0007515242664131058);
  assert.deepEqual([studentTest([0, 0]), studentTest([1, 1])], [1, 0]);
  assert.throws(() => studentTest([1]), /one seed/);
});

Deno.test("Welch's test of other seeds agrees with SciPy's", () => {
  // r = scipy.stats.ttest_ind(a, b, equal_var=False); r.pvalue, r.confidence_interval()
  const expected = [
    [[25.5, 25.7], [26.1, 26.9, 26.4], 0.05138364034585796, [
      -1.7439323645847808,
      0.010599031251446567,
    ]],
    [[10, 12, 14], [11, 11.5], 0.585688135580874, [-3.947363796504721, 5.447363796504721]],
    [[17.4, 15.2, 16.1, 16.9, 15.8], [14.1, 13.9, 15.0], 0.010083290369171539, [
      0.6680071882463934,
      3.225326145086934,
    ]],
  ] as [number[], number[], number, [number, number]][];
  for (const [ones, others, p, [low, high]] of expected) {
    const found = welch(ones, others);
    assertNear(found.p, p);
    assertNear(found.interval.low, low);
    assertNear(found.interval.high, high);
    assertNear(welch(others, ones).interval.high, -low);
  }
  assert.deepEqual(welch([1, 1], [1, 1]), { p: 1, interval: { low: 0, high: 0 } });
  assert.deepEqual(welch([2, 2], [1, 1]), { p: 0, interval: { low: 1, high: 1 } });
  assert.throws(() => welch([1], [1, 2]), /one seed/);
});
