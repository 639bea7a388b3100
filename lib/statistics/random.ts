/** Random numbers that depend on a key only, so that any draw can be repeated. */

/** The largest seed: keys have 32 bits, and a seed of more bits would draw as a smaller one does. */
export const LARGEST_SEED = 2 ** 32 - 1;

/**
 * A source of uniform numbers in [0, 1) for a key such as (seed, epoch, index): the generator
 * sfc32 (Chris Doty-Humphrey, PractRand), its state mixed from the key by MurmurHash3's finaliser.
 *
 * ```ts
 * import { uniform } from "./random.ts";
 *
 * const [a, b] = [uniform(1, 2, 3), uniform(1, 2, 3)];
 * if (a() !== b() || a() !== b()) throw new Error("equal keys must draw alike");
 * ```
 *
 * @throws {RangeError} A part of the key is not a whole number of 32 bits.
 */
export function uniform(...key: readonly number[]): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (const part of key) {
    if ((part | 0) !== part && part >>> 0 !== part) {
      throw new RangeError(`Cannot draw by ${part}: a key is made of whole numbers of 32 bits`);
    }
    a = mix(a ^ part);
    b = mix(b ^ a);
    c = mix(c ^ b);
  }
  const next = () => {
    const sum = (a + b | 0) + counter | 0;
    counter = counter + 1 | 0;
    a = b ^ b >>> 9;
    b = c + (c << 3) | 0;
    c = (c << 21 | c >>> 11) + sum | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) next();
  return next;
}

/** MurmurHash3's 32-bit finaliser. */
function mix(h: number): number {
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}

/** A draw from the normal distribution N(0, 1), by the Box-Muller transform. */
export function normal(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** The numbers 0 to `count` - 1 in random order (Fisher-Yates). */
export function permutation(count: number, draw: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
