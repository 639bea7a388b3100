/** Results of a table as a sheet: measured and published errors in the paper's layout. */
import { SIGNIFICANT } from "../results/pairwise.ts";
import type { RowResult, TableResult } from "../results/row_result.ts";
import {
  type Errors,
  formatS,
  type Heading,
  type Row,
  type Table,
  USUAL_COLUMNS,
} from "../experiment.ts";
import { comparisonFootnotes, type PaperWords, paperWordsOf } from "./paper_words.ts";
import { configsOf, deviation, formatQ, netsOf, recordsOf } from "./records.ts";
import { cell, type Sheet, type SheetCell, type SheetRow } from "./sheet.ts";
import { sheetOfStudy } from "./study_sheet.ts";
import {
  captionOf,
  decimalsFor,
  differenceText,
  errorText,
  IMPORTED,
  importsIn,
  intervalText,
  MISSING,
  notesOf,
  pointsText,
  probability,
  rangeText,
  titleOf,
} from "./words.ts";

/** A table's results as a sheet; those of a study by their errors. */
export function sheetOf(result: TableResult): Sheet {
  const { table, rows } = result;
  if (table.study !== undefined) return sheetOfStudy(result);
  const kinds = errorColumns(result);
  const decimals = decimalsFor(result.dataset.images);
  const best = bestOf(rows);
  const { headings } = table;
  const cellsOf = (row: RowResult) => [
    ...headOf(table, row).map((text) => cell(text)),
    ...kinds.measured.map((kind) => measuredCell(row, kind, best)),
    ...publishedCells(row.row, kinds.published),
    ...comparisonCells(row, kinds.compared, decimals),
    ...kinds.lettered.map(() =>
      cell(row.letters ?? (row.row.evaluations.length > 0 ? MISSING : ""))
    ),
  ];
  return {
    name: table.name,
    title: titleOf(table),
    caption: captionOf(result),
    notes: notesOf(result),
    paper: inPaper(result, kinds),
    columns: [
      ...headings.map((heading) => HEADINGS[heading].align),
      ...Object.entries(kinds).flatMap(([kind, columns]) =>
        columns.map(() => kind === "lettered" ? "left" as const : "right" as const)
      ),
    ],
    header: headerOf(table, kinds),
    body: headings.length > 1 ? grouped(rows.map(cellsOf)) : [rows.map(cellsOf)],
    records: recordsOf(result),
  };
}

/** The parts of a row that its headings need. */
type Headed = Pick<RowResult, "row" | "protocol">;

/** The table's words in a paper, with footnotes at the columns of a comparison. */
function inPaper(result: TableResult, kinds: ReturnType<typeof errorColumns>): PaperWords {
  const { measured, published, compared, lettered } = kinds;
  const heads = result.table.headings.length;
  const first = heads + measured.length + published.length;
  const [to, from] = [heads + measured.indexOf("top1"), first + compared.length];
  const areSuperscripts = lettered.length > 0 && measured.includes("top1");
  const texts = comparisonFootnotes(result);
  return {
    ...paperWordsOf(result),
    footnotes: texts === undefined ? [] : [
      ...lettered.map(() => ({ column: areSuperscripts ? to : from, text: texts.letters })),
      ...compared.map((column, i) => ({ column: first + i, text: texts[column] })),
    ],
    ...areSuperscripts && { letters: { from, to } },
  };
}

/** Texts of a row before its errors, column by column; in a study, its values. */
export function headOf({ headings }: Pick<Table, "headings">, result: Headed): string[] {
  const { combination } = result.row;
  if (combination !== undefined) return Object.values(combination.values).map(String);
  return headings.map((heading) => HEADINGS[heading].of(result));
}

/** The same in one line, a mean without a title by all its nets: `D, [256;512], 384`; `dropout 0.5, Q 256`. */
export function headLine(table: Pick<Table, "headings">, result: Headed): string {
  const axes = Object.keys(result.row.combination?.values ?? {});
  const inLine = (text: string) => {
    const lines = text.split("\n");
    return result.row.title === undefined ? lines.join(" + ") : lines[0];
  };
  return headOf(table, result).map((text, i) => [...axes.slice(i, i + 1), inLine(text)].join(" "))
    .join(", ");
}

/** The columns before the errors. */
const HEADINGS: Readonly<
  Record<Heading, {
    readonly title: string;
    readonly align: "left" | "right";
    readonly of: (result: Headed) => string;
  }>
> = {
  config: { title: "config", align: "left", of: ({ row }) => configsOf(row) },
  S: { title: "train S", align: "right", of: ({ protocol }) => protocol.S.map(formatS).join(", ") },
  Q: { title: "test Q", align: "right", of: ({ protocol }) => String(formatQ(protocol.Q)) },
  method: {
    title: "evaluation",
    align: "left",
    of: ({ protocol }) => protocol.methods.join(" & "),
  },
  nets: { title: "nets", align: "left", of: ({ row }) => netsOf(row).join("\n") },
  title: { title: "method", align: "left", of: ({ row }) => row.title ?? "" },
};

type ErrorKind = "top1" | "top5" | "testTop5";
const ERROR_KINDS: readonly ErrorKind[] = ["top1", "top5", "testTop5"];

/**
 * The columns of a table after its headings: those that it lists, or else those in which at least one
 * row has a number.
 */
