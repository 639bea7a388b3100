import assert from "node:assert/strict";
import { join } from "node:path";
import { probeImage } from "../../../lib/datasets/pixels.ts";
import { encodeSmallPng } from "../../../lib/datasets/raw_images/png.ts";

Deno.test("another decoder (libpng) reads back what was written", async () => {
  const file = join(Deno.makeTempDirSync(), "picture.png");
  for (const channels of [1, 3] as const) {
    const [width, height] = [5, 4];
    const pixels = new Uint8Array(width * height * channels).map((_, i) => i * 37);
    Deno.writeFileSync(file, encodeSmallPng({ width, height, channels, pixels }));
    const { picture, needsConversion } = await probeImage(file);
    assert.deepEqual([picture!.width, picture!.height, needsConversion], [width, height, false]);
    const step = picture!.channels / channels; // grey may come back as three equal channels
    const read = Array.from(pixels, (_, i) => picture!.pixels[i * step]);
    assert.deepEqual(read, [...pixels]);
  }
});
