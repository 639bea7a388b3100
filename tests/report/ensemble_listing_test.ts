import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { differenceOf } from "../../lib/results/paired_difference.ts";
import { type Context, isEvaluation } from "../../lib/experiment.ts";
import type { Ensemble } from "../../lib/results/ensemble.ts";
import { planOf } from "../../lib/plan.ts";
import { ensembleListing } from "../../lib/report/ensemble_listing.ts";
import { listing } from "../../lib/report/listing.ts";

const contexts: Context[] = [0, 1].map((seed) => ({
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed, data: "made-up" },
}));

/** An ensemble of 2,000 images, of which the mean alone and its best member alone miss some. */
function ensemble(onlyMean: number, onlyBest: number, context = contexts[0]!): Ensemble {
  const [first, second] = planOf(evaluations(net("D", 256), [256, 288], "dense"), [context])
    .filter(({ run }) => isEvaluation(run));
  const [both, images] = [300, 2000];
  const ranks = (from: number, to: number) =>
    Int32Array.from({ length: images }, (_, i) => i < both || (i >= from && i < to) ? 1 : 0);
  const mean = { ranks: ranks(both, both + onlyMean) };
  const best = { ranks: ranks(both + onlyMean, both + onlyMean + onlyBest) };
  const measured = (misses: number) => ({
    errors: { top1: 100 * misses / images, top5: 0 },
    intervals: { top1: { low: 14.1234, high: 17.9876 }, top5: { low: 0, high: 0.19 } },
  });
  return {
    ...{ images, classes: 20, doubts: [] },
    members: [
      { run: first!, ...measured(both + onlyBest) },
      { run: second!, ...measured(500) },
    ],
    mean: {
      ...measured(both + onlyMean),
      best: first!,
      difference: differenceOf([mean], [best]),
    },
  };
}

const drawn = (ensembles: readonly Ensemble[], format: "table" | "json" = "table") =>
  listing(ensembleListing(ensembles, { title: "Made up", setup: smoke }), format);

Deno.test("members, then their mean, and a conclusion in words", () => {
  const text = drawn([ensemble(15, 40)]);
  assert.match(text, /│ D 256 at Q = 256, dense │ [0-9a-f]{12} │ 17\.0 \(14\.1 to 18\.0\) │/);
  assert.match(text, /│ mean of 2 +│ {14}│ 15\.8 /);
  // SciPy: binomtest(15, 15 + 40).pvalue = 0.00101585
  const words = text.replaceAll("\n", " ");
  assert.match(words, /Mean of 2 against its best member, D 256 at Q = 256, dense: -1\.25 points/);
  assert.match(words, /15 images only the mean got wrong, 40 only the best member: exact McNemar/);
  assert.match(words, /p = 0\.0010\. The mean is significantly better\./);
  assert.match(words, /The best member was chosen on these same images, which favours it\.$/);
  for (const line of text.split("\n").filter((line) => !line.includes("─"))) {
    assert.ok([...line].length <= 80 || line.startsWith("│"), line);
  }
});

Deno.test("doubts about the data are a note, and a field of every record", () => {
  const doubts = ["3 of 2,000 validation images are training images."];
  const list = ensembleListing([ensemble(15, 40)], { title: "Made up", setup: smoke, doubts });
  assert.match(
    listing(list, "table").replaceAll("\n", " "),
    /The data is doubtful: 3 of 2,000 validation images are training images\./,
  );
  const found = JSON.parse(listing(list, "json")) as { doubts: string }[];
  assert.deepEqual(
    found.map(({ doubts }) => doubts),
    Array(3).fill("3 of 2,000 validation images are training images"),
  );
});

Deno.test("only a significant difference is called better or worse", () => {
  const words = (...counts: [number, number]) => drawn([ensemble(...counts)]).replaceAll("\n", " ");
  assert.match(
    words(9, 4),
    /\+0\.25 points .* The difference is not significant; detecting one of this size needs/,
  );
  assert.match(words(90, 10), / McNemar p < 0\.0001\. The mean is significantly worse/);
  assert.match(words(7, 7), / 0\.00 points .* p = 1\.0\. Both have the same error\./);
  assert.match(words(40, 15), /\+1\.25 points .* The mean is significantly worse\./);
});

Deno.test("programs get a record for each; that of the mean has the comparison", () => {
  const [first, , mean] = JSON.parse(drawn([ensemble(15, 40)], "json"));
  assert.deepEqual(
    [first.S, first.Q, first.method, first.seed, first.top1_error, first.top1_low, first.p_value],
    [256, 256, "dense", 0, 17, 14.12, null],
  );
  assert.deepEqual(
    [mean.Q, mean.images, mean.classes, mean.dataset, mean.setup, mean.best_member],
    ["256 288", 2000, 20, "scenes", "smoke", first.key],
  );
  assert.deepEqual(
    [mean.difference, mean.only_mean_wrong, mean.only_best_wrong, mean.p_value],
    [-1.25, 15, 40, 0.00102],
  );
  assert.deepEqual(Object.keys(first), Object.keys(mean));
});

Deno.test("seeds are told apart where there are several", () => {
  const text = drawn(contexts.map((context) => ensemble(15, 40, context)));
  assert.match(text, /│ run +│ seed │ key /);
  assert.match(text, /│ mean of 2 +│ +1 │/);
  assert.match(text, /^Seed 1: Mean of 2 against its best member/m);
});