function errorColumns(
  { table, rows, comparisons }: Pick<TableResult, "table" | "rows" | "comparisons">,
) {
  const { baseline, columns = USUAL_COLUMNS } = table;
  const kinds = ERROR_KINDS.filter((kind) => columns.includes(kind));
  const isTested = rows.some(({ tested }) => tested !== undefined);
  return {
    measured: kinds.filter((kind) => kind !== "testTop5" || isTested),
    published: (columns.includes("published") ? kinds : []).filter((kind) =>
      rows.some(({ row }) => row.published?.[kind] !== undefined)
    ),
    compared: COMPARISONS.filter((column) => baseline !== undefined && columns.includes(column)),
    lettered: comparisons?.pairs === undefined ? [] : ["letters"],
  };
}

/** The columns about the baseline. */
const COMPARISONS = ["difference", "interval", "p"] as const;

/** Their headings. */
const COMPARED: Readonly<Record<typeof COMPARISONS[number], string>> = {
  difference: "top-1, points",
  interval: "95 %",
  p: "p",
};

/** Headings of error columns; all but the last are of the validation split. */
const KINDS: Readonly<Record<ErrorKind, string>> = {
  top1: "top-1",
  top5: "top-5",
  testTop5: "top-5\ntest",
};

function headerOf(
  { headings, baseline }: Table,
  { measured, published, compared, lettered }: ReturnType<typeof errorColumns>,
): SheetRow[] {
  const centred = (text: string, span: number) => cell(text, { span, align: "center" });
  const S = headings.indexOf("S");
  const above = headings.flatMap((_, i): SheetCell[] => {
    if (S < 0 || headings[S + 1] !== "Q") return [cell("")];
    return i === S ? [centred("smallest side", 2)] : i === S + 1 ? [] : [cell("")];
  });
  return [
    [
      ...above,
      ...measured.length > 0 ? [centred("measured, %", measured.length)] : [],
      ...published.length > 0 ? [centred("published, %", published.length)] : [],
      ...compared.length > 0 ? [centred(`against row ${baseline}`, compared.length)] : [],
      ...lettered.map(() => cell("")),
    ],
    [
      ...headings.map((heading) => cell(HEADINGS[heading].title)),
      ...measured.map((kind) => cell(KINDS[kind])),
      ...published.map((kind) => cell(KINDS[kind])),
      ...compared.map((column) => cell(COMPARED[column])),
      ...lettered.map((title) => cell(title)),
    ],
  ];
}

/** The lowest measured errors of a table. */
function bestOf(rows: readonly RowResult[]): Errors | undefined {
  const measured = rows.flatMap(({ measured }) => measured ?? []);
  if (measured.length < 2) return undefined;
  const top5 = measured.flatMap((errors) => errors.top5 ?? []);
  return {
    top1: Math.min(...measured.map(({ top1 }) => top1)),
    ...top5.length > 0 && { top5: Math.min(...top5) },
  };
}

function measuredCell(result: RowResult, kind: ErrorKind, best?: Errors): SheetCell {
  const { row, measured, intervals, seeds, runs, tested } = result;
  if (row.evaluations.length === 0) return cell("");
  if (kind === "testTop5") return cell(errorText(tested?.top5), { runs });
  const [value, interval] = [measured?.[kind], intervals?.[kind]];
  const text = errorText(value, deviation(seeds)?.[kind]);
  const mark = value !== undefined && importsIn([result]).length > 0 ? IMPORTED : "";
  return cell(text + mark, {
    ...best && value !== undefined && { best: errorText(value) === errorText(best[kind]) },
    runs,
    ...interval && { detail: `95 % interval: ${rangeText(interval)}` },
  });
}

/** Published errors; one cell for both splits if the paper merges them. */
function publishedCells({ published = {} }: Row, kinds: readonly ErrorKind[]): SheetCell[] {
  return kinds.flatMap((kind) => {
    const value = published[kind];
    if (value === "merged") return [];
    const merged = kind === "top5" && published.testTop5 === "merged";
    return [cell(errorText(value), merged ? { span: 2, align: "center" } : {})];
  });
}

/** The difference from the baseline; a dash where it is unknown. */
function comparisonCells(
  { row: { evaluations }, difference, pHolm }: RowResult,
  columns: readonly (typeof COMPARISONS)[number][],
  decimals: number,
): SheetCell[] {
  return columns.map((column) => {
    if (evaluations.length === 0) return cell("");
    if (difference === undefined) return cell(MISSING);
    if (column === "interval") return cell(intervalText(difference, decimals));
    if (column === "difference") {
      const isAlone = columns.includes("interval");
      return cell((isAlone ? pointsText : differenceText)(difference, decimals));
    }
    if (pHolm === undefined) return cell(probability(difference.p));
    return cell(probability(pHolm) + (pHolm < SIGNIFICANT ? "*" : ""));
  });
}

/** Groups of neighbouring rows with the same first column, which only the first row shows. */
function grouped(rows: readonly SheetCell[][]): SheetRow[][] {
  const groups: SheetRow[][] = [];
  let last: string | undefined;
  for (const row of rows) {
    const [{ text } = cell(""), ...rest] = row;
    if (text === last) groups.at(-1)!.push([cell(""), ...rest]);
    else groups.push([row]);
    last = text;
  }
  return groups;
}
