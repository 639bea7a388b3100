/** Histories of processes that share a plan; `deno task simulate` lets more of them happen. */
import assert from "node:assert/strict";
import { PLANTED } from "./planted.ts";
import { Simulation } from "./simulation.ts";

/** Histories of the gate, from seed 1 on. */
const HISTORIES = 100;

/** The most histories in which a planted defect is to be found. */
const MOST = 60;

Deno.test("simulated processes lose no run, do none again, and believe no damaged result", async (t) => {
  using simulation = await Simulation.start();
  await t.step(`${HISTORIES} histories`, () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const { violation } = simulation.try(seed);
      assert.equal(violation, undefined, `deno task simulate --seed ${seed}`);
    }
  });
  await t.step("a seed repeats its history to the millisecond", () => {
    for (const seed of [1, 2, 3]) assert.deepEqual(simulation.try(seed), simulation.try(seed));
  });
  for (const defect of PLANTED) {
    await t.step(`a planted defect is found: ${defect}`, () => {
      const seeds = Array.from({ length: MOST }, (_, i) => i + 1);
      assert.ok(seeds.some((seed) => simulation.try(seed, defect).violation !== undefined));
    });
  }
});
