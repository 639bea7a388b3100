import assert from "node:assert/strict";
import {
  addColours,
  coloursOf,
  NO_COLOURS,
  sumColours,
} from "../../../lib/datasets/folder/colours.ts";

Deno.test("sums over pixels and their products are exact", () => {
  const pixels = Uint8Array.from([1, 2, 3, 255, 10, 100]);
  const sums = sumColours({ width: 2, height: 1, channels: 3, pixels });
  // 1 + 255, 2 + 10, 3 + 100; 1 + 65025, 2 + 2550, 3 + 25500, 4 + 100, 6 + 1000, 9 + 10000
  assert.deepEqual(sums, [2n, 256n, 12n, 103n, 65026n, 2552n, 25503n, 104n, 1006n, 10009n]);
});

Deno.test("grey is red, green and blue alike", () => {
  const grey = sumColours({ width: 2, height: 1, channels: 1, pixels: Uint8Array.from([3, 4]) });
  assert.deepEqual(grey, [2n, 7n, 7n, 7n, 25n, 25n, 25n, 25n, 25n, 25n]);
});

Deno.test("sums beyond 2^53 stay exact", () => {
  // A million million pixels of 255 and as many of 254: the variance is 1/4.
  const many = 10n ** 12n;
  const half = (v: bigint) => [many, ...Array(3).fill(v * many), ...Array(6).fill(v * v * many)];
  const sums = [half(255n), half(254n)] as unknown as (typeof NO_COLOURS)[];
  const { mean, covariance } = coloursOf(sums.reduce(addColours, NO_COLOURS));
  assert.deepEqual(mean, [254.5, 254.5, 254.5]);
  for (const value of covariance.flat()) assert(Math.abs(value * 255 ** 2 - 0.25) < 1e-12);
});
