/** Numbers for tests that follow from a formula, so that PyTorch's side can make them too. */

/** A number in [-1, 1) that looks random and follows from a whole number. */
export function noise(i: number): number {
  const x = Math.sin((i + 1) * 12.9898) * 43758.5453;
  return 2 * (x - Math.floor(x)) - 1;
}

/** `count` such numbers from index `from` on, times `scale`. */
export function noises(count: number, { from = 0, scale = 1 } = {}): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => scale * noise(from + i));
}

/** `count` bytes, 0 to 255. */
export function noisyBytes(count: number, { from = 0 } = {}): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => Math.floor(128 * (noise(from + i) + 1)));
}

/** The largest difference of two lists, relative to the largest number of the second. */
export function gap(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) {
    throw new RangeError(`Cannot compare ${found.length} numbers with ${expected.length}`);
  }
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
    if (Number.isNaN(found[i])) return NaN;
  }
  return difference / largest;
}
