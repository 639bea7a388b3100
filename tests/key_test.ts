import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../experiments/protocol.ts";
import { medium, paper, small, smoke } from "../experiments/setups.ts";
import { INTERPRETATIONS } from "../lib/setup.ts";
import {
  type Context,
  type Inherited,
  type Method,
  PAPER_TRANSFER,
  type Run,
  type TrainRun,
} from "../lib/experiment.ts";
import { key } from "../lib/key.ts";

const context: Context = {
  train: paper.train,
  evaluate: paper.evaluate,
  seed: 0,
  data: "ilsvrc2012",
};
const A = net("A", 256);
const D = net("D", JITTERED);
const [atQ] = evaluations(D, [384], "dense");

/**
 * Keys of stored results. If this fails, results that people have computed are no longer found.
 * A new field must be optional, and absent at its default (`canonical` in lib/key.ts leaves
 * it out); then nothing changes here. Where numbers themselves change, and old results must not be
 * found again, change the pins and say so in CHANGELOG.md.
 */
Deno.test("keys are what they were", () => {
  assert.equal(key(A, context), "189ba2fdb935");
  assert.equal(key(D, context), "2b90e447d717");
  assert.equal(key(atQ!, context), "d043543a722e");
});

Deno.test("fields at their default and the order of fields do not count", () => {
  const { config, S, init } = A;
  assert.equal(key({ init, S, config, update: "all" }, context), key(A, context));
  const { retry, ...old } = context.train;
  assert.deepEqual(retry, { share: 0.1, rate: 0.1 });
  assert.equal(key(A, { ...context, train: old }), key(A, context));
  const slower = { ...context.train, retry: { share: 0.1, rate: 0.2 } };
  assert.notEqual(key(A, { ...context, train: slower }), key(A, context));
  for (
    const [field, value] of Object.entries({
      ...INTERPRETATIONS.train,
      ...INTERPRETATIONS.evaluate,
    })
  ) {
    assert.ok(field in context.train || field in context.evaluate, field);
    // as in recipes from before there was a choice
    const { [field]: mine, ...train } = { ...context.train } as Record<string, unknown>;
    const { [field]: other, ...evaluate } = { ...context.evaluate } as Record<string, unknown>;
    assert.deepEqual(mine ?? other, value);
    assert.equal(
      key(atQ!, { ...context, train, evaluate } as unknown as Context),
      key(atQ!, context),
    );
  }
  const shuffled = Object.fromEntries(Object.entries(context.train).reverse());
  const reversed = { ...context, train: shuffled as unknown as Context["train"] };
  assert.equal(key(A, reversed), key(A, context));
});

Deno.test("what a net takes over is part of its key, whether its run or the setup says it", () => {
  const keyUnder = (run: TrainRun, train: Partial<Context["train"]>) =>
    key(run, { ...context, train: { ...context.train, ...train } });
  const B = net("B", 256);
  const from256 = (layers: Inherited): TrainRun => ({ ...B, init: { from: A, layers } });
  const deepen = { transfer: "deepen" } as const;
  assert.equal(keyUnder(B, {}), keyUnder(from256(PAPER_TRANSFER), deepen));
  assert.equal(keyUnder(B, deepen), keyUnder(from256("deepen"), {}));
  assert.notEqual(keyUnder(B, deepen), keyUnder(B, {}));
  assert.notEqual(keyUnder(B, deepen), keyUnder(B, { ...deepen, transferNoise: 0.2 }));
  // through a chain of starts, D [256;512] from 384 from 256 from A
  assert.notEqual(keyUnder(D, deepen), keyUnder(D, {}));
  // nothing is inserted: the fields decide nothing
  assert.equal(keyUnder(A, { ...deepen, transferNoise: 0.2 }), keyUnder(A, {}));
  assert.equal(keyUnder(B, { transferNoise: 0.2 }), keyUnder(B, {}));
  const perturbed: TrainRun = { ...A, init: { from: A, layers: "perturb" } };
  assert.notEqual(keyUnder(perturbed, { transferNoise: 0.2 }), keyUnder(perturbed, {}));
});

Deno.test("whatever changes a number changes the key", () => {
  const keys = [
    key(A, context),
    key({ ...A, config: "A-LRN" }, context),
    key({ ...A, S: 384 }, context),
    key({ ...A, update: "fc" }, context),
    key({ ...A, init: { from: A, layers: "all" } }, context),
    key({ ...A, init: { from: A, layers: ["fc6"] } }, context),
    key({ ...A, init: { from: { ...A, S: 384 }, layers: "all" } }, context),
    key(A, { ...context, seed: 1 }),
    key(A, { ...context, data: "scenes" }),
    ...[small, medium, smoke].map(({ train }) => key(A, { ...context, train })),
    ...([
      "crop",
      "width",
      "fc",
      "batch",
      "momentum",
      "weightDecay",
      "dropout",
      "validations",
    ] as const)
      .map((field) => {
        const train = { ...context.train, [field]: context.train[field] / 2 };
        return key(A, { ...context, train });
      }),
    key(A, { ...context, train: { ...context.train, kernels: "paper" } }),
    ...(["bilinear", "lanczos3", "aliased-bilinear"] as const).map((resize) =>
      key(A, { ...context, train: { ...context.train, resize } })
    ),
    key(A, { ...context, train: { ...context.train, oddSides: "down" } }),
    key(A, { ...context, train: { ...context.train, momentumForm: "pytorch" } }),
    key(atQ!, { ...context, evaluate: { scoreMap: "sum-then-softmax" } }),
    key(A, { ...context, train: { ...context.train, precision: "bfloat16" } }),
    key(A, { ...context, train: { ...context.train, biases: { rate: 1, decay: 0 } } }),
    key(atQ!, context),
    key({ ...atQ!, Q: 256 }, context),
  ];
  assert.equal(new Set(keys).size, keys.length);
  for (const each of keys) assert.match(each, /^[0-9a-f]{12}$/);
});

