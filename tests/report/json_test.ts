import assert from "node:assert/strict";
import { jsonOf } from "../../lib/report/json.ts";
import { recordsOf } from "../../lib/report/records.ts";
import { madeUp } from "../support/results.ts";
import { assertSnapshot } from "../support/snapshot.ts";

Deno.test("JSON holds the records of the CSV, numbers as numbers", () => {
  const text = jsonOf(recordsOf(madeUp({ missing: 1 })));
  const [missing, measured] = JSON.parse(text);
  assert.deepEqual([missing.top1_error, measured.top1_error], [null, 11]);
  assertSnapshot(text, "table3.json");
});

Deno.test("no records are an empty array", () => {
  assert.deepEqual(JSON.parse(jsonOf([])), []);
});
