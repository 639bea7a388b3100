/** Plots of errors against the test scale Q. */
import { formatS, type TrainScale } from "../../experiment.ts";
import { key as keyOf } from "../../key.ts";
import type { RunDetails } from "../run_details.ts";
import { type Drawing, Plot } from "./draw.ts";
import {
  DASHED,
  digitsOf,
  LEGEND,
  legendOfNets,
  otherNetsInWords,
  padded,
  type PlotNet,
  plotNets,
  SIZE,
} from "./marks.ts";

/** A test of one net at one scale. */
interface ScaleTest {
  readonly id: string;
  readonly config: string;
  readonly key: string;
  readonly S: TrainScale;
  readonly Q: number;
  readonly seed: number;
  readonly error: number;
}

/**
 * Errors of single tests against their scale Q, a plot for each S: mean over seeds, dense. A scale where a
 * net lacks one of its seeds has no point.
 */
export function scalePlots({ evaluations }: RunDetails): Drawing[] {
  const tests = evaluations.flatMap(({ run, context, errors }): ScaleTest[] => {
    const { net, Q, method } = run;
    if (method !== "dense" || errors === undefined || net.update === "fc") return [];
    // the same for all seeds and scales
    const id = keyOf({ ...run, Q: 0 }, { ...context, seed: 0 });
    const facts = { id, config: net.config, key: keyOf(net, context), S: net.S };
    return [{ ...facts, Q, seed: context.seed, error: errors.top1 }];
  });
  const points = [...Map.groupBy(tests, ({ id }) => id).values()].flatMap(meansByScale);
  const domain = padded(points.map(({ error }) => error));
  const scales = [...Map.groupBy(points, ({ S }) => formatS(S))]
    .filter(([, points]) => new Set(points.map(({ Q }) => Q)).size > 1)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return scales.map(([S, points]) => {
    const nets = plotNets(points);
    const Qs = [...new Set(points.map(({ Q }) => Q))].sort((a, b) => a - b);
    const pointsOf = ({ id }: PlotNet) =>
      points.filter((point) => point.id === id).sort((a, b) => a.Q - b.Q);
    return {
      name: `scale-S${digitsOf(S)}`,
      title: `Top-1 error against test scale Q, S = ${S}`,
      description: `Nets ${nets.map(({ name }) => name).join(", ")}, each at Q = ${
        Qs.join(", ")
      }, dense.${otherNetsInWords(nets)}`,
      ...SIZE,
      x: { ticks: Qs, tickFormat: "d", label: "test scale Q, the paper's pixels", inset: 12 },
      y: { domain, label: "top-1 error, %", grid: true, ticks: 6 },
      marks: [
        ...nets.map((net) =>
          Plot.line(pointsOf(net), {
            ...{ x: "Q", y: "error", strokeWidth: 2, stroke: net.colour, marker: "dot" },
            ...net.isOther && DASHED,
          })
        ),
        ...legendOfNets(nets, LEGEND),
      ],
      chart: {
        x: { label: "test scale Q, the paper's pixels", ticks: Qs.map((at) => ({ at })) },
        y: { label: "top-1 error, %", domain },
        series: nets.map((net) => ({
          ...{ name: net.name, colour: net.colour, symbol: "circle", isHollow: net.isOther },
          line: net.isOther ? "dashed" : "solid",
          points: pointsOf(net).map(({ Q, error }) => ({ x: Q, y: error })),
        })),
      },
    };
  });
}

/** A net's mean error over its seeds, at each scale where it has all of them. */
function meansByScale(tests: readonly ScaleTest[]): ScaleTest[] {
  const seeds = new Set(tests.map(({ seed }) => seed)).size;
  return [...Map.groupBy(tests, ({ Q }) => Q).values()]
    .filter(({ length }) => length === seeds)
    .map((same) => ({
      ...same[0]!,
      error: same.reduce((sum, { error }) => sum + error, 0) / same.length,
    }));
}
