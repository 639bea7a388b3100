import assert from "node:assert/strict";
import { paper, small, smoke } from "../../experiments/setups.ts";
import { memory } from "../../lib/system/machine.ts";
import { evaluations, net } from "../../experiments/protocol.ts";
import { planOf } from "../../lib/plan.ts";
import { pixelsAtOnce } from "../../lib/vgg/batches.ts";
import {
  footprint,
  imagesAtOnceFor,
  memoryDoubt,
  memoryFor,
  microBatchFor,
  nextSmaller,
  shareFor,
} from "../../lib/estimates/memory.ts";
import { layersOf, netShapeOf } from "../../lib/vgg/configs.ts";

const GB = 1e9;
const D = layersOf("D");

Deno.test("net D takes six times its weights, and an image's maps before and after each ReLU", () => {
  const { net, image } = footprint(D, paper.train);
  assert.equal(net, 6 * 4 * 138_357_544);
  // side, channels and convs of each block, and the pooling after it; fc6, fc7, fc8
  const blocks = [[224, 64, 2], [112, 128, 2], [56, 256, 3], [28, 512, 3], [14, 512, 3]] as const;
  const values = blocks.map(([side, channels, convs]) =>
    side ** 2 * channels * 2 * convs + (side / 2) ** 2 * channels
  );
  const fc = 2 * (4096 + 4096 + 1000);
  assert.equal(image, 4 * (values.reduce((sum, each) => sum + each, 0) + fc));
  assert.equal(footprint(D, { ...paper.train, precision: "bfloat16" }).image, image / 2);
});

Deno.test("a batch of 256 is divided until it fits, and stays whole if it fits", () => {
  // 3.3 GB of weights, 0.114 GB an image: 12 GB leave room for 76 images, 8 GB for 41
  assert.equal(microBatchFor(D, paper.train, 12 * GB), 64);
  assert.equal(microBatchFor(D, paper.train, 8 * GB), 32);
  assert.equal(microBatchFor(D, paper.train, 64 * GB), 256);
  // bfloat16 fits twice as many
  assert.equal(microBatchFor(D, { ...paper.train, precision: "bfloat16" }, 12 * GB), 128);
  assert.equal(microBatchFor(D, paper.train, 1), 1);
  // with four devices, as many on each as on one alone
  assert.equal(microBatchFor(D, paper.train, 12 * GB, 4), 256);
  assert.equal(microBatchFor(D, paper.train, 8 * GB, 4), 128);
  assert.equal(microBatchFor(D, paper.train, 1, 4), 4);
  const narrow = layersOf("D", netShapeOf(small.train, 20));
  assert.equal(microBatchFor(narrow, small.train, 1 * GB), 16);
});

Deno.test("a picture of extreme sides is evaluated alone, and counts with all of its pixels", () => {
  const whole = { method: "dense", side: 32, crop: 28 } as const;
  const common = { height: 40, width: 48 };
  const long = { height: 1, width: 30_000 };
  // rescaled to 32 by 38 and to 32 by 960,000; 16 common ones share a batch
  assert.equal(pixelsAtOnce([common], whole), 16 * 32 * 38);
  assert.equal(pixelsAtOnce([common, long], whole), 32 * 960_000);
  // up to 4 to 1 they share one
  assert.equal(pixelsAtOnce([{ height: 10, width: 40 }], whole), 16 * 32 * 128);
  assert.equal(pixelsAtOnce([{ height: 41, width: 10 }], whole), 32 * 131);
  assert.equal(pixelsAtOnce([long], { ...whole, method: "centre-crop" }), 16 * 28 ** 2);

  const [training, test] = planOf(evaluations(net("A", 256), [256], "dense"), [
    { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "" },
  ]);
  const bytes = (run: typeof test, images: (typeof common)[], gpus = 0) =>
    memoryFor(run!, { classes: ["a", "b"], train: { length: 40 }, val: images }, { gpus });
  const { image } = footprint(layersOf("A", netShapeOf(smoke.train, 2)), smoke.train);
  // two times three float32 a pixel, besides the maps; posteriors of one image more: two copies of two
  const pixels = 32 * 960_000 - 16 * 32 * 38;
  const more = (image / 28 ** 2 + 2 * 3 * 4) * pixels + 2 * 2 * 4;
  assert.equal(
    Math.round(bytes(test, [common, long]) - bytes(test, [common])),
    Math.round(more),
  );
  // 2.45 GiB were measured
  const [trains, tests] = [training, test].map((run) => bytes(run, [common, long]) / 2 ** 30);
  assert.ok(trains! > 2.45 && trains! < 3 * 2.45, `${trains}`);
  assert.ok(tests! > 2.45 && tests! < 3 * 2.45, `${tests}`);
  // a GPU holds the maps, not the images
  assert.ok(bytes(test, [common, long], 1) - bytes(test, [common], 1) > 2 * 3 * 4 * pixels - 1);
});

