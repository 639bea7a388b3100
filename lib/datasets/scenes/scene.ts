/**
 * A scene: a background, up to two distractors, one object of the class, light and noise.
 * Everything about it is drawn from (seed, split, index), so any scene can be drawn alone.
 *
 * Sines and cosines may differ in their last bit between machines; levels are rounded to whole
 * numbers, so that pictures are equal but for a level here and there.
 *
 * @module
 */
import type { ImageSize } from "../dataset.ts";
import type { Picture } from "../pixels.ts";
import { uniform } from "../../statistics/random.ts";
import { type Canvas, drawBackground } from "./background.ts";
import { between, pick, type Random } from "./chance.ts";
import { drawColourMatrix } from "./colour.ts";
import { paste } from "./paste.ts";
import { DIFFICULTY, LONGER_SIDES, PORTRAIT, SIDE } from "./recipe.ts";
import type { Sprite } from "./sprites.ts";

/** What scenes are composed of. */
export interface SceneAssets {
  readonly seed: number;
  /** The designs of each class. */
  readonly objects: readonly (readonly Sprite[])[];
  readonly distractors: readonly Sprite[];
}

/** Which scene: its number in its split also names its class, one after the other. */
export interface SceneId {
  readonly split: "train" | "val";
  readonly index: number;
}

/** Draws a scene, [128, 128 to 192, 3] or upright. */
export function drawScene(name: SceneId, assets: SceneAssets): Picture {
  const random = randomOf(name, assets.seed);
  const { width, height } = drawSize(random);
  const canvas = drawBackground(width, height, random);
  addDistractors(canvas, assets.distractors, random);
  const designs = assets.objects[name.index % assets.objects.length]!;
  addObject(canvas, pick(designs, random), random);
  return develop(canvas, random);
}

/** The size of a scene drawn from `seed`, without drawing it. */
export function sizeOf(name: SceneId, seed: number): ImageSize {
  return drawSize(randomOf(name, seed));
}

function randomOf({ split, index }: SceneId, seed: number): Random {
  return uniform(seed, split === "train" ? 1 : 2, index);
}

function drawSize(random: Random): ImageSize {
  const longer = pick(LONGER_SIDES, random);
  const isUpright = random() < PORTRAIT;
  return isUpright ? { width: SIDE, height: longer } : { width: longer, height: SIDE };
}

function addDistractors(canvas: Canvas, sprites: readonly Sprite[], random: Random) {
  const count = Math.floor(random() * (DIFFICULTY.distractors + 1));
  for (let i = 0; i < count; i++) {
    paste(canvas, pick(sprites, random), {
      x: random() * canvas.width,
      y: random() * canvas.height,
      size: SIDE * between(DIFFICULTY.distractor, random),
      turn: 2 * Math.PI * random(),
      mirrored: random() < 0.5,
      colours: drawColourMatrix(random, {
        hue: 60,
        saturation: [0.5, 1.2],
        brightness: [0.6, 1.1],
      }),
    });
  }
}

function addObject(canvas: Canvas, sprite: Sprite, random: Random) {
  const size = SIDE * between(DIFFICULTY.object, random);
  paste(canvas, sprite, {
    x: placeAlong(canvas.width, size, random),
    y: placeAlong(canvas.height, size, random),
    size,
    turn: (random() * 2 - 1) * DIFFICULTY.turn * Math.PI / 180,
    mirrored: random() < 0.5,
    stretch: Math.exp((random() * 2 - 1) * 0.15),
    shear: (random() * 2 - 1) * 0.15,
    colours: drawColourMatrix(random, {
      hue: DIFFICULTY.hue,
      saturation: [0.5, 1.3],
      brightness: [0.6, 1.15],
    }),
  });
}

/** Middle of an object along a side: nearly whole in the picture, and rather central. */
function placeAlong(side: number, size: number, random: Random): number {
  const margin = 0.45 * size;
  if (2 * margin >= side) return side / 2 + (random() - 0.5) * 0.1 * side;
  return margin + (side - 2 * margin) * (random() + random()) / 2;
}

/** Adds light from one side and noise, then rounds to bytes. */
function develop({ width, height, pixels }: Canvas, random: Random): Picture {
  const noise = 1.4 * DIFFICULTY.noise * random();
  const gain = 0.75 + 0.45 * random(), offset = (random() - 0.5) * 30;
  const angle = 2 * Math.PI * random();
  const slopeX = Math.cos(angle) * 0.5 * random() / width;
  const slopeY = Math.sin(angle) * 0.5 * random() / height;
  const bytes = new Uint8ClampedArray(pixels.length);
  let state = Math.floor(random() * 2 ** 32) | 1;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = gain * (1 + slopeX * (x - width / 2) + slopeY * (y - height / 2));
      for (let c = 0; c < 3; c++, i++) {
        // xorshift32; the sum of three of its ten-bit parts is nearly normal.
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        const three = (state & 1023) + ((state >>> 10) & 1023) + ((state >>> 20) & 1023);
        bytes[i] = pixels[i]! * light + offset + noise * (three / 1023 - 1.5);
      }
    }
  }
  return { width, height, channels: 3, pixels: new Uint8Array(bytes.buffer) };
}
