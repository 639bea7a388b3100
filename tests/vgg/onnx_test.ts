/**
 * Nets as ONNX models: valid for ONNX's own checker, and the same scores and posteriors in ONNX Runtime as
 * here, to 1e-4 of the largest; measured on a Zen 4: 2e-6. An alpha that is not multiplied by the number
 * of neighbours is off by 5e-4, a pooling that rounds down by 0.5.
 */
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import type { ConfigName, NetLayers } from "../../lib/experiment.ts";
import { type EvaluateSetup, INTERPRETATIONS, type OddSides } from "../../lib/setup.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import { onnxOf } from "../../lib/vgg/onnx.ts";
import { savedModelOf, type SavedNet } from "../../lib/vgg/saved_model.ts";
import { gap, noises, noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { askOnnx, onnxVersion } from "../parity/onnx.ts";
import expected from "../parity/released.json" with { type: "json" };
import { broughtIn, place, SMALL, writeKerases } from "../parity/released.ts";

const MEAN = [123.68, 116.779, 103.939];
const { train } = SMALL.setup;
const WORDS = { description: "a net", metadata: { key: "0123" } };

/** A crop, two whole images with odd sides, and one that is flat. */
const LOOKS = [[1, 64, 64], [2, 71, 101], [1, 129, 65]] as const;

type Case = [ConfigName | NetLayers, EvaluateSetup["scoreMap"], OddSides];

/** Nets of one's own: with stride 2 and one hidden layer, and with an averaged map. */
const STRIDED: NetLayers = {
  config: "strided",
  blocks: [[64, { size: 5, channels: 64, stride: 2 }], [128], [256]],
  fc: [512],
};
const AVERAGED: NetLayers = { config: "averaged", blocks: [[64], [128]], average: true };

const NORMALISED: NetLayers = { config: "normalised", blocks: [[64, 64], [128]], batchNorm: true };

const CASES: readonly Case[] = [
  ["A-LRN", "average-then-softmax", "up"],
  ["C", "softmax-then-average", "down"],
  ["B-5x5", "sum-then-softmax", "up"],
  [STRIDED, "softmax-then-average", "up"],
  [AVERAGED, "average-then-softmax", "up"],
  [NORMALISED, "average-then-softmax", "up"],
];

/** A small net with weights by formula. */
function netOf([config, scoreMap, oddSides]: Case): SavedNet {
  const layers = layersOf(config, netShapeOf({ ...train, oddSides }, 10));
  const tensors = [...weightShapes(layers)].map(([name, shape], i) => {
    const count = shape.reduce((product, side) => product * side);
    const scale = shape.length === 1 ? 0.1 : Math.sqrt(6 * shape.at(-1)! / count);
    const noise = noises(count, { from: 100_000 * i, scale });
    const isPositive = /\.(scale|variance)$/.test(name);
    return [name, { shape, values: isPositive ? noise.map((value) => 1 + value) : noise }] as const;
  });
  return {
    ...{ layers, tensors: new Map(tensors), mean: MEAN, inputScale: train.inputScale },
    evaluate: { ...INTERPRETATIONS.evaluate, scoreMap },
  };
}

/** What TensorFlow says of the looks. */
async function ours(net: SavedNet) {
  const binding = await tensorflow();
  using here = place();
  Deno.writeFileSync(`${here.folder}/saved_model.pb`, savedModelOf(net));
  const model = binding.loadSavedModel(here.folder, "serve");
  try {
    return LOOKS.map(([batch, height, width]) => {
      const pixels = Float32Array.from(noisyBytes(batch * height * width * 3));
      const images = binding.createTensor([batch, height, width, 3], 1, pixels); // 1 is float32
      const [scores, posteriors] = binding
        .runSavedModel(model, [images], "images", "scores:0,posteriors:0")
        .map(({ id }) => binding.tensorDataSync(id) as Float32Array);
      binding.deleteTensor(images);
      return { scores: scores!, posteriors: posteriors! };
    });
  } finally {
    binding.deleteSavedModel(model);
  }
}

const version = await onnxVersion();
const ignore = version === undefined;
if (ignore) console.warn("Python has no onnx and onnxruntime: running exported nets is left out");

Deno.test({
  name: "an ONNX model is valid, and scores as here (where Python has onnx and onnxruntime)",
  ignore,
  async fn() {
    using here = place();
    const files = CASES.flatMap((each, i) => {
      const net = { ...netOf(each), ...WORDS };
      const names = [`${here.folder}/${i}.onnx`, `${here.folder}/${i}-raw.onnx`];
      Deno.writeFileSync(names[0]!, onnxOf(net));
      Deno.writeFileSync(names[1]!, onnxOf({ ...net, raw: true }));
      return names;
    });
    const found = await askOnnx({ files, looks: LOOKS, mean: MEAN, scale: train.inputScale });
    for (const [i, each] of CASES.entries()) {
      const [whole, raw] = [found[2 * i]!, found[2 * i + 1]!];
      assert.deepEqual(whole.opset, [["", 17]]);
      assert.ok(whole.types.every((type) => /^(FLOAT|INT64)$/.test(type)), String(whole.types));
      assert.deepEqual(whole.inputs, { images: ["batch", 3, "height", "width"] });
      const outputs = {
        scores: ["batch", 10],
        score_map: ["batch", 10, "map_height", "map_width"],
      };
      assert.deepEqual(whole.outputs, { posteriors: ["batch", 10], ...outputs });
      assert.deepEqual(raw.outputs, outputs);
      assert.deepEqual(whole.metadata, { key: "0123" });
      for (const [look, { scores, posteriors }] of (await ours(netOf(each))).entries()) {
        const at = `${each} of ${LOOKS[look]}`;
        assert.ok(gap(whole.answers[look]!.scores!, scores) < 1e-4, at);
        assert.ok(gap(whole.answers[look]!.posteriors!, posteriors) < 1e-4, at);
        assert.ok(gap(raw.answers[look]!.scores!, scores) < 1e-4, at);
      }
    }
  },
});

Deno.test({
  name: "ONNX Runtime gives Keras's scores of a crop and a whole image (where Python has it)",
  ignore,
  async fn() {
    using here = place();
    await writeKerases(`${here.folder}/d.h5`, "D", "now");
    const { tensors } = await broughtIn(`${here.folder}/d.h5`);
    const file = `${here.folder}/d.onnx`;
    const layers = layersOf("D", netShapeOf(train, 10));
    const { evaluate } = SMALL.setup;
    const net = { layers, tensors, evaluate, inputScale: train.inputScale, mean: MEAN };
    Deno.writeFileSync(file, onnxOf({ ...net, ...WORDS }));
    const looks = [[1, 64, 64], [1, 71, 101]] as const;
    const [found] = await askOnnx({ files: [file], looks, mean: MEAN, scale: train.inputScale });
    const [crop, whole] = found!.answers;
    assert.ok(gap(crop!.scores!, expected.keras.D.crop) < 1e-4);
    assert.ok(gap(whole!.scores!, expected.keras.D.whole) < 1e-4);
  },
});

Deno.test("a layer that is not known cannot be written", () => {
  const net = netOf(CASES[0]!);
  const odd = [{ kind: "batchnorm" }, ...net.layers] as unknown as SavedNet["layers"];
  assert.throws(() => onnxOf({ ...net, ...WORDS, layers: odd }), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /^Cannot write layer batchnorm1 as ONNX: .*; use the version/);
    return true;
  });
});
