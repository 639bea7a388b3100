/** Plots of errors against depth and against multiply-adds. */
import type { RowResult, TableResult } from "../../results/row_result.ts";
import { formatS, type Row, type TrainScale } from "../../experiment.ts";
import type { Interval } from "../../statistics/mod.ts";
import {
  countMultiplyAdds,
  depthOf,
  IMAGENET,
  layersOf,
  type NetShape,
  netShapeOf,
} from "../../vgg/configs.ts";
import type { ChartAxis, ChartSeries } from "./chart.ts";
import { type Drawing, Plot } from "./draw.ts";
import {
  inOrder,
  INTERVAL,
  LEGEND,
  legend,
  LEGEND_ROW,
  padded,
  percents,
  type Sign,
  SIZE,
  symbolOf,
  TOP,
} from "./marks.ts";

/** A net's error at one test scale. */
interface NetError {
  /** What it is called: its configuration, or the control's name. */
  readonly name: string;
  readonly config: string;
  readonly S: TrainScale;
  readonly depth: number;
  /** Multiply-adds of one crop, billions. */
  readonly cost: number;
  readonly error: number;
  readonly interval?: Interval;
  /** Whether a line joins it with other nets. */
  readonly isInLine: boolean;
}

/**
 * Measured and published errors of single nets against their depth, then against their cost.
 *
 * @param controls net A trained again, which deeper nets are compared with, as far as it was measured
 */
export function depthPlots(
  results: readonly TableResult[],
  controls: readonly RowResult[] = [],
): Drawing[] {
  const [first] = results;
  if (first === undefined) return [];
  const shape = netShapeOf(first.setup.train, first.dataset.classes);
  const rows = results.filter(({ table }) => table.headings.includes("S"))
    .flatMap(({ rows }) => rows)
    .filter(({ row: { evaluations } }) =>
      evaluations.length === 1 && evaluations[0]!.method === "dense"
    );
  const published = rows.flatMap(({ row }) =>
    row.published?.top1 === undefined
      ? []
      : [netError(row, IMAGENET, { error: row.published.top1 })]
  );
  const [measured, again] = [rows, controls].map((all) =>
    all.flatMap((row) => measuredError(row, shape))
  );
  const [here, inPaper] = [inLines(measured!), inLines(published)];
  return [
    depthPlot("measured", here, again),
    depthPlot("published", inPaper),
    costPlot("measured", here, again),
    costPlot("published", inPaper),
  ].flatMap((plot) => plot ?? []);
}

/** Plots with one axis of errors, so that they can be compared. */
export function onOneScale(plots: readonly Drawing[]): Drawing[] {
  const domains = plots.map(({ chart }) => chart!.y.domain!);
  const domain = [
    Math.min(...domains.map(([low]) => low)),
    Math.max(...domains.map(([, high]) => high)),
  ] as const;
  return plots.map((plot) => ({
    ...plot,
    y: { ...plot.y, domain },
    chart: { ...plot.chart!, y: { ...plot.chart!.y, domain } },
  }));
}

function measuredError({ row, measured, intervals }: RowResult, shape: NetShape): NetError[] {
  if (measured === undefined) return [];
  const { top1: error } = measured;
  const interval = intervals?.top1;
  return [netError(row, shape, { error, ...interval && { interval } })];
}

/** The error of a row's only net. */
function netError(
  { title, evaluations }: Row,
  shape: NetShape,
  error: Pick<NetError, "error" | "interval">,
): NetError {
  const { net } = evaluations[0]!;
  const { config, S } = net;
  const cost = countMultiplyAdds(layersOf(net, shape), shape.crop) / 1e9;
  const name = title ?? config;
  return { name, config, S, depth: depthOf(net), cost, isInLine: false, ...error };
}

/** Nets with 3x3 convolutions only, each an extension of the previous one. */
const LINE: readonly string[] = ["A", "B", "D", "E"];

/** The paper's other nets, and the most names in a legend. */
const PAPER_OTHERS: readonly string[] = ["A-LRN", "C"];
const MOST_OTHERS = 3;

/** Puts nets in the lines: of several with one configuration and S, as in a table of one's own, the first. */
function inLines(nets: readonly NetError[]): NetError[] {
  const first = new Set(
    [...Map.groupBy(nets, ({ config, S }) => `${config} ${S}`).values()].map(([net]) => net),
  );
  return nets.map((net) => ({ ...net, isInLine: first.has(net) && LINE.includes(net.config) }));
}

