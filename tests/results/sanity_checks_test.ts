import assert from "node:assert/strict";
import type { TrainRun } from "../../lib/experiment.ts";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { UnreadableError } from "../../lib/errors.ts";
import { plannedRun, planOf } from "../../lib/plan.ts";
import {
  endedAtChance,
  importedAtChance,
  whyMeaningless,
} from "../../lib/results/sanity_checks.ts";

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

Deno.test("evaluations of a trained net say that it is at chance, as tables do, once for all of them", () => {
  const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
  const members = planOf(evaluations(net("A", 256), [224, 256], "dense"), [context]).slice(1)
    .map((run) => ({ run, errors: { top1: 75 } }));
  const labels = Int32Array.from({ length: 400 }, (_, i) => i % 4);
  const reasons = (loss: number) =>
    whyMeaningless(members, labels, {
      readLog: () => [
        { step: 10, loss: 2, learningRate: 0.005 },
        { step: 20, loss, learningRate: 0.0005 },
      ],
    });
  assert.equal(members.length, 2);
  // four classes alike: ln 4 = 1.386
  assert.match(
    reasons(1.38).join("|"),
    /^A 256 is at chance: .* its loss is 1\.38, .* gives 1\.39$/,
  );
  assert.deepEqual(reasons(1.3), []);
});

Deno.test("a training that ends at chance names its rate, its length and what to change", () => {
  const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
  const trainings = [plannedRun(net("A", 256), context), plannedRun(net("B", 256), context)];
  // three of four images show class 0: ln 4 - 3/4 ln 3 = 0.5623 nats
  const labels = Int32Array.from({ length: 400 }, (_, i) => i % 4 === 0 ? 1 : 0);
  const doubt = (...losses: number[]) =>
    endedAtChance(trainings, labels, {
      // nine tenths do not count
      readLog: ({ run }) => [
        { step: 90, loss: 0.1, learningRate: 0.005 },
        { step: 100, loss: losses[run === trainings[0]!.run ? 0 : 1]!, learningRate: 0.005 },
      ],
    });
  assert.equal(doubt(0.55, 0.1), undefined);
  const { learningRate, images } = smoke.train.schedules.first;
  assert.equal(
    doubt(0.56, 0.1),
    "A 256 ended at chance: its training loss is 0.56, and predicting the frequencies of the " +
      "classes gives 0.56. The learning rate may be too high " +
      `(--set schedules.first.learningRate=..., now ${learningRate}), the training too short ` +
      `(--set schedules.first.images=..., now ${images}), or the labels wrong (deno task data ` +
      "shows them).",
  );
  assert.match(doubt(3, 3)!, /^A 256 ended .* is 3\.00, .* 0\.56\. So did 1 other training\. The /);
  assert.equal(endedAtChance(trainings, Int32Array.of(1, 1), { readLog: () => [] }), undefined);
  const readLog = () => {
    throw new UnreadableError("Cannot read log.jsonl");
  };
  assert.equal(endedAtChance(trainings, labels, { readLog }), undefined);
});
