/**
 * What must be so after the steps of a rehearsal, by the formulas of the files that were made for it:
 * which class has which label, which image is of which class, and what follows from posteriors.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Posteriors } from "../../lib/score.ts";
import { idOfVal, IDS, wnidOf } from "../support/ilsvrc2012/made.ts";
import type { Amount } from "./archives.ts";

/** WNIDs in their order: a label is an index. */
const WNIDS = IDS.map(wnidOf).sort();

/** ILSVRC2012_IDs by label. */
const idOf = IDS.toSorted((a, b) => wnidOf(a) < wnidOf(b) ? -1 : 1);

/** Labels of `val` validation images, in the order of their names. No class has two of them. */
function labelsOf(val: number): number[] {
  return Array.from({ length: val }, (_, i) => idOf.indexOf(idOfVal(i + 1)));
}

/** What `data` prints is each class with its label, WNID and words, and its images. */
export function mustHaveClasses(records: readonly unknown[], { each, val }: Amount) {
  const labels = labelsOf(val);
  const expected = WNIDS.map((wnid, label) => ({
    class: `${wnid} thing ${idOf[label]}`,
    label,
    train: each,
    val: labels.includes(label) ? 1 : 0,
  }));
  assert.deepEqual(records, expected);
}

/** What `evaluate` prints of one evaluation. */
export interface Evaluated {
  readonly key: string;
  readonly Q: number;
  readonly top1_error: number;
  readonly top5_error: number;
  readonly images: number;
}

/** Errors are those of the posteriors, counted here again, against labels by the formula. */
export function mustBeErrorsOf(posteriors: Posteriors, { val }: Amount, record: Evaluated) {
  // in the data set's order classes take turns
  const labels = labelsOf(val).sort((a, b) => a - b);
  assert.deepEqual([...posteriors.labels], labels);
  const wrong = { top1: 0, top5: 0 };
  for (const [image, label] of labels.entries()) {
    const row = posteriors.rows(image, image + 1);
    const above = row.filter((value, other) => other !== label && value >= row[label]!).length;
    if (above >= 1) wrong.top1++;
    if (above >= 5) wrong.top5++;
  }
  const inPerCent = (count: number) => Math.round(1e4 * count / val) / 100;
  const { images, top1_error, top5_error } = record;
  assert.deepEqual(
    { images, top1_error, top5_error },
    { images: val, top1_error: inPerCent(wrong.top1), top5_error: inPerCent(wrong.top5) },
  );
}

/**
 * A file for the test server has a line for each test image, in the order of names: five classes by
 * ILSVRC2012_ID, best first. Test images are the first validation images once more, so their
 * posteriors tell which.
 */
export function mustBeSubmission(file: string, posteriors: Posteriors, { val, test }: Amount) {
  const lines = file.split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines.length, test);
  const labels = labelsOf(val);
  const place = labels.toSorted((a, b) => a - b);
  for (const [i, line] of lines.entries()) {
    assert.match(line, /^\d+( \d+){4}$/);
    const ids = line.split(" ").map(Number);
    assert.equal(new Set(ids).size, 5, line);
    const image = place.indexOf(labels[i]!);
    const row = posteriors.rows(image, image + 1);
    const sorted = row.toSorted().reverse();
    // another batch, or another order of sums, may round otherwise
    const tolerance = 0.02 * (sorted[0]! - sorted.at(-1)!);
    for (const [rank, id] of ids.entries()) {
      assert.ok(id >= 1 && id <= 1000, line);
      const away = Math.abs(row[idOf.indexOf(id)]! - sorted[rank]!);
      assert.ok(away <= tolerance, `line ${i + 1}, "${line}": ${id} is not the ${rank + 1}. best`);
    }
  }
}
