/**
 * Every row against every other one, on the same images: the p-values of McNemar's exact test and, with
 * several seeds, Student's if that is larger, as in `paired_difference.ts`, fast enough for a thousand
 * rows.
 *
 * @module
 */
import { holm, mcnemar, ones, studentTest } from "../statistics/mod.ts";
import { misses } from "../score.ts";
import type { Ranks } from "./paired_difference.ts";

/** Differences with a lower corrected p-value are significant. */
export const SIGNIFICANT = 0.05;

/** P-values of all pairs of rows, corrected (Holm), and whether two rows differ by them. */
export interface CorrectedPairs {
  /** In the order of `pairwiseP`. */
  readonly p: readonly number[];
  differ(one: number, other: number): boolean;
}

/** Corrects the p-values of all pairs of `rows` rows, which are in the order of `pairwiseP`. */
export function correctedPairs(p: readonly number[], rows: number): CorrectedPairs {
  const corrected = holm(p);
  return {
    p: corrected,
    differ: (one, other) => corrected[placeOfPair(one, other, rows)]! < SIGNIFICANT,
  };
}

/** P-values of all pairs, those of the first row first: 0-1, 0-2, ..., 1-2, ... */
export function pairwiseP(rows: readonly (readonly Ranks[])[]): Float64Array {
  const [first = []] = rows;
  const images = first[0]?.ranks.length ?? 0;
  const odd = rows.find((seeds) =>
    seeds.length !== first.length || seeds.some(({ ranks }) => ranks.length !== images)
  );
  if (odd !== undefined) throw new RangeError("Cannot compare rows of other seeds or images");
  const planes = rows.map((seeds) => planesOf(seeds, images));
  const wrong = planes.map(([plane]) => plane === undefined ? 0 : onesIn(plane));
  const misclassified = rows.map((seeds) => seeds.map((each) => misses(each, 1)));
  const known = new Map<number, number>(); // many pairs have the same numbers
  const p = new Float64Array(rows.length * (rows.length - 1) / 2);
  let place = 0;
  for (let one = 0; one < rows.length; one++) {
    for (let other = one + 1; other < rows.length; other++) {
      const [a, b] = [planes[one]!, planes[other]!];
      let onlyOne: number, onlyOther: number;
      if (a.length === 1) {
        const both = onesInBoth(a[0]!, b[0]!);
        [onlyOne, onlyOther] = [wrong[one]! - both, wrong[other]! - both];
      } else [onlyOne, onlyOther] = discordant(a, b);
      const numbers = onlyOne * (images + 1) + onlyOther;
      const value = known.get(numbers) ?? mcnemar(onlyOne, onlyOther);
      known.set(numbers, value);
      p[place++] = Math.max(value, pOfSeeds(misclassified[one]!, misclassified[other]!));
    }
  }
  return p;
}

/** Student's paired t-test of numbers of misclassified images, one for each seed; 0 for a single seed. */
function pOfSeeds(one: readonly number[], other: readonly number[]): number {
  return one.length < 2 ? 0 : studentTest(one.map((count, seed) => count - other[seed]!));
}

/** The place of a pair in such a list. */
export function placeOfPair(one: number, other: number, rows: number): number {
  const [first, second] = one < other ? [one, other] : [other, one];
  return first * rows - first * (first + 1) / 2 + second - first - 1;
}

/** In how many seeds each image was wrong, as binary numbers: all images' highest bits first. */
type Planes = readonly Int32Array[];

function planesOf(seeds: readonly Ranks[], images: number): Planes {
  const counts = new Uint32Array(images);
  for (const { ranks } of seeds) {
    for (let image = 0; image < images; image++) counts[image]! += ranks[image]! > 0 ? 1 : 0;
  }
  return Array.from({ length: 32 - Math.clz32(seeds.length) }, (_, bit) => {
    const plane = new Int32Array(Math.ceil(images / 32));
    for (let image = 0; image < images; image++) {
      plane[image >> 5]! |= (counts[image]! >> bit & 1) << (image & 31);
    }
    return plane;
  }).reverse();
}

/** Images that one seed got wrong. */
function onesIn(plane: Int32Array): number {
  return onesInBoth(plane, plane);
}

/** Images that two seeds got wrong: half a million pairs take these few operations a word. */
function onesInBoth(one: Int32Array, other: Int32Array): number {
  let sum = 0;
  for (let word = 0; word < one.length; word++) sum += ones(one[word]! & other[word]!);
  return sum;
}

/** Numbers of images that one row got wrong in more seeds than the other, and the other way round. */
function discordant(one: Planes, other: Planes): readonly [number, number] {
  const words = one[0]!.length;
  let [onlyOne, onlyOther] = [0, 0];
  for (let word = 0; word < words; word++) {
    let [equal, more, fewer] = [-1, 0, 0];
    for (let plane = 0; plane < one.length; plane++) {
      const [a, b] = [one[plane]![word]!, other[plane]![word]!];
      more |= equal & a & ~b;
      fewer |= equal & b & ~a;
      equal &= ~(a ^ b);
    }
    onlyOne += ones(more);
    onlyOther += ones(fewer);
  }
  return [onlyOne, onlyOther];
}
