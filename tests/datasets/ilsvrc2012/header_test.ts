import assert from "node:assert/strict";
import { bytesInMemory } from "../../../lib/datasets/ilsvrc2012/bytes.ts";
import { sizeIn } from "../../../lib/datasets/ilsvrc2012/header.ts";
import { encodeJpeg } from "../../../lib/datasets/pixels.ts";
import { noisyBytes } from "../../support/formula.ts";
import { cmykJpeg, solidPng, turned } from "../../support/datasets.ts";

const sizeOf = (bytes: Uint8Array) => sizeIn(bytesInMemory("made.JPEG", bytes));

const picture = { width: 20, height: 30, channels: 3, pixels: noisyBytes(20 * 30 * 3) } as const;
const jpeg = await encodeJpeg(picture);

/** The JPEG with a note of `bytes` bytes before its frame. */
const noted = (bytes: number) =>
  Uint8Array.from([
    ...[0xFF, 0xD8, 0xFF, 0xFF, 0xE2, (bytes + 2) >> 8, (bytes + 2) & 255],
    ...new Uint8Array(bytes),
    ...jpeg.subarray(2),
  ]);

Deno.test("sizes are those of the stored image: EXIF's orientation does not count", () => {
  const size = { width: 20, height: 30 };
  for (const bytes of [jpeg, turned(jpeg, 6), noted(10), noted(65_000)]) {
    assert.deepEqual(sizeOf(bytes), size);
  }
  assert.deepEqual(sizeOf(cmykJpeg()), { width: 8, height: 8 });
  assert.deepEqual(sizeOf(solidPng(1, 2, 3, 7, 5)), { width: 7, height: 5 });
});

Deno.test("notes behind an image's end do not count", () => {
  assert.deepEqual(sizeOf(Uint8Array.from([...jpeg, ...new Uint8Array(1000)])), {
    width: 20,
    height: 30,
  });
});

Deno.test("a file that is not a whole image is recognised by its headers", () => {
  assert.deepEqual(sizeOf(new Uint8Array()), { fault: "is empty" });
  assert.deepEqual(sizeOf(new TextEncoder().encode("a text")), { fault: "is not an image" });
  for (let end = 2; end < jpeg.length; end += 5) {
    assert.deepEqual(sizeOf(jpeg.subarray(0, end)), { fault: "is cut off" }, `cut at ${end}`);
  }
  const png = solidPng(1, 2, 3);
  for (let end = 4; end < png.length - 8; end++) {
    assert.deepEqual(sizeOf(png.subarray(0, end)), { fault: "is cut off" }, `cut at ${end}`);
  }
  assert.deepEqual(sizeOf(solidPng(1, 2, 3, 0, 0)), { fault: "has no pixels" });
  assert.deepEqual(sizeOf(Uint8Array.from([0xFF, 0xD8, 0xFF, 0xE0, 0, 0])), {
    fault: "is cut off",
  });
});
