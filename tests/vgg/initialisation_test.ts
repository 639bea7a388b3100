import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { UserError } from "../../lib/errors.ts";
import type { ConfigName, Inherited, TrainRun } from "../../lib/experiment.ts";
import { constant, Graph } from "../../lib/tensorflow/graph.ts";
import { int32, Session } from "../../lib/tensorflow/session.ts";
import { convsOf, type Layer, layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import type { Tensors } from "../../lib/vgg/checkpoint.ts";
import { trainingGraph } from "../../lib/vgg/model.ts";
import { forward, network, variablesOf } from "../../lib/vgg/network.ts";
import { setTensors } from "../../lib/vgg/train.ts";
import { deviation, inherited, insertedLayers } from "../../lib/vgg/initialisation.ts";
import { addSetter } from "../../lib/tensorflow/variables.ts";
import { noises, noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { setup } from "../support/tiny.ts";

const SHAPE = netShapeOf(setup, 3);
const A = net("A", 256);

/** A net's weights by a formula: kernels of He's size, biases of both signs. */
function weightsOf(config: ConfigName, from = 0): Tensors {
  const shapes = weightShapes(layersOf(config, SHAPE));
  return new Map([...shapes].map(([name, shape], i) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const inputs = count / shape.at(-1)!;
    const scale = name.endsWith(".bias") ? 0.1 : Math.sqrt(6 / inputs);
    return [name, { shape, values: noises(count, { from: from + 100_000 * i, scale }) }];
  }));
}

/** What `config` starts with from net A. */
function startOf(config: ConfigName, layers: Inherited, transferNoise: number): Tensors {
  const run: TrainRun = { config, S: 256, init: { from: A, layers } };
  return inherited(run, {
    ancestor: weightsOf("A"),
    drawn: () => weightsOf(config, 77),
    setup: { ...setup, transferNoise },
    shape: SHAPE,
  });
}

/** Score maps of two images, larger than a crop. */
async function scoresOf(config: ConfigName, weights: Tensors): Promise<number[]> {
  const graph = new Graph();
  const built = network(graph, layersOf(config, SHAPE));
  for (const each of variablesOf(built)) addSetter(graph, each);
  const pixels = [...noisyBytes(2 * 36 * 44 * 3)].map((level) => (level - 128) / 64);
  const images = constant(graph, pixels, { dtype: "float32", shape: [2, 36, 44, 3] });
  const scores = forward(built, images);
  const session = new Session(await tensorflow(), graph);
  try {
    setTensors(session, weights);
    return Array.from(session.run({}, [scores])[0]!.values);
  } finally {
    session.close();
  }
}

Deno.test("without noise a deepened net computes its ancestor's function, to the last bit", async (t) => {
  const expected = await scoresOf("A", weightsOf("A"));
  assert.ok(new Set(expected).size > 6 && expected.every(Number.isFinite));
  for (const config of ["B", "C", "D", "E"] as const) {
    await t.step(config, async () => {
      const weights = startOf(config, "deepen", 0);
      assert.deepEqual([...weights.keys()].toSorted(), [...weightsOf(config).keys()].toSorted());
      assert.deepEqual(await scoresOf(config, weights), expected);
    });
  }
  await t.step("with noise it does not", async () => {
    assert.notDeepEqual(await scoresOf("D", startOf("D", "deepen", 0.1)), expected);
  });
});

Deno.test("inserted kernels are an identity and a share of He's noise, biases 0", () => {
  const weights = startOf("C", "deepen", 0.25);
  const drawn = weightsOf("C", 77);
  const inserted = { conv1_2: 3, conv2_2: 3, conv3_3: 1, conv4_3: 1, conv5_3: 1 };
  for (const [name, size] of Object.entries(inserted)) {
    const { shape, values } = weights.get(`${name}.kernel`)!;
    const [, , inputs, outputs] = shape as [number, number, number, number];
    assert.deepEqual(shape, [size, size, inputs, outputs]);
    assert.equal(inputs, outputs);
    const centre = (size - 1) / 2;
    values.forEach((value, i) => {
      const [o, c] = [i % outputs, Math.floor(i / outputs) % inputs];
      const place = Math.floor(i / outputs / inputs);
      const isOne = o === c && place === centre * size + centre;
      // the setup draws kernels by He: the noise is a quarter of what was drawn
      const noise = 0.25 * drawn.get(`${name}.kernel`)!.values[i]!;
      assert.ok(Math.abs(value - (isOne ? 1 : 0) - noise) < 1e-6, `${name} ${i}`);
    });
    assert.ok(weights.get(`${name}.bias`)!.values.every((value) => value === 0));
  }
  const untouched = [...weightsOf("A")];
  for (const [name, { values }] of untouched) assert.deepEqual(weights.get(name)!.values, values);
});

Deno.test("the noise has He's size, however the setup draws its kernels", async () => {
  const layer = convsOf(layersOf("D", SHAPE)).find(({ name }) => name === "conv5_3")!;
  const he = Math.sqrt(2 / (9 * layer.inputs)); // by hand
  for (const kernels of ["he", "gaussian-0.01", "glorot"] as const) {
    const train = { ...setup, kernels, transferNoise: 0.5 };
    const { graph, weights } = trainingGraph(net("D", 256), {
      ...{ setup: train, classes: 3 },
      ...{ microBatch: 4, source: "cache" },
    });
    const session = new Session(await tensorflow(), graph);
    try {
      session.run({ "seed/weights": int32([3, 0]) }, ["initialise:0"]);
      const values = session.run({}, weights.map(({ value }) => value));
      const drawn = new Map(weights.map(({ name, shape }, i) => {
        return [name, { shape, values: values[i]!.values as Float32Array }];
      }));
      const run: TrainRun = { config: "D", S: 256, init: { from: A, layers: "deepen" } };
      const sources = {
        ...{ ancestor: weightsOf("A"), drawn: () => drawn },
        ...{ setup: train, shape: SHAPE },
      };
      const { values: kernel } = inherited(run, sources).get("conv5_3.kernel")!;
      const noise = kernel.filter((_, i) => {
        return i % layer.outputs !== Math.floor(i / layer.outputs) % layer.inputs; // no identity here
      });
      const size = Math.sqrt(noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length);
      assert.ok(Math.abs(size / (0.5 * he) - 1) < 0.1, `${kernels}: ${size}, not ${0.5 * he}`);
      assert.ok(Math.abs(deviation(layer, "he") / he - 1) < 1e-12);
    } finally {
      session.close();
    }
  }
});

Deno.test("a perturbed net has all of its ancestor, with noise on its convolutions alone", () => {
  const before = weightsOf("A");
  const drawn = weightsOf("A", 77);
  for (const [name, { values }] of startOf("A", "perturb", 0.1)) {
    const noisy = name.startsWith("conv") && name.endsWith(".kernel");
    const theirs = before.get(name)!.values, random = drawn.get(name)!.values;
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - theirs[i]! - (noisy ? 0.1 * random[i]! : 0)) < 1e-6, name);
    });
  }
});

