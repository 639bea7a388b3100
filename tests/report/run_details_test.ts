import assert from "node:assert/strict";
import { runDetailsOf } from "../../lib/report/run_details.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { environment, type Execution } from "../../lib/system/environment.ts";
import { keepInvalid, withStore } from "../support/made_store.ts";

Deno.test("values that are not posteriors leave their evaluation without errors, and no other", () =>
  withStore((input) => {
    keepInvalid(input);
    const results = resultsOf(input.tables, input);
    assert.deepEqual(results[0]!.rows.map(({ comparison }) => comparison?.status), [
      ...["left out", "left out"],
    ]);
    const { evaluations } = runDetailsOf(results, { ...input, choice: "--setup smoke" });
    assert.deepEqual(
      evaluations.map(({ run, context, state, errors }) => [
        `${run.net.config} ${run.Q} seed ${context.seed}`,
        state,
        errors !== undefined,
      ]),
      [
        ["A 256 seed 0", "damaged", false],
        ...[256, 384, 512].map((Q) => [`D ${Q} seed 0`, "done", true]),
        ["A 256 seed 1", "done", true],
        ...[256, 384, 512].map((Q) => [`D ${Q} seed 1`, "done", true]),
      ],
    );
    return Promise.resolve();
  }, () => false));

Deno.test("a run's energy is that of all its executions, as far as it was recorded", () =>
  withStore((input) => {
    const results = resultsOf(input.tables, input);
    const [first] = runDetailsOf(results, { ...input, choice: "" }).evaluations;
    const run = input.store.runs().find(({ key }) => key === first!.key)!;
    const execution: Execution = {
      ...environment(),
      ...{ device: "gpu", precision: "float32", towers: 1, started: "2026-01-31T12:00:00.000Z" },
    };
    const use = { utilisation: 90, memory: 5, samples: 3 };
    const energyWith = (executions: readonly Execution[]) => {
      input.store.writeExecutions(run, executions);
      const { evaluations } = runDetailsOf(results, { ...input, choice: "" });
      return evaluations.find(({ key }) => key === run.key)!.energy;
    };
    assert.equal(first!.energy, undefined);
    assert.equal(energyWith([{ ...execution, gpuUse: use }]), undefined);
    const measured = { ...execution, gpuUse: { ...use, energy: 0.25 } };
    const onProcessor = { ...execution, device: "cpu" } as const;
    assert.deepEqual(energyWith([measured, onProcessor, measured]), { energy: 0.5, isWhole: true });
    // it was killed
    assert.deepEqual(energyWith([execution, measured]), { energy: 0.25, isWhole: false });
    return Promise.resolve();
  }, () => true));
