/** What is not the paper's stands under a table, or beside its numbers, in every format. */
import assert from "node:assert/strict";
import { setups } from "../../experiments/mod.ts";
import { departures } from "../../lib/results/protocol.ts";
import { FORMATS } from "../../lib/report/formats.ts";
import { report } from "../../lib/report/mod.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { madeUp } from "../support/results.ts";

const found = departures(setups.small, setups.paper, { classes: 20, train: 1_000, val: 10_000 });
const result = { ...madeUp(), departures: found };

for (const format of FORMATS) {
  Deno.test(`${format}: data, pixels, width, iterations, precision and schedule are named`, () => {
    const text = report([sheetOf(result)], format).replace(/\s+/g, " ");
    for (
      const departure of [
        "dataset scenes (ilsvrc2012)",
        "data.classes 20 (1,000)",
        "data.train 1,000 (1,281,167)",
        "data.val 10,000 (50,000)",
        "crop 28 (224)",
        "width 0.25 (1)",
        "batch 16 (256)",
        "schedules.first.images 80,000 (94,806,358)",
        "schedules.drops linear (plateau patience 5 times 3)",
        "transfer deepen (paper)",
      ]
    ) assert.ok(text.includes(departure), departure);
    for (const { field } of found) assert.ok(text.includes(`${field} `), field);
    // precision is the paper's here, and not named
    assert.ok(!text.includes("precision float32 ("));
  });

  Deno.test(`${format}: doubts about the data are named`, () => {
    const doubts = ["3 of 10 validation images are training images. Errors on them say nothing."];
    const text = report([sheetOf({ ...result, doubts })], format).replace(/\s+/g, " ");
    assert.match(text, /3 of 10 validation images are training images/);
    assert.match(text, /[Dd]oubtful/);
  });

  Deno.test(`${format}: under the paper's setup there is no departure`, () => {
    const text = report([sheetOf({ ...result, departures: [] })], format);
    assert.doesNotMatch(text, /Departures|\(ilsvrc2012\)/);
  });
}

Deno.test("a table's own note comes first, and is left out where weights were imported", () => {
  const table = { ...result.table, note: "Nets start from net A." };
  assert.equal(sheetOf({ ...result, table }).notes[0], table.note);
  const init = { weights: "0".repeat(64), layout: "torchvision" } as const;
  const rows = result.rows.map((each) => {
    const { evaluations: [test], ...row } = each.row;
    return {
      ...each,
      row: { ...row, evaluations: [{ ...test!, net: { ...test!.net, init } }] },
    };
  });
  assert.ok(!sheetOf({ ...result, table, rows }).notes.includes(table.note));
});
