import assert from "node:assert/strict";
import filterSize from "../experiments/filter_size.ts";
import initialisation from "../experiments/initialisation.ts";
import table3 from "../experiments/table3.ts";
import table4 from "../experiments/table4.ts";
import table5 from "../experiments/table5.ts";
import table6 from "../experiments/table6.ts";
import table7 from "../experiments/table7.ts";
import { paper } from "../experiments/setups.ts";
import {
  type Context,
  displayName,
  formatS,
  isEvaluation,
  type ListedTable,
} from "../lib/experiment.ts";
import { key } from "../lib/key.ts";
import { askedFor, counts, evaluationsOf, plan } from "../lib/plan.ts";

const context: Context = { train: paper.train, evaluate: paper.evaluate, seed: 0, data: "" };

Deno.test("Table 3 is twelve trainings and an evaluation of each, every run once", () => {
  const runs = plan([table3], [context]);
  const titles = runs.filter(({ run }) => !isEvaluation(run)).map(({ run }) => displayName(run));
  // A and A-LRN, B; C, D and E at 256, 384 and both: 3 + 3 * 3; all of them are rows
  assert.deepEqual(
    titles.toSorted(),
    [
      ...["A 256", "A-LRN 256", "B 256"],
      ...["C", "D", "E"].flatMap((net) => [`${net} 256`, `${net} 384`, `${net} [256;512]`]),
    ].toSorted(),
  );
  assert.equal(runs.length, 24);
  assert.equal(evaluationsOf([table3]).length, 12);
  assert.equal(new Set(runs.map(({ key }) => key)).size, 24);
});

Deno.test("Tables 3 to 7 ask for 111 evaluations and 40 trainings, and need 41 and 13", () => {
  const tables = [table3, table4, table5, table6, table7];
  // 12 + 10 * 3 + 4 * 3 + 2 * 6 + (7 + 2 + 2) * 3 + 2 * 6, and Table 7 quotes
  assert.deepEqual(askedFor(tables, [context]), { evaluations: 111, trainings: 40 });
  const needed = plan(tables, [context]);
  assert.deepEqual(counts(needed), { evaluations: 41, trainings: 13 });
  const crops = needed.filter(({ run }) => isEvaluation(run) && run.method === "multi-crop");
  assert.equal(crops.length, 6); // D and E, jittered, at three scales
  assert.deepEqual(askedFor(tables, [context, { ...context, seed: 1 }]).evaluations, 222);
});

Deno.test("side experiments share their nets with Table 3 where they can", () => {
  const shared = plan([table3], [context]);
  const more = plan([table3, filterSize, initialisation], [context]).slice(shared.length);
  assert.deepEqual(more.map(({ run }) => displayName(run)), [
    "B 256 at Q = 256, centre-crop",
    "B-5x5 256",
    "B-5x5 256 at Q = 256, centre-crop",
    "B-5x5 256",
    "B-5x5 256 at Q = 256, centre-crop",
    // A again, with noise, twice; B, D and E from random weights, and as A with layers inserted
    ...["A", "A", "A", "B", "B", "D", "D", "E", "E"].flatMap((config) => [
      `${config} 256`,
      `${config} 256 at Q = 256, dense`,
    ]),
  ]);
  const names = (tables: readonly ListedTable[], train: Context["train"]) =>
    new Set(plan(tables, [{ ...context, train }]).map(({ key }) => key));
  // where nets are deepened, it is those from seven layers that Table 3 does not have
  const deepened = { ...context.train, transfer: "deepen" } as const;
  assert.equal(names([table3, initialisation], deepened).size, names([table3], deepened).size + 18);
});

Deno.test("every run comes after those it needs", () => {
  const seen = new Set<string>();
  for (const { key, run, ancestor } of plan([table3], [context])) {
    assert.ok(!ancestor || seen.has(ancestor.key), `${displayName(run)} comes too early`);
    const startsAnew = !isEvaluation(run) && run.init === "random";
    assert.equal(ancestor === undefined, startsAnew);
    seen.add(key);
  }
});

Deno.test("a table asked for twice costs nothing more; a second seed costs as much again", () => {
  const runs = plan([table3], [context]);
  assert.deepEqual(plan([table3, table3], [context, context]), runs);
  const seeds = [0, 1].map((seed) => ({ ...context, seed }));
  const both = plan([table3], seeds);
  assert.equal(both.length, 48);
  assert.deepEqual(both.slice(0, 24), runs);
  for (const planned of both) {
    assert.equal(key(planned.run, planned.context), planned.key);
    // seeds do not mix
    const ancestors = both.filter(({ key }) => planned.ancestor?.key === key);
    assert.ok(ancestors.every((other) => other.context.seed === planned.context.seed));
  }
  assert.deepEqual(plan([], [context]), []);
});

Deno.test("Table 3's published errors and scales are the paper's", () => {
  const rows = table3.rows.map(({ evaluations, published: { top1, top5 } = {} }) => {
    assert.equal(evaluations.length, 1);
    const { Q, net: { config, S }, method } = evaluations[0]!;
    assert.equal(method, "dense");
    return [config, formatS(S), Q, top1, top5];
  });
  assert.deepEqual(rows, [
    ["A", "256", 256, 29.6, 10.4],
    ["A-LRN", "256", 256, 29.7, 10.5],
    ["B", "256", 256, 28.7, 9.9],
    ["C", "256", 256, 28.1, 9.4],
    ["C", "384", 384, 28.1, 9.3],
    ["C", "[256;512]", 384, 27.3, 8.8],
    ["D", "256", 256, 27.0, 8.8],
    ["D", "384", 384, 26.8, 8.7],
    ["D", "[256;512]", 384, 25.6, 8.1],
    ["E", "256", 256, 27.3, 9.0],
    ["E", "384", 384, 26.9, 8.7],
    ["E", "[256;512]", 384, 25.5, 8.0],
  ]);
});
