/** A study as a sheet: a row for each combination, by error. */
import type { Ranked } from "../results/ranking.ts";
import type { TableResult } from "../results/row_result.ts";
import { count } from "../numbers.ts";
import { footnotesOnTest, type PaperWords } from "./paper_words.ts";
import { deviation, type FlatRecord, rounded } from "./records.ts";
import { cell, type Sheet } from "./sheet.ts";
import {
  departureInWords,
  errorText,
  measuredOn,
  MISSING,
  probability,
  rangeText,
  withoutTopFive,
} from "./words.ts";

/** A combination of values. */
interface Combination {
  readonly values: Readonly<Record<string, string | number>>;
}

/** A study's results. */
export interface StudyResult<Row extends Combination = Combination> {
  readonly name: string;
  readonly caption: string;
  readonly rows: readonly Ranked<Row>[];
  /** Setup, data and departures that all rows have in common. */
  readonly shared: Pick<TableResult, "setup" | "dataset" | "departures">;
  /** Combinations that are the same experiment as another one. */
  readonly repeated: number;
  /** The command that carries the study out. */
  readonly command: string;
}

/** A study as a sheet. Lists of one value are in its records only. */
export function sheetOfStudy(study: StudyResult): Sheet {
  const { name, caption, rows } = study;
  const axes = Object.keys(rows[0]?.row.values ?? {});
  const varied = axes.filter((axis) => new Set(rows.map(({ row }) => row.values[axis])).size > 1);
  const shown = varied.length > 0 ? varied : axes;
  const hasTop5 = rows.some(({ result }) => result.measured?.top5 !== undefined);
  const hasLetters = rows.some(({ letters }) => letters !== undefined);
  const best = rows[0]?.result.measured?.top1;
  const isNumber = (axis: string) => rows.every(({ row }) => typeof row.values[axis] === "number");
  return {
    ...{
      name,
      title: caption,
      caption: captionOf(study, axes, shown),
      notes: notesOf(study, shown),
    },
    paper: inPaper(study, axes, shown),
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
        ...shown.map((axis) => cell(String(row.values[axis]))),
        cell(errorText(measured?.top1, spread?.top1), { best: isBest, runs }),
        cell(intervals ? rangeText(intervals.top1) : MISSING),
        ...hasTop5 ? [cell(errorText(measured?.top5, spread?.top5))] : [],
        cell(isBest && p === undefined ? "best" : p === undefined ? MISSING : probability(p)),
        ...hasLetters ? [cell(letters ?? MISSING)] : [],
      ];
    })],
    records: rows.map((row, place) => recordOf(row, { study, place })),
  };
}

function recordOf(
  { row, result, p, letters }: Ranked<Combination>,
  { study, place }: { readonly study: StudyResult; readonly place: number },
): FlatRecord {
  const { measured, intervals, seeds, runs, protocol, comparison } = result;
  const spread = deviation(seeds);
  return {
    study: study.name,
    place: measured && place + 1,
    ...row.values,
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
  study: StudyResult,
  axes: readonly string[],
  shown: readonly string[],
): PaperWords {
  const { rows, shared: { dataset } } = study;
  const hasLetters = rows.some(({ letters }) => letters !== undefined);
  const hasTop5 = rows.some(({ result }) => result.measured?.top5 !== undefined);
  const [p, letters] = [shown.length + (hasTop5 ? 3 : 2), shown.length + (hasTop5 ? 4 : 3)];
  const comparison = comparisonInWords(study);
  const test = footnotesOnTest({
    test: "McNemar's exact test",
    pairs: pairsOf(rows),
    ...{ images: dataset.images, seeds: 1 },
  });
  return {
    caption: [],
    notes: [
      ...captionOf(study, axes, shown).filter((sentence) =>
        !comparison.slice(0, hasLetters ? 2 : 1).includes(sentence) // what footnotes say
      ),
      ...notesOf(study, shown),
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
function pairsOf(rows: StudyResult["rows"]): number {
  const measured = rows.filter(({ result }) => result.measured !== undefined).length;
  return measured * (measured - 1) / 2;
}

/** How rows were compared; empty if there was nothing to compare. */
function comparisonInWords({ rows }: Pick<StudyResult, "rows">): string[] {
  const pairs = pairsOf(rows);
  if (pairs === 0) return [];
  return [
    "p: of no difference from the best row, McNemar's exact test of the same images, corrected " +
    `for ${count(pairs, "pair")} of rows (Holm).`,
    rows.some(({ letters }) => letters !== undefined)
      ? "Rows without a common letter differ at 5 %."
      : "Letters for rows that differ are left out: there would be too many to read.",
  ];
}

function captionOf(
  { rows, shared, command, repeated }: StudyResult,
  axes: readonly string[],
  shown: readonly string[],
): string[] {
  const measured = rows.filter(({ result }) => result.measured !== undefined).length;
  const missing =
    rows.filter(({ result: { measured, comparison } }) =>
      measured === undefined && comparison?.status !== "left out"
    ).length;
  const seeds = Math.max(0, ...rows.map(({ result }) => result.seeds.length));
  const others = axes.filter((axis) => !shown.includes(axis))
    .map((axis) => `${axis} ${rows[0]!.row.values[axis]}`);
  return [
    `Measured: ${measuredOn(shared)}, ` +
    (seeds > 1 ? `mean ± standard deviation of ${seeds} seeds.` : "one seed."),
    ...others.length > 0 ? [`In all rows: ${others.join(", ")}.`] : [],
    ...measured > 0
      ? ["Sorted by top-1 error, with Wilson's 95 % intervals; the lowest error is the best."]
      : [],
    ...comparisonInWords({ rows }),
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
        `${missing === 1 ? "it" : "them"}, run ${command} with the same options.`,
      ]
      : [],
  ];
}

/** Rows at most that notes explain one by one. */
const MOST_EXPLAINED = 5;

function notesOf({ rows, shared }: StudyResult, shown: readonly string[]): string[] {
  const leftOut = rows.flatMap(({ row, result: { comparison } }) => {
    if (comparison?.status !== "left out") return [];
    const values = shown.map((axis) => `${axis} ${row.values[axis]}`);
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
