import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import type { Context } from "../../lib/experiment.ts";
import { plannedRun } from "../../lib/plan.ts";
import { inStore } from "../support/in_store.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const [run] = evaluations(net("A", 256), [256], "dense").map((run) => plannedRun(run, context));

Deno.test("values that are not posteriors are damaged, though their checksum is right", () =>
  inStore((store) => {
    const keep = (...values: number[]) =>
      store.writePosteriors(run!, {
        ...{ classes: 2, values: Float32Array.from(values), labels: Int32Array.of(0, 1) },
      });
    keep(0.25, 0.75, 1, 0);
    assert.equal(store.damage(run!), undefined);
    for (const values of [[0.25, 0.75, 0.6, 0.6], [0.25, 0.75, NaN, 1], [1.5, -0.5, 1, 0]]) {
      keep(...values);
      assert.match(store.damage(run!)!, /values for image [01] are not posteriors/);
      assert.equal(store.status(run!).state, "damaged");
      store.markDamaged(run!); // as before it is computed again
      assert.equal(store.status(run!).state, "todo");
    }
  }));
