import assert from "node:assert/strict";
import { rowSums } from "../../lib/system/row_sums.ts";
import { noises } from "../support/formula.ts";

const ROWS = 5;
const TOLERANCE = 1e-3;

/** Rows of positive numbers that sum to 1, `[ROWS, columns]`. */
function distributions(columns: number, from: number): Float32Array {
  const values = Float32Array.from(noises(ROWS * columns, { from }), Math.abs);
  for (let row = 0; row < ROWS; row++) {
    const part = values.subarray(row * columns, (row + 1) * columns);
    const sum = part.reduce((a, b) => a + b, 0);
    part.forEach((value, i) => part[i] = value / sum);
  }
  return values;
}

Deno.test("sums are those of a plain loop, to the last bit, for any number of columns", () => {
  for (const columns of [1, 2, 3, 4, 5, 7, 8, 20, 1000, 1001]) {
    const sums = rowSums(ROWS, columns);
    const expected = new Float64Array(ROWS * columns);
    for (const from of [5_000, 0, 10_000, 20_000]) {
      const values = distributions(columns, from);
      if (from === 0) expected.fill(0); // what was there before is replaced
      values.forEach((value, i) => expected[i]! += value);
      sums.values.set(values);
      assert.equal(from === 0 ? sums.put(ROWS, TOLERANCE) : sums.add(ROWS, TOLERANCE), ROWS);
    }
    const labels = Array.from({ length: ROWS }, (_, row) => 7 * row % columns);
    sums.labels.set(labels);
    sums.judge(ROWS, 3);
    for (let row = 0; row < ROWS; row++) {
      const own = expected.subarray(row * columns, (row + 1) * columns);
      assert.deepEqual(sums.row(row), own);
      const highest = Math.max(...own);
      assert.equal(sums.highest[row], own.indexOf(highest));
      assert.equal(sums.means[row], Math.fround(highest / 3));
      const above = own.filter((other) => other >= own[labels[row]!]!).length;
      assert.equal(sums.ranks[row], above - 1); // without its own
      for (const value of [own[0]!, own[columns - 1]!, 0, 4]) {
        assert.equal(sums.atLeast(row, value), own.filter((other) => other >= value).length);
      }
    }
  }
});

Deno.test("of several highest sums the first one is found, and the others count as higher", () => {
  const sums = rowSums(1, 7);
  sums.values.set([0, 0.25, 0, 0.25, 0.25, 0, 0.25]);
  assert.equal(sums.put(1, TOLERANCE), 1);
  for (const [label, rank] of [[1, 3], [6, 3], [0, 6], [5, 6]] as const) {
    sums.labels[0] = label;
    sums.judge(1, 1);
    assert.deepEqual([sums.highest[0], sums.ranks[0], sums.means[0]], [1, rank, 0.25]);
  }
  assert.equal(sums.atLeast(0, 0.25), 4);
});

Deno.test("a row that is no distribution is found, in whichever column it is wrong", () => {
  for (const columns of [1, 4, 7, 9]) {
    for (let column = 0; column < columns; column++) {
      for (const wrong of [NaN, -1e-9, Infinity, 2]) {
        const sums = rowSums(ROWS, columns);
        const values = distributions(columns, 0);
        values[3 * columns + column] = wrong;
        sums.values.set(values);
        for (const take of [sums.put, sums.add]) {
          assert.equal(take(ROWS, TOLERANCE), 3, `${wrong} in ${column} of ${columns}`);
          assert.equal(take(3, TOLERANCE), 3);
        }
      }
    }
  }
});
