import assert from "node:assert/strict";
import { setups } from "../../experiments/mod.ts";
import { JITTERED, threeScales } from "../../experiments/protocol.ts";
import { countParameters, layersOf, netShapeOf, pooled } from "../../lib/vgg/configs.ts";
import { imageCacheBytes, LARGEST_IMAGE_CACHE } from "../../lib/vgg/image_cache.ts";
import { pixels, scalesOf } from "../../lib/vgg/images.ts";

Deno.test("every setup computes in float32, on every machine, so that keys do not depend on it", () => {
  for (const { name, train } of Object.values(setups)) {
    assert.equal(train.precision, "float32", name);
  }
});

for (const [setup, classes] of [[setups.cifar10, 10], [setups.cifar100, 100]] as const) {
  Deno.test(`${setup.name}: S = 256 is a picture's own size, and no scale is smaller than a crop`, () => {
    const { crop, oddSides } = setup.train;
    assert.equal(pixels(256, crop), 32);
    assert.deepEqual(threeScales(256).map((Q) => pixels(Q, crop)), [28, 32, 36]);
    assert.deepEqual(scalesOf(JITTERED, setup.train), [32, 40, 48, 56, 64]);
    // fc6 covers one place of a crop and of a whole picture: all of each
    assert.deepEqual([crop, 32].map((side) => pooled(side, oddSides)), [1, 1]);
  });

  Deno.test(`${setup.name}: the convolutions are the paper's, the length is in epochs of 50,000 images`, () => {
    const { train } = setup;
    // the convolutions of the 16-layer net have 14,714,688 parameters, as in Keras without its top
    const layers = layersOf("D", netShapeOf(train, classes));
    const fc = 2 * (512 * 512 + 512) + 512 * classes + classes;
    assert.equal(countParameters(layers), 14_714_688 + fc);
    const epochs = Object.values(train.schedules).map(({ images }) => images / 50_000);
    assert.deepEqual(epochs, [200, 100, 200]);
  });

  Deno.test(`${setup.name}: all images of a jittered training fit in memory of 1.9 GB`, () => {
    const images = Array.from({ length: 50_000 }, () => ({ width: 32, height: 32 }));
    const bytes = imageCacheBytes(images, scalesOf(JITTERED, setup.train));
    // sides of 32, 40, 48, 56 and 64 pixels, three colours
    assert.equal(bytes, 50_000 * 3 * (1024 + 1600 + 2304 + 3136 + 4096));
    assert.ok(bytes < LARGEST_IMAGE_CACHE);
  });
}
