/** Titles, captions and footnotes of tables. */
import type { Departure, RowResult, TableResult } from "../results/row_result.ts";
import { formatS, isImported, type Table, type TrainRun } from "../experiment.ts";
import { importInWords } from "../results/lineage.ts";
import { tableTask } from "../results/table_task.ts";
import { GUESSES } from "../score.ts";
import type { EvaluateSetup } from "../setup.ts";
import { type Interval, signed } from "../statistics/mod.ts";
import { count, fixed } from "../numbers.ts";
import type { Difference } from "../results/paired_difference.ts";
import { MOST_LETTERED } from "../results/compare_rows.ts";

/** The data set whose errors the paper prints. */
const PAPERS_OWN = "ILSVRC-2012, 1,000 classes, 50,000 validation images";

/** Printed for a missing number. */
export const MISSING = "–";

/** `Table 3: ConvNet performance at a single test scale` */
export function titleOf({ name, caption }: Pick<Table, "name" | "caption">): string {
  const [, number] = /^table(\d)$/.exec(name) ?? [];
  return number === undefined ? caption : `Table ${number}: ${caption}`;
}

/** Caption of a table, as sentences: what was measured, what was published, how accurate it is. */
export function captionOf(result: TableResult): string[] {
  const { dataset, setup } = result;
  const accuracy = accuracyInWords(result);
  return [
    `Measured: ${measuredOn(result)}, ${uncapitalised(seedsInWords(result))}`,
    ...publishedElsewhere(result),
    SIDES,
    ...accuracy === undefined ? [] : [`${accuracy}; the CSV lists each interval.`],
    ...baselineInWords(result),
    ...withoutTopFive(dataset.classes, setup.evaluate),
    ...testServerInWords(result),
    ...missingInWords(result),
  ];
}

/** What S and Q are. */
export const SIDES =
  "Errors in per cent. S (training) and Q (test): smallest image side in the paper's pixels.";

/** Rows that are measured here, or will be. */
function ownRows({ rows }: Pick<TableResult, "rows">): RowResult[] {
  return rows.filter(({ row }) => row.evaluations.length > 0);
}

/** `One seed.`, or what several are averaged to. */
export function seedsInWords(result: Pick<TableResult, "rows">): string {
  const most = mostSeeds(ownRows(result));
  return most > 1 ? `Mean ± standard deviation of ${most} seeds.` : "One seed.";
}

/** Where published errors were measured; empty without any. */
export function publishedElsewhere({ rows }: Pick<TableResult, "rows">): string[] {
  const isThere = rows.some(({ row }) => Object.keys(row.published ?? {}).length > 0);
  return isThere ? [`Published: ${PAPERS_OWN}.`] : [];
}

/** How accurate the errors are, without a full stop; undefined while none is measured. */
export function accuracyInWords({ rows, dataset }: Pick<TableResult, "rows" | "dataset">) {
  const halves = ownRows({ rows }).map(({ intervals }) => intervals ? halfOf(intervals.top1) : 0);
  const widest = Math.max(...halves);
  if (!(widest > 0)) return undefined;
  return `With ${count(dataset.images, "image")}, top-1 errors are accurate to ` +
    `±${widest.toFixed(1)} points (95 %, Wilson)`;
}

/** What errors on test images are; empty without any. */
export function testServerInWords({ rows }: Pick<TableResult, "rows">): string[] {
  const [tested] = rows.flatMap(({ tested }) => tested ?? []);
  if (tested === undefined) return [];
  return [
    "Errors on test images: reported by the test server for " +
    `${count(tested.protocol.images, "image")} whose labels are not public.`,
  ];
}

/** How many rows are not measured, and what measures them. */
export function missingInWords({ table, rows }: Pick<TableResult, "table" | "rows">): string[] {
  const ours = ownRows({ rows });
  const missing = ours.filter(({ measured, comparison }) => (
    measured === undefined && comparison?.status !== "left out"
  )).length;
  if (missing === 0) return [];
  return [
    `${missing} of ${count(ours.length, "row")} not measured yet (${MISSING}). To measure ` +
    `${missing === 1 ? "it" : "them"}, run ${tableTask(table)} with the same options` +
    (importsIn(rows).length > 0 ? " except --weights." : "."),
  ];
}

