import assert from "node:assert/strict";
import type { TrainRun } from "../../lib/experiment.ts";
import { importedAtChance } from "../../lib/results/sanity_checks.ts";

Deno.test("imported nets are at chance from two deviations above the most frequent class on", () => {
  // 400 images, a quarter of them of class 0: chance is 75 %, its deviation 2.165 points
  const labels = Int32Array.from({ length: 400 }, (_, i) => i % 4);
  const imported: TrainRun = { config: "D", S: 256, init: { weights: "" } };
  const reasons = (top1: number, ...nets: TrainRun[]) => importedAtChance(nets, { top1 }, labels);
  assert.match(
    reasons(75, imported)[0]!,
    /^D 256 \(imported\) is at chance: its top-1 error is 75\.0 %, .* class is 75\.0 %\. .*--input/,
  );
  assert.equal(reasons(70.7, imported).length, 1);
  assert.deepEqual(reasons(70.6, imported), []);
  assert.deepEqual(reasons(75, { ...imported, init: "random" }), []); // its log tells more
  assert.deepEqual(reasons(75, imported, { ...imported, init: "random" }), []);
});
