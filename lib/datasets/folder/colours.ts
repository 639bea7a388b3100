/**
 * Mean and covariance of colours, from integer sums. They are exact: the order of the images and the
 * number of workers do not matter.
 *
 * @module
 */
import type { Colours } from "../dataset.ts";
import type { Picture } from "../pixels.ts";

/** Sums over pixels: their number; r, g, b; rr, rg, rb, gg, gb, bb. */
export type ColourSums = readonly [
  pixels: bigint,
  r: bigint,
  g: bigint,
  b: bigint,
  rr: bigint,
  rg: bigint,
  rb: bigint,
  gg: bigint,
  gb: bigint,
  bb: bigint,
];

/** The sums of no pixels. */
export const NO_COLOURS: ColourSums = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];

/** The sums of one picture's pixels. Grey counts as equal red, green and blue. */
export function sumColours({ channels, pixels }: Picture): ColourSums {
  const green = channels === 3 ? 1 : 0, blue = channels === 3 ? 2 : 0;
  let r = 0, g = 0, b = 0, rr = 0, rg = 0, rb = 0, gg = 0, gb = 0, bb = 0;
  for (let i = 0; i < pixels.length; i += channels) {
    const R = pixels[i]!, G = pixels[i + green]!, B = pixels[i + blue]!;
    r += R;
    g += G;
    b += B;
    rr += R * R;
    rg += R * G;
    rb += R * B;
    gg += G * G;
    gb += G * B;
    bb += B * B;
  }
  const sums = [pixels.length / channels, r, g, b, rr, rg, rb, gg, gb, bb];
  return sums.map(BigInt) as unknown as ColourSums;
}

/** The sums of two sets of pixels together. */
export function addColours(a: ColourSums, b: ColourSums): ColourSums {
  return a.map((sum, i) => sum + b[i]!) as unknown as ColourSums;
}

/** Mean (0 to 255) and covariance (of values in [0, 1]) of the pixels that were summed. */
export function coloursOf([n, r, g, b, rr, rg, rb, gg, gb, bb]: ColourSums): Colours {
  const count = Number(n);
  // cov(x, y) = E[xy] - E[x] E[y] = (n sum(xy) - sum(x) sum(y)) / n^2
  const cov = (xy: bigint, x: bigint, y: bigint) =>
    Number(n * xy - x * y) / count / count / 255 ** 2;
  const [rgCov, rbCov, gbCov] = [cov(rg, r, g), cov(rb, r, b), cov(gb, g, b)];
  return {
    mean: [Number(r) / count, Number(g) / count, Number(b) / count],
    covariance: [
      [cov(rr, r, r), rgCov, rbCov],
      [rgCov, cov(gg, g, g), gbCov],
      [rbCov, gbCov, cov(bb, b, b)],
    ],
  };
}
