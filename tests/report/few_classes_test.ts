/** Of five classes or fewer, five guesses always include the right one: there is no top-5 error. */
import assert from "node:assert/strict";
import { setups } from "../../experiments/mod.ts";
import type { TableResult } from "../../lib/results/row_result.ts";
import { FORMATS } from "../../lib/report/formats.ts";
import { report } from "../../lib/report/mod.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { errorsOf } from "../../lib/score.ts";
import { madeUp } from "../support/results.ts";

Deno.test("five classes have no top-5 error, six have one", () => {
  const ranks = Int32Array.of(0, 1, 4, 2); // one of four images is right at once, all among five
  assert.deepEqual(errorsOf({ ranks, classes: 5 }), { top1: 75 });
  assert.deepEqual(errorsOf({ ranks, classes: 6 }), { top1: 75, top5: 0 });
});

/** Two rows of Table 3 with three seeds, of four classes. */
function fourClasses(): TableResult {
  const result = madeUp({ seeds: 3 });
  const dataset = { ...result.dataset, classes: 4 };
  const rows = result.rows.slice(0, 2).map(({ measured, seeds, ...row }) => ({
    ...row,
    measured: { top1: measured!.top1 },
    intervals: { top1: { low: 9, high: 15 } },
    seeds: seeds.map(({ top1 }) => ({ top1 })),
  }));
  return { ...result, setup: setups.small, dataset, rows };
}

const inFormat = Object.fromEntries(
  FORMATS.map((format) => [format, report([sheetOf(fourClasses())], format)]),
);

Deno.test("people see a dash without an interval and without bold, and why", () => {
  const { table, markdown, latex } = inFormat;
  assert.match(table!, /│ A +│ +256 │ +256 │ 12\.0 ± 2\.00 │ +– │ +29\.6 │ +10\.4 │/);
  assert.match(markdown!, /\| +\*\*12\.0 ± 2\.00\*\* \| +– \| +29\.6 \|/);
  assert.match(latex!, /\\textbf\{12\.0 \$\\pm\$ 2\.00\} & -- & 29\.6 & 10\.4/);
  for (const text of [table!, markdown!, latex!]) {
    assert.match(
      text.replace(/\s+/g, " "),
      /Top-5 errors are not given \(–|--\): of 4 classes, five guesses always include the right/,
    );
  }
  for (const group of sheetOf(fourClasses()).body) {
    const top5 = group[0]![4]!;
    assert.deepEqual([top5.text, top5.best, top5.detail], ["–", undefined, undefined]);
  }
});

Deno.test("under summed scores the caption says why there is no top-5 error", () => {
  const result = madeUp();
  const { setup } = result;
  const evaluate = { ...setup.evaluate, scoreMap: "sum-then-softmax" } as const;
  const { caption } = sheetOf({ ...result, setup: { ...setup, evaluate } });
  assert.ok(caption.some((text) => /^Top-5 errors of dense evaluations are not given/.test(text)));
  assert.ok(!sheetOf(result).caption.some((text) => /not given/.test(text)));
});

Deno.test("programs get nothing: empty in CSV, null in JSON", () => {
  const fields = ["top5_error", "top5_error_sd", "top5_low", "top5_high"];
  const [header, first] = inFormat.csv!.split("\n").map((line) => line.split(",")) as string[][];
  for (const field of fields) assert.equal(first![header!.indexOf(field)], "", field);
  const [record] = JSON.parse(inFormat.json!);
  for (const field of fields) assert.equal(record[field], null, field);
  assert.equal(record.top1_error, 12);
});
