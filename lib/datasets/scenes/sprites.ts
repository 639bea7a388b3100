/**
 * Drawings turned into pixels that can be pasted at any size: cut to what can be seen, colours
 * multiplied by alpha, and kept at four sizes, each half the one before.
 *
 * @module
 */
import { drawSvg } from "../pixels.ts";

/** Side of a drawing before it is cut, pixels. */
const SIDE = 192;

/** Sizes kept: 192, 96, 48 and 24 pixels. */
const LEVELS = 4;

/** Alpha of 255 below which a pixel counts as empty. */
const FAINT = 16;

/** A drawing, largest size first. */
export type Sprite = readonly SpriteLevel[];

/** A drawing at one size. */
export interface SpriteLevel {
  readonly width: number;
  readonly height: number;
  /**
   * [height + 2, width + 2, 4]: red, green, blue times alpha, and alpha, 0 to 255, inside a border
   * of one empty pixel, so that blending neighbours needs no check for the edge. Shared
   * memory: workers see it without a copy.
   */
  readonly pixels: Uint8Array;
}

/** Turns an SVG document into a sprite. */
export async function makeSprite(svg: string): Promise<Sprite> {
  const levels = [cut(await drawSvg(svg, SIDE))];
  while (levels.length < LEVELS) levels.push(halve(levels.at(-1)!));
  return levels;
}

/** An empty level; its border stays as it is. */
function empty(width: number, height: number): SpriteLevel {
  const bytes = (width + 2) * (height + 2) * 4;
  return { width, height, pixels: new Uint8Array(new SharedArrayBuffer(bytes)) };
}

/** Cuts off what is empty, and multiplies colours by alpha. */
function cut(rgba: Uint8Array): SpriteLevel {
  let [left, right, top, bottom] = [SIDE, -1, SIDE, -1];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      if (rgba[(y * SIDE + x) * 4 + 3]! <= FAINT) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (right < 0) throw new Error("Cannot make a sprite: the drawing is empty");

  const level = empty(right - left + 1, bottom - top + 1);
  for (let y = 0; y < level.height; y++) {
    for (let x = 0; x < level.width; x++) {
      const from = ((y + top) * SIDE + x + left) * 4;
      const to = ((y + 1) * (level.width + 2) + x + 1) * 4;
      const alpha = rgba[from + 3]!;
      for (let c = 0; c < 3; c++) {
        level.pixels[to + c] = Math.round(rgba[from + c]! * alpha / 255);
      }
      level.pixels[to + 3] = alpha;
    }
  }
  return level;
}

/** The mean of every two by two pixels; an odd last row or column is left out. */
function halve({ width, height, pixels }: SpriteLevel): SpriteLevel {
  const half = empty(width >> 1, height >> 1);
  const stride = (width + 2) * 4;
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const from = (2 * y + 1) * stride + (2 * x + 1) * 4;
      const to = ((y + 1) * (half.width + 2) + x + 1) * 4;
      for (let c = from; c < from + 4; c++) {
        const sum = pixels[c]! + pixels[c + 4]! + pixels[c + stride]! + pixels[c + stride + 4]!;
        half.pixels[to + c - from] = (sum + 2) >> 2;
      }
    }
  }
  return half;
}
