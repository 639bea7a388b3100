/** Rows by their errors, and which of them differ: every pair is tested, and the tests are corrected. */
import { fewLetters } from "../statistics/mod.ts";
import { correctedPairs, pairwiseP, placeOfPair } from "./pairwise.ts";
import type { RowResult } from "./row_result.ts";

/** A row in its place. */
export interface Ranked<Row> {
  readonly row: Row;
  readonly result: RowResult;
  /** Corrected p-value of no difference from the best row; absent in that row, and without errors. */
  readonly p?: number;
  /** Rows without a common letter differ; absent where nobody could read them. */
  readonly letters?: string;
}

/**
 * Rows in the order of their top-1 errors, those without one last.
 *
 * @param results of each row; errors of the same images, under equally many seeds
 */
export function ranked<Row>(rows: readonly Row[], results: readonly RowResult[]): Ranked<Row>[] {
  const all = rows.map((row, i) => ({ row, result: results[i]! }));
  const measured = all.filter(({ result }) => result.measured !== undefined)
    .sort((one, other) => one.result.measured!.top1 - other.result.measured!.top1);
  const count = measured.length;
  const pairs = [...pairwiseP(measured.map(({ result }) => result.scores))];
  const { p, differ } = correctedPairs(pairs, count);
  const letters = fewLetters(count, differ);
  return [
    ...measured.map((each, i) => ({
      ...each,
      ...i > 0 && { p: p[placeOfPair(0, i, count)]! },
      ...letters && { letters: letters[i]! },
    })),
    ...all.filter(({ result }) => result.measured === undefined),
  ];
}
