/**
 * Changes of colour as matrices: hue, saturation and brightness in one product a pixel.
 *
 * @module
 */
import { between, type Random } from "./chance.ts";

/** Rows give red, green and blue from red, green and blue; nine numbers. */
export type ColourMatrix = Float32Array;

/** Weights of red, green and blue in brightness (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Draws a change of colour: hue turned by up to `hue` degrees either way, the others in a range. */
export function drawColourMatrix(
  random: Random,
  { hue, saturation, brightness }: {
    readonly hue: number;
    readonly saturation: readonly [min: number, max: number];
    readonly brightness: readonly [min: number, max: number];
  },
): ColourMatrix {
  const turned = hueRotation((random() * 2 - 1) * hue * Math.PI / 180);
  const colourful = between(saturation, random), bright = between(brightness, random);
  const matrix = new Float32Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) {
        const saturate = (row === k ? colourful : 0) + (1 - colourful) * LUMA[k]!;
        sum += saturate * turned[k * 3 + column]!;
      }
      matrix[row * 3 + column] = sum * bright;
    }
  }
  return matrix;
}

/** Turns hues by `angle` radians: the hueRotate matrix of SVG's feColorMatrix. */
function hueRotation(angle: number): number[] {
  const c = Math.cos(angle), s = Math.sin(angle);
  // deno-fmt-ignore
  return [
    0.299 + 0.701 * c + 0.168 * s, 0.587 - 0.587 * c + 0.330 * s, 0.114 - 0.114 * c - 0.497 * s,
    0.299 - 0.299 * c - 0.328 * s, 0.587 + 0.413 * c + 0.035 * s, 0.114 - 0.114 * c + 0.292 * s,
    0.299 - 0.300 * c + 1.250 * s, 0.587 - 0.588 * c - 1.050 * s, 0.114 + 0.886 * c - 0.203 * s,
  ];
}
