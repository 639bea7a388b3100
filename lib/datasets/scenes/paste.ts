/**
 * Pasting a sprite onto a canvas: turned, sized, sheared, mirrored and coloured.
 *
 * @module
 */
import type { Canvas } from "./background.ts";
import type { ColourMatrix } from "./colour.ts";
import type { Sprite } from "./sprites.ts";

/** Position, size and colours of a sprite on a canvas. */
export interface Placement {
  /** Middle of the sprite, pixels of the canvas. */
  readonly x: number;
  readonly y: number;
  /** Larger side of the upright sprite, pixels. */
  readonly size: number;
  /** Radians. */
  readonly turn: number;
  readonly mirrored: boolean;
  /** Width is multiplied, height divided by it. */
  readonly stretch?: number;
  /** Share of the height by which the sprite leans. */
  readonly shear?: number;
  readonly colours: ColourMatrix;
}

/** Blends a sprite into a canvas, sampled bilinearly. */
export function paste(canvas: Canvas, sprite: Sprite, placement: Placement) {
  const { x: middleX, y: middleY, size, turn, mirrored, stretch = 1, shear = 0 } = placement;
  const largest = sprite[0]!;
  let scale = size / Math.max(largest.width, largest.height), level = 0;
  for (; level < sprite.length - 1 && scale < 0.6; level++) scale *= 2;
  const { width, height, pixels: source } = sprite[level]!;

  // Sprite position (u, v) of pixel (x, y): u = uX x + uY y + u0, likewise v.
  const cos = Math.cos(turn), sin = Math.sin(turn);
  const sign = mirrored ? -1 : 1, scaleU = sign / (scale * stretch), scaleV = stretch / scale;
  const uX = (cos + shear * sin) * scaleU, uY = (sin - shear * cos) * scaleU;
  const vX = -sin * scaleV, vY = cos * scaleV;
  const u0 = (0.5 - middleX) * uX + (0.5 - middleY) * uY + width / 2 - 0.5;
  const v0 = (0.5 - middleX) * vX + (0.5 - middleY) * vY + height / 2 - 0.5;

  const reach = Math.hypot(width * scale * stretch, height * scale / stretch) / 2 *
      (1 + Math.abs(shear)) + 2;
  const top = Math.max(0, Math.floor(middleY - reach));
  const bottom = Math.min(canvas.height - 1, Math.ceil(middleY + reach));
  const left = Math.max(0, Math.floor(middleX - reach));
  const right = Math.min(canvas.width - 1, Math.ceil(middleX + reach));

  const stride = (width + 2) * 4;
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = placement.colours as unknown as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let y = top; y <= bottom; y++) {
    let u = uX * left + uY * y + u0, v = vX * left + vY * y + v0;
    for (let x = left; x <= right; x++, u += uX, v += vX) {
      if (u <= -1 || v <= -1 || u >= width || v >= height) continue;
      const column = Math.floor(u), row = Math.floor(v);
      const fu = u - column, fv = v - row;
      const nw = (1 - fu) * (1 - fv), ne = fu * (1 - fv), sw = (1 - fu) * fv, se = fu * fv;
      const i = (row + 1) * stride + (column + 1) * 4, j = i + stride;
      const alpha = nw * source[i + 3]! + ne * source[i + 7]! + sw * source[j + 3]! +
        se * source[j + 7]!;
      if (alpha < 1) continue;
      const r = nw * source[i]! + ne * source[i + 4]! + sw * source[j]! + se * source[j + 4]!;
      const g = nw * source[i + 1]! + ne * source[i + 5]! + sw * source[j + 1]! +
        se * source[j + 5]!;
      const b = nw * source[i + 2]! + ne * source[i + 6]! + sw * source[j + 2]! +
        se * source[j + 6]!;
      const o = (y * canvas.width + x) * 3, behind = 1 - alpha / 255;
      canvas.pixels[o] = canvas.pixels[o]! * behind + rr * r + rg * g + rb * b;
      canvas.pixels[o + 1] = canvas.pixels[o + 1]! * behind + gr * r + gg * g + gb * b;
      canvas.pixels[o + 2] = canvas.pixels[o + 2]! * behind + br * r + bg * g + bb * b;
    }
  }
}