/** Colours of training scales, in turn, and of the control. */
const SCALES = ["#3f8fbb", "#5a78d1", "#9152c8"];
const CONTROL: Sign = { colour: "#b5742c", symbol: "triangle" };
const AGAIN = "A again";

/** Distances on the axis of depths, layers: between nets of different S, and beside the line. */
const [APART, BESIDE] = [0.22, 0.55];

function depthPlot(
  which: "measured" | "published",
  nets: readonly NetError[],
  controls: readonly NetError[] = [],
): Drawing | undefined {
  if (nets.length === 0) return undefined;
  const depths = Map.groupBy(nets, ({ depth }) => depth);
  const ticks = [...depths.keys()].sort((a, b) => a - b);
  const names = (depth: number) => {
    const [line, others] = [true, false].map((wanted) =>
      inOrder(
        depths.get(depth)!.filter(({ isInLine }) => isInLine === wanted).map(({ config }) =>
          config
        ),
      )
    );
    return `${depth}\n${[...new Set([...others!, ...line!])].join(", ")}`;
  };
  return netsPlot({ which, nets, controls }, {
    name: `depth-${which}`,
    title: `Top-1 error against depth, ${which}`,
    marginBottom: 52,
    x: {
      ...{ domain: [10, 20], ticks, tickFormat: names },
      label: "weight layers",
    },
    axis: {
      ...{ label: "weight layers", domain: [10, 20] },
      ticks: ticks.map((at) => ({ at, text: names(at) })),
    },
    placeOf: (net) => controls.includes(net) ? net.depth + BESIDE : placeAmong(net, nets),
  });
}

/** Errors against multiply-adds: what a better net costs. */
function costPlot(
  which: "measured" | "published",
  nets: readonly NetError[],
  controls: readonly NetError[] = [],
): Drawing | undefined {
  if (nets.length === 0) return undefined;
  const most = Math.max(...nets.map(({ cost }) => cost));
  // nets of scaled-down setups take millions
  const [factor, word] = most < 1 ? [1e3, "millions"] : [1, "billions"];
  const lowest = [...Map.groupBy(nets, ({ cost }) => cost)].map(([cost, same]) => ({
    names: inOrder(same.map(({ config }) => config)).join(", "),
    x: cost * factor,
    y: Math.min(...same.map(({ error, interval }) => interval?.low ?? error)),
  }));
  const axis = {
    domain: [0, 1.08 * most * factor],
    label: `multiply-adds of a crop, ${word}`,
  } as const;
  const base = netsPlot({ which, nets, controls }, {
    name: `cost-${which}`,
    title: `Top-1 error against multiply-adds, ${which}`,
    x: { ...axis, ticks: 5 },
    axis,
    placeOf: ({ cost }) => cost * factor,
  });
  const labels = Plot.text(lowest, { x: "x", y: "y", text: "names", dy: 13 });
  return {
    ...base,
    marks: [...base.marks ?? [], labels],
    chart: { ...base.chart!, labels: lowest.map(({ names, x, y }) => ({ x, y, text: names })) },
  };
}

/** What a plot of nets has of its own. */
interface NetAxis extends Pick<Drawing, "name" | "title" | "x"> {
  readonly marginBottom?: number;
  /** The same axis as numbers. */
  readonly axis: ChartAxis;
  /** Where a net is on the axis. */
  readonly placeOf: (net: NetError) => number;
}

