import assert from "node:assert/strict";
import { runDetailsOf } from "../../lib/report/run_details.ts";
import { resultsOf } from "../../lib/results/mod.ts";
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
