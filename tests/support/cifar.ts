/** Files of CIFAR-10 and CIFAR-100, made from formulas. */

/**
 * Records of CIFAR's binary versions, one for each list of labels: red is `level`, green the pixel's
 * column, blue its row.
 */
export function cifarRecords(labels: readonly (readonly number[])[], level = 0): Uint8Array {
  const bytes = new Uint8Array(labels.reduce((sum, { length }) => sum + length + 3072, 0));
  const pixels = new Uint8Array(3072).fill(level, 0, 1024);
  for (let i = 0; i < 1024; i++) {
    pixels[1024 + i] = i % 32;
    pixels[2048 + i] = Math.floor(i / 32);
  }
  let at = 0;
  for (const each of labels) {
    bytes.set(each, at);
    bytes.set(pixels, at += each.length);
    at += 3072;
  }
  return bytes;
}

/** The superclass of each class of CIFAR-100, as its files have them. */
export const SUPERCLASS_OF = [
  ...[4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7],
  ...[6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10],
  ...[16, 4, 17, 4, 2, 0, 17, 4, 18, 17, 10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16],
  ...[12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13],
];

/** The labels of `each` records of every class of CIFAR-100: coarse, fine. */
export function cifar100Labels(each = 1): [coarse: number, fine: number][] {
  return Array.from({ length: 100 * each }, (_, i) => [SUPERCLASS_OF[i % 100]!, i % 100]);
}
