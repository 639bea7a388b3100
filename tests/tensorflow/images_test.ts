import assert from "node:assert/strict";
import { join } from "node:path";
import { constant } from "../../lib/tensorflow/graph.ts";
import { readFile } from "../../lib/tensorflow/files.ts";
import { decode, mirrored, resize, resizeWindow } from "../../lib/tensorflow/images.ts";
import { cast } from "../../lib/tensorflow/operations.ts";
import { folderWith, png } from "../datasets/fixtures.ts";
import { noisyBytes } from "../formula.ts";
import { noisyPng } from "../vgg/tiny.ts";
import { evaluate, numbers } from "./run_graph.ts";

/** An image of one channel's values, the same in all three, rescaled; back as one channel. */
async function resized(
  rows: readonly (readonly number[])[],
  sides: readonly [height: number, width: number],
): Promise<number[][]> {
  const pixels = rows.flat().flatMap((value) => [value, value, value]);
  const [found] = await evaluate((graph) => {
    const shape = [rows.length, rows[0]!.length, 3];
    const image = constant(graph, pixels, { dtype: "uint8", shape });
    return [cast(resize(image, constant(graph, sides)), "int32")];
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
        return cast(decode(readFile(file)), "int32");
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
      return [cast(decode(readFile(file)), "int32")];
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

Deno.test("a window is cut out of the rescaled image, mirrored or not", async () => {
  const [height, width] = [29, 41], sides = [19, 23], [rows, columns] = [8, 9];
  const pixels = [...noisyBytes(height * width * 3)];
  for (const [top, left, flip] of [[0, 0, 0], [11, 14, 0], [3, 5, 1]] as const) {
    const [whole, window] = await evaluate((graph) => {
      const image = constant(graph, pixels, { dtype: "uint8", shape: [height, width, 3] });
      const part = resizeWindow(image, {
        ...{ sides: constant(graph, sides), corner: constant(graph, [top, left]) },
        size: [rows, columns],
      });
      return [
        cast(resize(image, constant(graph, sides)), "int32"),
        cast(mirrored(part, constant(graph, [flip])), "int32"),
      ];
    });
    assert.deepEqual(window!.shape, [rows, columns, 3]);
    const found = numbers(window), all = numbers(whole);
    const expected = found.map((_, i) => {
      const [channel, x, y] = [i % 3, Math.floor(i / 3) % columns, Math.floor(i / 3 / columns)];
      const column = left + (flip === 1 ? columns - 1 - x : x);
      return all[((top + y) * 23 + column) * 3 + channel]!;
    });
    const apart = found.map((value, i) => Math.abs(value - expected[i]!)).filter((d) => d > 0);
    assert.ok(apart.length <= 1 && apart.every((levels) => levels === 1), `apart by ${apart}`);
  }
});

Deno.test("what overshoots is cut off at 0 and 255", async () => {
  const edge = await resized([[0, 0, 0, 255, 255, 255]], [1, 24]);
  assert.equal(Math.min(...edge.flat()), 0);
  assert.equal(Math.max(...edge.flat()), 255);
  // unlimited bytes would have wrapped: dark beside bright
  assert.deepEqual(edge[0], edge[0]!.toSorted((x, y) => x - y));
});
