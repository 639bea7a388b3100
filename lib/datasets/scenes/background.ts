/**
 * Backgrounds: three colours mixed by a random texture, some with stripes, lit from one side.
 *
 * @module
 */
import type { Random } from "./chance.ts";

/** A picture while it is drawn: red, green, blue, 0 to 255 but not yet rounded or clipped. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3] */
  readonly pixels: Float32Array;
}

/** Frequencies of the texture, each about twice the one before. */
const OCTAVES = 4;

/** A canvas with a background. */
export function drawBackground(width: number, height: number, random: Random): Canvas {
  const [high, low, shade] = [drawColour(random), drawColour(random), drawColour(random)];
  const lightAngle = 2 * Math.PI * random();
  const lightX = Math.cos(lightAngle) / width, lightY = Math.sin(lightAngle) / height;
  const texture = drawTexture(width, height, random);

  const isStriped = random() < 0.35;
  const frequency = 0.1 + 0.5 * random(); // radians a pixel
  const angle = Math.PI * random();
  const stripeX = Math.cos(angle) * frequency, stripeY = Math.sin(angle) * frequency;
  const wobble = 2 + 4 * random();
  const stripes = isStriped ? 0.5 * random() : 0;
  const contrast = 0.5 + random();

  const pixels = new Float32Array(height * width * 3);
  for (let y = 0, i = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++, o += 3) {
      const noise = texture[i]!;
      let mix = 0.5 + contrast * noise;
      if (stripes > 0) mix += stripes * Math.sin(stripeX * x + stripeY * y + wobble * noise);
      mix = mix < 0 ? 0 : mix > 1 ? 1 : mix;
      let light = 0.5 + lightX * (x - width / 2) + lightY * (y - height / 2);
      light = light < 0 ? 0 : light > 1 ? 1 : light;

      const lit = 0.45 + 0.55 * light, shaded = 0.55 * (1 - light);
      pixels[o] = (high[0] + (low[0] - high[0]) * mix) * lit + shade[0] * shaded;
      pixels[o + 1] = (high[1] + (low[1] - high[1]) * mix) * lit + shade[1] * shaded;
      pixels[o + 2] = (high[2] + (low[2] - high[2]) * mix) * lit + shade[2] * shaded;
    }
  }
  return { width, height, pixels };
}

/** A colour: grey of 40 to 220, and up to 90 levels towards a hue. */
function drawColour(random: Random): [number, number, number] {
  const grey = 40 + 180 * random(), chroma = 90 * random(), hue = 2 * Math.PI * random();
  const third = 2 * Math.PI / 3;
  return [
    grey + chroma * Math.cos(hue),
    grey + chroma * Math.cos(hue - third),
    grey + chroma * Math.cos(hue + third),
  ];
}

/**
 * Value noise: random numbers on grids of finer and finer cells, blended smoothly between the
 * grid's points and summed. [height, width], about -1 to 1.
 */
function drawTexture(width: number, height: number, random: Random): Float32Array {
  const sum = new Float32Array(height * width);
  const roughness = 0.35 + 0.35 * random();
  const columns = new Uint16Array(width), blends = new Float32Array(width);
  let cell = 16 + 48 * random(); // pixels
  let amplitude = 1.6 / (1 + roughness + roughness ** 2 + roughness ** 3);

  for (let octave = 0; octave < OCTAVES; octave++) {
    const gridWidth = Math.ceil(width / cell) + 2, gridHeight = Math.ceil(height / cell) + 2;
    const grid = new Float32Array(gridWidth * gridHeight);
    for (let i = 0; i < grid.length; i++) grid[i] = (random() * 2 - 1) * amplitude;
    for (let x = 0; x < width; x++) {
      columns[x] = Math.floor(x / cell);
      blends[x] = smooth(x / cell - columns[x]!);
    }

    const row = new Float32Array(gridWidth);
    for (let y = 0, i = 0; y < height; y++) {
      const above = Math.floor(y / cell), blend = smooth(y / cell - above);
      for (let column = 0, a = above * gridWidth; column < gridWidth; column++, a++) {
        row[column] = grid[a]! + (grid[a + gridWidth]! - grid[a]!) * blend;
      }
      for (let x = 0; x < width; x++, i++) {
        const left = row[columns[x]!]!;
        sum[i]! += left + (row[columns[x]! + 1]! - left) * blends[x]!;
      }
    }
    amplitude *= roughness;
    cell /= 2.2;
  }
  return sum;
}

/** From 0 to 1 with no slope at the ends. */
function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
