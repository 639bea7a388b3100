/** A log keeps the lines of all processes that write it, whatever each of them repeats. */
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { plannedRun } from "../../lib/plan.ts";
import { leftoversIn } from "../../lib/store/audit.ts";
import type { Store } from "../../lib/store/mod.ts";
import { inStore } from "../support/in_store.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);
const line = (step: number, loss = 1) => (
  { step, epoch: 0, loss, learningRate: 0.1, imagesPerSecond: 9 }
);
const lossesIn = (store: Store) => store.readLog(A).map(({ step, loss }) => [step, loss]);
const fileOf = (store: Store) => `${store.folderOf(A)}/log.jsonl`;

Deno.test("a step that is repeated takes the place of an earlier line, and removes no other one", () =>
  inStore((store) => {
    store.begin(A);
    for (const step of [1, 2, 3]) store.appendLog(A, line(step));
    store.appendLog(A, line(2, 0.5));
    assert.deepEqual(lossesIn(store), [[1, 1], [2, 0.5], [3, 1]]);
    assert.equal(store.lastLogged(A)!.step, 2);
  }));

Deno.test("a training that restarts has its own lines alone, in any order of two processes", () =>
  inStore((store) => {
    store.begin(A);
    for (const step of [1, 2, 3]) store.appendLog(A, line(step));
    store.appendLog(A, line(1, 0.5), true);
    store.appendLog(A, line(4)); // another process, which is still before the restart
    store.appendLog(A, line(2, 0.25), true);
    assert.deepEqual(lossesIn(store), [[1, 0.5], [2, 0.25]]);
    assert.deepEqual(store.readLog(A)[0], line(1, 0.5));
  }));

Deno.test("lines beyond a training's end are taken back, and only then is a line added for that", () =>
  inStore((store) => {
    store.begin(A);
    for (const step of [1, 2]) store.appendLog(A, line(step));
    const { size } = Deno.statSync(fileOf(store));
    store.endLog(A, 2);
    assert.equal(Deno.statSync(fileOf(store)).size, size);
    store.appendLog(A, line(3));
    store.endLog(A, 2);
    assert.deepEqual(lossesIn(store), [[1, 1], [2, 1]]);
    assert.deepEqual(leftoversIn(store).logs, []);
  }));

Deno.test("a line after one that a crash cut off is whole", () =>
  inStore((store) => {
    store.begin(A);
    for (const step of [1, 2]) store.appendLog(A, line(step));
    const bytes = Deno.readFileSync(fileOf(store));
    Deno.writeFileSync(fileOf(store), bytes.subarray(0, -9));
    assert.deepEqual(leftoversIn(store).logs.length, 1);
    store.appendLog(A, line(3));
    assert.deepEqual(lossesIn(store), [[1, 1], [3, 1]]);
    // a continued training repeats what was cut off
    assert.deepEqual(leftoversIn(store).logs, []);
  }));
