import assert from "node:assert/strict";
import { Board } from "../lib/board.ts";
import { allOrStopped } from "../lib/crew.ts";
import { net } from "../experiments/protocol.ts";
import { smoke } from "../experiments/setups.ts";
import { key, type TrainRun } from "../lib/experiment.ts";
import type { PlannedRun } from "../lib/plan.ts";
import type { Hand } from "../lib/pool.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
function planned(run: TrainRun, after: readonly PlannedRun[]): PlannedRun {
  return { run, context, key: key(run, context), after: after.map(({ key }) => key) };
}

Deno.test("a defect in one thread lets the others reach a checkpoint, and is told then", async () => {
  const A = planned(net("A", 256), []);
  const LRN = planned(net("A-LRN", 256), []);
  const B = planned(net("B", 256), [A]);
  const board = new Board([A, LRN, B], []);
  const told: string[] = [];
  const stopped = Promise.withResolvers<void>();
  const hands = ["one", "other"].map((name) => ({ name })) as unknown as Hand[];
  const work = allOrStopped(hands, stopped.resolve, async (hand) => {
    for (let run = await board.next(); run; run = await board.next()) {
      if (hand === hands[0]) {
        board.close(run);
        throw new TypeError("a defect");
      }
      await stopped.promise;
      told.push(`checkpoint of ${run.run === LRN.run ? "A-LRN" : "another run"}`);
      board.close(run);
    }
  });
  await assert.rejects(work, /a defect/);
  // and B, which waits for A, is not waited for
  assert.deepEqual(told, ["checkpoint of A-LRN"]);
});
