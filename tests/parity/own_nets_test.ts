/** Layers beyond the paper, in nets of one's own, and the same nets of PyTorch's modules. */
import assert from "node:assert/strict";
import { type NetLayers, normalisedOver } from "../../lib/experiment.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { writeTorchvision } from "../../lib/weights/torchvision.ts";
import { broughtIn, place, scoresOf, SMALL } from "./released.ts";
import { layersOf, netShapeOf } from "../../lib/vgg/configs.ts";
import { savedModelOf } from "../../lib/vgg/saved_model.ts";
import { gap, noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { losses, NET, posteriors, scoresAndGradients, trained } from "./nets.ts";
import { askPytorch, pytorchVersion } from "./pytorch.ts";

/** A convolution of stride 2. */
const halving = (channels: number, size = 3) => ({ size, channels, stride: 2 as const });

/** Nets by what they have; from a side of 36 maps of 18, 9 and 5 places, of which two are odd. */
const NETS: Readonly<Record<string, Omit<NetLayers, "config">>> = {
  strides: { blocks: [[64, halving(64)], [halving(128, 5), 128], [128, halving(256)]], fc: [1024] },
  "strides of 1x1": { blocks: [[64, halving(64, 1)], [128]], fc: [] },
  average: { blocks: [[64], [128], [256, 256]], average: true },
  "batch norm": { blocks: [[64, 64], [128], [256, halving(256)]], batchNorm: true, fc: [1024] },
  "batch norm of 4": { blocks: [[64], [{ size: 1, channels: 128 }]], batchNorm: 4, average: true },
  "average and fc": { blocks: [[64], [128, halving(256)]], average: true, fc: [2048, 1024] },
};

const version = await pytorchVersion();
const ignore = version === undefined;
if (ignore) console.warn("Python has no torch: the comparison with PyTorch is left out");

Deno.test({
  name: "strides, averaged maps and batch normalisation are PyTorch's (where Python has torch)",
  ignore,
  async fn(t) {
    const binding = await tensorflow();
    const expected = await askPytorch({ net: NET, own: NETS });
    for (const [name, fields] of Object.entries(NETS)) {
      const net = { config: "mine", ...fields };
      const answer = (what: string) => expected.get(`${name}/${what}`)!.values;
      await t.step(`${name}: scores, gradients, and posteriors of images and crops`, () => {
        const found = new Map([
          ...scoresAndGradients(binding, net),
          ...posteriors(binding, net, { method: "dense" }),
          ...posteriors(binding, net, { method: "multi-crop" }),
        ]);
        const theirs = [...expected.keys()].filter((each) => each.startsWith(`${name}/`));
        const before = theirs.filter((each) => !/\/(losses$|trained\/)/.test(each));
        assert.equal(found.size, before.length);
        for (const [what, values] of found) {
          // of a shift that the next normalisation takes away but for the padding, little is left
          const most = net.batchNorm && what.startsWith("gradient/") ? 1e-4 : 1e-5;
          const error = gap(values, answer(what));
          assert.ok(error < most, `${what} is off by ${error}`);
        }
      });
      await t.step(`${name}: the losses of ten updates, and averages after them`, () => {
        const theirs = answer("losses");
        const microBatch = normalisedOver(net, NET) ?? NET.batch;
        const { losses, tensors } = trained(binding, net, { microBatch });
        const gaps = losses.map((loss, i) => Math.abs(loss / theirs[i]! - 1));
        assert.ok(Math.max(...gaps) < 1e-5, `off by ${Math.max(...gaps)}`);
        assert.ok(theirs.at(-1)! < 0.98 * theirs[0]!, "it learns");
        const kept = [...expected.keys()].filter((each) => each.startsWith(`${name}/trained/`));
        assert.equal(kept.length > 0, net.batchNorm !== undefined);
        for (const each of kept) {
          const error = gap(tensors.get(each.slice(name.length + 1))!, expected.get(each)!.values);
          assert.ok(error < 1e-5, `${each} is off by ${error}`);
        }
      });
    }
  },
});

Deno.test("in bfloat16 they stay within 8 per cent of float32, too", async () => {
  const binding = await tensorflow();
  const net = { config: "mine", ...NETS["average and fc"]! };
  const exact = losses(binding, net);
  const gaps = losses(binding, net, { precision: "bfloat16" })
    .map((loss, i) => Math.abs(loss / exact[i]! - 1));
  assert.ok(Math.max(...gaps) < 0.08 && Math.max(...gaps) > 1e-5, `the gaps are ${gaps}`);
});

Deno.test({
  name:
    "a vgg11_bn of PyTorch's modules is imported as net A-BN, and exported again (where Python has torch)",
  ignore,
  async fn() {
    const binding = await tensorflow();
    using folder = place();
    const file = `${folder.folder}/vgg11_bn.pth`;
    const expected = await askPytorch({ net: NET, torchvision: file });
    const scores = expected.get("torchvision/crop")!.values;
    const found = await scoresOf(binding, file, "crop");
    assert.ok(gap(found, scores) < 1e-5, `off by ${gap(found, scores)}`);
    const { run, tensors } = await broughtIn(file);
    const { config, blocks, batchNorm } = run;
    assert.deepEqual([config, blocks, batchNorm], [
      "A-BN",
      [[64], [128], [256, 256], [512, 512], [512, 512]],
      true,
    ]);
    // the same as a SavedModel, for pixels of 0 to 255
    const { train, evaluate } = SMALL.setup;
    const bytes = savedModelOf({
      layers: layersOf(run, netShapeOf(train, 10)),
      ...{ tensors, evaluate, inputScale: train.inputScale, mean: [123.675, 116.28, 103.53] },
    });
    Deno.writeFileSync(`${folder.folder}/saved_model.pb`, bytes);
    const model = binding.loadSavedModel(folder.folder, "serve");
    const pixels = Float32Array.from(noisyBytes(64 * 64 * 3));
    const images = binding.createTensor([1, 64, 64, 3], 1, pixels); // 1 is float32
    const [saved] = binding.runSavedModel(model, [images], "images", "scores:0");
    assert.ok(gap(binding.tensorDataSync(saved!.id) as Float32Array, scores) < 1e-5);
    binding.deleteTensor(images);
    binding.deleteSavedModel(model);
    const again = `${folder.folder}/again.safetensors`;
    const { inputScale } = SMALL.setup.train;
    writeTorchvision(again, { tensors, mean: [1, 2, 3], inputScale, recipe: "" });
    using written = openSafetensors(again, { remedy: "" });
    const module = (number: number, ...parts: string[]) =>
      parts.map((part) => `features.${number}.${part}`);
    assert.deepEqual(
      [...written.shapes.keys()].filter((name) => /features\.(0|1|4|5)\./.test(name)).sort(),
      [0, 4].flatMap((number) => [
        ...module(number, "bias", "weight"),
        ...module(number + 1, "bias", "running_mean", "running_var", "weight"),
      ]),
    );
    const back = (await broughtIn(again)).tensors;
    for (const [name, { values }] of tensors) {
      assert.ok(gap(back.get(name)!.values, values) < 2e-7, name);
    }
  },
});
