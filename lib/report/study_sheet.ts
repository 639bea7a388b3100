/** A study as a sheet: a row for each combination, by error. */
import type { Row } from "../experiment.ts";
import { count } from "../numbers.ts";
import { footnotesOnTest, type PaperWords } from "./paper_words.ts";
import { type Ranked, ranked } from "../results/ranking.ts";
import type { TableResult } from "../results/row_result.ts";
import { tableTask } from "../results/table_task.ts";
import { deviation, type FlatRecord, rounded } from "./records.ts";
import { cell, type Sheet } from "./sheet.ts";
import {
  departureInWords,
  errorText,
  measuredOn,
  MISSING,
  mostSeeds,
  probability,
  rangeText,
  STUDENTS,
  withoutTopFive,
} from "./words.ts";

/** The value of each list of a study's grid in a row. */
function valuesOf({ combination }: Row): Readonly<Record<string, string | number>> {
  return combination?.values ?? {};
}

/** Lists of a study's grid, those that are columns, and whether there are letters. */
interface Columns {
  readonly axes: readonly string[];
  readonly shown: readonly string[];
  readonly hasLetters: boolean;
}

/** A study as a sheet. Lists of one value are in its records only. */
export function sheetOfStudy(result: TableResult): Sheet {
  const { table: { name, caption, rows: all } } = result;
  const rows = ranked(all, result.rows);
  const axes = all[0] === undefined ? [] : Object.keys(valuesOf(all[0]));
  const varied = axes.filter((axis) => new Set(all.map((row) => valuesOf(row)[axis])).size > 1);
  const shown = varied.length > 0 ? varied : axes;
  const hasTop5 = rows.some(({ result }) => result.measured?.top5 !== undefined);
  const hasLetters = rows.some(({ letters }) => letters !== undefined);
  const best = rows[0]?.result.measured?.top1;
  const isNumber = (axis: string) => all.every((row) => typeof valuesOf(row)[axis] === "number");
  const place = new Map(all.map((row, i) => [row, i + 1]));
  return {
    ...{
      name,
      title: caption,
      caption: captionOf(result, { axes, shown, hasLetters }),
      notes: notesOf(rows, result, shown),
    },
    paper: inPaper(result, rows, { axes, shown, hasLetters, hasTop5 }),
    columns: [
      ...shown.map((axis) => isNumber(axis) ? "right" as const : "left" as const),
      ...["right", "right"] as const,
      ...hasTop5 ? ["right" as const] : [],
      "right",
      ...hasLetters ? ["left" as const] : [],
    ],
    header: [[
      ...shown.map((axis) => cell(axis)),
      ...[cell("top-1, %"), cell("95 %")],
      ...hasTop5 ? [cell("top-5, %")] : [],
      cell("p"),
      ...hasLetters ? [cell("letters")] : [],
    ]],
    body: [rows.map(({ row, result, p, letters }) => {
      const { measured, intervals, seeds, runs } = result;
      const spread = deviation(seeds);
      const isBest = measured !== undefined && measured.top1 === best;
      return [
        ...shown.map((axis) => cell(String(valuesOf(row)[axis]))),
        cell(errorText(measured?.top1, spread?.top1), { best: isBest, runs }),
        cell(intervals ? rangeText(intervals.top1) : MISSING),
        ...hasTop5 ? [cell(errorText(measured?.top5, spread?.top5))] : [],
        cell(isBest && p === undefined ? "best" : p === undefined ? MISSING : probability(p)),
        ...hasLetters ? [cell(letters ?? MISSING)] : [],
      ];
    })],
    records: rows.map((each, i) => ({
      ...{ study: name, place: each.result.measured && i + 1, row: place.get(each.row) },
      ...recordOf(each),
    })),
  };
}

function recordOf({ row, result, p, letters }: Ranked<Row>): FlatRecord {
  const { measured, intervals, seeds, runs, protocol, comparison } = result;
  const spread = deviation(seeds);
  return {
    ...valuesOf(row),
    top1_error: rounded(measured?.top1),
    top1_low: rounded(intervals?.top1.low),
    top1_high: rounded(intervals?.top1.high),
    top1_error_sd: rounded(spread?.top1),
    top5_error: rounded(measured?.top5),
    top5_low: rounded(intervals?.top5?.low),
    top5_high: rounded(intervals?.top5?.high),
    top5_error_sd: rounded(spread?.top5),
    p_best: p,
    letters,
    images: protocol.images,
    dataset: protocol.dataset,
    setup: protocol.setup,
    seeds: seeds.length,
    run: runs.join(" "),
    status_reason: comparison?.status === "left out" ? comparison.reason : undefined,
  };
}

