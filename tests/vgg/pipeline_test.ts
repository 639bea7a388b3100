import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeJpeg } from "../../lib/datasets/pixels.ts";
import type { TrainScale } from "../../lib/experiment.ts";
import { Graph } from "../../lib/tensorflow/graph.ts";
import { float32, int32, Session } from "../../lib/tensorflow/session.ts";
import { alignedBytes, fillImageCache, type ImageCache } from "../../lib/vgg/image_cache.ts";
import { shiftAxes } from "../../lib/vgg/colours.ts";
import { openCrops } from "../../lib/vgg/crops.ts";
import { sampler, scalesOf } from "../../lib/vgg/images.ts";
import { cropsFromCache, cropsFromFiles, pixelStrides } from "../../lib/vgg/pipeline.ts";
import { noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { flagsOf } from "../support/tasks.ts";
import { setup, tinyDataset } from "../support/tiny.ts";

type Tiny = ReturnType<typeof tinyDataset>;

/** A training's batches from one position to another. */
async function batches(
  dataset: Tiny,
  { S, from, to, imageCache, inputScale = 1, microBatch = 4 }: {
    readonly S: TrainScale;
    readonly from: number;
    readonly to: number;
    readonly imageCache?: ImageCache;
    readonly inputScale?: number;
    readonly microBatch?: number;
  },
) {
  const graph = new Graph();
  const options = { batch: microBatch, crop: setup.crop, inputScale };
  const { images, labels } = (imageCache ? cropsFromCache : cropsFromFiles)(graph, options);
  const session = new Session(await tensorflow(), graph);
  const crops = openCrops(session, {
    run: { config: "A", S, init: "random" },
    ...{ setup, seed: 5, dataset, microBatch },
    ...imageCache ? { imageCache } : {},
  });
  try {
    crops.start(from, to);
    return Array.from({ length: (to - from) / microBatch }, () => {
      const [pixels, classes] = session.run({}, [images, labels]);
      return { pixels: pixels!.values, shape: pixels!.shape, labels: [...classes!.values] };
    });
  } finally {
    crops.release();
    session.close();
  }
}

const joined = (parts: readonly { pixels: ArrayLike<number> }[]) =>
  parts.flatMap(({ pixels }) => Array.from(pixels));

/** Twelve times the same JPEG, of 100 by 75 pixels, in place of the tiny images. */
async function jpegDataset(): Promise<Tiny> {
  const dataset = tinyDataset();
  const [width, height] = [100, 75];
  const pixels = Uint8Array.from(noisyBytes(3 * width * height), (byte, i) => {
    return byte / 4 + 96 + 90 * Math.sin(i % 3 + i % (3 * width) / 40);
  });
  const file = join(dirname(dataset.train[0]!.file), "photograph.jpg");
  await Deno.writeFile(file, await encodeJpeg({ width, height, channels: 3, pixels }));
  const image = { file, height, width, label: 0 };
  return { ...dataset, train: Array.from({ length: 12 }, () => image) };
}

for (const [kind, make] of Object.entries({ PNG: tinyDataset, JPEG: jpegDataset })) {
  Deno.test(`${kind} files and an image cache give the same batches but for a byte in 10,000`, async () => {
    using dataset = await make();
    const S = [256, 512] as const;
    const imageCache = fillImageCache(await tensorflow(), dataset.train, {
      scales: scalesOf(S, setup),
    });
    const range = { S, from: 0, to: 36, inputScale: 1 / 64 };
    const [files, cached] = [
      await batches(dataset, range),
      await batches(dataset, { ...range, imageCache }),
    ];
    assert.deepEqual(files.map(({ labels }) => labels), cached.map(({ labels }) => labels));
    assert.deepEqual(files[0]!.shape, [4, 28, 28, 3]);
    const [one, other] = [joined(files), joined(cached)];
    assert.ok(new Set(one).size > 1000);
    const apart = one.map((value, i) => 64 * Math.abs(value - other[i]!)).filter((x) => x > 1e-4);
    assert.ok(apart.length <= one.length / 10_000, `${apart.length} of ${one.length} differ`);
    assert.ok(apart.every((levels) => levels < 1.001), `by up to ${Math.max(...apart)}`);
  });
}

Deno.test("files give the same batches on one thread and on many", async () => {
  using dataset = await jpegDataset();
  const program = fileURLToPath(new URL("../support/crops_of.ts", import.meta.url));
  const printed = await Promise.all(["1", "5"].map(async (threads) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flagsOf("train"), "--no-check", program, dataset.train[0]!.file],
      env: { TF_NUM_INTRAOP_THREADS: threads, TF_NUM_INTEROP_THREADS: threads },
    }).output();
    return new TextDecoder().decode(stdout);
  }));
  assert.match(printed[0]!, /^[0-9a-f]{64}\n$/);
  assert.equal(printed[1], printed[0]);
});

