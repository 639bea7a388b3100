/**
 * The paper's claims as data, and their judgement by measured rows.
 *
 * A claim gives a range for the difference of two rows' errors, such as below 0. It holds if the whole
 * interval of the measured difference is in that range, is contradicted if the whole interval is
 * outside, and is undecided otherwise.
 *
 * @module
 */
import { type Difference, differenceOf } from "./paired_difference.ts";
import type { Departure, RowResult, TableResult } from "./row_result.ts";
import type { Setup } from "../setup.ts";
import { displayName, type Row, type Table } from "../experiment.ts";
import { tableTask } from "./table_task.ts";
import { compareLosses, type LossOf } from "./losses.ts";
import { differingFields, type Field, namesOf } from "./protocol.ts";
import { imagesToDecide, type Interval, MARGIN } from "../statistics/mod.ts";

/** The claimed relation of a first row's top-1 error to that of a second row. */
export type Relation = "lower" | "no lower" | "no higher" | "equal";

/**
 * The differences, first - second in points, that a relation allows, without the ends. Equality
 * cannot be shown, only that the difference is within a margin: "no lower" and "no higher" as in a
 * non-inferiority trial, "equal" by two one-sided tests (Schuirmann 1987). A difference that is not
 * significant shows nothing.
 */
export const ALLOWED: Readonly<Record<Relation, Interval>> = {
  "lower": { low: -Infinity, high: 0 },
  "no lower": { low: -MARGIN, high: Infinity },
  "no higher": { low: -Infinity, high: MARGIN },
  "equal": { low: -MARGIN, high: MARGIN },
};

/** Two rows of tables whose errors a claim compares. */
export interface RowPair {
  /** Whose error is first in the relation. */
  readonly first: Row;
  /** Whose error is second. */
  readonly second: Row;
  /** First - second in points, if the paper gives the difference but not the errors. */
  readonly published?: number;
  /**
   * Whether the paper lacks it: a control, which excludes that something else makes the difference.
   * It counts where it is measured.
   */
  readonly control?: true;
}

/** A sentence of the paper, with the rows that support it. */
export interface Claim {
  /** One word, for the command line. */
  readonly name: string;
  /** Where the sentence stands. */
  readonly section: string;
  /** The paper's words; ours are in brackets. */
  readonly sentence: string;
  /** How the sentence is interpreted, where that is not obvious. */
  readonly reading?: string;
  /** How the first error of a pair is said to be to the second. */
  readonly relation: Relation;
  /** Rows to compare. */
  readonly pairs: readonly RowPair[];
  /** Fields in which the rows of a pair may differ; the first is the subject of the claim. */
  readonly varies: readonly [Field, ...Field[]];
}

/** The status of a claim. */
export type ClaimStatus = "holds" | "contradicted" | "undecided";

/** The judgement of one pair of a claim. */
export interface PairResult {
  readonly pair: RowPair;
  readonly status: ClaimStatus | "not comparable";
  /** Whether it is contradicted after correction for the number of pairs, too. */
  readonly contradictedAfterCorrection: boolean;
  /** First - second as published, points. */
  readonly published?: number;
  /** Absent if the rows are not measured or not comparable. */
  readonly difference?: Difference;
  /** Number of images that would decide it with a probability of 80 %, if the true difference is the measured one. */
  readonly imagesToDecide?: number;
  /** Names of the tables whose rows are not measured. */
  readonly missing: readonly string[];
  /** Set if all of these rows have numbers that mean nothing: to run them again changes nothing. */
  readonly leftOut?: true;
  /** Whether the row with the higher error has the deeper net, whose training loss is higher, too. */
  readonly underTrained: boolean;
  /** An explanation in words. */
  readonly note?: string;
}

/** The judgement of a claim. */
export interface ClaimResult {
  readonly claim: Claim;
  readonly status: ClaimStatus;
  readonly pairs: readonly PairResult[];
}

/** Judged claims, with data set and setup. */
export interface ClaimsResult {
  readonly setup: Setup;
  readonly dataset: TableResult["dataset"];
  readonly departures: readonly Departure[];
  /** As in `TableResult`. */
  readonly doubts?: readonly string[];
  readonly seeds: number;
  readonly claims: readonly ClaimResult[];
}

/** Judges claims by the results of the tables with their rows, and by final training losses. */
export function judgeClaims(
  claims: readonly Claim[],
  { tables, lossOf }: { readonly tables: readonly TableResult[]; readonly lossOf: LossOf },
): ClaimResult[] {
  const results = new Map(
    tables.flatMap(({ table, rows }) =>
      rows.map((result): [Row, TableRow] => [result.row, { ...result, table }])
    ),
  );
  const find = (row: Row): TableRow => {
    const found = results.get(row);
    if (found !== undefined) return found;
    throw new RangeError(
      `Cannot find the row of "${row.title ?? displayName(row.evaluations[0]!)}"`,
    );
  };
  return claims.map((claim) => {
    const pairs = claim.pairs.map((pair) => {
      const published = publishedDifference(pair);
      const judgement = judgePair(claim, [find(pair.first), find(pair.second)], lossOf);
      return { pair, ...published !== undefined && { published }, ...judgement };
    });
    return { claim, pairs, status: overall(pairs) };
  });
}