/** The words of a study in a paper: its p-values and letters have footnotes. */
function inPaper(
  result: TableResult,
  rows: readonly Ranked<Row>[],
  { hasTop5, ...columns }: Columns & { readonly hasTop5: boolean },
): PaperWords {
  const { shown, hasLetters } = columns;
  const [p, letters] = [shown.length + (hasTop5 ? 3 : 2), shown.length + (hasTop5 ? 4 : 3)];
  const comparison = comparisonInWords(result, hasLetters);
  const test = footnotesOnTest({
    test: `McNemar's exact test${studentsIfSeveral(mostSeeds(result.rows))}`,
    pairs: pairsOf(result),
    ...{ images: result.dataset.images, seeds: mostSeeds(result.rows) },
  });
  return {
    caption: [],
    notes: [
      ...captionOf(result, columns).filter((sentence) =>
        !comparison.slice(0, hasLetters ? 2 : 1).includes(sentence) // what footnotes say
      ),
      ...notesOf(rows, result, shown),
    ],
    shared: [],
    footnotes: comparison.length === 0 ? [] : [
      ...hasLetters ? [{ column: shown.length, text: test.letters }] : [],
      { column: p, text: `Of no difference from the best row: ${test.p}` },
    ],
    ...hasLetters && { letters: { from: letters, to: shown.length } },
  };
}

/** Pairs of measured rows. */
function pairsOf({ rows }: Pick<TableResult, "rows">): number {
  const measured = rows.filter(({ measured }) => measured !== undefined).length;
  return measured * (measured - 1) / 2;
}

/** The test over several seeds. */
function studentsIfSeveral(seeds: number): string {
  return seeds > 1 ? STUDENTS : "";
}

/** How rows were compared; empty if there was nothing to compare. */
function comparisonInWords(result: Pick<TableResult, "rows">, hasLetters: boolean): string[] {
  const pairs = pairsOf(result);
  if (pairs === 0) return [];
  return [
    "p: of no difference from the best row, McNemar's exact test of the same images" +
    `${studentsIfSeveral(mostSeeds(result.rows))}, corrected for ${
      count(pairs, "pair")
    } of rows (Holm).`,
    hasLetters
      ? "Rows without a common letter differ at 5 %."
      : "Letters for rows that differ are left out: there would be too many to read.",
  ];
}

function captionOf(
  { table, rows, ...shared }: TableResult,
  { axes, shown, hasLetters }: Columns,
): string[] {
  const repeated = table.study?.repeated ?? 0;
  const measured = rows.filter(({ measured }) => measured !== undefined).length;
  const missing =
    rows.filter(({ measured, comparison }) =>
      measured === undefined && comparison?.status !== "left out"
    ).length;
  const seeds = mostSeeds(rows);
  const others = axes.filter((axis) => !shown.includes(axis))
    .map((axis) => `${axis} ${valuesOf(table.rows[0]!)[axis]}`);
  return [
    `Measured: ${measuredOn(shared)}, ` +
    (seeds > 1 ? `mean ± standard deviation of ${seeds} seeds.` : "one seed."),
    ...others.length > 0 ? [`In all rows: ${others.join(", ")}.`] : [],
    ...measured > 0
      ? ["Sorted by top-1 error, with Wilson's 95 % intervals; the lowest error is the best."]
      : [],
    ...comparisonInWords({ rows }, hasLetters),
    ...withoutTopFive(shared.dataset.classes, shared.setup.evaluate),
    ...repeated > 0
      ? [
        `${count(repeated, "combination")} of the grid ${
          repeated === 1 ? "is the same experiment as another one" : "are the same as others"
        }, as where a field does not matter to a method; each experiment is listed once.`,
      ]
      : [],
    ...missing > 0
      ? [
        `${missing} of ${count(rows.length, "row")} not measured yet (${MISSING}). To measure ` +
        `${missing === 1 ? "it" : "them"}, run ${tableTask(table)} with the same options.`,
      ]
      : [],
  ];
}

/** Rows at most that notes explain one by one. */
const MOST_EXPLAINED = 5;

function notesOf(
  rows: readonly Ranked<Row>[],
  shared: TableResult,
  shown: readonly string[],
): string[] {
  const leftOut = rows.flatMap(({ row, result: { comparison } }) => {
    if (comparison?.status !== "left out") return [];
    const values = shown.map((axis) => `${axis} ${valuesOf(row)[axis]}`);
    return [`Left out: ${values.join(", ")}: ${comparison.reason}.`];
  });
  const departures = shared.departures.filter(({ field }) => !shown.includes(field));
  const remarks = new Set(rows.flatMap(({ result: { remarks = [] } }) => remarks));
  return [
    ...leftOut.slice(0, MOST_EXPLAINED),
    ...leftOut.length > MOST_EXPLAINED
      ? [`${leftOut.length - MOST_EXPLAINED} more rows are left out; the CSV says why.`]
      : [],
    ...[...remarks].slice(0, MOST_EXPLAINED),
    ...departures.length > 0
      ? [
        "Departures from the paper's setup (the paper's values in brackets), besides what varies: " +
        `${departures.map(departureInWords).join(", ")}.`,
      ]
      : [],
  ];
}
