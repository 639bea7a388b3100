/** Plots of errors in one place against those in another: published and measured, and two reproductions. */
import type { Table } from "../../experiment.ts";
import type { RowResult, TableResult } from "../../results/row_result.ts";
import type { SideRow } from "../../results/side_by_side.ts";
import type { Interval } from "../../statistics/mod.ts";
import { netsOf } from "../records.ts";
import { type Drawing, Plot } from "./draw.ts";
import { INTERVAL, LEGEND, legend, padded, percents, type Sign, SIZE } from "./marks.ts";

/** Signs of tables, in turn. */
const SIGNS: readonly Sign[] = [
  { colour: "#3a918d", symbol: "circle" },
  { colour: "#8a9a2e", symbol: "square" },
  { colour: "#b5742c", symbol: "diamond" },
  { colour: "#b4487c", symbol: "triangle" },
];

/** Measured against published errors, for every row that has both. */
export function publishedPlot(results: readonly TableResult[]): Drawing | undefined {
  const tables = results.filter(({ table }) => !table.quotes).map(({ table, rows }) => ({
    name: tableName(table),
    points: rows.flatMap(pointOf),
  }));
  return diagonalPlot(tables, {
    name: "measured-published",
    title: "Top-1 errors: measured against published",
    ...{ x: "published", y: "measured" },
  });
}

/** Errors of a second reproduction against those of the first, for every row that both have. */
export function secondPlot(rows: readonly SideRow[]): Drawing | undefined {
  const compared = rows.filter(({ table, protocols }) =>
    !table.quotes && protocols[0]!.length === 0
  );
  const tables = [...Map.groupBy(compared, ({ table }) => table)].map(([table, rows]) => ({
    name: tableName(table),
    points: rows.flatMap(({ results: [first, second] }) => {
      if (first?.measured === undefined || second?.measured === undefined) return [];
      const title = `${nameOf(first)}: ${errorInWords(first)} in 1, ${errorInWords(second)} in 2`;
      return [{ x: intervalOf(first), y: intervalOf(second), title }];
    }),
  }));
  return diagonalPlot(tables, {
    name: "second-first",
    title: "Top-1 errors in 2 against those in 1",
    ...{ x: "in 1", y: "in 2" },
  });
}

const tableName = ({ name }: Table) => name.replace(/^table/, "Table ");

/** An error with its interval; low and high are the error itself where there is none. */
interface ErrorRange extends Interval {
  readonly error: number;
}

/** A row's error in two places. */
interface ErrorPair {
  readonly x: ErrorRange;
  readonly y: ErrorRange;
  readonly title: string;
}

/** Errors in one place against those in another, with the line on which they are equal. */
function diagonalPlot(
  all: readonly { readonly name: string; readonly points: readonly ErrorPair[] }[],
  { name, title, x: across, y: up }: Pick<Drawing, "name" | "title"> & {
    /** What the errors on an axis are. */
    readonly x: string;
    readonly y: string;
  },
): Drawing | undefined {
  const tables = all.filter(({ points }) => points.length > 0);
  const points = tables.flatMap(({ points }) => points);
  if (points.length === 0) return undefined;
  const ends = ({ low, high }: Interval) => [low, high];
  const x = padded(points.flatMap(({ x }) => ends(x)));
  const y = padded([...points.flatMap(({ y }) => ends(y)), ...x]);
  const signOf = (table: number) => SIGNS[table % SIGNS.length]!;
  return {
    ...{ name, title },
    description: `${points.length} rows of ${tables.map(({ name }) => name).join(", ")}; on the ` +
      `dashed line ${up} equals ${across}.`,
    ...SIZE,
    x: { domain: x, label: `${across}, %`, ticks: 5 },
    y: { domain: y, label: `${up}, %`, grid: true, ticks: 6 },
    marks: [
      Plot.link([0], {
        ...{ x1: x[0], y1: x[0], x2: x[1], y2: x[1] },
        ...{ stroke: "currentColor", strokeDasharray: "4 3" },
      }),
      Plot.text([`${up} = ${across}`], {
        ...{ x: x[0], y: x[0], dx: 6, dy: 12, textAnchor: "start", fillOpacity: 0.7 },
      }),
      ...tables.flatMap(({ points }, i) => {
        const { colour, symbol = "circle" } = signOf(i);
        const flat = points.map(({ x, y, title }) => ({
          ...{ x: x.error, y: y.error, title },
          ...{ left: x.low, right: x.high, low: y.low, high: y.high },
        }));
        const bar = { stroke: colour, ...INTERVAL };
        return [
          Plot.ruleX(flat, { x: "x", y1: "low", y2: "high", ...bar }),
          Plot.ruleY(flat.filter(({ left, right }) => left < right), {
            ...{ y: "y", x1: "left", x2: "right", ...bar },
          }),
          Plot.dot(flat, { x: "x", y: "y", fill: colour, symbol, r: 4, title: "title" }),
        ];
      }),
      ...legend(tables.map(({ name }, i) => ({ text: name, ...signOf(i) })), LEGEND),
    ],
    chart: {
      x: { label: `${across}, %`, domain: x },
      y: { label: `${up}, %`, domain: y },
      series: [
        { line: "dashed", points: x.map((end) => ({ x: end, y: end })) },
        ...tables.map(({ name, points }, i) => ({
          ...{ name, symbol: "circle" as const, ...signOf(i) },
          points: points.map(({ x, y: { error, low, high } }) => (
            { x: x.error, y: error, ...low < high && { low, high } }
          )),
        })),
      ],
    },
  };
}

function pointOf(result: RowResult): ErrorPair[] {
  const { top1 } = result.row.published ?? {};
  if (result.measured === undefined || top1 === undefined) return [];
  const title = `${nameOf(result)}: measured ${errorInWords(result)}, published ${percents(top1)}`;
  return [{ x: { error: top1, low: top1, high: top1 }, y: intervalOf(result), title }];
}

/** A row's title, or its nets. */
const nameOf = ({ row }: RowResult) => row.title ?? netsOf(row).join(" + ");

/** The top-1 error of a row that is measured, and its interval. */
function intervalOf({ measured, intervals }: RowResult): ErrorRange {
  const error = measured!.top1;
  return { error, low: error, high: error, ...intervals?.top1 };
}

/** The top-1 error of a row that is measured, in words. */
function errorInWords({ measured, intervals }: RowResult): string {
  return percents(measured!.top1, intervals?.top1);
}
