import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import { type Context, isEvaluation } from "../../lib/experiment.ts";
import { type Ensemble, ensembleOf } from "../../lib/results/ensemble.ts";
import { type PlannedRun, planOf } from "../../lib/plan.ts";
import type { Store } from "../../lib/store/mod.ts";
import { inStore } from "../support/in_store.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const planned = (context: Context) =>
  planOf(evaluations(net("D", 256), [224, 256, 288], "dense"), [context])
    .filter(({ run }) => isEvaluation(run)) as [PlannedRun, PlannedRun, PlannedRun];
const [atQ224, atQ256, atQ288] = planned(context);

/** Keeps posteriors of class 0, of two; the first half of the images is of class 0. */
function keep(store: Store, run: PlannedRun, ofClass0: readonly number[]) {
  store.begin(run);
  store.writePosteriors(run, {
    classes: 2,
    values: Float32Array.from(ofClass0.flatMap((p) => [p, 1 - p])),
    labels: Int32Array.from(ofClass0, (_, i) => i < ofClass0.length / 2 ? 0 : 1),
  });
}

Deno.test("each member and the mean have errors and intervals, and the mean is compared with the best", () =>
  inStore((store) => {
    keep(store, atQ224, [0.9, 0.9, 0.9, 0.4, 0.1, 0.1, 0.8, 0.8]); // three of eight wrong
    keep(store, atQ256, [0.9, 0.2, 0.9, 0.9, 0.1, 0.1, 0.1, 0.6]); // two
    keep(store, atQ288, [0.9, 0.3, 0.2, 0.9, 0.1, 0.1, 0.1, 0.9]); // three
    const { images, classes, members, mean } = ensembleOf([atQ224, atQ256, atQ288], store);
    assert.deepEqual([images, classes], [8, 2]);
    assert.deepEqual(members.map(({ run }) => run), [atQ224, atQ256, atQ288]);
    assert.deepEqual(members.map(({ errors }) => errors.top1), [37.5, 25, 37.5]);
    // means: 0.9 0.467 0.667 0.733 | 0.1 0.1 0.333 0.767: the second and the last image are missed
    assert.deepEqual(mean!.errors, { top1: 25 });
    assert.equal(mean!.best, atQ256);
    const { points, p, pairs } = mean!.difference;
    assert.deepEqual([points, p, pairs], [0, 1, { images: 8, onlyFirst: 0, onlySecond: 0 }]);
    // Wilson's interval of 2 in 8, worked out in Python: 7.15 % to 59.07 %
    const { low, high } = mean!.intervals.top1;
    assert.deepEqual([low.toFixed(2), high.toFixed(2)], ["7.15", "59.07"]);
  }));

Deno.test("one evaluation has no mean to compare it with", () =>
  inStore((store) => {
    keep(store, atQ224, [0.9, 0.1]);
    const { members, mean }: Ensemble = ensembleOf([atQ224], store);
    assert.deepEqual([members.length, mean], [1, undefined]);
  }));

Deno.test("posteriors that cannot be averaged are refused, with their file and the way out", () => {
  const good = [0.9, 0.9, 0.1, 0.1];
  const cases: [(store: Store) => void, RegExp][] = [
    [
      (store) => keep(store, atQ256, [0.9, 0.1]),
      /^Cannot average posteriors: ".*D-256-Q256-dense-.*" has 2 images, ".*" has 4; .* same data$/,
    ],
    [
      (store) =>
        store.writePosteriors(atQ256, {
          ...{
            classes: 2,
            values: new Float32Array(8).fill(0.5),
            labels: Int32Array.of(1, 0, 1, 0),
          },
        }),
      /have different labels/,
    ],
    [
      (store) =>
        store.writePosteriors(atQ256, {
          ...{
            classes: 4,
            values: new Float32Array(16).fill(0.25),
            labels: Int32Array.of(0, 0, 1, 1),
          },
        }),
      /has 4 classes, ".*" has 2;/,
    ],
    [
      (store) => keep(store, atQ256, [0.9, NaN, 0.1, 0.1]),
      /for image 1 .* sum to NaN, not to 1; remove the file to compute it again$/,
    ],
    [
      (store) =>
        store.writePosteriors(atQ256, {
          ...{
            classes: 2,
            values: new Float32Array(8).fill(0.6),
            labels: Int32Array.of(0, 0, 1, 1),
          },
        }),
      /for image 0 .* sum to 1\.2\d*, not to 1/,
    ],
  ];
  for (const [keepOther, message] of cases) {
    inStore((store) => {
      keep(store, atQ224, good);
      keepOther(store);
      assert.throws(() => ensembleOf([atQ224, atQ256], store), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

Deno.test("as many images with the same labels are still not the same images", () =>
  inStore((store) => {
    const [other] = planned({ ...context, data: "others" });
    for (const run of [atQ256, other]) keep(store, run, [0.9, 0.1]);
    assert.throws(
      () => ensembleOf([atQ256, other], store),
      (error) =>
        error instanceof UserError &&
        /is on other data \(others\) than .* \(made-up\)/.test(error.message),
    );
  }));
