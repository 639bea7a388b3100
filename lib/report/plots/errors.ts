/** Plots of errors: measured against published, against depth, against the test scale. */
import type { RowResult, TableResult } from "../../results/row_result.ts";
import { formatS, type TrainScale } from "../../experiment.ts";
import type { Interval } from "../../statistics/mod.ts";
import { depthOf } from "../../vgg/configs.ts";
import type { RunDetails } from "../run_details.ts";
import { netsOf } from "../records.ts";
import { type Drawing, Plot } from "./draw.ts";
import {
  colourOf,
  digitsOf,
  inOrder,
  LEGEND,
  legend,
  type LegendEntry,
  legendOfNets,
  padded,
  symbolOf,
  TOP,
} from "./marks.ts";

const SIZE = {
  ...{ width: 400, height: 330 },
  ...{ marginTop: TOP, marginRight: 24, marginBottom: 40, marginLeft: 44 },
} as const;

/** Colours and symbols of tables, in turn. */
const SIGNS: readonly (Omit<LegendEntry, "text"> & { readonly colour: string })[] = [
  { colour: "#3a918d", symbol: "circle" },
  { colour: "#8a9a2e", symbol: "square" },
  { colour: "#b5742c", symbol: "diamond" },
  { colour: "#b4487c", symbol: "triangle" },
];

/** Measured against published errors, for every row that has both. */
export function publishedPlot(results: readonly TableResult[]): Drawing | undefined {
  const tables = results.filter(({ table }) => !table.quotes).map(({ table, rows }) => ({
    name: table.name.replace(/^table/, "Table "),
    points: rows.flatMap(pointOf),
  })).filter(({ points }) => points.length > 0);
  const points = tables.flatMap(({ points }) => points);
  if (points.length === 0) return undefined;
  const x = padded(points.map(({ published }) => published));
  const y = padded([...points.flatMap(({ low, high }) => [low, high]), ...x]);
  return {
    name: "measured-published",
    title: "Top-1 errors: measured against published",
    description: `${points.length} rows of ${tables.map(({ name }) => name).join(", ")}; on the ` +
      "dashed line measured equals published.",
    ...SIZE,
    x: { domain: x, label: "published, %", ticks: 5 },
    y: { domain: y, label: "measured, %", grid: true, ticks: 6 },
    marks: [
      Plot.link([0], {
        ...{ x1: x[0], y1: x[0], x2: x[1], y2: x[1] },
        ...{ stroke: "currentColor", strokeDasharray: "4 3" },
      }),
      Plot.text(["measured = published"], {
        ...{ x: x[0], y: x[0], dx: 6, dy: 12, textAnchor: "start", fillOpacity: 0.7 },
      }),
      ...tables.flatMap(({ points }, i) => {
        const { colour, symbol = "circle" } = SIGNS[i % SIGNS.length]!;
        return [
          Plot.ruleX(points, {
            ...{ x: "published", y1: "low", y2: "high", stroke: colour, strokeOpacity: 0.35 },
          }),
          Plot.dot(points, {
            ...{ x: "published", y: "measured", fill: colour, symbol, r: 4, title: "title" },
          }),
        ];
      }),
      ...legend(tables.map(({ name }, i) => ({ text: name, ...SIGNS[i % SIGNS.length]! })), LEGEND),
    ],
  };
}

function pointOf({ row, measured, intervals }: RowResult) {
  const { top1 } = row.published ?? {};
  if (measured === undefined || top1 === undefined) return [];
  const { low, high } = intervals?.top1 ?? { low: measured.top1, high: measured.top1 };
  const title =
    `${row.title ?? netsOf(row).join(" + ")}: measured ${measured.top1.toFixed(1)} %, ` +
    `published ${top1.toFixed(1)} %`;
  return [{ published: top1, measured: measured.top1, low, high, title }];
}

/** A net's error at one test scale. */
interface NetError {
  readonly config: string;
  readonly S: TrainScale;
  readonly depth: number;
  readonly error: number;
  readonly interval?: Interval;
}

/** Measured and published errors of single nets against their depth. */
export function depthPlots(results: readonly TableResult[]): Drawing[] {
  const rows = results.filter(({ table }) => table.headings.includes("S"))
    .flatMap(({ rows }) => rows)
    .filter(({ row: { evaluations } }) =>
      evaluations.length === 1 && evaluations[0]!.method === "dense"
    );
  const measured = rows.flatMap(({ row, measured, intervals }) =>
    measured ? [netError(row.evaluations[0]!, measured.top1, intervals?.top1)] : []
  );
  const published = rows.flatMap(({ row }) =>
    row.published?.top1 === undefined ? [] : [netError(row.evaluations[0]!, row.published.top1)]
  );
  return [
    depthPlot("measured", measured),
    depthPlot("published", published),
  ].flatMap((plot) => plot ?? []);
}

