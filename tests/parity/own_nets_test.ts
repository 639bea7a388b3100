/** Layers beyond the paper, in nets of one's own, and the same nets of PyTorch's modules. */
import assert from "node:assert/strict";
import type { NetLayers } from "../../lib/experiment.ts";
import { gap } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { losses, NET, posteriors, scoresAndGradients } from "./nets.ts";
import { askPytorch, pytorchVersion } from "./pytorch.ts";

/** A convolution of stride 2. */
const halving = (channels: number, size = 3) => ({ size, channels, stride: 2 as const });

/** Nets by what they have; from a side of 36 maps of 18, 9 and 5 places, of which two are odd. */
const NETS: Readonly<Record<string, Omit<NetLayers, "config">>> = {
  strides: { blocks: [[64, halving(64)], [halving(128, 5), 128], [128, halving(256)]], fc: [1024] },
  "strides of 1x1": { blocks: [[64, halving(64, 1)], [128]], fc: [] },
  average: { blocks: [[64], [128], [256, 256]], average: true },
  "average and fc": { blocks: [[64], [128, halving(256)]], average: true, fc: [2048, 1024] },
};

const version = await pytorchVersion();
const ignore = version === undefined;
if (ignore) console.warn("Python has no torch: the comparison with PyTorch is left out");

Deno.test({
  name: "strides and averaged maps are PyTorch's (where Python has torch)",
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
        assert.equal(found.size, theirs.length - 1);
        for (const [what, values] of found) {
          const error = gap(values, answer(what));
          assert.ok(error < 1e-5, `${what} is off by ${error}`);
        }
      });
      await t.step(`${name}: the losses of ten updates`, () => {
        const theirs = answer("losses");
        const gaps = losses(binding, net).map((loss, i) => Math.abs(loss / theirs[i]! - 1));
        assert.ok(Math.max(...gaps) < 1e-5, `off by ${Math.max(...gaps)}`);
        assert.ok(theirs.at(-1)! < 0.98 * theirs[0]!, "it learns");
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