/** Errors of nets, a colour for each S, with the control. */
function netsPlot(
  { which, nets, controls }: {
    readonly which: "measured" | "published";
    readonly nets: readonly NetError[];
    readonly controls: readonly NetError[];
  },
  { placeOf, axis: chartAxis, ...axis }: NetAxis,
): Drawing {
  const scales = [...Map.groupBy(nets, ({ S }) => formatS(S)).values()];
  const all = [...nets, ...controls];
  const bounds = all.flatMap((
    { error, interval: { low, high } = { low: error, high: error } },
  ) => [low, high]);
  const bars = all.some(({ interval }) => interval) ? " (bars: 95 % intervals)" : "";
  const others = inOrder(nets.filter(({ isInLine }) => !isInLine).map(({ name }) => name));
  const hollow = others.length > MOST_OTHERS ? "other nets" : others.join(", ");
  const again = controls.map(() => ({ text: `${AGAIN} (control)`, ...CONTROL }));
  const placed = (net: NetError) => ({ ...net, x: placeOf(net) });
  const signOf = ([net]: readonly NetError[], i: number): Sign => (
    { colour: SCALES[i % SCALES.length]!, symbol: symbolOf(net!.S) }
  );
  const domain = padded(bounds);
  return {
    description: "Single nets at one test scale, dense. Lines join nets with 3x3 convolutions " +
      `only; hollow symbols are ${
        others.every((name) => PAPER_OTHERS.includes(name))
          ? "C, which has 1x1 convolutions, and A-LRN"
          : "other nets"
      }.` +
      (controls.length > 0 ? ` ${AGAIN} started from net A, as the deeper nets did.` : ""),
    ...SIZE,
    height: SIZE.height + LEGEND_ROW,
    marginTop: TOP + LEGEND_ROW,
    y: { domain, label: `${which} top-1 error, %${bars}`, grid: true, ticks: 6 },
    chart: {
      x: chartAxis,
      y: { domain, label: `${which} top-1 error, %` },
      series: [
        ...scales.flatMap((series, i) =>
          chartSeries(`S = ${formatS(series[0]!.S)}`, series.map(placed), signOf(series, i))
        ),
        ...others.length > 0
          ? [{ name: hollow, symbol: "circle" as const, isHollow: true, points: [] }]
          : [],
        ...controls.flatMap((net) => chartSeries(`${AGAIN} (control)`, [placed(net)], CONTROL)),
      ],
    },
    ...axis,
    marks: [
      ...scales.flatMap((series, i) => seriesOf(series.map(placed), signOf(series, i))),
      ...controls.flatMap((net) => seriesOf([{ ...placed(net), name: AGAIN }], CONTROL)),
      ...legend(
        scales.map((series, i) => (
          { text: `S = ${formatS(series[0]!.S)}`, ...signOf(series, i) }
        )),
        LEGEND - LEGEND_ROW,
      ),
      ...legend([
        ...others.length > 0 ? [{ text: hollow, isHollow: true }] : [],
        ...again,
      ], LEGEND),
    ],
  };
}

/** Where a net is on the axis of depths, layers: symbols of one depth do not cover each other. */
function placeAmong(net: NetError, nets: readonly NetError[]): number {
  const same = nets.filter(({ config }) => config === net.config);
  const apart = Math.min(APART, 1 / same.length); // below the next depth, however many there are
  const shift = apart * (same.indexOf(net) - (same.length - 1) / 2);
  return net.depth + shift - (net.isInLine ? 0 : BESIDE);
}

/** Nets of one S as numbers: those in the line are joined, the others hollow. */
function chartSeries(
  name: string,
  nets: readonly (NetError & { readonly x: number })[],
  { colour, symbol = "circle" }: Sign,
): ChartSeries[] {
  const [line, others] = [true, false].map((wanted) =>
    nets.filter(({ isInLine }) => isInLine === wanted)
      .map(({ x, error, interval }) => ({ x, y: error, ...interval }))
  );
  return [
    { ...{ name, colour, symbol }, line: "solid", points: line! },
    { ...{ colour, symbol }, isHollow: true, points: others! },
  ];
}

/** Nets of one S, each at its place `x`. */
function seriesOf(
  nets: readonly (NetError & { readonly x: number })[],
  { colour, symbol = symbolOf(nets[0]!.S) }: Sign,
) {
  const uncertain = nets.flatMap(({ x, interval }) => interval ? { x, ...interval } : []);
  const at = { x: "x", y: "error" } as const;
  return [
    Plot.line(nets.filter(({ isInLine }) => isInLine), {
      ...at,
      stroke: colour,
      strokeOpacity: 0.7,
    }),
    Plot.ruleX(uncertain, {
      ...{ x: "x", y1: "low", y2: "high", stroke: colour, ...INTERVAL },
    }),
    Plot.dot(nets, {
      ...{ ...at, symbol, r: 4, stroke: colour },
      fill: ({ isInLine }: NetError) => isInLine ? colour : "none",
      title: ({ name, S, error, interval }: NetError) =>
        `${name}, S = ${formatS(S)}: ${percents(error, interval)}`,
    }),
  ];
}
