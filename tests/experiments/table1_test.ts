import assert from "node:assert/strict";
import table from "../../experiments/table1.ts";

Deno.test("Table 1 has the paper's columns and depths", () => {
  assert.deepEqual(table.columns.map(({ config, depth }) => [config, depth]), [
    ["A", 11],
    ["A-LRN", 11],
    ["B", 13],
    ["C", 16],
    ["D", 16],
    ["E", 19],
  ]);
});
