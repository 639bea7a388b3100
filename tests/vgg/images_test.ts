import assert from "node:assert/strict";
import { paper, small } from "../../experiments/setups.ts";
import { shiftAxes } from "../../lib/vgg/colours.ts";
import {
  cropWindowOf,
  GRID,
  gridOf,
  middleOf,
  pixels,
  rescale,
  sampler,
  type Sampling,
  scalesOf,
} from "../../lib/vgg/images.ts";
import type { CropGrid, ResizeFilter } from "../../lib/setup.ts";
import { covarianceOf, IMAGENET } from "../support/imagenet_colours.ts";

const JITTERED = [256, 512] as const;

/** Images of 60 by 45 pixels, smallest side 30 to 34, crops of 28. */
const sampling: Sampling = {
  images: Array.from({ length: 50 }, () => ({ height: 60, width: 45 })),
  scales: [30, 31, 32, 33, 34],
  crop: 28,
  seed: 7,
  axes: shiftAxes(covarianceOf(IMAGENET), "root"),
  sigma: 0.1,
};

const counting = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The first samples of a training. */
function samples(count: number, options: Partial<Sampling> = {}) {
  return counting(count).map(sampler({ ...sampling, ...options }));
}

Deno.test("scales are the paper's, times crop / 224", () => {
  assert.deepEqual([256, 384, 512].map((S) => pixels(S, 224)), [256, 384, 512]);
  assert.deepEqual([224, 256, 288, 384, 512].map((S) => pixels(S, 56)), [56, 64, 72, 96, 128]);
  assert.deepEqual([256, 384].map((S) => pixels(S, 28)), [32, 48]);
  assert.equal(pixels(256, 33), 38); // 37.7
  assert.deepEqual([256, JITTERED].map(middleOf), [256, 384]);
});

Deno.test("jittering draws from every scale in its range, both ends included", () => {
  assert.deepEqual(scalesOf(384, paper.train), [384]);
  assert.deepEqual(scalesOf(JITTERED, paper.train), counting(257).map((i) => 256 + i));
  assert.deepEqual(scalesOf(JITTERED, { crop: 56, jitterStep: 64 }), [64, 80, 96, 112, 128]);
  assert.deepEqual(scalesOf(JITTERED, small.train), [32, 40, 48, 56, 64]);
  // scales that are equal after rounding count once
  assert.deepEqual(scalesOf([256, 258], { crop: 28, jitterStep: 1 }), [32]);
});

Deno.test("an image is rescaled by its smallest side and keeps its aspect", () => {
  assert.deepEqual(rescale({ height: 375, width: 500 }, 256), { height: 256, width: 341 });
  assert.deepEqual(rescale({ height: 500, width: 375 }, 256), { height: 341, width: 256 });
  assert.deepEqual(rescale({ height: 20, width: 20 }, 64), { height: 64, width: 64 });
  for (const side of counting(300).map((i) => i + 20)) {
    assert.equal(rescale({ height: 97, width: 331 }, side).height, side);
  }
});

Deno.test("a grid goes evenly from edge to edge, in both directions, rounded to pixels", () => {
  const offsets = (height: number, width: number, crop: number, count = GRID["multi-crop"]) => {
    const corners = gridOf({ height, width }, { crop, count });
    assert.equal(corners.length, count ** 2);
    const tops = corners.filter((_, i) => i % count === 0).map(({ top }) => top);
    const lefts = corners.slice(0, count).map(({ left }) => left);
    // row by row
    assert.deepEqual(corners, tops.flatMap((top) => lefts.map((left) => ({ top, left }))));
    return [tops, lefts];
  };
  // the paper's: 32 pixels in steps of 8; 117 in steps of 29.25
  assert.deepEqual(offsets(256, 341, 224), [[0, 8, 16, 24, 32], [0, 29, 59, 88, 117]]);
  assert.deepEqual(offsets(341, 256, 224), [[0, 29, 59, 88, 117], [0, 8, 16, 24, 32]]);
  // more than five crops long
  assert.deepEqual(offsets(512, 1344, 224), [[0, 72, 144, 216, 288], [0, 280, 560, 840, 1120]]);
  // no room, or less than a pixel for each step
  assert.deepEqual(offsets(56, 58, 56), [[0, 0, 0, 0, 0], [0, 1, 1, 2, 2]]);
  assert.deepEqual(offsets(256, 341, 224, GRID["centre-crop"]), [[16], [59]]);
  assert.deepEqual(GRID, { "dense": 0, "multi-crop": 5, "centre-crop": 1 });
});

