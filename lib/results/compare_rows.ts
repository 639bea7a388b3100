/**
 * The rows of a table against one of them, and against each other, with p-values that are corrected
 * for the number of comparisons.
 *
 * @module
 */
import { quote, UserError } from "../errors.ts";
import { type Table, USUAL_COLUMNS } from "../experiment.ts";
import { holm, letters } from "../statistics/mod.ts";
import { type Difference, differenceOf } from "./paired_difference.ts";
import { correctedPairs } from "./pairwise.ts";
import type { Comparisons, RowResult } from "./row_result.ts";

/** Which row the others are compared with: its number from 1, the one of lowest error, the table's own. */
export type Reference = number | "best" | "baseline";

/** Rows of a table that get letters at most: each is compared with each other one. */
export const MOST_LETTERED = 100;

/** Results of a table, with the table whose baseline is the reference. */
export interface ComparedRows {
  readonly table: Table;
  readonly rows: readonly RowResult[];
  /** What was compared; absent if the reference or all other rows are not measured. */
  readonly comparisons?: Comparisons;
}

/**
 * Compares the measured rows of a table with one of them. Each gets its difference, Holm's corrected
 * p-value over these comparisons, and letters: rows without a common letter differ significantly,
 * where Holm's correction is over all pairs of rows.
 *
 * @param intervals whether the differences' intervals have a column of their own
 * @throws {UserError} The table has no such row, or it is a result of others.
 */
export function compareRows(
  results: readonly RowResult[],
  table: Table,
  reference: Reference,
  intervals = false,
): ComparedRows {
  if (table.study !== undefined) {
    throw new UserError(
      `Cannot compare the rows of ${
        quote(table.name)
      } with one of them: it is a study, whose rows are ` +
        "all compared already; leave --compare out",
    );
  }
  const baseline = rowNumber(results, table, reference);
  const other = results[(baseline ?? 0) - 1];
  if (baseline === undefined || other?.measured === undefined) return { table, rows: results };
  const measured = results.filter((row) => row.measured !== undefined);
  const rivals = measured.filter((row) => row !== other);
  if (rivals.length === 0) return { table, rows: results };
  const found = rivals.map((row) => differenceOf(row.scores, other.scores));
  const corrected = holm(found.map(pValue));
  const lettersOf = measured.length > MOST_LETTERED ? new Map() : lettered(measured);
  return {
    table: { ...table, baseline, ...withComparison(table, intervals) },
    rows: results.map((row) => {
      const i = rivals.indexOf(row);
      return {
        ...row,
        ...i >= 0 && { difference: found[i]!, pHolm: corrected[i]! },
        ...lettersOf.has(row) && { letters: lettersOf.get(row)! },
      };
    }),
    comparisons: {
      isBest: reference === "best",
      withReference: rivals.length,
      ...lettersOf.size > 0 && { pairs: measured.length * (measured.length - 1) / 2 },
    },
  };
}

/** Columns of a table that lists its columns: those of the comparison are always shown. */
function withComparison({ columns }: Table, intervals: boolean): Pick<Table, "columns"> {
  if (columns === undefined && !intervals) return {};
  const own = intervals ? ["interval" as const] : [];
  return { columns: [...columns ?? USUAL_COLUMNS, "difference", ...own, "p"] };
}

/** The number of the row to compare with; undefined if it is the best and none is measured. */
function rowNumber(
  results: readonly RowResult[],
  { name, baseline }: Table,
  reference: Reference,
): number | undefined {
  if (reference === "best") {
    const errors = results.map(({ measured }) => measured?.top1 ?? Infinity);
    const best = Math.min(...errors);
    return best === Infinity ? undefined : errors.indexOf(best) + 1;
  }
  const number = reference === "baseline" ? baseline : reference;
  if (number === undefined) {
    throw new UserError(
      `Cannot compare with the baseline of ${
        quote(name)
      }: it names none; give the number of a row, ` +
        "as in --compare 1, or --compare best",
    );
  }
  const row = results[number - 1];
  if (row === undefined) {
    throw new UserError(
      `Cannot compare with row ${number} of ${quote(name)}: its rows are 1 to ${results.length}`,
    );
  }
  if (row.row.evaluations.length === 0) {
    throw new UserError(
      `Cannot compare with row ${number} of ${
        quote(name)
      }: it is a result of others, whose images ` +
        "are not known one by one; name a row that is measured here",
    );
  }
  return number;
}

/** McNemar's p-value; with several seeds, Student's if that is larger: both must reject. */
function pValue({ p, pSeeds = 0 }: Difference): number {
  return Math.max(p, pSeeds);
}

/** Letters of rows. */
function lettered(rows: readonly RowResult[]): Map<RowResult, string> {
  const sorted = rows.toSorted((a, b) => a.measured!.top1 - b.measured!.top1);
  const pairs = sorted.flatMap((one, i) =>
    sorted.slice(i + 1).map((other) => pValue(differenceOf(one.scores, other.scores)))
  );
  const found = letters(sorted.length, correctedPairs(pairs, sorted.length).differ);
  return new Map(sorted.map((row, i) => [row, found[i]!]));
}
