import assert from "node:assert/strict";
import table3 from "../../experiments/table3.ts";
import table4 from "../../experiments/table4.ts";
import table6 from "../../experiments/table6.ts";
import { evaluations, JITTERED, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import type { Context, Run, TrainRun } from "../../lib/experiment.ts";
import {
  differencesBetween,
  nearestRun,
  originOf,
  rowsOn,
  shortened,
  withAncestors,
} from "../../lib/results/lineage.ts";
import { plan, plannedRun } from "../../lib/plan.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const planned = (run: Run, changes: Partial<Context> = {}) =>
  plannedRun(run, { ...context, ...changes });
const at = (run: TrainRun, Q: number) => evaluations(run, [Q], "dense")[0]!;
const FIRST = "conv1_1 conv2_1 conv3_1 conv3_2 fc6 fc7 fc8"; // Section 3.1

Deno.test("a chain goes from an evaluation back to random weights, as Section 3.1 has it", () => {
  const chain = withAncestors(planned(at(net("D", JITTERED), 384)));
  assert.deepEqual(chain.map(({ run }) => originOf(run, context.train)), [
    "D [256;512]",
    "all layers of D 384",
    "all layers of D 256",
    `${FIRST} of A 256`,
    "random weights",
  ]);
  assert.deepEqual(chain.map(({ ancestor }) => ancestor?.key), [
    ...chain.slice(1).map(({ key }) => key),
    undefined,
  ]);
});

Deno.test("a list of layers is shortened, other origins are not", () => {
  assert.equal(shortened(`${FIRST} of A 256`), "7 layers of A 256");
  for (const origin of ["all layers of D 384", "fc6 fc7 of A 256", "random weights"]) {
    assert.equal(shortened(origin), origin);
  }
});

Deno.test("rows depend on their evaluations and on all their ancestors", () => {
  const rows = (run: Run) =>
    rowsOn(planned(run), [table3, table4, table6]).map(({ table, row }) => `${table.name}/${row}`);
  assert.deepEqual(rows(at(net("D", 384), 384)), ["table3/8", "table4/6", "table6/1"]);
  assert.deepEqual(rows(at(net("B", 256), 224)), ["table4/1"]);
  assert.deepEqual(rows(net("E", 384)), [
    ...["table3/11", "table3/12", "table4/9", "table4/10"],
    ...["table6/1", "table6/2", "table6/3", "table6/4"],
  ]);
  // all but A-LRN come from net A
  assert.equal(rows(net("A", 256)).length, 11 + 10 + 4);
  assert.deepEqual(rows({ config: "B-5x5", S: 256, init: "random" }), []);
});

const fields = (one: Run, other: Run, changes: Partial<Context> = {}) =>
  differencesBetween(planned(one), planned(other, changes));

Deno.test("runs differ field by field: of the run, its ancestors, the setup, seed and data", () => {
  assert.deepEqual(fields(at(net("D", 384), 384), at(net("D", 384), 352)), [
    { field: "Q", one: "384", other: "352" },
  ]);
  assert.deepEqual(fields(net("D", 384), net("D", 256)), [
    { field: "S", one: "384", other: "256" },
    { field: "init", one: "all layers of D 256", other: `${FIRST} of A 256` },
    { field: "init of D 256", one: `${FIRST} of A 256`, other: "none" },
    // the schedule that S = 384 alone uses
    { field: "schedules.finer.learningRate", one: "0.0005", other: "none" },
    { field: "schedules.finer.images", one: "2,400", other: "none" },
    { field: "schedules.finer.warmup", one: "0.05", other: "none" },
    { field: "schedules.finer.drops", one: "steps at 0.7 0.9", other: "none" },
  ]);
  const train = { ...smoke.train, dropout: 0.5, rgbShift: { sigma: 0.2, by: "root" } } as const;
  assert.deepEqual(fields(net("A", 256), net("A", 256), { train, seed: 1, data: "others" }), [
    { field: "dropout", one: "0.1", other: "0.5" },
    { field: "rgbShift.sigma", one: "0.1", other: "0.2" },
    { field: "seed", one: "0", other: "1" },
    { field: "data", one: "made-up", other: "others" },
  ]);
});

Deno.test("a recipe from before there was a choice differs in nothing from one that names the usual", () => {
  const { resize: _, oddSides: __, momentumForm: ___, retry: ____, ...train } = smoke.train;
  const { scoreMap } = smoke.evaluate;
  const run = at(net("A", 256), 256);
  assert.deepEqual(fields(run, run, { train, evaluate: { scoreMap } }), []);
  assert.deepEqual(fields(run, run, { train: { ...train, oddSides: "down" } }), [
    { field: "oddSides", one: "up", other: "down" },
  ]);
});

Deno.test("the fields of an evaluation are not part of a training, nor of its key", () => {
  const evaluate = { scoreMap: "softmax-then-average" } as const;
  assert.deepEqual(fields(net("A", 256), net("A", 256), { evaluate }), []);
  assert.deepEqual(fields(at(net("A", 256), 256), at(net("A", 256), 256), { evaluate }), [
    { field: "scoreMap", one: "average-then-softmax", other: "softmax-then-average" },
  ]);
});

Deno.test("nets whose ancestors alone differ do differ, however far back", () => {
  const again = (from: TrainRun): TrainRun => ({
    ...{ config: "D", S: 256, init: { from, layers: "all" } },
  });
  const scratch: TrainRun = { config: "D", S: 256, init: "random" };
  assert.deepEqual(fields(again(again(scratch)), again(again(net("D", 256)))), [
    { field: "init of D 256 (again)", one: "random weights", other: `${FIRST} of A 256` },
    { field: "init of A 256", one: "none", other: "random weights" },
  ]);
  assert.deepEqual(fields(again(scratch), again(again(scratch))).map(({ field }) => field), [
    ...["init of D 256", "init of D 256 (again)"],
  ]);
});

Deno.test("runs with different keys differ in a field, and runs with the same key in none", () => {
  const runs = plan([table3, table4, table6], [context, { ...context, seed: 1 }]);
  for (const one of runs) {
    for (const other of runs) {
      assert.equal(differencesBetween(one, other).length === 0, one.key === other.key);
    }
  }
});

Deno.test("the nearest run is of the same kind and differs in the fewest fields", () => {
  const runs = plan([table3, table4], [context]);
  const nearest = nearestRun(planned(at(net("D", 384), 384)), runs);
  assert.deepEqual(nearest!.differences.map(({ field }) => field), ["Q"]);
  // A with local response normalisation differs from A in its name alone
  const A = nearestRun(planned(net("A", 256)), runs);
  assert.deepEqual(A!.planned.run, net("A-LRN", 256));
  assert.equal(nearestRun(planned(net("A", 256)), [planned(net("A", 256))]), undefined);
});