Deno.test("other regular grids: over the square in the middle, or off the edges; one crop stays", () => {
  const lefts = (width: number, grid: CropGrid, count = 5) =>
    gridOf({ height: 256, width }, { crop: 224, count, grid }).slice(0, count)
      .map(({ left }) => left);
  // 256 x 384: the square begins at 64 and has 32 pixels of room
  assert.deepEqual(lefts(384, "central-square"), [64, 72, 80, 88, 96]);
  assert.deepEqual(lefts(256, "central-square"), [0, 8, 16, 24, 32]);
  // fifths of 160, and their middles
  assert.deepEqual(lefts(384, "cell-centres"), [16, 48, 80, 112, 144]);
  assert.deepEqual(lefts(384, "edge-to-edge"), [0, 40, 80, 120, 160]);
  for (const grid of ["central-square", "cell-centres", "edge-to-edge"] as const) {
    assert.deepEqual(lefts(384, grid, 1), [80]);
  }
  const tops = gridOf({ height: 384, width: 256 }, { crop: 224, count: 5, grid: "central-square" });
  assert.deepEqual([...new Set(tops.map(({ top }) => top))], [64, 72, 80, 88, 96]);
});

Deno.test("each epoch visits every image once, in another order", () => {
  const all = samples(150).map(({ image }) => image);
  const epochs = [0, 50, 100].map((from) => all.slice(from, from + 50));
  for (const epoch of epochs) {
    assert.deepEqual(epoch.toSorted((a, b) => a - b), counting(50));
  }
  assert.equal(new Set(epochs.map(String)).size, 3);
  assert.notDeepEqual(samples(50, { seed: 8 }).map(({ image }) => image), epochs[0]);
});

Deno.test("a sample follows from its position, wherever one starts and however one goes", () => {
  const all = samples(150);
  const sampleAt = sampler(sampling);
  for (const position of [149, 3, 77, 76, 0, 120]) {
    assert.deepEqual(sampleAt(position), all[position]);
  }
});

Deno.test("an image's draws follow from seed, epoch and image: not from its place, nor the others", () => {
  const of9 = (epoch: number, options: Partial<Sampling>) => {
    const count = options.images?.length ?? 50;
    return samples((epoch + 1) * count, options).findLast(({ image }) => image === 9);
  };
  const sides = { height: 60, width: 45 };
  const others = Array.from({ length: 80 }, (_, i) => i === 9 ? sides : { height: 90, width: 80 });
  for (const epoch of [0, 1, 2]) {
    assert.deepEqual(of9(epoch, { images: others }), of9(epoch, {}));
    assert.notDeepEqual(of9(epoch, { seed: 8 }), of9(epoch, {}));
  }
  assert.notDeepEqual(of9(1, {}), of9(0, {}));
});

Deno.test("S is drawn for each image anew, all scales alike often", () => {
  const drawn = samples(10_000).map(({ side }) => side);
  // 2000 each, give or take four deviations of sqrt(10000 * 0.2 * 0.8) = 40
  for (const scale of sampling.scales) {
    const count = drawn.filter((side) => side === scale).length;
    assert.ok(Math.abs(count - 2000) < 160, `${scale}: ${count}`);
  }
  for (let batch = 0; batch < 100; batch++) {
    assert.ok(new Set(drawn.slice(16 * batch, 16 * (batch + 1))).size > 1);
  }
});

