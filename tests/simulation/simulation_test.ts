/** Histories of processes that share a plan; `deno task simulate` lets more of them happen. */
import assert from "node:assert/strict";
import { runOne } from "../../lib/executors/local/run.ts";
import { runPlan } from "../../lib/executors/local/scheduler.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";
import { inFolder } from "../support/in_store.ts";
import { threadsThat } from "../support/run_threads.ts";
import { dataset, FOLDER, runs, setup, simulatedEngine } from "./plan.ts";
import { PLANTED } from "./planted.ts";
import { Simulation } from "./simulation.ts";

/** Histories of the gate, from seed 1 on. */
const HISTORIES = 200;

/** The most histories in which a planted defect is to be found. */
const MOST = 100;

const simulation = await Simulation.start();

Deno.test(`${HISTORIES} histories lose no run, do none again, and believe no damaged result`, () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const { violation } = simulation.try(seed);
    assert.equal(violation, undefined, `deno task simulate --seed ${seed}`);
  }
});

Deno.test("no call is overlooked that waits for the file system", async () => {
  const strict = await Simulation.start(undefined, true);
  for (let seed = 1; seed <= 30; seed++) assert.equal(strict.try(seed).violation, undefined);
});

Deno.test("a seed repeats its history to the millisecond", () => {
  for (const seed of [1, 2, 3]) assert.deepEqual(simulation.try(seed), simulation.try(seed));
});

for (const defect of Object.keys(PLANTED)) {
  Deno.test(`a planted defect is found: ${defect}`, async () => {
    const defective = await Simulation.start(defect);
    const seeds = Array.from({ length: MOST }, (_, i) => 1 + i);
    assert.ok(seeds.some((seed) => defective.try(seed).violation !== undefined));
  });
}

Deno.test("the rewritten program writes the same bytes as the program itself", () =>
  inFolder(async (folder) => {
    const bars = { log() {}, bar: () => ({ update() {}, stop() {} }) };
    const threads = threadsThat(({ planned }) => {
      const engine = simulatedEngine(() => false, () => {});
      const store = openStore(folder);
      const quiet = { onProgress() {}, onNotice() {}, shouldStop: () => false };
      return Promise.resolve(runOne(planned, { engine, dataset, store, ...quiet }));
    });
    const study = { store: makeStore(folder), dataset, setup, bars };
    await runPlan(runs, study as unknown as Parameters<typeof runPlan>[1], { workers: 1 }, threads);
    assert.equal(simulation.expected.size, runs.length);
    for (const [path, bytes] of simulation.expected) {
      assert.deepEqual(Deno.readFileSync(path.replace(FOLDER, folder)), bytes, path);
    }
  }));
