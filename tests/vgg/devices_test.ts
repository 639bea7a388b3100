/**
 * A batch that several devices share. They are processors, which TensorFlow takes for devices of their
 * own: what is shown is the graph, not the speed.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Precision, TrainSetup } from "../../lib/setup.ts";
import type { LogEntry } from "../../lib/vgg/checkpoint.ts";
import { constant, Graph } from "../../lib/tensorflow/graph.ts";
import { scale } from "../../lib/tensorflow/operations.ts";
import { float32, int32, Session } from "../../lib/tensorflow/session.ts";
import { posteriorsOf } from "../../lib/vgg/evaluate.ts";
import { evaluationGraph, trainingGraph } from "../../lib/vgg/model.ts";
import { setTensors, train } from "../../lib/vgg/train.ts";
import { noises } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { context, setup, tinyDataset } from "../support/tiny.ts";
import { virtualDevices } from "../support/virtual_devices.ts";

/** The first devices. */
const named = (count: number) => Array.from({ length: count }, (_, i) => `/device:CPU:${i}`);

const NET = { config: "A", S: 32 * 8, init: "random" } as const;

/** A setup of batches of 8 images, with dropout. */
const eights = (precision: Precision): TrainSetup => ({
  ...setup,
  batch: 8,
  dropout: 0.5,
  precision,
});

/** Trains a tiny net on devices. */
function trained(precision: Precision, devices: readonly string[], microBatch: number) {
  using dataset = tinyDataset();
  const log: LogEntry[] = [];
  const { checkpoint, finished } = train(virtualDevices(4), {
    ...{ run: NET, context: { ...context, train: eights(precision) }, dataset, microBatch },
    ...devices.length > 0 && { devices },
  }, {
    onLog: (entry) => void log.push(entry),
    onCheckpoint() {},
    onProgress() {},
    shouldStop: () => false,
  });
  assert.ok(finished);
  const values = [...checkpoint.tensors].flatMap(([, { values }]) => [...values]);
  return { losses: log.map(({ loss }) => loss), values };
}

/** The largest difference, as a share of the largest value. */
function difference(a: readonly number[], b: readonly number[]): number {
  assert.equal(a.length, b.length);
  const scale = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) / scale;
}

for (const [precision, microBatches] of [["float32", [8, 4]], ["bfloat16", [8]]] as const) {
  for (const microBatch of microBatches) {
    Deno.test(`1, 2 and 4 devices train the same net: ${precision}, ${microBatch} at once`, async () => {
      await tensorflow();
      const one = trained(precision, [], microBatch);
      const four = trained(precision, named(4), microBatch);
      // as many towers on one device: the same order of sums, so the same bits
      const towers = trained(precision, Array(4).fill("/device:CPU:0"), microBatch);
      assert.deepEqual(four, towers);
      // other towers: other roundings; those of bfloat16 are 2^-9 of a value
      const bound = precision === "float32" ? 1e-5 : 2 ** -5;
      const others = precision === "float32" ? [trained(precision, named(2), microBatch)] : [];
      for (const other of [...others, four]) {
        assert.ok(difference(one.losses, other.losses) < bound, `${other.losses}`);
        assert.ok(difference(one.values, other.values) < bound);
      }
      assert.ok(one.losses.length > 2 && new Set(one.losses).size === one.losses.length);
    });
  }
}

