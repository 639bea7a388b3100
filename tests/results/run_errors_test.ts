import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { small } from "../../experiments/setups.ts";
import type { EvaluateSetup } from "../../lib/setup.ts";
import { plannedRun } from "../../lib/plan.ts";
import { errorsOfRuns } from "../../lib/results/run_errors.ts";
import { inMemory, scored } from "../../lib/score.ts";

/** Scores of ten classes, 12 - 0.7 c each, summed or averaged over 10 by 13 places; class 1 is true. */
function scoresOf(factor: number) {
  const classes = 10;
  const powers = Array.from({ length: classes }, (_, c) => Math.exp(-0.7 * c * factor));
  const sum = powers.reduce((sum, power) => sum + power);
  const values = Float32Array.from(powers, (power) => Math.fround(power / sum));
  const labels = Int32Array.of(1);
  return scored([inMemory({ name: "ten classes", classes, values, labels })]);
}

Deno.test("summed scores have no top-5 error: their soft-max is 1 for one class, 0 for all others", () => {
  const errorsBy = (scoreMap: EvaluateSetup["scoreMap"], method: "dense" | "multi-crop") => {
    const context = { train: small.train, evaluate: { scoreMap }, seed: 0, data: "" };
    const runs = evaluations(net("A", 256), [256], method).map((run) => plannedRun(run, context));
    const isSummed = scoreMap === "sum-then-softmax" && method === "dense";
    return errorsOfRuns(runs, scoresOf(isSummed ? 130 : 1));
  };
  assert.deepEqual(errorsBy("average-then-softmax", "dense"), { top1: 100, top5: 0 });
  assert.deepEqual(errorsBy("sum-then-softmax", "dense"), { top1: 100 });
  // a crop has one place
  assert.deepEqual(errorsBy("sum-then-softmax", "multi-crop"), { top1: 100, top5: 0 });
});