Deno.test("nets that cannot be deepened are refused, by the layers in the way", () => {
  const pair = (from: ConfigName, config: ConfigName) =>
    [[from, layersOf(from, SHAPE)], [config, layersOf(config, SHAPE)]] as const;
  assert.deepEqual(insertedLayers(...pair("A", "E")).map(({ name }) => name), [
    ...["conv1_2", "conv2_2", "conv3_3", "conv3_4", "conv4_3", "conv4_4", "conv5_3", "conv5_4"],
  ]);
  assert.deepEqual(insertedLayers(...pair("D", "D")), []);
  const refusals: [from: ConfigName, config: ConfigName, message: RegExp][] = [
    [
      "E",
      "D",
      /^Cannot deepen E into D: D has no conv3_4, conv4_4, conv5_4; start from another net/,
    ],
    ["C", "D", /^Cannot deepen C into D: conv3_3, conv4_3, conv5_3 have another shape there/],
    ["A-LRN", "B", /^Cannot deepen A-LRN into B: one of them has a response normalisation/],
  ];
  for (const [from, config, message] of refusals) {
    assert.throws(
      () => insertedLayers(...pair(from, config)),
      (error) => error instanceof UserError && message.test(error.message),
    );
  }
  const lacking: readonly Layer[] = layersOf("A", SHAPE).filter((layer) =>
    layer.kind !== "conv" || layer.name !== "conv3_1"
  );
  assert.throws(
    () => insertedLayers(["A", lacking], ["D", layersOf("D", SHAPE)]),
    /^UserError: Cannot deepen A into D: conv3_1 makes 8 channels of 4, which no identity does; /,
  );
});
