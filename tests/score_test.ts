import assert from "node:assert/strict";
import { errorsOf, meanPosteriors, type Posteriors } from "../lib/score.ts";

/** Posteriors of images, a row each. */
function posteriors(rows: readonly (readonly number[])[], labels: readonly number[]): Posteriors {
  return {
    classes: rows[0]!.length,
    values: Float32Array.from(rows.flat()),
    labels: Int32Array.from(labels),
  };
}

Deno.test("top-1: the label is not the highest; top-5: not among the five highest", () => {
  const row = [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05];
  const of = (label: number) => errorsOf(posteriors([row], [label]));
  assert.deepEqual(of(0), { top1: 0, top5: 0 });
  assert.deepEqual(of(1), { top1: 100, top5: 0 });
  assert.deepEqual(of(4), { top1: 100, top5: 0 });
  assert.deepEqual(of(5), { top1: 100, top5: 100 });
});

Deno.test("errors are shares of the images, in per cent", () => {
  const row = [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05];
  const all = posteriors(Array(8).fill(row), [0, 0, 0, 0, 0, 1, 5, 6]);
  assert.deepEqual(errorsOf(all), { top1: 37.5, top5: 25 });
});

Deno.test("a net that says the same of all classes earns nothing, nor does one that says NaN", () => {
  const same = posteriors(Array(10).fill(Array(10).fill(0.1)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(errorsOf(same), { top1: 100, top5: 100 });
  const none = posteriors([Array(10).fill(NaN)], [3]);
  assert.deepEqual(errorsOf(none), { top1: 100, top5: 100 });
});

Deno.test("with five classes or fewer every label is among the five highest", () => {
  assert.deepEqual(errorsOf(posteriors([[0.1, 0.2, 0.3, 0.25, 0.15]], [0])), {
    top1: 100,
    top5: 0,
  });
});

Deno.test("posteriors are averaged, not votes: a sure net outweighs two unsure ones", () => {
  const unsure = posteriors([[0.45, 0.55]], [0]);
  const sure = posteriors([[0.9, 0.1]], [0]);
  const mean = meanPosteriors([unsure, sure, unsure]);
  assert.deepEqual([...mean.values].map((value) => value.toFixed(6)), ["0.600000", "0.400000"]);
  assert.deepEqual(errorsOf(mean), { top1: 0, top5: 0 });
  assert.equal(errorsOf(unsure).top1, 100);
  assert.deepEqual(meanPosteriors([sure]), sure);
});

Deno.test("a flat mean is the mean of means of groups of one size", () => {
  const each = [0.1, 0.7, 0.4, 0.8, 0.35, 0.55].map((p) => posteriors([[p, 1 - p]], [0]));
  const flat = meanPosteriors(each).values[0]!;
  const nested = meanPosteriors([each.slice(0, 3), each.slice(3)].map(meanPosteriors)).values[0]!;
  assert.ok(Math.abs(flat - nested) < 1e-7);
});

Deno.test("posteriors of other images or classes are not averaged", () => {
  const one = posteriors([[0.4, 0.6]], [0]);
  assert.throws(() => meanPosteriors([]), /Cannot average no posteriors/);
  for (
    const other of [
      posteriors([[0.4, 0.6]], [1]),
      posteriors([[0.4, 0.6], [0.5, 0.5]], [0, 1]),
      posteriors([[0.2, 0.3, 0.5]], [0]),
    ]
  ) {
    assert.throws(() => meanPosteriors([one, other]), /different images or classes/);
  }
});
