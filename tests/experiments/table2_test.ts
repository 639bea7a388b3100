import assert from "node:assert/strict";
import table from "../../experiments/table2.ts";

Deno.test("Table 2: the counts of the authors' released nets, which round to the paper's", () => {
  assert.deepEqual(table.rows.map(({ parameters }) => parameters), [
    132_863_336,
    132_863_336,
    133_047_848,
    133_638_952,
    138_357_544,
    143_667_240,
  ]);
  for (const { parameters, published } of table.rows) {
    assert.equal(Math.round(parameters / 1e6), published);
  }
});
