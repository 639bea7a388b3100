import assert from "node:assert/strict";
import { MARGIN, verdict } from "../../lib/statistics/mod.ts";
import { assertNear } from "../support/near.ts";

/** Errors in per cent, one a seed. */
const statusOf = (errors: readonly number[], images: number, published: number) =>
  verdict({ errors, images, published }).status;

Deno.test("each status, with its reason", () => {
  // wilson = scipy.stats.binomtest(round(error * n / 100), n).proportion_ci(method="wilson")
  // 100 * wilson.low - published - 0.05, 100 * wilson.high - published + 0.05
  const expected = [
    [7, 50_000, 7.1, "reproduced", -0.37035451640935174, 0.17696131798582398],
    [22, 2000, 25.5, "better", -5.310856883498373, -1.5817884687514556],
    [27, 50_000, 25.5, "worse", 1.0626373998031198, 1.9408964708075473],
    [25.7, 50_000, 25.5, "within noise", -0.2311453289400724, 0.634878940063522],
    [27, 2000, 25.5, "underpowered", -0.450244381233783, 3.5384285561714206],
  ] as const;
  const reasons = expected.map(([error, images, published, status, low, high]) => {
    const found = verdict({ errors: [error], images, published });
    assert.equal(found.status, status);
    assertNear(found.difference, error - published);
    assertNear(found.interval.low, low);
    assertNear(found.interval.high, high);
    return found.reason;
  });
  const start = "Measured - published is";
  assert.deepEqual(reasons, [
    `${start} -0.10 points, and its interval from 50,000 images, -0.37 to +0.18, ` +
    "is within ±0.5.",
    `${start} -3.50 points, and its interval from 2,000 images, -5.31 to -1.58, is below 0.`,
    `${start} +1.50 points, and its interval from 50,000 images, +1.06 to +1.94, is above 0.`,
    `${start} +0.20 points, and its interval from 50,000 images, -0.23 to +0.63, ` +
    "contains 0 and goes beyond ±0.5.",
    `${start} +1.50 points, and its interval from 2,000 images, -0.45 to +3.54, ` +
    "is too wide to show equality within ±0.5.",
  ]);
});

Deno.test("the rounding of the published number is added at both ends", () => {
  const { difference, interval } = verdict({ errors: [25.5], images: 50_000, published: 25.5 });
  assert.equal(difference, 0);
  // Wilson's interval of 12,750 in 50,000: tests/statistics/proportion_test.ts
  assertNear(interval.low, 25.11985002808491 - 25.5 - 0.05);
  assertNear(interval.high, 25.88391431234819 - 25.5 + 0.05);
});

Deno.test("the wider of images and seeds decides", () => {
  // seeds that agree better than images do: the images' interval stays
  const one = verdict({ errors: [25.6], images: 50_000, published: 25.5 });
  const agreeing = verdict({ errors: [25.59, 25.6, 25.61], images: 50_000, published: 25.5 });
  assertNear(agreeing.interval.low, one.interval.low);
  assert.match(agreeing.reason, /from 50,000 images/);
  // Student's interval of 10, 12 and 14 is 7.0317 to 16.9683: tests/statistics/seeds_test.ts
  const spread = verdict({ errors: [10, 12, 14], images: 50_000, published: 12 });
  assertNear(spread.interval.low, 7.0317245764993395 - 12.05);
  assertNear(spread.interval.high, 16.96827542350066 - 11.95);
  assert.match(spread.reason, /from 3 seeds/);
});

Deno.test("equal errors are reproduced as soon as the images suffice", () => {
  const smallest = (published: number) => {
    for (let images = 1000;; images += 1000) {
      const status = statusOf([published], images, published);
      if (status === "reproduced") return images;
      assert.ok(["underpowered", "within noise"].includes(status));
    }
  };
  assert.equal(statusOf([25], 2000, 25), "underpowered");
  // 0.45 points to each side: 1.96^2 * p * (1 - p) / 0.0045^2 is 35,600 and 14,000, and Wilson's
  // interval reaches 0.01 further towards one half
  assert.equal(smallest(25), 36_000);
  assert.equal(smallest(8), 15_000);
});

Deno.test("beyond the margin a difference is never noise that could have been equality", () => {
  for (let error = 20; error <= 30; error += 0.05) {
    const { status, difference, interval } = verdict({
      errors: [error],
      images: 100_000,
      published: 25,
    });
    if (status === "reproduced") assert.ok(Math.abs(difference) < MARGIN);
    if (status === "worse") assert.ok(difference > 0 && interval.low > 0);
    if (status === "better") assert.ok(difference < 0 && interval.high < 0);
    assert.notEqual(status, "underpowered");
  }
});

Deno.test("what is no error is refused", () => {
  const message = (wrong: number) => ({
    name: "RangeError",
    message: `Cannot take ${wrong} % as an error`,
  });
  assert.throws(() => statusOf([101], 10, 25), message(101));
  assert.throws(() => statusOf([-1, 5], 10, 25), message(-1));
  assert.throws(() => statusOf([25], 10, NaN), message(NaN));
  assert.throws(() => statusOf([], 10, 25), /Cannot average \[\]/);
  assert.throws(() => statusOf([25], 0, 25), /Cannot take 0 failures of 0 images/);
});
