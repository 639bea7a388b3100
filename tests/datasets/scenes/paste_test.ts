import assert from "node:assert/strict";
import { paste } from "../../../lib/datasets/scenes/paste.ts";
import { drawColourMatrix } from "../../../lib/datasets/scenes/colour.ts";

const SAME = Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);

/** Two pixels, red and blue, side by side, inside their empty border. */
const pair = [{
  width: 2,
  height: 1,
  pixels: Uint8Array.from([
    ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 200, 0, 0, 255, 0, 0, 100, 255, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]),
}];

function pasted(change: Partial<Parameters<typeof paste>[2]>): number[][] {
  const canvas = { width: 4, height: 3, pixels: new Float32Array(36).fill(40) };
  paste(canvas, pair, {
    x: 2,
    y: 1.5,
    size: 2,
    turn: 0,
    mirrored: false,
    colours: SAME,
    ...change,
  });
  return Array.from({ length: 12 }, (_, i) => [...canvas.pixels.subarray(3 * i, 3 * i + 3)]);
}

const [bare, red, blue] = [[40, 40, 40], [200, 0, 0], [0, 0, 100]];

Deno.test("a sprite at its own size covers its pixels and no others", () => {
  assert.deepEqual(pasted({}), [
    ...[bare, bare, bare, bare],
    ...[bare, red, blue, bare],
    ...[bare, bare, bare, bare],
  ]);
});

Deno.test("a mirrored sprite is mirrored", () => {
  assert.deepEqual(pasted({ mirrored: true }).slice(4, 8), [bare, blue, red, bare]);
});

Deno.test("half a pixel aside, neighbours are mixed", () => {
  const row = pasted({ x: 2.5 }).slice(4, 8);
  assert.deepEqual(row, [bare, [120, 20, 20], [100, 0, 50], [20, 20, 70]]);
});

Deno.test("turned by a quarter, left is up", () => {
  const canvas = { width: 3, height: 4, pixels: new Float32Array(36).fill(40) };
  paste(canvas, pair, {
    ...{ x: 1.5, y: 2, size: 2, turn: Math.PI / 2, mirrored: false, colours: SAME },
  });
  const column = [0, 1, 2, 3].map((y) => [...canvas.pixels.subarray((3 * y + 1) * 3).slice(0, 3)]);
  const near = column.map((pixel) => pixel.map((value) => Math.round(value)));
  assert.deepEqual(near, [bare, red, blue, bare]);
});

Deno.test("colours are changed by the matrix, and grey keeps its hue when hue is turned", () => {
  const swapped = Float32Array.from([0, 0, 1, 0, 1, 0, 1, 0, 0]);
  assert.deepEqual(pasted({ colours: swapped }).slice(5, 7), [[0, 0, 200], [100, 0, 0]]);
  const matrix = drawColourMatrix(() => 0.9, { hue: 60, saturation: [1, 1], brightness: [1, 1] });
  for (const row of [0, 3, 6]) {
    const grey = matrix[row]! + matrix[row + 1]! + matrix[row + 2]!;
    assert(Math.abs(grey - 1) < 0.005, `row ${row}: ${grey}`);
  }
});
