/** A process whose lease has passed on waits for the run, whatever its own attempt at it came to. */
import assert from "node:assert/strict";
import { net } from "../../../experiments/protocol.ts";
import { smoke } from "../../../experiments/setups.ts";
import { UserError } from "../../../lib/errors.ts";
import { runPlan } from "../../../lib/executors/local/scheduler.ts";
import { plannedRun } from "../../../lib/plan.ts";
import { openStore } from "../../../lib/store/mod.ts";
import { progressBars } from "../../../lib/system/progress.ts";
import { inFolder } from "../../support/in_store.ts";
import { threadsThat } from "../../support/run_threads.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);
const dataset = {
  ...{ name: "made-up", classes: ["a", "b"], train: [], val: [], fingerprint: "made-up" },
  colours: { mean: [0, 0, 0], covariance: [] },
} as const;

Deno.test("a run that fails because another process has taken it over is waited for", () =>
  inFolder(async (folder) => {
    const store = openStore(folder);
    const told: string[] = [];
    const ticks: (() => void)[] = [];
    const { setInterval } = globalThis;
    const bars = {
      ...progressBars(),
      log(line: string) {
        told.push(line);
        if (line.includes("waiting for")) queueMicrotask(() => ticks.forEach((tick) => tick()));
      },
    };
    const threads = threadsThat(() => {
      // the other process takes the lease over, and does the run
      Deno.renameSync(`${folder}/leases/${A.key}.1`, `${folder}/leases/${A.key}.2`);
      const weights = new Map([["x", { shape: [1], values: Float32Array.of(1) }]]);
      openStore(folder).writeWeights(A, weights);
      return Promise.reject(new UserError("Cannot write a draft that somebody removed"));
    });
    // the plan's regular work, done here when it is its turn
    const collect = (tick: () => void) => ticks.push(tick);
    Object.assign(globalThis, { setInterval: collect });
    try {
      const study = { store, dataset: dataset, setup: smoke, bars };
      await runPlan([A], study, { workers: 1 }, threads);
    } finally {
      globalThis.setInterval = setInterval;
    }
    assert.equal(store.status(A).state, "done");
    assert.deepEqual(told.filter((line) => line.includes("error")), []);
    assert.equal(told.filter((line) => line.includes("waiting for")).length, 1);
  }));
