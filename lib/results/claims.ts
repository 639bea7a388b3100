/**
 * What the paper claims, as data, and what measured rows say about it.
 *
 * A claim says where the difference of two rows' errors lies: below 0, say. Two rows bear it out
 * where the whole interval of their difference lies there, contradict it where none of it does, and
 * leave it undecided otherwise.
 *
 * @module
 */
import { type Difference, differenceOf } from "./paired_difference.ts";
import type { Departure, RowResult, TableResult } from "./row_result.ts";
import type { Setup } from "../setup.ts";
import { type Row, title } from "../experiment.ts";
import { compareLosses, type LossOf } from "./losses.ts";
import { differingFields, type Field, namesOf } from "./protocol.ts";
import { imagesToDecide, type Interval, MARGIN } from "../statistics/mod.ts";

/** What a first row's top-1 error is said to be beside a second row's. */
export type Relation = "lower" | "no lower" | "no higher" | "equal";

/**
 * The differences, first - second in points, that a relation allows; neither end is among them.
 * That there is no difference cannot be shown, only that there is none beyond a margin: "no lower"
 * and "no higher" as a non-inferiority trial shows it, "equal" by two one-sided tests (Schuirmann
 * 1987). Not to have found a significant difference shows nothing.
 */
export const ALLOWED: Readonly<Record<Relation, Interval>> = {
  "lower": { low: -Infinity, high: 0 },
  "no lower": { low: -MARGIN, high: Infinity },
  "no higher": { low: -Infinity, high: MARGIN },
  "equal": { low: -MARGIN, high: MARGIN },
};

/** Two rows of tables, of whose errors something is said. */
export interface RowPair {
  readonly first: Row;
  readonly second: Row;
  /** First - second in points, where the paper gives that and no errors. */
  readonly published?: number;
  /**
   * Whether the paper lacks it: a control, which excludes that something else makes the difference.
   * It counts where it is measured.
   */
  readonly control?: true;
}

/** A sentence of the paper, with the rows that it rests on. */
export interface Claim {
  readonly name: string;
  readonly section: string;
  /** The paper's own words; ours are in brackets. */
  readonly sentence: string;
  /** What is made of them, where that is not plain. */
  readonly reading?: string;
  readonly relation: Relation;
  readonly pairs: readonly RowPair[];
  /** What the rows of a pair may differ in; the first is what the claim is about. */
  readonly varies: readonly [Field, ...Field[]];
}

/** What measured numbers say about a claim. */
export type ClaimStatus = "holds" | "contradicted" | "undecided";

/** What they say about one of its pairs. */
export interface PairResult {
  readonly pair: RowPair;
  readonly status: ClaimStatus | "not comparable";
  /** Whether it is contradicted at a confidence that allows for the number of pairs, too. */
  readonly contradictedAfterCorrection: boolean;
  /** First - second as the paper printed them, points. */
  readonly published?: number;
  /** Absent where the rows are not measured, or not comparable. */
  readonly difference?: Difference;
  /** So many images would probably decide it, if the difference is what it seems to be. */
  readonly imagesToDecide?: number;
  /** Names of the tables whose rows are not measured. */
  readonly missing: readonly string[];
  /** Whether the row that tests worse is of a deeper net, which learned its images worse, too. */
  readonly underTrained: boolean;
  /** More about it, in words. */
  readonly note?: string;
}

/** What they say about all of it. */
export interface ClaimResult {
  readonly claim: Claim;
  readonly status: ClaimStatus;
  readonly pairs: readonly PairResult[];
}

/** What became of claims, and where. */
export interface ClaimsResult {
  readonly setup: Setup;
  readonly dataset: TableResult["dataset"];
  readonly departures: readonly Departure[];
  readonly seeds: number;
  readonly claims: readonly ClaimResult[];
}

