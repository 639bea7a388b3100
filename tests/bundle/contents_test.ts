import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { type BundlePlan, FORMAT, jsonText, readPlan } from "../../lib/bundle/contents.ts";
import type { Init } from "../../lib/experiment.ts";

/** A plan of one evaluation of a net with this initialisation. */
function planOf(init: Init): BundlePlan {
  const run = { net: { config: "D", S: 256, init }, Q: 256, method: "dense" } as const;
  return {
    ...{ format: FORMAT, small: false, setup: smoke, seeds: [0] },
    dataset: { name: "made up", classes: ["a", "b"], train: 2, val: 2, fingerprint: "made-up" },
    tables: [{
      ...{ name: "one", caption: "made up", headings: ["config"] },
      rows: [{ evaluations: [run], published: { top1: 25.6 } }],
    }],
  };
}

const from = net("A", 256);
const inits: Record<string, Init> = {
  "random": "random",
  "all layers": { from, layers: "all" },
  "named layers": { from, layers: ["conv1_1", "fc8"] },
  "transfer": { from, layers: "transfer" },
  "deepen": { from, layers: "deepen" },
  "perturb": { from, layers: "perturb" },
  "a file of weights": { weights: "0".repeat(64), layout: "keras", mean: [123.7, 116.8, 103.9] },
};

for (const [what, init] of Object.entries(inits)) {
  Deno.test(`a plan is read as it was written: initialisation ${what}`, () => {
    const plan = planOf(init);
    assert.deepEqual(readPlan(jsonText(plan), "some.zip"), plan);
  });
}
