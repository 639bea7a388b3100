import assert from "node:assert/strict";
import { join } from "node:path";
import { constant } from "../../lib/tensorflow/graph.ts";
import { readFile } from "../../lib/tensorflow/files.ts";
import {
  decodeAndCrop,
  decodeImage,
  type Filter,
  flipWhere,
  resize,
  resizeWindow,
} from "../../lib/tensorflow/images.ts";
import type { ResizeFilter } from "../../lib/setup.ts";
import { cast } from "../../lib/tensorflow/operations.ts";
import { encodeJpeg } from "../../lib/datasets/pixels.ts";
import { folderWith, png } from "../support/datasets.ts";
import { cropWindowOf, FILTERS, rescale } from "../../lib/vgg/images.ts";
import { noisyBytes } from "../support/formula.ts";
import { noisyPng } from "../support/tiny.ts";
import { evaluate, numbers } from "../support/run_graph.ts";

/** An image of one channel's values, the same in all three, rescaled; back as one channel. */
async function resized(
  rows: readonly (readonly number[])[],
  sides: readonly [height: number, width: number],
  filter: Filter = FILTERS.bicubic,
): Promise<number[][]> {
  const pixels = rows.flat().flatMap((value) => [value, value, value]);
  const [found] = await evaluate((graph) => {
    const shape = [rows.length, rows[0]!.length, 3];
    const image = constant(graph, pixels, { dtype: "uint8", shape });
    return [cast(resize(image, constant(graph, sides), filter), "int32")];
  });
  assert.deepEqual(found!.shape, [...sides, 3]);
  const red = numbers(found).filter((_, i) => i % 3 === 0);
  return Array.from({ length: sides[0] }, (_, y) => red.slice(y * sides[1], (y + 1) * sides[1]));
}