Deno.test("a step runs where its graph says: towers apart, weights and their update on the first", async () => {
  await tensorflow();
  const binding = virtualDevices(2);
  const options = { setup: eights("bfloat16"), classes: 5, microBatch: 8 };
  const { graph, weights } = trainingGraph(NET, {
    ...{ ...options, source: "cache", devices: named(2) },
  });
  const session = new Session(binding, graph);
  try {
    session.run({ "seed/weights": int32([3, 0]) }, ["initialise:0"]);
    const pixels = new Uint8Array(8 * 28 * 28 * 3).map((_, i) => 128 + 100 * Math.sin(i * i));
    session.run({
      "crops/pixels:0": { dtype: "uint8", shape: [8, 28, 28, 3], values: pixels },
      "crops/next:1": float32(new Float32Array(24).fill(-128), [8, 3]),
      "crops/next:2": int32([0, 1, 2, 3, 4, 0, 1, 2]),
      "rate": float32([0.02], []),
      "seed/dropout": int32([3, 1]),
    }, ["step:0"]);
    const placed = binding.placed();
    const on = (op: RegExp) => {
      const counts = new Map<string, number>();
      for (const { op: kind, device } of placed) {
        if (!op.test(kind)) continue;
        const name = device.replace(/.*device:/, "");
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return Object.fromEntries(counts);
    };
    // A has 8 convolutions; the first has no gradient with respect to images
    assert.deepEqual(on(/Conv2DBackpropFilter/), { "CPU:0": 8, "CPU:1": 8 });
    assert.deepEqual(on(/Conv2DBackpropInput/), { "CPU:0": 7, "CPU:1": 7 });
    assert.deepEqual(on(/^_?(Mkl(Native)?)?MaxPoolGrad$/), { "CPU:0": 5, "CPU:1": 5 });
    assert.deepEqual(on(/^ResourceApply/), { "CPU:0": weights.length });
    assert.deepEqual(on(/^_?(Mkl(Native)?)?AddN$/), { "CPU:0": weights.length });
    assert.deepEqual(on(/^SparseSoftmax/), { "CPU:0": 1 });
    // each weight goes once to the second device, in two bytes a number
    const sent = placed.filter(({ op, device }) => op === "_Send" && device.endsWith("CPU:0"));
    assert.ok(sent.length >= weights.length, `${sent.length} for ${weights.length} weights`);
  } finally {
    session.close();
  }
});

Deno.test("a device that is not there is named", async () => {
  await tensorflow();
  const graph = new Graph();
  const there = graph.on("/device:CPU:5", () => scale(constant(graph, 1), 2));
  assert.equal(there.node.device, "/device:CPU:5");
  assert.throws(
    () => new Session(virtualDevices(2), graph),
    /^UserError: Cannot compute on CPU:5: TensorFlow finds CPU:0 and CPU:1 alone; choose fewer/,
  );
});

Deno.test("devices share the images of an evaluation", async () => {
  await tensorflow();
  using dataset = tinyDataset();
  // six images of one shape and others: batches that are shared, and single images
  const images = [...dataset.train, ...dataset.val];
  for (const method of ["dense", "multi-crop", "centre-crop"] as const) {
    const found = [1, 2, 4].map((count) => {
      const { graph, weights } = evaluationGraph({ net: NET, method }, {
        ...{ setup, evaluate: context.evaluate, classes: 5, devices: named(count) },
      });
      const binding = virtualDevices(4);
      const session = new Session(binding, graph);
      try {
        setTensors(
          session,
          new Map(weights.map(({ name, shape }, i) => {
            const size = shape.reduce((product, side) => product * side, 1);
            const inputs = size / shape.at(-1)!;
            return [name, {
              shape,
              values: noises(size, { from: 1000 * i, scale: Math.sqrt(6 / inputs) }),
            }];
          })),
        );
        const posteriors = posteriorsOf(session, images, {
          ...{ method, side: 32, crop: setup.crop, classes: 5, mean: [128, 127, 126] },
          ...{ largest: 1, devices: count },
        });
        const last = new Set(
          binding.placed().filter(({ op }) => /Conv2D/.test(op)).map(({ device }) => device),
        );
        return { posteriors: [...posteriors], devices: last.size };
      } finally {
        session.close();
      }
    });
    const [one, two, four] = found;
    for (const other of [two!, four!]) {
      assert.ok(difference(one!.posteriors, other.posteriors) < 1e-5, method);
    }
    // all 16 images have crops of one shape, in batches of as many as there are devices
    if (method !== "dense") assert.deepEqual(found.map(({ devices }) => devices), [1, 2, 4]);
  }
});