/** What the comparison with a baseline is; empty without one. */
export function baselineInWords(result: TableResult): string[] {
  const { table: { baseline }, rows, comparisons } = result;
  const compared = rows.filter(({ difference }) => difference !== undefined);
  if (compared.length === 0) return [];
  const differences = `Differences: top-1 error minus that of row ${baseline}, in points, with ` +
    `${intervalsInWords(result)}. p: McNemar's exact test`;
  if (comparisons === undefined) {
    const many = compared.length > 1;
    return [
      differences +
      (many ? `, each by itself: it is not corrected for ${compared.length} rows.` : "."),
    ];
  }
  const { withReference, pairs } = comparisons;
  return [
    differences + studentsInWords(result) +
    (withReference > 1 ? `, corrected for ${count(withReference, "row")} (Holm)` : "") +
    "; * marks p < 0.05, the interval is not corrected.",
    ...chosenInWords(result),
    ...pairs === undefined ? [] : [
      `Letters: rows without a common letter differ significantly (the same test, p < 0.05, ` +
      `corrected for ${count(pairs, "pair")} of rows).`,
    ],
  ];
}

/** Seeds of the row that has most of them: nets that were trained elsewhere have one. */
export function mostSeeds(rows: readonly Pick<RowResult, "seeds">[]): number {
  return rows.reduce((most, { seeds }) => Math.max(most, seeds.length), 0);
}

/** Whether p is also that of a test over the seeds. */
export function studentsInWords(result: Pick<TableResult, "rows">): string {
  return hasSeeds(result) ? STUDENTS : "";
}

/** The test that p-values are also of where there are several seeds. */
export const STUDENTS = " or Student's paired t-test over the seeds, the larger";

/** Which intervals differences have. */
export function intervalsInWords(result: Pick<TableResult, "rows">): string {
  return "95 % intervals of the same images" +
    (hasSeeds(result) ? " or over the seeds, the wider" : "");
}

function hasSeeds({ rows }: Pick<TableResult, "rows">): boolean {
  return rows.some(({ difference, seeds }) => difference && seeds.length > 1);
}

/** What to know of a chosen reference, and why there are no letters. */
export function chosenInWords({ table: { baseline }, comparisons }: TableResult): string[] {
  if (comparisons === undefined) return [];
  const { isBest, pairs } = comparisons;
  return [
    ...isBest
      ? [`Row ${baseline} was chosen by its error on these same images, which flatters it.`]
      : [],
    ...pairs === undefined
      ? [`Letters are given for tables of at most ${MOST_LETTERED} measured rows.`]
      : [],
  ];
}

/** Why there are no top-5 errors; empty if there are. */
export function withoutTopFive(classes: number, { scoreMap }: EvaluateSetup): string[] {
  if (classes <= GUESSES) {
    return [
      `Top-5 errors are not given (${MISSING}): of ${count(classes, "class", "classes")}, five ` +
      "guesses always include the right one.",
    ];
  }
  if (scoreMap !== "sum-then-softmax") return [];
  return [
    `Top-5 errors of dense evaluations are not given (${MISSING}): summed scores give all classes ` +
    "but the first a posterior of almost 0, which does not rank them.",
  ];
}

/** The data set and the setup, in words. */
export function measuredOn({ setup, dataset }: Pick<TableResult, "setup" | "dataset">): string {
  return `${dataset.name}, ${count(dataset.classes, "class", "classes")}, ` +
    `${count(dataset.images, "validation image")}; setup "${setup.name}" (${setup.note}), ` +
    setup.train.precision;
}

/** An error with one decimal, as in the paper, and its deviation with two: `10.8 ± 0.26`. */
export function errorText(value?: number, spread?: number): string {
  if (value === undefined || !Number.isFinite(value)) return MISSING;
  return value.toFixed(1) + (spread === undefined ? "" : ` ± ${spread.toFixed(2)}`);
}

