import assert from "node:assert/strict";
import { UserError } from "../lib/errors.ts";
import { errorsOf, inMemory, misses, type Posteriors, scored } from "../lib/score.ts";
import { noises } from "./support/formula.ts";
import { posteriors } from "./support/posteriors.ts";

const errors = (...evaluations: Posteriors[]) => errorsOf(scored(evaluations));
const row = [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05];

Deno.test("top-1: the label is not the highest; top-5: not among the five highest", () => {
  const of = (label: number) => errors(posteriors([row], [label]));
  assert.deepEqual(of(0), { top1: 0, top5: 0 });
  assert.deepEqual(of(1), { top1: 100, top5: 0 });
  assert.deepEqual(of(4), { top1: 100, top5: 0 });
  assert.deepEqual(of(5), { top1: 100, top5: 100 });
});

Deno.test("errors are shares of the images, in per cent", () => {
  const all = posteriors(Array(8).fill(row), [0, 0, 0, 0, 0, 1, 5, 6]);
  assert.deepEqual(errors(all), { top1: 37.5, top5: 25 });
  assert.deepEqual([misses(scored([all]), 1), misses(scored([all]), 5)], [3, 2]);
});

Deno.test("each image has its rank, its prediction and how sure that is", () => {
  const unlike = [0.05, 0.1, 0.6, 0.25];
  const { ranks, predicted, confidence } = scored([
    posteriors([unlike, unlike, [0.25, 0.25, 0.25, 0.25]], [3, 0, 1]),
    posteriors([[0.05, 0.1, 0.2, 0.65], unlike, [0.25, 0.25, 0.25, 0.25]], [3, 0, 1]),
  ]);
  assert.deepEqual([...ranks], [0, 3, 3]);
  assert.deepEqual([...predicted], [3, 2, 0]);
  assert.deepEqual([...confidence].map((value) => value.toFixed(6)), [
    ...["0.450000", "0.600000", "0.250000"],
  ]);
});

Deno.test("somebody's own posteriors are read as they are given, and refused where some are missing", () => {
  // more values than are read at a time
  const [images, classes] = [1000, 100];
  const labels = Int32Array.from({ length: images }, (_, image) => image % classes);
  const values = Float32Array.from(noises(images * classes, { from: 0, scale: 1 }), Math.abs);
  for (let image = 0; image < images; image++) {
    const row = values.subarray(image * classes, (image + 1) * classes);
    const sum = row.reduce((sum, value) => sum + value, 0);
    row.forEach((value, i) => row[i] = value / sum);
  }
  const whole = inMemory({ name: "whole", classes, values, labels });
  const { rows: _, ...about } = whole;
  const own: Posteriors = {
    ...about,
    rows: (from, to) => values.slice(from * classes, to * classes), // in an array of its own
  };
  assert.deepEqual(scored([own]).ranks, scored([whole]).ranks);
  const flipped = inMemory({ ...about, values: values.toReversed() });
  assert.deepEqual(scored([flipped, own]).ranks, scored([flipped, whole]).ranks);

  const short = values.subarray(0, 900 * classes);
  assert.throws(
    () => inMemory({ ...about, values: short }),
    /it has 90000 values, but 1000 labels of 100 classes need 100000/,
  );
  const cut: Posteriors = {
    ...about,
    rows: (from, to) => short.slice(from * classes, to * classes),
  };
  assert.throws(() => scored([cut]), /it has \d+ values for the images \d+ to 999, not \d+/);
  assert.throws(() => scored([{ ...whole, alsoRight: new Int32Array(3) }]), /Cannot score "whole"/);
});