Deno.test("the middle of a training has the same batches, whichever way it is reached", async () => {
  using dataset = tinyDataset();
  const imageCache = fillImageCache(await tensorflow(), dataset.train, { scales: [32] });
  const all = await batches(dataset, { S: 256, from: 0, to: 24, imageCache });
  assert.deepEqual(await batches(dataset, { S: 256, from: 16, to: 24, imageCache }), all.slice(4));
  // and in smaller parts
  const halves = await batches(dataset, { S: 256, from: 16, to: 24, imageCache, microBatch: 2 });
  assert.deepEqual(joined(halves), joined(all.slice(4)));
});

Deno.test("a crop is its image's pixels, mirrored or not, plus the shift, minus the mean, scaled", async () => {
  using dataset = tinyDataset();
  const { colours, train } = dataset;
  const inputScale = 1 / 64;
  const [...found] = await batches(dataset, { S: 256, from: 0, to: 24, inputScale });
  const sampleAt = sampler({
    ...{ images: train, scales: [32], crop: 28, seed: 5, sigma: setup.rgbShift.sigma },
    axes: shiftAxes(colours.covariance, "root"),
  });
  const seen = { flipped: 0, upright: 0 };
  for (let position = 0; position < 24; position++) {
    const { image, top, left, flip, shift } = sampleAt(position);
    const { pixels, labels } = found[Math.floor(position / 4)]!;
    assert.equal(labels[position % 4], image % 2);
    if (image % 3 !== 0) continue; // the others are not 32 by 40 pixels already
    seen[flip ? "flipped" : "upright"]++;
    const bytes = noisyBytes(32 * 40 * 3, { from: 10_000 * image });
    for (const [y, x, channel] of [[0, 0, 0], [0, 27, 1], [27, 0, 2], [13, 5, 0], [27, 27, 1]]) {
      const column = left + (flip ? 27 - x! : x!);
      const byte = bytes[3 * ((top + y!) * 40 + column) + channel!]!;
      const expected = (byte + shift[channel!]! - colours.mean[channel!]!) * inputScale;
      const value = pixels[((position % 4 * 28 + y!) * 28 + x!) * 3 + channel!]!;
      assert.ok(Math.abs(value - expected) < 1e-5, `${value} is not ${expected}`);
    }
  }
  assert.ok(seen.flipped > 0 && seen.upright > 0);
});

Deno.test("an image cache may have more than 2^31 bytes: its last crop is cut as well as its first", async () => {
  // zeros that nobody touches take no memory
  const pixels = Math.ceil(2 ** 31 / 3) + 1000;
  const bytes = alignedBytes(3 * pixels);
  bytes.set([1, 2, 3], 0);
  bytes.set([7, 8, 9], bytes.length - 3);
  const graph = new Graph();
  const { images } = cropsFromCache(graph, { batch: 2, crop: 1, inputScale: 1 });
  const session = new Session(await tensorflow(), graph);
  session.run({
    "crops/cache": { dtype: "uint8", shape: [pixels, 3], values: bytes },
    "crops/strides": int32([0, 1, 1, pixels - 1, 1, 1], [1, 2, 3]),
    "crops/offsets": float32([0, 0, 0, 0, 0, 0], [1, 2, 3]),
    "crops/labels": int32([0, 0], [1, 2]),
  }, ["crops/start:0"]);
  assert.deepEqual([...session.run({}, [images])[0]!.values], [1, 2, 3, 7, 8, 9]);
  session.close();
});

Deno.test("a mirrored crop is read from its right end, with a step of -1", () => {
  const sample = { image: 0, side: 32, top: 2, left: 3, flip: false, shift: [0, 0, 0] as const };
  const sides = { height: 32, width: 40 };
  assert.deepEqual(pixelStrides(sample, sides, 28, 1000), [1000 + 2 * 40 + 3, 40, 1]);
  assert.deepEqual(pixelStrides({ ...sample, flip: true }, sides, 28), [2 * 40 + 3 + 27, 40, -1]);
});
