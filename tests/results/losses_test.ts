import { plannedRun } from "../../lib/plan.ts";
import assert from "node:assert/strict";
import { fromScratch } from "../../experiments/initialisation.ts";
import { evaluations, JITTERED, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import type { ConfigName, Context, Row, TrainRun } from "../../lib/experiment.ts";
import { compareLosses, dropsIn, finalLoss, riseAtDrop } from "../../lib/results/losses.ts";
import { finalLosses } from "../../lib/results/mod.ts";
import { makeStore } from "../../lib/store/mod.ts";

const line = (step: number, loss: number) => ({ step, loss });

Deno.test("the final loss is the mean over the last tenth's steps, not over its lines", () => {
  // steps 91 to 98 have a loss of 2, the last two one of 1
  const log = [line(50, 9), line(90, 5), line(98, 2), line(100, 1)];
  assert.equal(finalLoss(log), (8 * 2 + 2 * 1) / 10);
  assert.equal(finalLoss([line(7, 3)]), 3);
  assert.equal(finalLoss([]), undefined);
});

Deno.test("a store's logs give the mean over seeds; undefined if one is missing", () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const store = makeStore(folder);
    const contexts: Context[] = [0, 1].map((seed) => ({
      ...{ train: smoke.train, evaluate: smoke.evaluate, seed, data: "made-up" },
    }));
    const lossOf = finalLosses({ store, contexts });
    const run = net("A", 256);
    contexts.forEach((context, seed) => {
      assert.equal(lossOf(run), undefined);
      const planned = plannedRun(run, context);
      store.begin(planned);
      const rest = { epoch: 1, learningRate: 0.1, imagesPerSecond: 1 };
      store.appendLog(planned, { ...line(10, 1 + seed), ...rest });
    });
    assert.equal(lossOf(run), 1.5);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

const row = (nets: readonly TrainRun[], Q = 256, title?: string): Row => ({
  ...title !== undefined && { title },
  evaluations: nets.flatMap((net) => evaluations(net, [Q], "dense")),
  published: {},
});
const A = row([net("A", 256)]);
const D = row([net("D", 256)]);

/** Losses by config. */
const losses = (of: Record<string, number>) => ({ config }: TrainRun) => of[config];

Deno.test("a deeper net that tests worse and has the higher training loss is under-trained", () => {
  assert.deepEqual(compareLosses(D, A, losses({ A: 0.32, D: 0.406 })), {
    underTrained: true,
    words:
      "final training losses: D 256 0.41, A 256 0.32; the deeper net is under-trained, so this " +
      "says nothing against depth",
  });
});

Deno.test("a higher training loss says so much of the deeper net alone", () => {
  const lrn = row([net("A-LRN", 256)]);
  assert.deepEqual(compareLosses(A, lrn, losses({ A: 0.5, "A-LRN": 0.48 })), {
    underTrained: false,
    words: "final training losses: A 256 0.50, A-LRN 256 0.48",
  });
  assert.equal(compareLosses(A, D, losses({ A: 0.5, D: 0.48 }))?.underTrained, false);
});

Deno.test("want of training excuses a net where depth is the only difference, and nowhere else", () => {
  const excused = (deep: ConfigName, shallow: ConfigName) => {
    const rows = [deep, shallow].map((config) => row([net(config, 256)])) as [Row, Row];
    return compareLosses(...rows, losses({ [deep]: 0.9, [shallow]: 0.5 }))?.underTrained;
  };
  const pairs: [ConfigName, ConfigName][] = [["B", "A"], ["C", "B"], ["E", "A"], ["E", "D"]];
  for (const [deep, shallow] of pairs) assert.equal(excused(deep, shallow), true, `${deep}`);
  // response normalisation, larger filters, and 1x1 convolutions are differences, too
  const others: [ConfigName, ConfigName][] = [
    ...[["A-LRN", "A"], ["A", "A-LRN"], ["B", "A-LRN"]] as [ConfigName, ConfigName][],
    ...[["B", "B-5x5"], ["D", "C"], ["E", "C"]] as [ConfigName, ConfigName][],
  ];
  for (const [worse, better] of others) assert.equal(excused(worse, better), false, `${worse}`);
});

Deno.test("one that has no higher training loss is not, to two decimals", () => {
  for (const [loss, text] of [[0.2, "0.20"], [0.3204, "0.32"]] as const) {
    assert.deepEqual(compareLosses(D, A, losses({ A: 0.32, D: loss })), {
      underTrained: false,
      words: `final training losses: D 256 ${text}, A 256 0.32; not under-trained`,
    });
  }
});

Deno.test("losses on crops of another S are not comparable", () => {
  const jittered = row([net("D", JITTERED)], 384);
  const compared = compareLosses(jittered, D, () => 1);
  assert.equal(compared?.underTrained, false);
  assert.match(compared.words, /are not comparable/);
});

Deno.test("rows have the names by which their table tells them apart", () => {
  const [one, other] = [fromScratch("D"), net("D", 256)];
  const compared = compareLosses(
    row([one], 256, "from random weights"),
    row([other], 256, "from net A"),
    (net) => net === one ? 2 : 1,
  );
  assert.equal(compared!.words, "final training losses: from random weights 2.00, from net A 1.00");
});

Deno.test("the same net, several nets and missing logs are not compared", () => {
  const one = losses({ A: 1, D: 2 });
  assert.equal(compareLosses(row([net("D", 256)], 224), D, one), undefined);
  assert.equal(compareLosses(row([net("A", 256), net("D", 256)]), D, one), undefined);
  assert.equal(compareLosses(D, A, losses({ D: 2 })), undefined);
});

Deno.test("a loss that rises where the rate is divided is found, and how far", () => {
  const at = (rate: number, ...losses: number[]) =>
    losses.map((loss) => ({ loss, learningRate: rate }));
  // net A of the smoke setup, in the paper's form of momentum and in PyTorch's
  const caffe = [...at(0.005, 1.17, 1.01, 1.22, 1.31), ...at(0.0005, 1.27, 1.83, 1.81, 1.49)];
  const pytorch = [...at(0.005, 1.28, 1.1, 1.3, 1.25), ...at(0.0005, 1.32, 1.31, 1.07, 1.16)];
  const { before, after } = riseAtDrop(caffe)!;
  assert.deepEqual([before.toFixed(2), after.toFixed(2)], ["1.18", "1.64"]);
  assert.equal(riseAtDrop(pytorch), undefined);
  assert.equal(dropsIn(caffe)[0], caffe[4]);
  assert.equal(riseAtDrop(at(0.1, 1, 2, 3)), undefined);
  assert.equal(riseAtDrop([]), undefined);
});
