import assert from "node:assert/strict";
import { makeSprite } from "../../../lib/datasets/scenes/sprites.ts";

Deno.test("a drawing is cut to what can be seen and halved three times", async () => {
  const sprite = await makeSprite(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 192 192" width="192" height="192">' +
      '<rect x="40" y="16" width="96" height="160" fill="#ff8000" fill-opacity="0.5"/></svg>',
  );
  assert.deepEqual(sprite.map(({ width, height }) => [width, height]), [
    [96, 160],
    [48, 80],
    [24, 40],
    [12, 20],
  ]);
  for (const { width, height, pixels } of sprite) {
    assert.equal(pixels.length, (width + 2) * (height + 2) * 4);
    const at = (
      x: number,
      y: number,
    ) => [...pixels.subarray((y * (width + 2) + x) * 4).slice(0, 4)];
    assert.deepEqual(at(0, 0), [0, 0, 0, 0]);
    assert.deepEqual(at(width + 1, height + 1), [0, 0, 0, 0]);
    // Half of 255 and of 128, and half opaque, each a rounding away.
    for (const [i, value] of at(width / 2, height / 2).entries()) {
      assert(Math.abs(value - [128, 64, 0, 128][i]!) <= 1, `${i}: ${value}`);
    }
  }
});

Deno.test("an empty drawing is a defect", async () => {
  const empty = '<svg xmlns="http://www.w3.org/2000/svg" width="192" height="192"/>';
  await assert.rejects(makeSprite(empty), /empty/);
});
