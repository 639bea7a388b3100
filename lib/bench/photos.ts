/** JPEG files with the size of ImageNet's photographs, made from a formula. */
import { join } from "node:path";
import { encodeJpeg } from "../datasets/pixels.ts";
import { uniform } from "../statistics/random.ts";

const [WIDTH, HEIGHT] = [500, 375];
/** Waves in a picture; each has half the height and half the length of the previous one. */
const WAVES = 6;
/** Height of the noise, of 255: gives files of 100 kB, about the size of ImageNet's. */
const NOISE = 28;

/** Paths for `count` pictures in a folder. */
export function photoFiles(folder: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => join(folder, `${i}.jpg`));
}

/** Writes a picture of 500 by 375 pixels to each path. */
export async function writePhotos(files: readonly string[]): Promise<void> {
  for (const [i, file] of files.entries()) {
    const picture = { width: WIDTH, height: HEIGHT, channels: 3, pixels: photo(i) } as const;
    await Deno.writeFile(file, await encodeJpeg(picture));
  }
}

/** Waves of many lengths and colours, with noise: `[375, 500, 3]`. */
function photo(number: number): Uint8Array {
  const draw = uniform(number);
  const waves = Array.from({ length: WAVES }, (_, k) => {
    const [angle, phase] = [2 * Math.PI * draw(), 2 * Math.PI * draw()];
    const turns = 2 ** (k + 1) * 2 * Math.PI / WIDTH;
    const heights = [0, 1, 2].map(() => 120 * draw() / 2 ** k);
    return { across: turns * Math.cos(angle), down: turns * Math.sin(angle), phase, heights };
  });
  const pixels = new Uint8ClampedArray(HEIGHT * WIDTH * 3);
  for (let at = 0; at < pixels.length; at += 3) {
    const [x, y] = [at / 3 % WIDTH, Math.floor(at / 3 / WIDTH)];
    const values = [128, 128, 128].map((value) => value + NOISE * (2 * draw() - 1));
    for (const { across, down, phase, heights } of waves) {
      const wave = Math.sin(across * x + down * y + phase);
      for (const [channel, height] of heights.entries()) values[channel]! += height * wave;
    }
    pixels.set(values, at);
  }
  return new Uint8Array(pixels.buffer);
}
