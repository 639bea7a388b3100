import assert from "node:assert/strict";
import {
  bestRow,
  classErrors,
  confusions,
  mostConfidentMistakes,
} from "../../lib/report/mistakes.ts";
import { measured } from "../support/pages.ts";

/** Six images of three classes: 0 0 0 1 1 2 predicted as 0 1 1 1 0 2. */
const scores = {
  classes: 3,
  labels: Int32Array.of(0, 0, 0, 1, 1, 2),
  predicted: Int32Array.of(0, 1, 1, 1, 0, 2),
  ranks: Int32Array.of(0, 1, 2, 0, 1, 0),
  confidence: Float32Array.of(0.9, 0.6, 0.8, 0.7, 0.8, 1),
};

Deno.test("errors of classes: shares of their own images, worst first", () => {
  const errors = classErrors([scores]);
  assert.deepEqual(errors.map(({ label, images, misses }) => [label, images, misses]), [
    [0, 3, 2],
    [1, 2, 1],
    [2, 1, 0],
  ]);
  assert.deepEqual(errors.map(({ error }) => error.toFixed(2)), ["66.67", "50.00", "0.00"]);
  // Wilson's interval of 2 in 3: statsmodels' proportion_confint(2, 3, method="wilson")
  assert.deepEqual(
    [errors[0]!.interval.low.toFixed(2), errors[0]!.interval.high.toFixed(2)],
    ["20.77", "93.85"],
  );
});

Deno.test("more seeds have more images, but no narrower interval", () => {
  const [once, twice] = [classErrors([scores])[0]!, classErrors([scores, scores])[0]!];
  assert.deepEqual([twice.images, twice.misses], [6, 4]);
  assert.deepEqual([twice.error, twice.interval], [once.error, once.interval]);
});

Deno.test("seeds may take other right classes of an image, which is then a part of each class", () => {
  const other = { ...scores, labels: Int32Array.of(0, 0, 2, 1, 1, 2) };
  const errors = classErrors([scores, other]);
  assert.deepEqual(errors.map(({ label, images, misses }) => [label, images, misses]), [
    [0, 5, 3],
    [1, 4, 2],
    [2, 3, 1],
  ]);
  // Wilson's formula for 0.5 in 1.5, by hand
  const { low, high } = errors[2]!.interval;
  assert.deepEqual([low.toFixed(2), high.toFixed(2)], ["3.58", "87.06"]);
});

Deno.test("a miss without another prediction counts: the true class may only tie with another", () => {
  const tied = { ...scores, predicted: scores.labels };
  assert.equal(classErrors([tied])[0]!.misses, 2);
  assert.ok(confusions([tied]).every(({ label, predicted }) => label === predicted));
});

Deno.test("confusions: pairs of true and predicted class, the most frequent first", () => {
  assert.deepEqual(
    confusions([scores]).map((
      { label, predicted, images, share },
    ) => [label, predicted, images, +share.toFixed(3)]),
    [[0, 1, 2, 0.667], [0, 0, 1, 0.333], [1, 0, 1, 0.5], [1, 1, 1, 0.5], [2, 2, 1, 1]],
  );
});

Deno.test("the most confident mistakes come first; of equal ones the first image", () => {
  assert.deepEqual(mostConfidentMistakes(scores, 2).map(({ image }) => image), [2, 4]);
  assert.deepEqual(mostConfidentMistakes(scores, 9).map(({ image }) => image), [2, 4, 1]);
});

Deno.test("the best row is the first of those with the lowest error", () => {
  const result = measured();
  const best = bestRow([{ ...result, rows: result.rows.toReversed() }, result]);
  assert.deepEqual([best!.table.name, best!.row], ["table3", 12]);
  assert.equal(bestRow([]), undefined);
});