/** The pairs that decide a claim: all except controls that are not measured. */
export function decidingPairs(pairs: readonly PairResult[]): PairResult[] {
  return pairs.filter(({ pair, missing }) => !pair.control || missing.length === 0);
}

/** A row's result, with its table. */
type TableRow = RowResult & { readonly table: Table };

/**
 * A claim holds if every pair holds, measured controls included, each at 95 %. That needs no
 * correction for their number (an intersection-union test: Berger 1982). It is contradicted if one
 * pair is contradicted at a confidence of 1 - 0.05 / pairs, as one of many pairs may be contradicted
 * by chance (Bonferroni; Holm's procedure is the same until the first rejection).
 */
function overall(all: readonly PairResult[]): ClaimStatus {
  const pairs = decidingPairs(all);
  if (pairs.every(({ status }) => status === "holds")) return "holds";
  return pairs.some(({ contradictedAfterCorrection }) => contradictedAfterCorrection)
    ? "contradicted"
    : "undecided";
}

function judgePair(
  { relation, pairs, varies }: Claim,
  [first, second]: readonly [TableRow, TableRow],
  lossOf: LossOf,
): Omit<PairResult, "pair" | "published"> {
  const unknown = { contradictedAfterCorrection: false, underTrained: false, missing: [] };
  const others = differingFields(first, second).filter((field) => !varies.includes(field));
  if (others.length > 0) {
    return { ...unknown, status: "not comparable", note: `rows differ in ${namesOf(others)}` };
  }
  const missing = [first, second].filter(({ measured }) => measured === undefined);
  if (missing.length > 0) {
    const names = [...new Set(missing.map(({ table }) => table.name))].sort();
    const reasons = missing.flatMap(({ comparison }) =>
      comparison?.status === "left out" ? [comparison.reason] : []
    );
    const open = missing.filter(({ isMeaningless }) => !isMeaningless);
    const needed = new Map(open.map(({ table }) => [table.name, tableTask(table)]));
    const tasks = [...needed.keys()].sort().map((name) => needed.get(name));
    const note = [
      ...reasons.length > 0 ? [`left out: ${reasons.join("; ")}`] : [],
      ...tasks.length > 0 ? [`needs ${tasks.join(", ")}`] : [],
    ].join("; ");
    return {
      ...{ ...unknown, status: "undecided", missing: names, note },
      ...open.length === 0 && { leftOut: true },
    };
  }
  const difference = differenceOf(first.scores, second.scores);
  const corrected = differenceOf(first.scores, second.scores, 1 - 0.05 / pairs.length);
  const status = statusOf(difference, relation);
  const images = status === "undecided" ? imagesNeeded(difference, relation) : undefined;
  const [worse, better] = difference.points > 0 ? [first, second] : [second, first];
  const losses = status === "contradicted"
    ? compareLosses(worse.row, better.row, lossOf)
    : undefined;
  const note = status === "undecided" ? exclusionOf(difference, relation) : losses?.words;
  return {
    ...{ ...unknown, status, difference },
    contradictedAfterCorrection: statusOf(corrected, relation) === "contradicted",
    underTrained: losses?.underTrained ?? false,
    ...images !== undefined && { imagesToDecide: images },
    ...note !== undefined && { note },
  };
}

/** Compares an interval with the range that a relation allows. */
function statusOf({ interval: { low, high } }: Difference, relation: Relation): ClaimStatus {
  const allowed = ALLOWED[relation];
  if (low > allowed.low && high < allowed.high) return "holds";
  return high <= allowed.low || low >= allowed.high ? "contradicted" : "undecided";
}

/**
 * Number of images that would decide with a probability of 80 % whether the difference is in the range
 * that a relation allows. Undefined if the difference is at an end, or if more seeds are needed instead.
 */
function imagesNeeded({ pairs, from }: Difference, relation: Relation): number | undefined {
  const { low, high } = ALLOWED[relation];
  const images = imagesToDecide(pairs, { low: low / 100, high: high / 100 });
  return from === "images" && Number.isFinite(images) ? images : undefined;
}

/** What an undecided difference still excludes, in words. */
function exclusionOf({ interval }: Difference, relation: Relation): string | undefined {
  return relation === "lower" && interval.low > -MARGIN && interval.high < MARGIN
    ? `a difference beyond ±${MARGIN} points is excluded`
    : undefined;
}

/** First - second as published, points; errors are printed to 0.1. */
export function publishedDifference({ first, second, published }: RowPair): number | undefined {
  const [one, other] = [first.published?.top1, second.published?.top1];
  if (one === undefined || other === undefined) return published;
  return Math.round(10 * (one - other)) / 10;
}