function netError(
  { net }: RowResult["row"]["evaluations"][number],
  error: number,
  interval?: Interval,
): NetError {
  const { config, S } = net;
  const depth = depthOf(net);
  return { config, S, depth, error, ...interval && { interval } };
}

/** Nets with 3x3 convolutions only, each an extension of the previous one. */
const LINE: readonly string[] = ["A", "B", "D", "E"];

function depthPlot(which: "measured" | "published", nets: readonly NetError[]) {
  if (nets.length === 0) return undefined;
  const depths = Map.groupBy(nets, ({ depth }) => depth);
  const names = (depth: number) =>
    `${depth}\n${inOrder(depths.get(depth)!.map(({ config }) => config)).join(", ")}`;
  const scales = [...Map.groupBy(nets, ({ S }) => formatS(S)).values()];
  const bounds = nets.flatMap((
    { error, interval: { low, high } = { low: error, high: error } },
  ) => [low, high]);
  return {
    name: `depth-${which}`,
    title: `Top-1 error against depth, ${which}`,
    description: "Single nets at one test scale, dense. Lines join nets with 3x3 convolutions " +
      "only; hollow symbols are C, which has 1x1 convolutions, and A-LRN.",
    ...SIZE,
    marginBottom: 52,
    x: {
      ...{ domain: [10, 20], ticks: [...depths.keys()].sort((a, b) => a - b), tickFormat: names },
      label: "weight layers",
    },
    y: { domain: padded(bounds), label: "top-1 error, %", grid: true, ticks: 6 },
    marks: [
      ...scales.flatMap((nets, i) => seriesOf(nets, SCALES[i % SCALES.length]!, 5 * (i - 1))),
      ...legend(
        scales.map(([net], i) => ({
          text: `S = ${formatS(net!.S)}`,
          colour: SCALES[i % SCALES.length]!,
          symbol: symbolOf(net!.S),
        })),
        LEGEND,
      ),
    ],
  };
}

/** Colours of training scales, in turn. */
const SCALES = ["#3f8fbb", "#5a78d1", "#9152c8"];

/** Nets of one S, shifted by `dx` pixels so that series do not overlap. */
function seriesOf(nets: readonly NetError[], colour: string, dx: number) {
  const uncertain = nets.flatMap(({ depth, interval }) => interval ? { depth, ...interval } : []);
  const plain = nets.filter(({ config }) => LINE.includes(config));
  return [
    Plot.line(plain, { x: "depth", y: "error", stroke: colour, strokeOpacity: 0.7, dx }),
    Plot.ruleX(uncertain, {
      ...{ x: "depth", y1: "low", y2: "high", stroke: colour, strokeOpacity: 0.4, dx },
    }),
    Plot.dot(nets, {
      ...{ x: "depth", y: "error", symbol: symbolOf(nets[0]!.S), r: 4, stroke: colour, dx },
      fill: ({ config }: NetError) => LINE.includes(config) ? colour : "none",
      title: ({ config, S, error }: NetError) =>
        `${config}, S = ${formatS(S)}: ${error.toFixed(1)} %`,
    }),
  ];
}

/** Errors of single tests against their scale Q, a plot for each S: mean over seeds, dense. */
export function scalePlots({ evaluations }: RunDetails): Drawing[] {
  const tests = evaluations.flatMap(({ run: { net, Q, method }, errors }) =>
    method === "dense" && errors && net.update !== "fc"
      ? [{ config: net.config, S: net.S, Q, error: errors.top1 }]
      : []
  );
  const points = [...Map.groupBy(tests, ({ config, S, Q }) => `${config} ${S} ${Q}`).values()]
    .map((same) => ({
      ...same[0]!,
      error: same.reduce((sum, { error }) => sum + error, 0) / same.length,
    }));
  const domain = padded(points.map(({ error }) => error));
  const scales = [...Map.groupBy(points, ({ S }) => formatS(S))]
    .filter(([, points]) => new Set(points.map(({ Q }) => Q)).size > 1)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return scales.map(([S, points]) => {
    const configs = inOrder(points.map(({ config }) => config));
    const Qs = [...new Set(points.map(({ Q }) => Q))].sort((a, b) => a - b);
    return {
      name: `scale-S${digitsOf(S)}`,
      title: `Top-1 error against test scale Q, S = ${S}`,
      description: `Nets ${configs.join(", ")}, each at Q = ${Qs.join(", ")}, dense.`,
      ...SIZE,
      x: { ticks: Qs, tickFormat: "d", label: "test scale Q, the paper's pixels", inset: 12 },
      y: { domain, label: "top-1 error, %", grid: true, ticks: 6 },
      marks: [
        Plot.line(points.toSorted((a, b) => a.Q - b.Q), {
          ...{ x: "Q", y: "error", z: "config", strokeWidth: 2, marker: "dot" },
          stroke: ({ config }: { config: string }) => colourOf(config),
        }),
        ...legendOfNets(configs, LEGEND),
      ],
    };
  });
}