/** An interval with one decimal: `15.8 to 19.1`. */
export function rangeText({ low, high }: Interval): string {
  return `${low.toFixed(1)} to ${high.toFixed(1)}`;
}

/** A text with a capital letter. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function uncapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Decimals of differences: from 10,000 images on, one image is at most a hundredth of a point. */
export const decimalsFor = (images: number) => images >= 10_000 ? 2 : 1;

type PointsWithInterval = Pick<Difference, "points" | "interval">;

/** `-1.2 [-2.3;-0.1]`: a difference in points, and its interval. */
export function differenceText(difference: PointsWithInterval, decimals: number): string {
  return `${pointsText(difference, decimals)} ${intervalText(difference, decimals)}`;
}

/** `-1.2`: a difference in points. */
export function pointsText({ points }: PointsWithInterval, decimals: number): string {
  return signed(points, decimals);
}

/** `[-2.3;-0.1]`: the interval of a difference. */
export function intervalText({ interval }: PointsWithInterval, decimals: number): string {
  const ends = [interval.low, interval.high].map((end) => fixed(end, decimals));
  return `[${ends.join(";")}]`;
}

/** A p-value to three decimals. */
export function probability(p: number): string {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

/** Marks numbers of nets with imported weights. */
export const IMPORTED = "†";

/** What notes are about. */
type Noted = Pick<TableResult, "table" | "departures" | "doubts" | "rows">;

/**
 * Footnotes of a table: doubts about the data, its own, rows left out, remarks on trainings, imported
 * weights, and departures from the paper's setup.
 */
export function notesOf(result: Noted): string[] {
  return [...doubtNotes(result), ...ownNotes(result), ...departureNotes(result)];
}

/** Footnotes that no other table of the same data and setup has. */
export function ownNotes({ table, rows }: Noted): string[] {
  const leftOut = rows.flatMap(({ comparison }, index) =>
    comparison?.status === "left out" ? [`Row ${index + 1} left out: ${comparison.reason}.`] : []
  );
  const remarks = new Set(rows.flatMap(({ remarks = [] }) => remarks));
  const imports = importsIn(rows).map(importedInWords).join("; ");
  return [
    ...table.note !== undefined && imports === "" ? [table.note] : [],
    ...leftOut,
    ...remarks,
    ...imports === "" ? [] : [`${IMPORTED} Weights were not trained here: ${imports}.`],
  ];
}

/** A note on all departures from the paper's setup; none without departures. */
export function departureNotes({ departures }: Pick<TableResult, "departures">): string[] {
  const list = departures.map(departureInWords).join(", ");
  if (list === "") return [];
  return [`Departures from the paper's setup (the paper's values in brackets): ${list}.`];
}

/** A note on each doubt about the data. */
export function doubtNotes({ doubts = [] }: { readonly doubts?: readonly string[] | undefined }) {
  return doubts.map((doubt) => `The data is doubtful: ${doubt}`);
}

/** The imported nets of rows, each once. */
export function importsIn(rows: readonly Pick<RowResult, "row">[]): TrainRun[] {
  const nets = rows.flatMap(({ row }) => row.evaluations.map(({ net }) => net))
    .filter(({ init }) => isImported(init));
  return [...new Map(nets.map((net) => [JSON.stringify(net), net])).values()];
}

/** The origin of an imported net: `D [256;512] from a file of weights ...`. */
export function importedInWords(net: TrainRun): string {
  const { config, S, init } = net;
  if (!isImported(init)) throw new TypeError(`${config} ${formatS(S)} was trained here`);
  return `${config} ${formatS(S)} from ${importInWords(init)}`;
}

/** A departure in words, with the paper's value in brackets: `crop 56 (224)`. */
export function departureInWords({ field, here, paper }: Departure): string {
  return `${field} ${here} (${paper})`;
}

const halfOf = ({ low, high }: Interval) => (high - low) / 2;
