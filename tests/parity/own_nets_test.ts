/** Layers beyond the paper, in nets of one's own, and the same nets of PyTorch's modules. */
import assert from "node:assert/strict";
import { type NetLayers, normalisedOver } from "../../lib/experiment.ts";
import { gap } from "../support/formula.ts";
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