Deno.test("a key holds what its run uses: another field of the setup repeats nothing else", () => {
  const under = (run: Run, train: Partial<Context["train"]>) =>
    key(run, { ...context, train: { ...context.train, ...train } });
  const { schedules } = context.train;
  const longer = (name: "first" | "finer" | "jittered") => ({
    schedules: { ...schedules, [name]: { ...schedules[name], images: 1 } },
  });
  // D [256;512] started from 384, that from 256, that from A
  const chain = [A, net("D", 256), net("D", 384), D, atQ!];
  const changed = (train: Partial<Context["train"]>) =>
    chain.map((run) => under(run, train) !== key(run, context));
  assert.deepEqual(changed(longer("first")), [true, true, true, true, true]);
  assert.deepEqual(changed(longer("finer")), [false, false, true, true, true]);
  assert.deepEqual(changed(longer("jittered")), [false, false, false, true, true]);
  assert.deepEqual(changed({ jitterStep: 64 }), [false, false, false, true, true]);
  const imported: TrainRun = { ...D, init: { weights: "ab".repeat(32) } };
  assert.equal(under(imported, longer("jittered")), key(imported, context));

  const by = (method: Method) => evaluations(A, [256], method)[0]!;
  const tests = [by("dense"), by("multi-crop"), by("centre-crop")];
  const tested = (evaluate: Partial<Context["evaluate"]>) =>
    tests.map((run) =>
      key(run, { ...context, evaluate: { ...context.evaluate, ...evaluate } }) !== key(run, context)
    );
  assert.deepEqual(tested({ scoreMap: "sum-then-softmax" }), [true, false, false]);
  assert.deepEqual(tested({ cropGrid: "central-square" }), [false, true, false]);
  assert.deepEqual(tested({ cropGrid: "cell-centres" }), [false, true, false]);
  assert.deepEqual(tested({ centreCrop: "mirrored" }), [false, false, true]);
});

Deno.test("how a net is evaluated counts for its evaluation alone", () => {
  const other: Context = { ...context, evaluate: { scoreMap: "softmax-then-average" } };
  assert.equal(key(D, other), key(D, context));
  assert.notEqual(key(atQ!, other), key(atQ!, context));
});

Deno.test("the setup's dropout counts where a net of the lineage drops outputs by it", () => {
  const { train } = context;
  const dropping = { ...context, train: { ...train, dropout: train.dropout / 2 } };
  const gap: TrainRun = { config: "gap", blocks: [[64]], average: true, S: 256, init: "random" };
  const counts = (net: TrainRun) => key(net, context) !== key(net, dropping);
  assert.ok(!counts(gap)); // no hidden layers
  assert.ok(!counts({ ...gap, fc: [] }));
  assert.ok(!counts({ ...gap, fc: [512], dropout: 0.5 })); // its own
  assert.ok(counts({ ...gap, fc: [512] }));
  assert.ok(counts({ ...gap, init: { from: A, layers: ["conv1_1"] } }));
  assert.ok(counts(A));
  const test = { net: gap, Q: 256, method: "dense" } as const;
  assert.equal(key(test, context), key(test, dropping));
});

Deno.test("a net of one's own is named by its blocks, whatever people call it", () => {
  const blocks = [[64], [128], [256, 256], [512, 512], [512, 512], [512]];
  const F: TrainRun = { config: "F", blocks, S: 256, init: "random" };
  assert.equal(key({ ...F, config: "G" }, context), key(F, context));
  const others: TrainRun[] = [
    ...[A, { ...F, blocks: blocks.slice(1) }, { ...F, S: 384 }] as const,
    ...[{ ...F, fc: [512] }, { ...F, dropout: 0 }, { ...F, average: true }] as const,
    ...[{ ...F, batchNorm: true }, { ...F, batchNorm: 8 }] as const,
  ];
  assert.equal(new Set([F, ...others].map((run) => key(run, context))).size, 9);
  const heir = (config: string): TrainRun => ({
    ...A,
    init: { from: { ...F, config }, layers: ["conv1_1"] },
  });
  assert.equal(key(heir("F"), context), key(heir("G"), context));
});
