import assert from "node:assert/strict";
import { jsonOf } from "../../lib/report/json.ts";
import { recordsOf } from "../../lib/report/records.ts";
import { madeUp } from "../support/results.ts";

Deno.test("JSON holds the records of the CSV, numbers as numbers", () => {
  const records = JSON.parse(jsonOf(recordsOf(madeUp({ missing: 1 }))));
  assert.equal(records.length, 12);
  assert.deepEqual(records[0].top1_error, null);
  assert.deepEqual(records[8], {
    table: "table3",
    row: 9,
    config: "D",
    S: "[256;512]",
    Q: 384,
    method: "dense",
    top1_error: 18,
    top5_error: 3,
    paper_top1_error: 25.6,
    paper_top5_error: 8.1,
    images: 2000,
    classes: 20,
    dataset: "scenes",
    setup: "small",
    seeds: 1,
    run: "run8-0",
    top1_error_sd: null,
    top5_error_sd: null,
    paper_top5_test_error: null,
    title: null,
    nets: "D/[256;512]/384",
    split: "val",
    flips: "true",
    top1_low: null,
    top1_high: null,
    top5_low: null,
    top5_high: null,
    status: null,
    status_reason: null,
    departures: records[0].departures,
    top5_test_error: null,
    test_images: null,
  });
});

Deno.test("no records are an empty array", () => {
  assert.deepEqual(JSON.parse(jsonOf([])), []);
});
