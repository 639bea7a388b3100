/** Studies side by side: each row has a setup of its own, and perhaps seeds. */
import assert from "node:assert/strict";
import { smoke } from "../../experiments/setups.ts";
import { override } from "../../lib/command_line/overrides.ts";
import { tableOfStudy } from "../../lib/command_line/study_rows.ts";
import { contextsOf } from "../../lib/plan.ts";
import { type Side, sideBySide } from "../../lib/results/side_by_side.ts";
import type { RowResult, TableResult } from "../../lib/results/row_result.ts";
import type { Setup } from "../../lib/setup.ts";
import { study } from "../../mod.ts";
import { madeUp } from "../support/results.ts";

/** A study of two dropouts under two seeds, as a reproduction has it that misses some of 100 images. */
async function sideOf(
  name: string,
  { setup, firstSeed, wrong, isReversed = false }: {
    readonly setup: Setup;
    readonly firstSeed: number;
    readonly wrong: readonly [number, number];
    readonly isReversed?: boolean;
  },
): Promise<Side> {
  const grid = { dropout: [0, 0.5], S: [256], Q: [[256]], method: ["dense"] as const };
  const table = await tableOfStudy(study({ name: "mine", caption: "", grid, seeds: 2 }), {
    ...{ setup, word: "mine.ts", isAllowed: true, firstSeed },
  });
  const [{ protocol }] = madeUp().rows as [RowResult];
  const rows = table.rows.map((row, i): RowResult => {
    const scores = {
      ...{ classes: 5, labels: new Int32Array(100), predicted: new Int32Array(100) },
      ranks: Int32Array.from({ length: 100 }, (_, image) => image < wrong[i]! ? 1 : 0),
      confidence: new Float32Array(100),
    };
    const errors = { top1: wrong[i]! };
    return {
      ...{ row, protocol, measured: errors, seeds: [errors, errors], scores: [scores, scores] },
      runs: [name, String(i)],
    };
  });
  const result: TableResult = {
    ...{ ...madeUp(), table, rows: isReversed ? rows.toReversed() : rows },
  };
  return {
    ...{ name, contexts: contextsOf({ setup, seeds: [0] }, { fingerprint: "f" }) },
    dataset: { name: "d", classes: ["a", "b"], train: 4, val: 100, fingerprint: "f" },
    results: [result],
  };
}

Deno.test("rows of a study are found by their values, and compared under their own setups", async () => {
  const [one, two] = [
    await sideOf("one", { setup: smoke, firstSeed: 3, wrong: [10, 20] }),
    await sideOf("two", { setup: smoke, firstSeed: 3, wrong: [10, 40], isReversed: true }),
  ];
  const { rows, keys } = sideBySide([one, two]);
  assert.deepEqual(rows.map(({ cells }) => cells[0]!.values), [[10, 10], [20, 40]]);
  assert.deepEqual(rows.map(({ cells }) => cells[0]!.others[0]!.verdict), ["same", "differs"]);
  assert.deepEqual(keys.map(({ first, shared }) => shared === first), [true]);
});

Deno.test("a study under another setup has another protocol in each row; other seeds are none", async () => {
  const one = await sideOf("one", { setup: smoke, firstSeed: 3, wrong: [10, 20] });
  const other = { ...override(smoke, "momentum=0.8"), changes: "momentum=0.8" };
  const { rows } = sideBySide([
    one,
    await sideOf("two", { setup: other, firstSeed: 3, wrong: [1, 2] }),
  ]);
  assert.deepEqual(rows.map(({ protocols }) => protocols[0]), [
    ...Array(2).fill([{ field: "momentum", one: "0.9", other: "0.8" }]),
  ]);
  const seeds = sideBySide([
    one,
    await sideOf("two", { setup: smoke, firstSeed: 5, wrong: [10, 20] }),
  ]);
  for (const { protocols, cells } of seeds.rows) {
    assert.deepEqual(protocols, [[]]);
    assert.ok("test" in cells[0]!.others[0]! && cells[0]!.others[0].test === "paired");
  }
});