Deno.test("crops lie inside their image and reach each of its corners, all places alike", () => {
  const drawn = samples(20_000, { scales: [30] });
  // 40 by 30 pixels: tops 0 to 12, lefts 0 to 2
  const counts = new Map<string, number>();
  for (const { side, top, left } of drawn) {
    assert.equal(side, 30);
    const place = `${top},${left}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const places = counting(13).flatMap((top) => counting(3).map((left) => `${top},${left}`));
  assert.deepEqual(new Set(counts.keys()), new Set(places));
  // 513 each, give or take five deviations of 22.4
  for (const count of counts.values()) assert.ok(Math.abs(count - 513) < 112, `${count}`);
});

Deno.test("half of the crops are mirrored, whatever their scale", () => {
  const drawn = samples(10_000);
  for (const scale of sampling.scales) {
    const those = drawn.filter(({ side }) => side === scale);
    const share = those.filter(({ flip }) => flip).length / those.length;
    assert.ok(Math.abs(share - 0.5) < 0.05, `${scale}: ${share}`);
  }
});

Deno.test("colour shifts have ImageNet's covariance, times 0.1 ** 2 on the scale of 255", () => {
  const shifts = samples(40_000).map(({ shift }) => shift);
  const expected = covarianceOf(IMAGENET);
  const mean = (of: (shift: readonly number[]) => number) =>
    shifts.reduce((sum, shift) => sum + of(shift), 0) / shifts.length;
  for (const [i, row] of expected.entries()) {
    // deviation of a mean: 255 * 0.1 * sqrt(0.074) / sqrt(40000) = 0.035
    assert.ok(Math.abs(mean((shift) => shift[i]!)) < 0.15);
    for (const [j, value] of row.entries()) {
      const found = mean((shift) => shift[i]! * shift[j]!);
      const target = value * 0.1 ** 2 * 255 ** 2;
      // deviation of a variance: sqrt(2 / 40000) = 0.7 per cent; IMAGENET has four digits
      assert.ok(Math.abs(found / target - 1) < 0.04, `${i}, ${j}: ${found} is not ${target}`);
    }
  }
});

Deno.test("a crop's section: what the bicubic kernel reaches, two pixels more, within the image", () => {
  const image = { height: 300, width: 600 };
  // Rescaled to 150 x 300. Its pixel x has its centre at 2 x + 1 of the image, and the kernel reaches
  // 4 pixels to each side, as it is stretched: a crop from 10 to 109 needs 17 ... 223, with two
  // pixels more 15 ... 225.
  const crop = 100;
  assert.deepEqual(cropWindowOf(image, { side: 150, top: 10, left: 10 }, { crop }), {
    window: [15, 15, 210, 210],
    factors: [0.5, 0.5],
    moves: [-2.5, -2.5],
  });
  // at the upper left and the lower right corner the image ends before
  const { window: first } = cropWindowOf(image, { side: 150, top: 0, left: 0 }, { crop });
  const { window: last, moves } = cropWindowOf(image, { side: 150, top: 50, left: 200 }, { crop });
  assert.deepEqual(first, [0, 0, 205, 205]);
  assert.deepEqual(last, [95, 395, 205, 205]);
  assert.deepEqual(moves, [95 / 2 - 50, 395 / 2 - 200]);
  // Enlarged twice the kernel has its own two pixels: 5.25 - 2 - 2 on, up to 54.75 + 2 + 2.
  const grown = cropWindowOf(image, { side: 600, top: 10, left: 10 }, { crop });
  assert.deepEqual(grown, { window: [1, 1, 58, 58], factors: [2, 2], moves: [-8, -8] });
  // Lanczos's kernel reaches 6 pixels to each side of the same crop, the linear one 2.
  const windowOf = (resize: ResizeFilter) =>
    cropWindowOf(image, { side: 150, top: 10, left: 10 }, { crop, resize }).window;
  assert.deepEqual(windowOf("lanczos3"), [13, 13, 214, 214]);
  assert.deepEqual(windowOf("bilinear"), [17, 17, 206, 206]);
});