/** Judges claims by results of the tables that have their rows, and by how trainings ended. */
export function judgeClaims(
  claims: readonly Claim[],
  { tables, lossOf }: { readonly tables: readonly TableResult[]; readonly lossOf: LossOf },
): ClaimResult[] {
  const results = new Map(
    tables.flatMap(({ table, rows }) =>
      rows.map((result): [Row, TableRow] => [result.row, { ...result, table: table.name }])
    ),
  );
  const find = (row: Row): TableRow => {
    const found = results.get(row);
    if (found !== undefined) return found;
    throw new RangeError(`Cannot find the row of "${row.title ?? title(row.evaluations[0]!)}"`);
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

/** The pairs that decide a claim: all but the controls that are not measured. */
export function decidingPairs(pairs: readonly PairResult[]): PairResult[] {
  return pairs.filter(({ pair, missing }) => !pair.control || missing.length === 0);
}

/** A row's result, with the name of its table. */
type TableRow = RowResult & { readonly table: string };

/**
 * A claim is about all of its pairs, measured controls too. So it holds where every pair does, each at 95 %: that needs no
 * correction for their number (an intersection-union test: Berger 1982). It is contradicted where
 * one pair is, but at a confidence of 1 - 0.05 / pairs: of many pairs one is contradicted by chance
 * sooner or later (Bonferroni; Holm's procedure is the same until the first rejection).
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
  const unsaid = { contradictedAfterCorrection: false, underTrained: false, missing: [] };
  const others = differingFields(first, second).filter((field) => !varies.includes(field));
  if (others.length > 0) {
    return { ...unsaid, status: "not comparable", note: `rows differ in ${namesOf(others)}` };
  }
  const missing = [first, second].filter(({ measured }) => measured === undefined);
  if (missing.length > 0) {
    const names = [...new Set(missing.map(({ table }) => table))].sort();
    const note = `needs ${names.map((name) => `deno task ${name}`).join(", ")}`;
    return { ...unsaid, status: "undecided", missing: names, note };
  }
  const difference = differenceOf(first.scores, second.scores);
  const corrected = differenceOf(first.scores, second.scores, 1 - 0.05 / pairs.length);
  const status = statusOf(difference, relation);
  const images = status === "undecided" ? imagesNeeded(difference, relation) : undefined;
  const [worse, better] = difference.points > 0 ? [first, second] : [second, first];
  const losses = status === "contradicted"
    ? compareLosses(worse.row, better.row, lossOf)
    : undefined;
  const note = status === "undecided" ? whatIsKnown(difference, relation) : losses?.words;
  return {
    ...{ ...unsaid, status, difference },
    contradictedAfterCorrection: statusOf(corrected, relation) === "contradicted",
    underTrained: losses?.underTrained ?? false,
    ...images !== undefined && { imagesToDecide: images },
    ...note !== undefined && { note },
  };
}

/** Whether all of an interval, none or a part of it is what a relation allows. */
function statusOf({ interval: { low, high } }: Difference, relation: Relation): ClaimStatus {
  const allowed = ALLOWED[relation];
  if (low > allowed.low && high < allowed.high) return "holds";
  return high <= allowed.low || low >= allowed.high ? "contradicted" : "undecided";
}

/**
 * Images that would tell the difference from the nearest end of what a relation allows. Nothing
 * where it lies on that end, or where it is the seeds that leave it open.
 */
function imagesNeeded({ pairs, from }: Difference, relation: Relation): number | undefined {
  const ends = [ALLOWED[relation].low, ALLOWED[relation].high].filter(Number.isFinite);
  const images = Math.max(...ends.map((end) => imagesToDecide(pairs, end / 100)));
  return from === "images" && Number.isFinite(images) ? images : undefined;
}

/** What an undecided difference tells after all. */
function whatIsKnown({ interval }: Difference, relation: Relation): string | undefined {
  return relation === "lower" && interval.low > -MARGIN && interval.high < MARGIN
    ? `a difference beyond ±${MARGIN} points is excluded`
    : undefined;
}

/** First - second as published, points; errors are printed to 0.1. */
export function publishedDifference({ first, second, published }: RowPair): number | undefined {
  const [one, other] = [first.published.top1, second.published.top1];
  if (one === undefined || other === undefined) return published;
  return Math.round(10 * (one - other)) / 10;
}
