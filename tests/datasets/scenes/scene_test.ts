import assert from "node:assert/strict";
import { drawScene, type SceneAssets } from "../../../lib/datasets/scenes/scene.ts";
import type { Sprite } from "../../../lib/datasets/scenes/sprites.ts";

/** A square of one colour, at four sizes. */
function square(r: number, g: number, b: number): Sprite {
  return [192, 96, 48, 24].map((side) => {
    const pixels = new Uint8Array((side + 2) ** 2 * 4);
    for (let y = 1; y <= side; y++) {
      for (let x = 1; x <= side; x++) pixels.set([r, g, b, 255], (y * (side + 2) + x) * 4);
    }
    return { width: side, height: side, pixels };
  });
}

const stage: SceneAssets = {
  seed: 3,
  objects: [[square(250, 0, 0)], [square(0, 0, 250)]],
  distractors: [square(0, 200, 0)],
};

Deno.test("a scene depends on seed, split and index alone", () => {
  const bytes = (index: number, split: "train" | "val" = "train", seed = 3) =>
    drawScene({ split, index }, { ...stage, seed }).pixels.join();
  const first = bytes(7);
  bytes(8);
  assert.equal(bytes(7), first);
  assert.notEqual(bytes(9), first);
  assert.notEqual(bytes(7, "val"), first);
  assert.notEqual(bytes(7, "train", 4), first);
});

Deno.test("sizes are those of the recipe, equally often; three in ten are upright", () => {
  const sizes = Array.from(
    { length: 500 },
    (_, index) => drawScene({ split: "val", index }, stage),
  );
  const longer = sizes.map(({ width, height }) => Math.max(width, height));
  for (const side of [128, 144, 160, 176, 192]) {
    // 100 of 500 expected, five standard deviations are 45.
    const count = longer.filter((other) => other === side).length;
    assert(Math.abs(count - 100) < 45, `${side}: ${count}`);
  }
  const oblong = sizes.filter(({ width, height }) => width !== height);
  const upright = oblong.filter(({ width, height }) => height > width).length;
  assert(Math.abs(upright / oblong.length - 0.3) < 0.12, `${upright} of ${oblong.length}`);
});

Deno.test("the object of the class covers a good part of every picture", () => {
  // At least 45 % of the smaller side, so a fifth of 128 x 128 before it is cut by an edge.
  for (let index = 0; index < 40; index++) {
    const { pixels } = drawScene({ split: "train", index }, stage);
    const bare = drawScene({ split: "train", index }, {
      ...stage,
      objects: stage.objects.map(() => [square(0, 250, 250)]),
    }).pixels;
    let covered = 0;
    for (let i = 0; i < pixels.length; i += 3) {
      if (pixels[i] !== bare[i] || pixels[i + 1] !== bare[i + 1]) covered++;
    }
    assert(covered > 0.15 * 128 ** 2, `scene ${index}: ${covered} pixels`);
  }
});
