/** Histories of processes that share a plan; `deno task simulate` lets more of them happen. */
import assert from "node:assert/strict";
import { PLANTED } from "./planted.ts";
import { Simulation } from "./simulation.ts";

/** Histories of the gate, from seed 1 on. */
const HISTORIES = 120;

/** The most histories in which a planted defect is to be found. */
const MOST = 40;

Deno.test("no simulated history loses a run, does one again, or believes a damaged result", async () => {
  using simulation = await Simulation.start();
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const { violation } = simulation.try(seed);
    assert.equal(violation, undefined, `deno task simulate --seed ${seed}`);
  }
});

Deno.test("a seed repeats its history to the millisecond", async () => {
  using simulation = await Simulation.start();
  for (const seed of [1, 2, 3]) assert.deepEqual(simulation.try(seed), simulation.try(seed));
});

for (const defect of PLANTED) {
  Deno.test(`the simulation finds a planted defect: ${defect}`, async () => {
    using simulation = await Simulation.start();
    const seeds = Array.from({ length: MOST }, (_, i) => i + 1);
    assert.ok(seeds.some((seed) => simulation.try(seed, defect).violation !== undefined));
  });
}