Deno.test("a net that says the same of all classes earns nothing", () => {
  const same = posteriors(Array(10).fill(Array(10).fill(0.1)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(errors(same), { top1: 100, top5: 100 });
});

Deno.test("of several right classes any counts, as ReaL's authors score", () => {
  const rows = [
    row, // the third class is right, and so is the first
    row, // the third and the second: a miss, but among the five highest
    row, // the sixth and the last: a miss of both kinds
    [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1], // both right ones tie with a wrong one
    [0.4, 0.4, 0.05, 0.05, 0.05, 0.03, 0.02], // the right ones tie with each other
  ];
  const all = {
    ...posteriors(rows, [2, 2, 5, 0, 1]),
    alsoRight: Int32Array.of(0, -1, 1, -1, 6, 5, 1, -1, 0, -1),
  };
  const { ranks, labels, predicted } = scored([all, all]);
  assert.deepEqual([...ranks], [0, 1, 5, 1, 0]);
  assert.deepEqual([...labels], [0, 1, 5, 0, 0]);
  assert.deepEqual([...predicted], [0, 0, 0, 0, 0]);
  assert.deepEqual(errors(all), { top1: 60, top5: 20 });
  // what others publish: the share of images whose first guess is in the list
  const lists = [[2, 0], [2, 1], [5, 6], [0, 1], [1, 0]];
  const hits = rows.filter((each, i) => lists[i]!.includes(each.indexOf(Math.max(...each))));
  assert.equal(hits.length, 3); // one more: a class that ties with a wrong one has no hit here
  assert.throws(() => scored([all, posteriors(rows, [2, 2, 5, 0, 1])]), /have different labels/);
  const odd = { ...all, alsoRight: all.alsoRight.with(0, 7) };
  assert.throws(() => scored([odd]), /a label is not one of 7 classes/);
});

Deno.test("five classes or fewer have no top-5 error", () => {
  assert.deepEqual(errors(posteriors([[0.1, 0.2, 0.3, 0.25, 0.15]], [0])), { top1: 100 });
});

Deno.test("posteriors are averaged, not votes: a sure net outweighs two unsure ones", () => {
  const unsure = posteriors([[0.45, 0.55]], [0]);
  const sure = posteriors([[0.9, 0.1]], [0]);
  const { ranks, confidence } = scored([unsure, sure, unsure]);
  assert.deepEqual([...ranks], [0]);
  assert.equal(confidence[0]!.toFixed(6), "0.600000"); // (0.45 + 0.9 + 0.45) / 3
  assert.equal(errors(unsure).top1, 100);
});

/** Posteriors of many images by formula; `which` tells evaluations apart. */
function manyPosteriors(which: number, { images = 40, classes = 7 } = {}): Posteriors {
  const noise = noises(images * classes, { from: 1000 * which });
  const values = noise.map((value) => Math.exp(3 * value));
  for (let at = 0; at < values.length; at += classes) {
    const part = values.subarray(at, at + classes);
    const sum = part.reduce((a, b) => a + b);
    part.forEach((value, i) => part[i] = value / sum);
  }
  const labels = Int32Array.from({ length: images }, (_, i) => i % classes);
  return inMemory({ name: `evaluation ${which}`, classes, values, labels });
}

/** The mean of evaluations as one evaluation. */
function mean(evaluations: readonly Posteriors[]): Posteriors {
  const [{ classes, labels } = manyPosteriors(0)] = evaluations;
  const rows = evaluations.map((evaluation) => evaluation.rows(0, labels.length));
  const values = rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  return inMemory({ name: "mean", classes, labels, values });
}

Deno.test("a flat mean is the mean of means of groups of one size, as the paper nests them", () => {
  for (let seed = 0; seed < 10; seed++) {
    const each = Array.from({ length: 6 }, (_, i) => manyPosteriors(10 * seed + i));
    const flat = scored(each);
    for (const size of [1, 2, 3]) {
      const groups = Array.from(
        { length: 6 / size },
        (_, g) => each.slice(g * size, (g + 1) * size),
      );
      const nested = scored(groups.map(mean));
      assert.deepEqual(nested.ranks, flat.ranks);
      assert.deepEqual(nested.predicted, flat.predicted);
      nested.confidence.forEach((value, i) =>
        assert.ok(Math.abs(value - flat.confidence[i]!) < 1e-6)
      );
    }
  }
});

Deno.test("reading in parts changes nothing", () => {
  // 2^16 values are read at a time: nine parts and a bit
  const size = { images: 6000, classes: 100 };
  const whole = manyPosteriors(1, size);
  const asked: number[] = [];
  const scores = scored([{
    ...whole,
    rows(from, to, into) {
      asked.push(to - from);
      return whole.rows(from, to, into);
    },
  }]);
  assert.deepEqual(asked, [...Array(9).fill(655), 105]);
  const values = whole.rows(0, size.images);
  for (const image of [0, 654, 655, 1309, 1310, 5999]) {
    const own = [...values.subarray(100 * image, 100 * (image + 1))];
    const label = image % 100;
    assert.equal(scores.predicted[image], own.indexOf(Math.max(...own)));
    assert.equal(scores.ranks[image], own.filter((value) => value >= own[label]!).length - 1);
  }
});

Deno.test("values that are not posteriors are refused, with their name and image", () => {
  const odd: [number[], RegExp][] = [
    [
      [0.5, NaN],
      /"made up": its values for image 1 are not posteriors: they sum to NaN, not to 1; remove/,
    ],
    [[0.5, 0.6], /sum to 1\.1/],
    [[-0.5, 1.5], /include a negative one/],
    [[0, 0], /sum to 0, not to 1/],
  ];
  for (const [values, message] of odd) {
    const broken = posteriors([[0.5, 0.5], values], [0, 1]);
    assert.throws(
      () => scored([broken]),
      (error) => error instanceof UserError && message.test(error.message),
    );
  }
  assert.throws(() => scored([posteriors([[0.5, 0.5]], [2])]), /a label is not one of 2 classes/);
  assert.throws(() => scored([posteriors([[0.5, 0.5]], [-1])]), UserError);
});

Deno.test("posteriors of other images or classes are not averaged", () => {
  const one = posteriors([[0.4, 0.6]], [0]);
  assert.throws(() => scored([]), /Cannot score: there are no posteriors/);
  const others: [Posteriors, string][] = [
    [posteriors([[0.4, 0.6]], [1]), '"made up" and "made up" have different labels'],
    [posteriors([[0.4, 0.6], [0.5, 0.5]], [0, 1]), '"made up" has 2 images, "made up" has 1'],
    [posteriors([[0.2, 0.3, 0.5]], [0]), '"made up" has 3 classes, "made up" has 2'],
  ];
  for (const [other, what] of others) {
    assert.throws(
      () => scored([one, other]),
      (error) => error instanceof UserError && error.message.includes(what),
    );
  }
});