Deno.test("a test that needs more memory than there is causes a warning before it begins", () => {
  const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "" };
  const dataset = {
    ...{ classes: ["a", "b"], train: { length: 40 } },
    val: [{ height: 40, width: 48 }],
  };
  const doubt = (Q: number, room: number) => {
    const [training, test] = planOf(evaluations(net("A", 256), [Q], "dense"), [context]);
    const on = { device: { kind: "cpu" }, room } as const;
    assert.equal(memoryDoubt(training!, dataset, on), undefined);
    return memoryDoubt(test!, dataset, on);
  };
  assert.equal(doubt(256, GB), undefined);
  // 12,500 by 15,000 pixels
  assert.match(
    doubt(100_000, 8 * GB)!,
    /^test A 256 at Q = 100000, dense needs about \d\d\.\d GiB of memory for an image, and there are 7\.5: .*--Q/,
  );
  assert.equal(doubt(100_000, 64 * GB), undefined);
});

Deno.test("a smaller micro-batch divides the batch, and is at most half as large", () => {
  assert.equal(nextSmaller(256, 256), 128);
  assert.equal(nextSmaller(1, 256), 1);
  assert.deepEqual([15, 5, 3].map((size) => nextSmaller(size, 15)), [5, 1, 1]);
  assert.equal(nextSmaller(100, 100), 50);
  assert.equal(nextSmaller(25, 100), 10);
  // several devices share it equally
  assert.deepEqual([256, 128, 12, 4].map((size) => nextSmaller(size, 256, 4)), [128, 64, 4, 4]);
  assert.equal(nextSmaller(60, 60, 3), 30);
  assert.equal(nextSmaller(30, 60, 4), 12);
});

Deno.test("parallel trainings share half of the main memory, or four fifths of a GPU's", () => {
  const gpu = { name: "any", memory: 80 * GB, capability: 9, driver: "any" };
  assert.equal(shareFor({ kind: "gpu", gpu }, 1), 64 * GB);
  assert.equal(shareFor({ kind: "gpu", gpu }, 4), 16 * GB);
  assert.equal(shareFor({ kind: "gpu" }, 4), Infinity);
  assert.equal(shareFor({ kind: "cpu" }, 2), memory() / 4);
});

Deno.test("a net with batch normalisation is trained on one device, others on several", () => {
  const options = { layers: D, setup: paper.train, room: 64e9 };
  const run = { config: "D", S: 256, init: "random" } as const;
  assert.equal(imagesAtOnceFor(run, { ...options, devices: 4 }), 256);
  const normalised = { ...run, batchNorm: 32 };
  assert.equal(imagesAtOnceFor(normalised, options), 32);
  assert.throws(
    () => imagesAtOnceFor(normalised, { ...options, devices: 4 }),
    /^UserError: Cannot train .* on 4 GPUs: its batch normalisation takes 32 images at once on one/,
  );
});

Deno.test("batch normalisation takes its images at once, or the training is refused", () => {
  const setup = { ...paper.train, batch: 256 };
  const net = { config: "A-BN", blocks: [[64], [128]], S: 256, init: "random" } as const;
  const at = (batchNorm: true | number | undefined, room: number) => {
    const run = { ...net, ...batchNorm !== undefined && { batchNorm } };
    const layers = layersOf(run, netShapeOf(setup, 1000));
    return imagesAtOnceFor(run, { layers, setup, room, asked: 4 });
  };
  assert.equal(at(undefined, 1), 4);
  assert.equal(at(true, 2 ** 50), 256);
  assert.equal(at(32, 2 ** 50), 32);
  // the weights alone, and no image
  assert.throws(
    () => at(32, 2 ** 30),
    /^UserError: Cannot train A-BN 256: its batch normalisation takes 32 images at once, about [\d.]+ GiB, and it may use 1\.0; give the net fewer, as in "batchNorm": 16$/,
  );
});
