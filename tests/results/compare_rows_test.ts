import assert from "node:assert/strict";
import type { Row, Table } from "../../lib/experiment.ts";
import { compareRows, type Reference } from "../../lib/results/compare_rows.ts";
import type { RowResult } from "../../lib/results/row_result.ts";
import { assertNear } from "../support/near.ts";
import { madeUp } from "../support/results.ts";

const IMAGES = 400;
const [{ protocol, row: measuredRow }] = madeUp().rows as [RowResult];
const ofOthers: Row = { title: "of others", evaluations: [], published: { top1: 1 } };

/** A row that misses the first `wrong` images under each seed. */
function missing(...wrong: readonly number[]): RowResult {
  const scores = wrong.map((count) => ({
    ranks: Int32Array.from({ length: IMAGES }, (_, i) => i < count ? 1 : 0),
    labels: new Int32Array(IMAGES),
    ...{ classes: 20, predicted: new Int32Array(IMAGES), confidence: new Float32Array(IMAGES) },
  }));
  const top1 = wrong.reduce((sum, count) => sum + 100 * count / IMAGES / wrong.length, 0);
  return { row: measuredRow, protocol, runs: [], seeds: [], scores, measured: { top1 } };
}

function compared(rows: readonly RowResult[], reference: Reference, more: Partial<Table> = {}) {
  const table: Table = {
    ...{ name: "mine", caption: "made up", headings: ["config"], rows: [], ...more },
  };
  return compareRows(rows, table, reference);
}

Deno.test("p-values are corrected for the rows, letters for all pairs", () => {
  const others: RowResult = {
    ...{ row: ofOthers, protocol, runs: [], seeds: [], scores: [] },
  };
  const rows = [missing(50), missing(40), others, missing(45)];
  const { table, rows: found, comparisons } = compared(rows, 2);
  assert.equal(table.baseline, 2);
  // discordant images: 10 and 0, 5 and 0; McNemar 2 / 2^10 and 2 / 2^5, Holm twice and once that
  assert.deepEqual(found.map(({ difference }) => difference?.points), [
    2.5,
    undefined,
    undefined,
    1.25,
  ]);
  assert.deepEqual(found.map(({ pHolm }) => pHolm), [2 / 512, undefined, undefined, 1 / 16]);
  // the pairs: 2/2^10 three times, below 5 %; 2/2^5 twice, above
  assert.deepEqual(found.map(({ letters }) => letters), ["b", "a", undefined, "ab"]);
  assert.deepEqual(comparisons, { isBest: false, withReference: 2, pairs: 3 });
});

Deno.test("the best row and the table's own baseline can be the reference", () => {
  const rows = [missing(50), missing(40), missing(45)];
  const best = compared(rows, "best");
  assert.equal(best.table.baseline, 2);
  assert.equal(best.comparisons!.isBest, true);
  assert.equal(compared(rows, "baseline", { baseline: 3 }).table.baseline, 3);
  const listed = compared(rows, 1, { columns: ["top1"] });
  assert.deepEqual(listed.table.columns, ["top1", "difference", "p"]);
  const { table } = compareRows(rows, { ...listed.table, columns: ["top1"] }, 1, true);
  assert.deepEqual(table.columns, ["top1", "difference", "interval", "p"]);
  const { columns: _, ...usual } = listed.table;
  assert.ok(compareRows(rows, usual, 1, true).table.columns!.includes("interval"));
  assert.equal(compareRows(rows, usual, 1).table.columns, undefined);
});

Deno.test("with several seeds, images and seeds must both tell rows apart", () => {
  // each seed alone: 2/2^20; over the seeds -5, -1 and -9 points: SciPy's ttest_1samp
  const rows = [missing(60, 60, 60), missing(40, 56, 24)];
  const [, second] = compared(rows, 1).rows;
  assert.ok(second!.difference!.p < 0.001);
  assertNear(second!.pHolm!, 0.16278164172107862);
  assert.equal(second!.letters, "a");
  const [, steady] = compared([missing(60, 60, 60), missing(40, 41, 39)], 1).rows;
  assert.equal(steady!.letters, "a");
  assert.equal(compared([missing(60, 60, 60), missing(40, 41, 39)], 1).rows[0]!.letters, "b");
});

Deno.test("what cannot be compared is refused or left alone", () => {
  const rows = [missing(50), missing(40)];
  assert.throws(() => compared(rows, 3), /row 3 of "mine": its rows are 1 to 2/);
  assert.throws(
    () => compared(rows, "baseline"),
    /it names none; .* --compare 1, or --compare best/,
  );
  const others: RowResult = {
    ...{ row: ofOthers, protocol, runs: [], seeds: [], scores: [] },
  };
  assert.throws(() => compared([...rows, others], 3), /a result of others/);
  const { measured: _, ...unmeasured } = missing(50);
  assert.deepEqual(compared([unmeasured, missing(40)], 1).rows[1]!.difference, undefined);
  assert.equal(compared([unmeasured], "best").comparisons, undefined);
  assert.equal(compared([missing(40), unmeasured], "best").comparisons, undefined);
});
