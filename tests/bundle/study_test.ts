import assert from "node:assert/strict";
import { smoke } from "../../experiments/setups.ts";
import { type BundlePlan, FORMAT, jsonText, readPlan } from "../../lib/bundle/contents.ts";
import { checkNames } from "../../lib/bundle/names.ts";
import { override } from "../../lib/command_line/overrides.ts";
import { tableOfStudy } from "../../lib/command_line/study_rows.ts";
import type { Row, Table } from "../../lib/experiment.ts";
import { plan } from "../../lib/plan.ts";
import { study } from "../../mod.ts";

const table = await tableOfStudy(
  study({
    ...{ name: "mine", caption: "" },
    grid: { dropout: [0, 0.5], S: [256, [256, 512]], Q: [[224, 256]], method: ["dense"] },
    seeds: 2,
  }),
  { setup: smoke, word: "mine.ts", isAllowed: true, firstSeed: 3 },
);

const planWith = (rows: readonly Row[]): BundlePlan => ({
  ...{ format: FORMAT, small: false, setup: smoke, seeds: [0] },
  dataset: { name: "d", classes: ["a", "b"], train: 4, val: 2, fingerprint: "f" },
  tables: [{ ...table, rows }],
});

/** What a bundle says of its rows that they are not. */
const found = (rows: readonly Row[], tables: readonly Table[] = []) =>
  checkNames(planWith(rows), {
    tables,
    setupNamed: (_, changes) =>
      changes === undefined ? smoke : {
        ...override(smoke, changes),
        changes,
      },
  }).problems.map((problem) => "reason" in problem ? problem.reason : problem.kind);

/** Rows whose second one has other fields of its combination. */
const forged = (change: (row: Row & { combination: NonNullable<Row["combination"]> }) => Row) =>
  table.rows.map((row, i) => i === 1 ? change({ ...row, combination: row.combination! }) : row);

Deno.test("rows of a study in a bundle keep their setups and seeds, and so the keys of their runs", () => {
  const { rows } = table;
  const read = readPlan(jsonText(planWith(rows)), "b.zip");
  const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "f" };
  const keys = (tables: readonly Table[]) => plan(tables, [context]).map(({ key }) => key);
  assert.deepEqual(keys(read.tables), keys([table]));
  // of each dropout and seed: A 256, A 384 and A [256;512], and the two jittered ones at two scales
  assert.equal(new Set(keys([table])).size, 2 * 2 * (3 + 2 * 2));
  assert.deepEqual(found(rows, [table]), []);
  assert.deepEqual(found(rows), []);
});

Deno.test("a row of a study that is not what its values say is told", () => {
  const values = (more: object) =>
    forged((row) => ({
      ...row,
      combination: { ...row.combination, values: { ...row.combination.values, ...more } },
    }));
  assert.deepEqual(found(values({ dropout: 0.25 })), [
    "mine row 2 is not of dropout 0.25, as it says",
  ]);
  assert.deepEqual(found(values({ S: 256 })), ["mine row 2 is not of S 256, as it says"]);
  assert.deepEqual(found(values({ Q: "256" })), ["mine row 2 is not of Q 256, as it says"]);
  assert.deepEqual(found(values({ config: "E" })), ["mine row 2 is not of config E, as it says"]);
  // the changes say one thing, and the fields another
  const other = forged((row) => ({
    ...row,
    combination: {
      ...row.combination,
      setup: {
        ...row.combination.setup!,
        train: { ...row.combination.setup!.train, weightDecay: 1 },
      },
    },
  }));
  assert.deepEqual(found(other), [
    "mine row 2 has weightDecay 1; with its changes this version has 0.0005",
  ]);
  assert.match(found(other, [table])[0]!, /^mine row 2 has other values, fields or seeds;/);
});

Deno.test("rows of a study under other numbers of seeds, or of other lists, are no plan", () => {
  const seeds = forged((row) => ({ ...row, combination: { ...row.combination, seeds: [3] } }));
  const lists = forged((row) => ({ ...row, combination: { values: { dropout: 0 } } }));
  const none = forged(({ combination: _, ...row }) => row);
  for (const rows of [seeds, lists, none]) {
    assert.throws(
      () => readPlan(jsonText(planWith(rows)), "b.zip"),
      /^UserError: Cannot read "b\.zip" .* tables\.0: has rows of other lists of values, or/,
    );
  }
});
