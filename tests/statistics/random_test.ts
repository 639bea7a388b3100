import assert from "node:assert/strict";
import { LARGEST_SEED, normal, permutation, uniform } from "../../lib/statistics/random.ts";

const draws = (count: number, draw: () => number) => Array.from({ length: count }, draw);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("numbers are uniform in [0, 1): mean 1/2, variance 1/12, tenths alike", () => {
  const values = draws(100_000, uniform(1));
  assert.ok(values.every((value) => value >= 0 && value < 1));
  // deviations of the mean 0.0009, of the variance 0.00024
  assert.ok(Math.abs(mean(values) - 0.5) < 0.004);
  assert.ok(Math.abs(mean(values.map((value) => (value - 0.5) ** 2)) - 1 / 12) < 0.001);
  const tenths = Map.groupBy(values, (value) => Math.floor(10 * value));
  // 10,000 each, deviation 95
  for (const { length } of tenths.values()) assert.ok(Math.abs(length - 10_000) < 450);
});

Deno.test("first draws of neighbouring keys are as uniform and do not hang together", () => {
  // what a training asks for: one generator for each (seed, epoch, image)
  const first = Array.from({ length: 20_000 }, (_, image) => uniform(0, 0, image)());
  assert.ok(Math.abs(mean(first) - 0.5) < 0.01);
  // correlation with the next image, the next epoch, the next seed: deviation 0.007
  const others = [
    first.slice(1),
    ...[[0, 1], [1, 0]].map(([seed, epoch]) => first.map((_, i) => uniform(seed!, epoch!, i)())),
  ];
  for (const other of others) {
    const products = other.map((value, i) => 12 * (value - 0.5) * (first[i]! - 0.5));
    assert.ok(Math.abs(mean(products)) < 0.035, `${mean(products)}`);
  }
  assert.equal(new Set(first).size, first.length);
});

Deno.test("keys of other order or length draw otherwise", () => {
  const first = [[], [0], [0, 0], [0, 0, 0], [1], [1, 0], [0, 1], [2 ** 31], [-1]]
    .map((key) => uniform(...key)());
  assert.equal(new Set(first).size, first.length);
});

Deno.test("a key of more than 32 bits is refused: it would draw as a smaller one does", () => {
  assert.notEqual(uniform(LARGEST_SEED)(), uniform(0)());
  for (const part of [LARGEST_SEED + 1, -(2 ** 31) - 1, 0.5, NaN, Infinity]) {
    assert.throws(() => uniform(part), RangeError);
  }
});

Deno.test("normal draws: mean 0, variance 1, fourth moment 3, never infinite", () => {
  const draw = uniform(2);
  const values = draws(100_000, () => normal(draw));
  assert.ok(values.every(Number.isFinite));
  const moment = (power: number) => mean(values.map((value) => value ** power));
  // deviations: 0.003, 0.0045, 0.012, 0.031
  assert.ok(Math.abs(moment(1)) < 0.015);
  assert.ok(Math.abs(moment(2) - 1) < 0.022);
  assert.ok(Math.abs(moment(3)) < 0.06);
  assert.ok(Math.abs(moment(4) - 3) < 0.15);
  assert.ok(Number.isFinite(normal(() => 0)));
});

Deno.test("each of the six orders of three comes up alike often", () => {
  const draw = uniform(3);
  const orders = Map.groupBy(draws(6000, () => 0), () => String(permutation(3, draw)));
  assert.equal(orders.size, 6);
  // 1000 each, deviation 29
  for (const { length } of orders.values()) assert.ok(Math.abs(length - 1000) < 130, `${length}`);
  assert.deepEqual([...permutation(1, draw)], [0]);
  assert.deepEqual([...permutation(0, draw)], []);
  const sorted = permutation(1000, draw).toSorted();
  assert.ok(sorted.every((value, i) => value === i));
});
