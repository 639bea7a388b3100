import assert from "node:assert/strict";
import { fillImageCache, imageCacheBytes, imageCacheOffsets } from "../../lib/vgg/image_cache.ts";
import { noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { tinyDataset } from "../support/tiny.ts";

Deno.test("offsets count pixels, image by image and scale by scale, each image from a whole int32", () => {
  const images = [{ height: 3, width: 5 }, { height: 9, width: 3 }, { height: 4, width: 4 }];
  // At 3 and 2: 15 and 2 x 3 = 6 pixels, 63 bytes, up to 72; 27 and 12 pixels, 117 up to 120; 9, 4.
  assert.deepEqual([...imageCacheOffsets(images, [3, 2])], [0, 15, 24, 51, 64, 73]);
  assert.equal(imageCacheBytes(images, [3, 2]), 72 + 120 + 48);
  assert.equal(
    imageCacheBytes(images, [3, 2], 100),
    72 + 120,
    "enough to know that it is too much",
  );
});

Deno.test("an image cache holds the bytes of every image where the offsets say", async () => {
  using dataset = tinyDataset();
  const done: number[] = [];
  const scales = [32, 48];
  const imageCache = fillImageCache(await tensorflow(), dataset.train, {
    scales,
    onProgress: (count, total) => done.push(count, total),
  });
  const { bytes } = imageCache;
  const offsets = imageCacheOffsets(dataset.train, scales);
  assert.equal(bytes.length, imageCacheBytes(dataset.train, scales));
  assert.deepEqual(done.slice(-2), [12, 12]);
  // every third image is 32 by 40 pixels already: its bytes are the formula's
  for (const i of [0, 3, 6, 9]) {
    const at = 3 * offsets[2 * i]!;
    const expected = noisyBytes(32 * 40 * 3, { from: 10_000 * i });
    assert.deepEqual(bytes.slice(at, at + expected.length), expected);
  }
});