Deno.test("files decode to the bytes that were written; grey ones to three channels", async () => {
  const grey = png({ width: 2, bits: 8, kind: 0, rows: [[0, 7], [200, 255]] });
  const folder = folderWith({ "colour.png": noisyPng(5, 3), "grey.png": grey });
  try {
    const found = await evaluate((graph) =>
      ["colour.png", "grey.png"].map((name) => {
        const file = constant(graph, [join(folder, name)], { dtype: "string", shape: [] });
        return cast(decodeImage(readFile(file)), "int32");
      })
    );
    assert.deepEqual(found.map(({ shape }) => shape), [[5, 3, 3], [2, 2, 3]]);
    assert.deepEqual(numbers(found[0]), [...noisyBytes(45)]);
    assert.deepEqual(numbers(found[1]), [0, 0, 0, 7, 7, 7, 200, 200, 200, 255, 255, 255]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file that is none or no image is named or told", async () => {
  const folder = folderWith({ "text.jpg": new TextEncoder().encode("no image") });
  const read = (name: string) =>
    evaluate((graph) => {
      const file = constant(graph, [join(folder, name)], { dtype: "string", shape: [] });
      return [cast(decodeImage(readFile(file)), "int32")];
    });
  try {
    await assert.rejects(read("gone.jpg"), /gone\.jpg/);
    await assert.rejects(read("text.jpg"), /Unknown image file format/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the same size gives the same bytes; one colour stays that colour", async () => {
  const image = [[0, 10, 255], [3, 77, 200]];
  assert.deepEqual(await resized(image, [2, 3]), image);
  const plain = await resized([[91, 91, 91], [91, 91, 91], [91, 91, 91]], [7, 5]);
  assert.deepEqual(new Set(plain.flat()), new Set([91]));
});

Deno.test("growing to twice the size: the cubic kernel of a = -0.5 at quarters", async () => {
  // Keys' kernel at 0.25, 0.75, 1.25 and 1.75: weights of the four neighbours.
  const a = -0.5;
  const inner = (x: number) => (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  const outer = (x: number) => a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a;
  const [w0, w1, w2, w3] = [outer(1.25), inner(0.25), inner(0.75), outer(1.75)];
  const row = [0, 10, 50, 60, 100, 20];
  const [found] = await resized([row], [1, 12]);
  // place 5 of the result lies at 2.25 of the source: 50 is its nearest neighbour
  const expected = w0! * 10 + w1! * 50 + w2! * 60 + w3! * 100;
  assert.equal(found![5], Math.round(expected));
  assert.notEqual(found![5], 50);
});

Deno.test("shrinking to half the size averages over the kernel's eight pixels", async () => {
  const a = -0.5;
  const kernel = (x: number) =>
    x < 1
      ? (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1
      : a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a;
  const row = [5, 80, 20, 90, 200, 30, 120, 60, 0, 250, 70, 10];
  const [found] = await resized([row], [1, 6]);
  // place 2 has its centre between pixels 4 and 5; in the kernel's units neighbours are 0.5 apart
  const weights = row.map((_, i) => {
    const distance = Math.abs(i - 4.5) / 2;
    return distance < 2 ? kernel(distance) : 0;
  });
  const sum = weights.reduce((x, y) => x + y);
  const expected = row.reduce((total, value, i) => total + value * weights[i]! / sum, 0);
  assert.equal(found![2], Math.round(expected));
});

for (const [name, filter] of Object.entries(FILTERS)) {
  Deno.test(`a part of the image rescaled (${name}) is made of the part that it needs`, async () => {
    const [height, width] = [29, 41], side = 19, crop = 8;
    const rescaled = rescale({ height, width }, side);
    const pixels = [...noisyBytes(height * width * 3)];
    for (const [top, left] of [[0, 0], [11, 14], [3, 5]] as const) {
      const section = cropWindowOf({ height, width }, { side, top, left }, {
        crop,
        resize: name as ResizeFilter,
      });
      const [y, x, rows, columns] = section.window;
      const [whole, part] = await evaluate((graph) => {
        const bytes = (values: readonly number[], shape: readonly number[]) =>
          constant(graph, values, { dtype: "uint8", shape });
        const floats = (values: readonly number[]) => constant(graph, values, { dtype: "float32" });
        const needed = Array.from({ length: rows }, (_, i) => {
          const from = ((y + i) * width + x) * 3;
          return pixels.slice(from, from + columns * 3);
        }).flat();
        return [
          resize(
            bytes(pixels, [height, width, 3]),
            constant(graph, [rescaled.height, rescaled.width]),
            filter,
          ),
          resizeWindow(bytes(needed, [rows, columns, 3]), {
            size: constant(graph, [crop, crop]),
            filter,
            ...{ factors: floats(section.factors), moves: floats(section.moves) },
          }),
        ].map((image) => cast(image, "int32"));
      });
      assert.deepEqual(part!.shape, [crop, crop, 3]);
      assert.ok(rows * columns < height * width / 2);
      const found = numbers(part), all = numbers(whole);
      const apart = found.filter((value, i) => {
        const [inRow, row] = [i % (3 * crop), Math.floor(i / 3 / crop)];
        const expected = all[(top + row) * rescaled.width * 3 + left * 3 + inRow]!;
        assert.ok(Math.abs(value - expected) <= 1, `${value}, not ${expected}`);
        return value !== expected;
      });
      assert.ok(apart.length <= 1, `${apart.length} bytes are apart`);
    }
  });
}

/**
 * A row of 12 pixels shrunk to 5 and grown to 17: by Pillow 13.0's BICUBIC, BILINEAR and LANCZOS, and
 * OpenCV 4.14's INTER_LINEAR, all in floating point (Pillow's mode F), before they are made bytes.
 */
const ELSEWHERE: Readonly<Record<ResizeFilter, readonly (readonly number[])[]>> = {
  "bicubic": [
    [35.178, 102.646, 89.957, 88.385, 87.775],
    [
      ...[0.528, 49.702, 70.429, 20.02, 59.789, 141.783, 194.346, 52.834, 68.125, 117.385, 65.827],
      ...[0.332, 73.158, 250.613, 120.137, 30.865, 6.423],
    ],
  ],
  "bilinear": [
    [41.5, 96.949, 92.679, 84.068, 87.8],
    [
      ...[5, 46.912, 64.118, 21.765, 67.353, 132.059, 185, 65, 75, 107.647, 65.294],
      ...[22.941, 80.882, 244.706, 117.647, 43.529, 10],
    ],
  ],
  "lanczos3": [
    [30.84, 105.833, 87.18, 91.034, 90.088],
    [
      ...[-2.724, 51.97, 72.883, 21.024, 46.157, 156.523, 191.856, 53.272, 58.587, 127.326, 72.44],
      ...[-20.347, 81.032, 251.7, 137.495, 15.76, 9.701],
    ],
  ],
  "aliased-bilinear": [
    [57.5, 101, 75, 6, 52],
    [
      ...[5, 46.912, 64.118, 21.765, 67.353, 132.059, 185, 65, 75, 107.647, 65.294],
      ...[22.941, 80.882, 244.706, 117.647, 43.529, 10],
    ],
  ],
};

for (const [name, rows] of Object.entries(ELSEWHERE)) {
  Deno.test(`a row rescaled by ${name} is what Pillow or OpenCV make of it`, async () => {
    const row = [5, 80, 20, 90, 200, 30, 120, 60, 0, 250, 70, 10];
    for (const expected of rows) {
      const [found] = await resized([row], [1, expected.length], FILTERS[name as ResizeFilter]);
      for (const [i, value] of expected.entries()) {
        const byte = Math.min(255, Math.max(0, value));
        assert.ok(Math.abs(found![i]! - byte) <= 0.501, `${found![i]}, not ${byte}`);
      }
    }
  });
}

Deno.test("what overshoots is cut off at 0 and 255", async () => {
  const edge = await resized([[0, 0, 0, 255, 255, 255]], [1, 24]);
  assert.equal(Math.min(...edge.flat()), 0);
  assert.equal(Math.max(...edge.flat()), 255);
  // unlimited bytes would have wrapped: dark beside bright
  assert.deepEqual(edge[0], edge[0]!.toSorted((x, y) => x - y));
});

/** Waves in colours, so that a JPEG's half resolution of colours shows. */
async function colourfulJpeg(width: number, height: number): Promise<Uint8Array> {
  const wave = (i: number) =>
    128 + 120 * Math.sin(i % 3 + (i % (3 * width)) / 11 + Math.floor(i / 3 / width) / 5);
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => wave(i));
  return await encodeJpeg({ width, height, channels: 3, pixels });
}

Deno.test("a window of a file is what the whole file shows there, whatever its format", async () => {
  const files = { "a.jpg": await colourfulJpeg(83, 61), "b.png": noisyPng(61, 83) };
  const folder = folderWith(files);
  const windows = [[0, 0, 61, 83], [0, 0, 7, 9], [13, 17, 30, 41], [37, 50, 24, 33]];
  try {
    for (const name of Object.keys(files)) {
      for (const window of windows) {
        const [whole, part] = await evaluate((graph) => {
          const contents = readFile(
            constant(graph, [join(folder, name)], { dtype: "string", shape: [] }),
          );
          return [decodeImage(contents), decodeAndCrop(contents, constant(graph, window))]
            .map((image) => cast(image, "int32"));
        });
        const [top = 0, left = 0, height = 0, width = 0] = window;
        assert.deepEqual(part!.shape, [height, width, 3]);
        // A window's first and last column may differ, unless they are the image's.
        const [from, to] = [left === 0 ? 0 : 1, left + width === 83 ? width : width - 1];
        const row = (values: ArrayLike<number>, first: number) =>
          Array.from({ length: 3 * (to - from) }, (_, i) => values[3 * (first + from) + i]);
        for (let y = 0; y < height; y++) {
          assert.deepEqual(
            row(part!.values, y * width),
            row(whole!.values, (top + y) * 83 + left),
            `${name}, ${window}, row ${y}`,
          );
        }
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an image is mirrored where it is asked for, and not elsewhere", async () => {
  const row = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
  const found = await evaluate((graph) => {
    const image = constant(graph, row.flat(), { dtype: "uint8", shape: [1, 3, 3] });
    return [0, 1].map((flip) => cast(flipWhere(image, constant(graph, flip)), "int32"));
  });
  assert.deepEqual(found.map(numbers), [row.flat(), row.toReversed().flat()]);
});
