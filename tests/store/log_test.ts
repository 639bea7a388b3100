/** A log keeps the lines that another process adds while this one shortens it. */
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { plannedRun } from "../../lib/plan.ts";
import type { Store } from "../../lib/store/mod.ts";
import { inStore } from "../support/in_store.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);
const line = (step: number) => (
  { step, epoch: 0, loss: 1, learningRate: 0.1, imagesPerSecond: 9 }
);
const stepsIn = (store: Store) => store.readLog(A).map(({ step }) => step);

/** Does `work` while another process adds a line to the log as soon as a draft of it is made. */
function whileAnotherWrites(store: Store, step: number, work: () => void) {
  const { openSync } = Deno;
  Deno.openSync = (path, options) => {
    if (options?.createNew) {
      Deno.openSync = openSync;
      store.appendLog(A, line(step));
    }
    return openSync(path, options);
  };
  try {
    work();
  } finally {
    Deno.openSync = openSync;
  }
}

Deno.test("a log without later steps is not written again", () =>
  inStore((store) => {
    store.begin(A);
    store.cutLog(A, 0);
    for (const step of [1, 2]) store.appendLog(A, line(step));
    whileAnotherWrites(store, 3, () => store.cutLog(A, 2));
    store.appendLog(A, line(3));
    assert.deepEqual(stepsIn(store), [1, 2, 3]);
  }));

Deno.test("a log to which another process adds a line is not shortened", () =>
  inStore((store) => {
    store.begin(A);
    for (const step of [1, 2]) store.appendLog(A, line(step));
    whileAnotherWrites(store, 3, () => {
      assert.throws(
        () => store.cutLog(A, 1),
        /^UserError: Cannot write .*log\.jsonl": another process writes it/,
      );
    });
    assert.deepEqual(stepsIn(store), [1, 2, 3]);
  }));

Deno.test("lines that another process adds before the last step is known are kept", () =>
  inStore((store) => {
    store.begin(A);
    const before = store.readLogText(A);
    for (const step of [1, 2]) store.appendLog(A, line(step));
    store.cutLog(A, 0, before);
    assert.deepEqual(stepsIn(store), [1, 2]);
  }));

Deno.test("the log of a run that is done is not shortened", () =>
  inStore((store) => {
    store.begin(A);
    for (const step of [1, 2]) store.appendLog(A, line(step));
    store.writeWeights(A, new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
    assert.throws(() => store.cutLog(A, 0), /^UserError: Cannot write .*: the run is done/);
    assert.deepEqual(stepsIn(store), [1, 2]);
  }));
