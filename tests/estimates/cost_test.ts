import { plannedRun } from "../../lib/plan.ts";
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import { cost, diskSpaceFor } from "../../lib/estimates/cost.ts";
import type { Context, Run } from "../../lib/experiment.ts";

/** Multiply-adds of a run on two images of these sides. */
function multiplyAdds(run: Run, { setup = paper, height = 375, width = 500 } = {}) {
  const { train, evaluate } = setup;
  const context: Context = { train, evaluate, seed: 0, data: "" };
  const data = {
    classes: Array.from({ length: 1000 }, (_, i) => String(i)),
    val: [{ height, width }, { height, width }],
  };
  return cost(plannedRun(run, context), data).multiplyAdds;
}

/** Multiply-adds of one pass of net D over 224 by 224 pixels: all layers, and fc6 to fc8 (Table 1). */
const D = 15_470_264_320;
const FC = 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000;

Deno.test("an evaluation takes 50 crops per image, one crop, or the whole image and its mirror image", () => {
  const evaluation = { net: net("D", 256), Q: 256 } as const;
  assert.equal(multiplyAdds({ ...evaluation, method: "multi-crop" }), 2 * 50 * D);
  assert.equal(multiplyAdds({ ...evaluation, method: "centre-crop" }), 2 * D);
  const mirrored = { ...paper, evaluate: { ...paper.evaluate, centreCrop: "mirrored" } } as const;
  const centre = { ...evaluation, method: "centre-crop" } as const;
  assert.equal(multiplyAdds(centre, { setup: mirrored }), 2 * 2 * D);
  // the cost of crops does not depend on the scale
  assert.equal(multiplyAdds({ ...evaluation, Q: 512, method: "multi-crop" }), 2 * 50 * D);
  const crop = { height: 300, width: 300 };
  assert.equal(multiplyAdds({ ...evaluation, Q: 224, method: "dense" }, crop), 2 * 2 * D);
  // 256 by 341 pixels: 1.74 times a crop's convolutions, and 2 by 5 positions of fc6 to fc8
  const dense = multiplyAdds({ ...evaluation, method: "dense" }) / (2 * 2);
  const convs = (D - FC) * 256 * 341 / 224 ** 2;
  assert.ok(Math.abs(dense / (convs + 2 * 5 * FC) - 1) < 0.01, `${dense}`);
});

Deno.test("posteriors of test images take the space of test images", () => {
  const { train, evaluate } = paper;
  const context: Context = { train, evaluate, seed: 0, data: "" };
  const run = { net: net("D", 256), Q: 256, method: "dense" } as const;
  const side = { height: 375, width: 500 };
  const data = {
    classes: Array(1000).fill("a"),
    val: [side, side],
    test: { images: [side, side, side], unreadable: 0, fingerprint: "aaa" },
  };
  const bytes = (run: Run) => diskSpaceFor([plannedRun(run, context)], data).posteriors;
  assert.equal(bytes(run), 2 * 4 * 1001); // float32 of 1,000 classes, and a label
  assert.equal(bytes({ ...run, test: "aaa" }), 3 * 4 * 1001);
});

Deno.test("a scaled-down net is evaluated on its own, smaller crops", () => {
  const run = { net: net("D", 256), Q: 256, method: "multi-crop" } as const;
  // an eighth of the channels, a quarter of the side
  const share = multiplyAdds(run, { setup: small }) / multiplyAdds(run);
  assert.ok(share > 1 / 64 / 16 && share < 1.5 / 64 / 16, `${1 / share}`);
});

Deno.test("a backward pass takes two forward passes of the layers that learn: all layers, or fc6 to fc8", () => {
  const run = net("D", [256, 512]);
  const { images } = paper.train.schedules.jittered;
  // 74 passes over the two validation images; an evaluation with mirror images takes two each
  const validations = 74 * multiplyAdds({ net: run, Q: 384, method: "dense" }) / 2;
  assert.equal(multiplyAdds(run), 3 * D * images + validations);
  assert.equal(multiplyAdds({ ...run, update: "fc" }), (D + 2 * FC) * images + validations);
  const fewer = { ...paper, train: { ...paper.train, validationImages: 1 } };
  assert.equal(multiplyAdds(run, { setup: fewer }), 3 * D * images + validations / 2);
});
