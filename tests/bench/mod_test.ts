import assert from "node:assert/strict";
import { measure, measurementsOf, waitingShare } from "../../lib/bench/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { jsonOf } from "../../lib/report/json.ts";

const CASE = { name: "train X, batch 16", batch: 16 };

Deno.test("one line for each peer, with images a second and ratios", () => {
  const peers = [{ name: "PyTorch" }, { name: "stock tfjs-node, float32" }];
  const times = [[0.1, 0.2, 0.1], [0.2, 0.3, 0.1], [0.4, 0.4, 0.4]];
  // 16 / 0.1, 16 / 0.2, 16 / 0.4; ratios 2, 1.5, 1 and 4, 2, 4
  assert.deepEqual(JSON.parse(jsonOf(measurementsOf(CASE, peers, times))), [
    {
      ...{ name: "train X, batch 16", unit: "images/s", ours: 160, peer: 80, peer_name: "PyTorch" },
      ...{ ratio: 1.5, ratio_min: 1, ratio_max: 2 },
    },
    {
      ...{ name: "train X, batch 16", unit: "images/s", ours: 160, peer: 40 },
      ...{ peer_name: "stock tfjs-node, float32", ratio: 4, ratio_min: 2, ratio_max: 4 },
    },
  ]);
});

Deno.test("a line without a peer has nulls, and all fields in the same order", () => {
  const text = jsonOf(measurementsOf(CASE, [], [[0.3, 0.7, 0.6]]));
  assert.equal(
    text,
    '[\n  {"name":"train X, batch 16","unit":"images/s","ours":26.7,"peer":null,' +
      '"peer_name":null,"ratio":null,"ratio_min":null,"ratio_max":null}\n]',
  );
});

Deno.test("waiting is the share of real steps' time that fed steps save", () => {
  // 1 - 19/20, 1 - 9/10, 1 - 24/25: 5, 10 and 4 per cent
  assert.equal(waitingShare([19, 9, 24], [20, 10, 25]), 5);
});

Deno.test("phrases that select no case are refused with the list of cases", async () => {
  await assert.rejects(measure({ phrases: ["train Z/8", "nothing"] }), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(
      error.message,
      /^Cannot measure "train Z\/8", "nothing": .*\n {2}train A\/8, 56 px, batch 16/,
    );
    return true;
  });
});
