import assert from "node:assert/strict";
import type { MomentumForm, TrainSetup } from "../../lib/setup.ts";
import type { NetLayers, TrainRun } from "../../lib/experiment.ts";
import { float32, int32, Session } from "../../lib/tensorflow/session.ts";
import { type Conv, convsOf, layersOf } from "../../lib/vgg/configs.ts";
import { deviation } from "../../lib/vgg/initialisation.ts";
import { trainingGraph } from "../../lib/vgg/model.ts";
import { gap, noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { setup } from "../support/tiny.ts";

/** A training of three updates by batches of 16 crops, with what tests vary. */
interface Three {
  readonly microBatch?: number;
  readonly seed?: number;
  readonly updates?: number;
  /** 0.01 each time if absent. */
  readonly rates?: readonly number[];
  readonly update?: TrainRun["update"];
  /** A net of one's own; A if absent. */
  readonly net?: NetLayers;
  readonly train?: Partial<TrainSetup>;
}

/** Weights by name before and after, and the losses. */
async function train(
  { microBatch = 16, seed = 0, updates = 3, rates = [], update, net, train = {} }: Three = {},
) {
  const options = { ...setup, batch: 16, dropout: 0, ...train };
  const run: TrainRun = {
    ...{ config: "A", ...net, S: 256, init: "random" },
    ...update ? { update } : {},
  };
  const { graph, weights, velocities } = trainingGraph(run, {
    ...{ setup: options, classes: 3, microBatch, source: "cache" },
  });
  const session = new Session(await tensorflow(), graph);
  const read = () => {
    const fetched = session.run({}, weights.map(({ value }) => value));
    return new Map(
      weights.map(({ name }, i) => [name, fetched[i]!.values as Float32Array]),
    );
  };
  try {
    session.run({ "seed/weights": int32([seed, 0]) }, ["initialise:0"]);
    const before = read();
    const [count, size] = [16 * updates, options.crop ** 2];
    const rows = [count / microBatch, microBatch];
    const crops = Array.from({ length: count }, (_, i) => i);
    session.run({
      "crops/cache": {
        ...{ dtype: "uint8", shape: [count * size, 3], values: noisyBytes(count * size * 3) },
      },
      "crops/strides": int32(crops.flatMap((i) => [i * size, options.crop, 1]), [...rows, 3]),
      "crops/offsets": float32(crops.flatMap(() => [-128, -128, -128]), [...rows, 3]),
      "crops/labels": int32(crops.map((i) => i % 3), rows),
    }, ["crops/start:0"]);
    const draws = { "seed/dropout": int32([seed, 1]) };
    const losses = Array.from({ length: updates }, (_, i) => {
      const rate = float32([rates[i] ?? 0.01], []);
      if (microBatch === 16) return session.run({ rate, ...draws }, ["step:0"])[0]!.values[0]!;
      let loss = 0;
      for (let part = 0; part < 16 / microBatch; part++) {
        const index = int32([part], []);
        loss += session.run({ ...draws, "part/index": index }, ["part:0"])[0]!.values[0]!;
      }
      session.run({ rate }, ["update:0"]);
      return loss;
    });
    return { before, after: read(), losses, velocities: velocities.map(({ name }) => name) };
  } finally {
    session.close();
  }
}

type Trained = Awaited<ReturnType<typeof train>>;

/** What the updates added to a variable. */
const moved = ({ before, after }: Trained, name: string) =>
  after.get(name)!.map((value, i) => value - before.get(name)![i]!);

for (const dropout of [0, 0.5]) {
  Deno.test(`a batch of 16 is 2 of 8 is 4 of 4, but for rounding, with dropout ${dropout}`, async () => {
    const whole = await train({ train: { dropout } });
    assert.ok(whole.losses.every((loss) => loss > 0.5 && loss < 20), `${whole.losses}`);
    for (const microBatch of [8, 4]) {
      const parts = await train({ microBatch, train: { dropout } });
      assert.ok(gap(parts.losses, whole.losses) < 1e-5);
      for (const name of whole.after.keys()) {
        // relative to the movement, not to the weight
        const error = gap(moved(parts, name), moved(whole, name));
        assert.ok(error < 1e-3, `${name} is off by ${error} in parts of ${microBatch}`);
      }
    }
  });
}

Deno.test("a net's own dropout replaces the setup's", async () => {
  const F = { config: "F", blocks: [[64]], fc: [2048] };
  const losses = async (own: number | undefined, dropout: number) => {
    const net = { ...F, ...own !== undefined && { dropout: own } };
    return (await train({ net, train: { dropout } })).losses;
  };
  const none = await losses(undefined, 0);
  assert.deepEqual(await losses(0, 0.5), none);
  assert.deepEqual(await losses(0.5, 0), await losses(undefined, 0.5));
  assert.notDeepEqual(await losses(0.5, 0), none);
});

Deno.test("one seed gives the same training to the last bit, another one another", async () => {
  const first = await train({ train: { dropout: 0.5 } });
  assert.deepEqual(await train({ train: { dropout: 0.5 } }), first);
  const other = await train({ train: { dropout: 0.5 }, seed: 1 });
  assert.notDeepEqual(other.before.get("fc6.kernel"), first.before.get("fc6.kernel"));
  assert.notDeepEqual(other.losses, first.losses);
});

Deno.test("kernels are decayed by rate times lambda times weight, biases are not", async () => {
  const [plain, decayed] = [0, 0.5].map((weightDecay) =>
    train({ updates: 1, train: { weightDecay } })
  );
  const [a, b] = [await plain!, await decayed!];
  for (const [name, weights] of a.before) {
    const lambda = name.endsWith(".bias") ? 0 : 0.5;
    const [without, found] = [moved(a, name), moved(b, name)];
    const largest = Math.max(...weights.map(Math.abs), 1e-3);
    for (const [i, weight] of weights.entries()) {
      const expected = without[i]! - 0.01 * lambda * weight;
      assert.ok(Math.abs(found[i]! - expected) < 1e-6 * largest, name);
    }
  }
});

Deno.test("a training learns by the momentum of its setup, which is Caffe's where it names none", async () => {
  const trained = (momentumForm?: MomentumForm) =>
    train({ ...momentumForm && { train: { momentumForm } }, rates: [0.01, 0.001, 0.001] });
  const [usual, caffe, pytorch] = [
    await trained(),
    await trained("caffe"),
    await trained("pytorch"),
  ];
  assert.deepEqual(caffe.losses, usual.losses);
  // the rate drops after the first update, so that the third loss is the first to tell
  assert.deepEqual(pytorch.losses.slice(0, 2), usual.losses.slice(0, 2));
  assert.ok(Math.abs(pytorch.losses[2]! - usual.losses[2]!) > 1e-4);
});

Deno.test("biases learn twice as fast as kernels", async () => {
  const rate = (rate: number) => train({ updates: 1, train: { biases: { rate, decay: 0 } } });
  const [once, twice] = [await rate(1), await rate(2)];
  for (const name of once.before.keys()) {
    const factor = name.endsWith(".bias") ? 2 : 1;
    const expected = moved(once, name).map((value) => factor * value);
    assert.ok(gap(moved(twice, name), expected) < 1e-4, name);
  }
});

Deno.test("where only the fully-connected layers learn, no other weight moves", async () => {
  const trained = await train({ update: "fc" });
  const changed = [...trained.after.keys()].filter((name) =>
    moved(trained, name).some((value) => value !== 0)
  );
  const fc = ["fc6", "fc7", "fc8"].flatMap((name) => [`${name}.kernel`, `${name}.bias`]);
  assert.deepEqual(changed, fc);
  assert.deepEqual(trained.velocities, fc.map((name) => `${name}.velocity`));
});

Deno.test("where only the fully-connected layers learn, nothing flows back through the convs", () => {
  const run = { config: "D", S: 256, init: "random" } as const;
  const options = { setup, classes: 3, source: "cache" } as const;
  for (const microBatch of [setup.batch, setup.batch / 2]) {
    const counts = (["all", "fc"] as const).map((update) => {
      const { graph } = trainingGraph({ ...run, update }, { ...options, microBatch });
      const text = new TextDecoder("latin1").decode(graph.serialise());
      return ["Conv2DBackprop", "MaxPoolGrad", "BiasAddGrad", "ResourceApplyKerasMomentum"]
        // what a node does is its field 2, of tag 0x12; its name may be the same
        .map((kind) =>
          text.match(new RegExp(`\\x12.${kind}(Input|Filter)?[^\\w]`, "gs"))?.length ?? 0
        );
    });
    // thirteen convs, of the first of which no images learn; five poolings
    assert.deepEqual(counts, [[25, 5, 16, 32], [0, 0, 3, 6]]);
  }
});

Deno.test("deviations of random kernels, by their formulas", () => {
  const conv: Conv = { kind: "conv", name: "conv2_1", size: 3, inputs: 64, outputs: 128 };
  const found = (["paper", "gaussian-0.01", "glorot", "he"] as const)
    .map((init) => deviation(conv, init));
  const expected = [0.1, 0.01, Math.sqrt(2 / (9 * 192)), Math.sqrt(2 / 576)];
  assert.ok(gap(found, expected) < 1e-12);

  // gains of torch.nn.init.xavier_normal_ and kaiming_normal_ for Linear(25088, 4096), by
  // _calculate_fan_in_and_fan_out: math.sqrt(2 / (fan_in + fan_out)) and math.sqrt(2 / fan_in)
  const fc6 = convsOf(layersOf("D")).find(({ name }) => name === "fc6")!;
  assert.ok(
    gap([deviation(fc6, "glorot"), deviation(fc6, "he")], [
      0.008278327231656524,
      0.008928571428571428,
    ]) < 1e-12,
  );
});

Deno.test("kernels start with their deviation around 0, biases at 0, no two layers alike", async () => {
  const he = await train({ updates: 0, train: { fc: 64 } });
  const paper = await train({ updates: 0, train: { fc: 64, kernels: "paper" } });
  for (const [name, weights] of he.before) {
    if (name.endsWith(".bias")) {
      assert.ok(weights.every((value) => value === 0));
      continue;
    }
    const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length;
    const variance = weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length;
    // fc7 has 64 inputs and 4096 weights, whose variance is known to 2.2 per cent
    if (name === "fc7.kernel") assert.ok(Math.abs(variance / (2 / 64) - 1) < 0.09, `${variance}`);
    assert.ok(Math.abs(mean) < 5 * Math.sqrt(variance / weights.length), name);
    const ratio = paper.before.get(name)![0]! / weights[0]!;
    // the same draws, of deviation 0.1 instead of sqrt(2 / inputs)
    if (name === "fc7.kernel") assert.ok(Math.abs(ratio / (0.1 / Math.sqrt(2 / 64)) - 1) < 1e-5);
  }
  const [a, b] = ["conv4_2.kernel", "conv5_1.kernel"].map((name) => he.before.get(name)!);
  assert.equal(a!.length, b!.length);
  assert.ok(a!.every((value, i) => value !== b![i]));
});
