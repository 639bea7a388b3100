/** Sentences of a table in a paper: a short caption, footnotes, and what all tables have in common. */
import { count } from "../numbers.ts";
import type { TableResult } from "../results/row_result.ts";
import {
  accuracyInWords,
  baselineInWords,
  chosenInWords,
  departureNotes,
  doubtNotes,
  intervalsInWords,
  measuredOn,
  missingInWords,
  mostSeeds,
  ownNotes,
  publishedElsewhere,
  seedsInWords,
  SIDES,
  studentsInWords,
  testServerInWords,
  withoutTopFive,
} from "./words.ts";

/** The sentences of a table in a paper, whose captions are short and which says nothing twice. */
export interface PaperWords {
  /** After the title, in the caption. */
  readonly caption: readonly string[];
  /** Under the table. */
  readonly notes: readonly string[];
  /** True of all tables of the same data and setup: a document of several tables says them once. */
  readonly shared: readonly string[];
  /** Footnotes of columns, at their headings. */
  readonly footnotes: readonly { readonly column: number; readonly text: string }[];
  /** A column of letters, `from`, that are superscripts of the numbers in column `to`. */
  readonly letters?: { readonly from: number; readonly to: number };
}

/** The words of a table in a paper, but for its footnotes. */
export function paperWordsOf(
  result: TableResult,
): Pick<PaperWords, "caption" | "notes" | "shared"> {
  const { dataset, setup, comparisons } = result;
  const accuracy = accuracyInWords(result);
  return {
    caption: [seedsInWords(result), ...accuracy === undefined ? [] : [`${accuracy}.`]],
    notes: [
      ...ownNotes(result),
      ...comparisons === undefined ? baselineInWords(result) : chosenInWords(result),
      ...testServerInWords(result),
      ...missingInWords(result),
    ],
    shared: [
      `Measured: ${measuredOn(result)}.`,
      ...publishedElsewhere(result),
      SIDES,
      ...withoutTopFive(dataset.classes, setup.evaluate),
      ...doubtNotes(result),
      ...departureNotes(result),
    ],
  };
}

/** Footnotes of a paper on the columns of a comparison: test, correction and number of images. */
export function comparisonFootnotes(
  result: TableResult,
): Readonly<Record<"difference" | "interval" | "p" | "letters", string>> | undefined {
  const { table: { baseline }, dataset: { images }, rows, comparisons } = result;
  if (comparisons === undefined) return undefined;
  const seeds = mostSeeds(rows);
  const { letters, p, n } = footnotesOnTest({
    test: `McNemar's exact test${studentsInWords(result)}`,
    pairs: comparisons.pairs ?? 0,
    rows: comparisons.withReference,
    ...{ images, seeds },
  });
  const difference = `Top-1 error minus that of row ${baseline}`;
  const interval = `${intervalsInWords(result)}, not corrected; ${n}.`;
  const isAlone = result.table.columns?.includes("interval") === true;
  return {
    difference: isAlone ? `${difference}.` : `${difference}, with ${interval}`,
    interval: `Of the difference: ${interval}`,
    p: `${p} * marks p < 0.05.`,
    letters,
  };
}

/** Sentences on p-values and letters: the test, the correction for several comparisons, and n. */
export function footnotesOnTest({ test, pairs, rows, images, seeds }: {
  readonly test: string;
  /** Pairs of rows that letters are about. */
  readonly pairs: number;
  /** Rows that p-values are corrected for; absent if that is for all pairs, too. */
  readonly rows?: number;
  readonly images: number;
  readonly seeds: number;
}): Readonly<Record<"p" | "letters" | "n", string>> {
  const n = `n = ${count(images, "image")}${seeds > 1 ? ` and ${seeds} seeds` : ""}`;
  const corrected = (comparisons: number, what: string) =>
    comparisons > 1 ? `, Holm's correction for ${what}` : "";
  const forPairs = corrected(pairs, `${count(pairs, "pair")} of rows`);
  const forRows = rows === undefined ? forPairs : corrected(rows, count(rows, "row"));
  return {
    p: `${test}${forRows}; ${n}.`,
    letters: `Rows without a common letter differ: p < 0.05, ${test}${forPairs}; ${n}.`,
    n,
  };
}
