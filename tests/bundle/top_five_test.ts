import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import {
  mustBeMean,
  readTopFive,
  scoresOf,
  type TopFive,
  topFiveBytes,
  topFiveOf,
} from "../../lib/bundle/top_five.ts";
import { type Posteriors, scored } from "../../lib/score.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { noise } from "../support/formula.ts";
import { posteriors } from "../support/posteriors.ts";

/** Soft-max posteriors of 50 images and 9 classes. */
function softmaxes(from: number): Posteriors {
  const rows = Array.from({ length: 50 }, (_, image) => {
    const scores = Array.from({ length: 9 }, (_, i) => Math.exp(3 * noise(from + 9 * image + i)));
    const sum = scores.reduce((sum, score) => sum + score, 0);
    return scores.map((score) => score / sum);
  });
  return posteriors(rows, rows.map((_, image) => image % 9));
}

/** Writes the highest classes to a file and reads them again. */
function throughFile(highest: TopFive): TopFive {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(
      file,
      Uint8Array.from(topFiveBytes(highest, ["run"]).flatMap((p) => [...p])),
    );
    using open = openSafetensors(file);
    return readTopFive(open, "made up");
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test("the five highest classes of each image; ties in the order of classes", () => {
  const { top, values, ranks, kept } = topFiveOf([
    posteriors([[0, 0.25, 0.125, 0.125, 0.375, 0.125, 0]], [5]),
  ]);
  assert.equal(kept, 5);
  assert.deepEqual([...top], [4, 1, 2, 3, 5]);
  assert.deepEqual([...values], [0.375, 0.25, 0.125, 0.125, 0.125]);
  assert.deepEqual([...ranks], [4]); // classes 4 and 1 are above, 2 and 3 tie
});

Deno.test("fewer than five classes are all kept", () => {
  const { top, kept } = topFiveOf([posteriors([[0.25, 0.75], [0.5, 0.5]], [0, 1])]);
  assert.deepEqual([kept, ...top], [2, 1, 0, 0, 1]);
});

Deno.test("a file gives the scores of the posteriors themselves", () => {
  const evaluations = [0, 1000, 2000].map(softmaxes);
  const { predicted, ...mean } = scoresOf(throughFile(topFiveOf(evaluations)));
  const expected = scored(evaluations);
  assert.deepEqual({ predicted, ...mean }, expected);
  assert.ok(new Set(predicted).size > 4); // it is not all one class
});

Deno.test("a mean is within the bounds of its evaluations; other posteriors are not", () => {
  const parts = [0, 1000, 2000].map(softmaxes);
  const each = parts.map((part) => topFiveOf([part]));
  mustBeMean(topFiveOf(parts), each, "mean");
  assert.throws(
    () => mustBeMean(topFiveOf([softmaxes(3000)]), each, "mean"),
    (error) =>
      error instanceof UserError && /"mean": .* for image \d+ are not the mean/.test(error.message),
  );
  const others = { ...each[0]!, labels: each[0]!.labels.map((label) => 8 - label) };
  assert.throws(() => mustBeMean(topFiveOf(parts), [others, ...each.slice(1)], "mean"), /other/);
});

/** The highest classes of posteriors of one image. */
const one = (label: number, ...values: number[]) => topFiveOf([posteriors([values], [label])]);

Deno.test("a forged mean is refused: the label at its upper bound, higher classes left out", () => {
  // two evaluations of 20 classes; class 0 is the highest, the label, 9, is among the others
  const rest = Array(14).fill(0.1 / 14);
  const values = [0.5, 0.15, 0.1, 0.08, 0.07, ...rest, 0];
  const parts = [one(9, ...values), one(9, ...values)];
  const mean = topFiveOf([posteriors([values], [9]), posteriors([values], [9])]);
  mustBeMean(mean, parts, "mean");
  const forged = (change: Partial<TopFive>) => () =>
    mustBeMean({ ...mean, ...change }, parts, "mean");
  const notMean = /for image 0 are not the mean/;
  // the label first at the fifth posterior, then four classes that no evaluation lists
  const top = Int32Array.of(9, 5, 6, 7, 8);
  const low = new Float32Array(5).fill(0.07);
  const own = Float32Array.of(0.07);
  assert.throws(forged({ top, values: low, own, ranks: Int32Array.of(0) }), notMean);
  // the same with the label's true posterior
  const true9 = mean.own;
  const equal = new Float32Array(5).fill(true9[0]!);
  assert.throws(forged({ top, values: equal, ranks: Int32Array.of(0) }), notMean);
  // all true, but for the rank
  for (const rank of [0, 1, 4]) assert.throws(forged({ ranks: Int32Array.of(rank) }), notMean);
  // the highest class alone is left out
  const without = Int32Array.of(1, 2, 3, 4, 5);
  const lower = Float32Array.of(0.15, 0.1, 0.08, 0.07, 0.1 / 14);
  assert.throws(forged({ top: without, values: lower }), notMean);
  // a class that no evaluation lists has at most the fifth posterior, 0.07, in each of them
  const strange = (value: number) =>
    forged({
      top: Int32Array.of(0, 1, 2, 3, 5),
      values: Float32Array.of(...values.slice(0, 4), value),
    });
  strange(0.07)();
  assert.throws(strange(0.0701), notMean);
});

Deno.test("a class that no evaluation lists has at most what is left of the sum of 1", () => {
  // the five sum to 0.99, so that no other class has more than 0.01, though the fifth has 0.09
  const values = [0.5, 0.2, 0.1, 0.1, 0.09, ...Array(14).fill(0.01 / 14), 0];
  const parts = [one(19, ...values), one(19, ...values)];
  const mean = topFiveOf([posteriors([values], [19]), posteriors([values], [19])]);
  mustBeMean(mean, parts, "mean");
  assert.throws(
    () => mustBeMean({ ...mean, top: Int32Array.of(0, 1, 2, 3, 7) }, parts, "mean"),
    /for image 0 are not the mean/,
  );
});

/** Numbers of one image of nine classes: of its label, which is class 8, and of the five highest, 0 to 4. */
const lone = (own: number, rank: number, values: readonly number[]): TopFive => ({
  ...{ classes: 9, kept: 5, labels: Int32Array.of(8), ranks: Int32Array.of(rank) },
  ...{ own: Float32Array.of(own), top: Int32Array.of(0, 1, 2, 3, 4) },
  values: Float32Array.from(values),
});

Deno.test("a label that is not listed is below the five, in posterior and in rank", () => {
  const ties = [0.3, 0.2, 0.1, 0.05, 0.05];
  for (const rank of [5, 8]) throughFile(lone(0.05, rank, ties)); // ties count as above
  // one of four would be a top-5 hit
  assert.throws(() => throughFile(lone(0.05, 4, ties)), /its label cannot have rank 4$/);
  assert.throws(
    () => throughFile(lone(0.015, 5, [0.2, 0.2, 0.2, 0.2, 0.01])),
    /are not valid posteriors$/,
  );
});

Deno.test("posteriors sum to at most 1, and to 1 where all classes are listed", () => {
  throughFile(lone(0, 8, [0.4, 0.3, 0.2, 0.05, 0.05]));
  assert.throws(
    () => throughFile(lone(0, 8, [0.5, 0.3, 0.2, 0.05, 0.05])),
    /are not valid posteriors$/,
  );
  const all = (...values: number[]): TopFive => ({
    ...{ classes: 3, kept: 3, labels: Int32Array.of(0), ranks: Int32Array.of(0) },
    ...{ own: Float32Array.of(values[0]!), top: Int32Array.of(0, 1, 2) },
    values: Float32Array.from(values),
  });
  throughFile(all(0.6, 0.3, 0.1));
  assert.throws(() => throughFile(all(0.6, 0.2, 0.1)), /are not valid posteriors$/);
});

Deno.test("images are counted whose result a class decides that an evaluation does not list", () => {
  // classes 0 to 3 are the same; the label, 5, is fifth in one and unlisted in the other, where 4 is
  const first = [0.3, 0.2, 0.15, 0.12, 0.04, 0.08, 0.06, 0.05];
  const second = [0.3, 0.2, 0.15, 0.12, 0.1, 0.02, 0.06, 0.05];
  const mean = topFiveOf([posteriors([first], [5]), posteriors([second], [5])]);
  // 4 is 0.07 in the mean, but 0.05 to 0.09 by what is listed; the label is 0.05
  const parts = [one(5, ...first), one(5, ...second)];
  assert.deepEqual(mustBeMean(mean, parts, "mean"), { top1: 0, top5: 1 });
  // with the label as the highest class nothing is open
  const [sure, sure2] = [one(0, ...first), one(0, ...second)];
  const ofSure = topFiveOf([posteriors([first], [0]), posteriors([second], [0])]);
  assert.deepEqual(mustBeMean(ofSure, [sure, sure2], "mean"), { top1: 0, top5: 0 });
});

const whole = topFiveOf([softmaxes(0)]);
const changed = (change: Partial<TopFive>) => throughFile({ ...whole, ...change });
const second = whole.top[16]!; // of image 3
const faults: Record<string, [Partial<TopFive>, RegExp]> = {
  "a rank that the highest classes rule out": [
    { ranks: whole.ranks.with(3, whole.ranks[3] === 0 ? 1 : 0) },
    /image 3 are impossible: its label cannot have rank/,
  ],
  "a rank beyond all classes": [{ ranks: whole.ranks.with(3, 9) }, /image 3 .* rank 9$/],
  "a label beyond the classes": [{ labels: whole.labels.with(3, 9) }, /image 3 .* its 9 classes$/],
  "a negative class": [{ top: whole.top.with(15, -1) }, /image 3 .* its 9 classes$/],
  "a class twice": [{ top: whole.top.with(15, second) }, /image 3 .* listed twice$/],
  "another posterior of the label": [
    { own: whole.own.with(3, whole.own[3]! + 0.01) },
    /image 3 .* are not valid posteriors$/,
  ],
  "posteriors that rise": [
    { values: whole.values.with(16, 1) },
    /image 3 .* are not valid posteriors$/,
  ],
  "a posterior that is not a number": [
    { values: whole.values.with(15, NaN) },
    /image 3 .* are not valid posteriors$/,
  ],
  "another number of classes": [{ classes: 3 }, /does not hold the highest/],
};

for (const [what, [change, reason]] of Object.entries(faults)) {
  Deno.test(`refused with its image: ${what}`, () => {
    assert.throws(
      () => changed(change),
      (error) => error instanceof UserError && reason.test(error.message),
    );
  });
}
