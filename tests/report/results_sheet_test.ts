import assert from "node:assert/strict";
import type { Table } from "../../lib/experiment.ts";
import { csvOf } from "../../lib/report/csv.ts";
import { report } from "../../lib/report/mod.ts";
import { recordsOf } from "../../lib/report/records.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { madeUp } from "../support/results.ts";

/** Made-up results of a table that says more than the paper's; row 2 was compared with row 1. */
function resultsWith(more: Partial<Table>) {
  const result = madeUp();
  const difference = {
    ...{ points: -1.25, interval: { low: -2.5, high: -0.06 }, from: "images" as const, p: 0.0421 },
    pairs: { images: 2_000, onlyFirst: 20, onlySecond: 45 },
  };
  const rows = result.rows.map((row, i) => i === 1 ? { ...row, difference } : row);
  return { ...result, table: { ...result.table, ...more }, rows };
}

/** The texts of a sheet's header and of its second row. */
function texts(more: Partial<Table>) {
  const { header, body } = sheetOf(resultsWith(more));
  return [...header, body.flat()[1]!].map((row) => row.map(({ text }) => text));
}

Deno.test("a table shows the differences from its baseline after its errors", () => {
  assert.deepEqual(texts({ baseline: 1 }), [
    ["", "smallest side", "measured, %", "published, %", "against row 1"],
    [...["config", "train S", "test Q"], "top-1", "top-5", "top-1", "top-5", "top-1, points", "p"],
    ["A-LRN", "256", "256", "11.0", "2.1", "29.7", "10.5", "-1.3 [-2.5;-0.1]", "0.042"],
  ]);
  const [, ...others] = sheetOf(resultsWith({ baseline: 1 })).body.flat();
  assert.ok(others.slice(1).every((row) => row.slice(-2).every(({ text }) => text === "–")));
  const { caption } = sheetOf(resultsWith({ baseline: 1 }));
  assert.ok(caption.some((sentence) => /^Differences: .* that of row 1, in points/.test(sentence)));
});

Deno.test("an interval has a column of its own where the table asks for it", () => {
  assert.deepEqual(texts({ baseline: 1, columns: ["interval", "top1", "difference", "p"] }), [
    ["", "smallest side", "measured, %", "against row 1"],
    ["config", "train S", "test Q", "top-1", "top-1, points", "95 %", "p"],
    ["A-LRN", "256", "256", "11.0", "-1.3", "[-2.5;-0.1]", "0.042"],
  ]);
});

Deno.test("a table shows the columns that it lists, in the order of all tables", () => {
  assert.deepEqual(texts({ baseline: 1, columns: ["p", "top1"] }), [
    ["", "smallest side", "measured, %", "against row 1"],
    ["config", "train S", "test Q", "top-1", "p"],
    ["A-LRN", "256", "256", "11.0", "0.042"],
  ]);
  const [, header] = texts({ columns: ["top5", "published"] });
  assert.deepEqual(header!.slice(3), ["top-5", "top-5"]);
  for (const format of ["table", "markdown", "latex"] as const) {
    report([sheetOf(resultsWith({ columns: ["difference"], baseline: 1 }))], format);
  }
});

Deno.test("records of a table with a baseline have the comparison, those of others don't", () => {
  const [first, second] = recordsOf(resultsWith({ baseline: 1, columns: ["top1"] }));
  const { baseline, difference, difference_low, difference_high, difference_from, p } = second!;
  assert.deepEqual(
    [baseline, difference, difference_low, difference_high, difference_from, p],
    [1, -1.25, -2.5, -0.06, "images", 0.0421],
  );
  assert.deepEqual([first!.baseline, first!.difference], [1, undefined]);
  assert.ok(!csvOf(recordsOf(resultsWith({}))).includes("difference"));
});

Deno.test("a comparison of all rows shows corrected p-values and letters, in every format", () => {
  const result = resultsWith({ baseline: 1 });
  const comparisons = { isBest: true, withReference: 11, pairs: 66 };
  const rows = result.rows.map((row, i) => ({
    ...row,
    ...i === 1 && { pHolm: 0.0312 },
    letters: i < 2 ? "a" : "ab",
  }));
  const compared = { ...result, rows, comparisons };
  const { header, body, caption, records } = sheetOf(compared);
  assert.deepEqual(header[1]!.slice(-3).map(({ text }) => text), ["top-1, points", "p", "letters"]);
  const last = body.flat().map((row) => row.slice(-2).map(({ text }) => text));
  assert.deepEqual(last.slice(0, 3), [["–", "a"], ["0.031*", "a"], ["–", "ab"]]);
  assert.deepEqual([records[1]!.p_holm, records[1]!.letters, records[2]!.letters], [
    0.0312,
    "a",
    "ab",
  ]);
  const words = caption.join(" ");
  assert.match(words, /corrected for 11 rows \(Holm\); \* marks p < 0.05/);
  assert.match(words, /Row 1 was chosen by its error on these same images/);
  assert.match(words, /corrected for 66 pairs of rows/);
  for (const format of ["table", "markdown", "csv", "json"] as const) {
    assert.match(report([sheetOf(compared)], format), /letters/);
  }
});
