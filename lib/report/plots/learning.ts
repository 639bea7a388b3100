/** Learning curves: the training loss and the validation errors over the epochs. */
import { displayName, folderName, formatS } from "../../experiment.ts";
import { dropsIn } from "../../results/losses.ts";
import type { LogEntry } from "../../vgg/checkpoint.ts";
import type { TrainingDetails } from "../run_details.ts";
import type { ChartAxis } from "./chart.ts";
import { type Drawing, Plot } from "./draw.ts";
import {
  colourOf,
  DASHED,
  digitsOf,
  LEGEND,
  legend,
  legendOfNets,
  otherNetsInWords,
  type PlotNet,
  plotNets,
  TOP,
} from "./marks.ts";

const SMALL = {
  width: 340,
  height: 196,
  marginBottom: 36,
  marginLeft: 40,
  marginTop: 26,
  marginRight: 16,
} as const;
const DOTTED = { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "2 3" } as const;
/** Divisions of the rate in a plot of several nets at most. */
const MOST_DROPS = 4;
const EPOCHS = { label: "epochs", ticks: 5 } as const;

/** The plots of one training; empty while its log is empty. */
export function learningPlots({ key, run, context, log }: TrainingDetails): Drawing[] {
  if (log.length === 0) return [];
  const name = `${folderName(run)}-${key}`;
  const net = `${displayName(run)}, seed ${context.seed}`;
  const drops = Plot.ruleX(dropsIn(log), {
    ...{ x: "epoch", ...DOTTED },
    title: ({ learningRate }: LogEntry) => `learning rate ${learningRate}`,
  });
  const validations = log.flatMap(({ epoch, validation }) =>
    validation ? [{ epoch, ...validation }] : []
  );
  const loss: Drawing = {
    name: `loss-${name}`,
    title: `Training loss of ${net}`,
    description: `Mean cross-entropy, from ${log[0]!.loss.toPrecision(3)} to ` +
      `${log.at(-1)!.loss.toPrecision(3)} in ${log.at(-1)!.epoch.toPrecision(3)} epochs.`,
    ...SMALL,
    x: EPOCHS,
    y: { ...lossAxis(log), label: "loss" },
    marks: [drops, Plot.line(log, { x: "epoch", y: "loss", stroke: colourOf(run.config) })],
    chart: {
      x: { label: EPOCHS.label },
      y: { label: "loss", ...lossTicks(log) },
      series: [{ colour: colourOf(run.config), line: "solid", points: lossesIn(log) }],
      rules: dropsIn(log).map(({ epoch }) => epoch),
      ratio: 0.4,
    },
  };
  if (validations.length === 0) return [loss];
  const last = validations.at(-1)!;
  const kinds = (["top1", "top5"] as const).filter((kind) => last[kind] !== undefined);
  const colours = { top1: colourOf(run.config), top5: "currentColor" } as const;
  return [loss, {
    name: `validation-${name}`,
    title: `Validation errors of ${net}`,
    description: `During training, at one scale; finally ${last.top1.toFixed(1)} % top-1` +
      (last.top5 === undefined ? "." : ` and ${last.top5.toFixed(1)} % top-5.`),
    ...SMALL,
    x: { ...EPOCHS, domain: [0, log.at(-1)!.epoch] },
    y: {
      domain: [0, Math.max(1, ...validations.map(({ top1 }) => top1))],
      ...{ grid: true, ticks: 4, label: null }, // the legend stands there
    },
    marks: [
      drops,
      ...kinds.map((y) =>
        Plot.line(validations, { x: "epoch", y, stroke: colours[y], marker: "dot" })
      ),
      ...legend(
        kinds.map((kind, i) => ({
          text: `${kind.replace("p", "p-")}${i === 0 ? " validation error, %" : ""}`,
          colour: colours[kind],
        })),
        -14,
      ),
    ],
    chart: {
      x: { label: EPOCHS.label, domain: [0, log.at(-1)!.epoch] },
      y: {
        label: "validation error, %",
        domain: [0, Math.max(1, ...validations.map(({ top1 }) => top1))],
      },
      series: kinds.map((kind) => ({
        name: kind.replace("p", "p-"),
        ...kind === "top1" && { colour: colourOf(run.config) },
        ...{ symbol: "circle", line: "solid" },
        points: validations.flatMap(({ epoch, [kind]: error }) =>
          error === undefined ? [] : [{ x: epoch, y: error }]
        ),
      })),
      rules: dropsIn(log).map(({ epoch }) => epoch),
      ratio: 0.4,
    },
  }];
}

/** Losses of all nets of the first seed, one plot for each S. */
export function lossPlots(trainings: readonly TrainingDetails[]): Drawing[] {
  const [first] = trainings;
  const logged = trainings.filter(({ log, context, run }) =>
    log.length > 0 && context.seed === first!.context.seed && run.update !== "fc"
  );
  return [...Map.groupBy(logged, ({ run }) => formatS(run.S))].map(([S, same]) => {
    const nets = plotNets(same.map(({ run: { config }, key }) => ({ id: key, config, key })));
    const logs = new Map(same.map(({ key, log }) => [key, log]));
    const logOf = ({ key }: PlotNet) => logs.get(key)!;
    const entries = same.flatMap(({ log }) => log);
    const drops = [...new Set(same.flatMap(({ log }) => dropsIn(log).map(({ epoch }) => epoch)))];
    const shared = drops.length > MOST_DROPS ? [] : drops; // plateaus are at each net's own time
    return {
      name: `losses-S${digitsOf(S)}`,
      title: `Training losses, S = ${S}`,
      description: nets.map((net) =>
        `${net.name} ${logOf(net).at(-1)!.loss.toPrecision(3)}`
      ).join(", ") +
        ` at the end.${otherNetsInWords(nets)}`,
      ...{
        width: 400,
        height: 310,
        marginTop: TOP,
        marginBottom: 40,
        marginLeft: 44,
        marginRight: 16,
      },
      x: EPOCHS,
      y: { ...lossAxis(entries), label: "loss" },
      marks: [
        Plot.ruleX(shared, DOTTED),
        ...nets.map((net) =>
          Plot.line(logOf(net), {
            ...{ x: "epoch", y: "loss", stroke: net.colour },
            ...net.isOther && DASHED,
          })
        ),
        ...legendOfNets(nets, LEGEND),
      ],
      chart: {
        x: { label: EPOCHS.label },
        y: { label: "loss", ...lossTicks(entries) },
        rules: shared,
        series: nets.map((net) => ({
          ...{ name: net.name, colour: net.colour, line: net.isOther ? "dashed" : "solid" },
          points: lossesIn(logOf(net)),
        })),
      },
    };
  });
}

/** Losses by epochs. */
function lossesIn(log: readonly LogEntry[]) {
  return log.map(({ epoch, loss }) => ({ x: epoch, y: loss }));
}

/** A logarithmic axis of losses as numbers. */
function lossTicks(log: readonly { readonly loss: number }[]): Omit<ChartAxis, "label"> {
  const { domain, ticks } = lossAxis(log);
  if (!(domain[0] > 0 && domain[0] < domain[1])) return {};
  return {
    isLogarithmic: true,
    domain,
    ...ticks.length > 1 && { ticks: ticks.map((at) => ({ at })) },
  };
}

/** Digits of ticks between two powers of ten, few and many. */
const DIGITS = [[1, 2, 5], [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]];

/** A logarithmic axis with few ticks, each of them a short number: losses fall by factors. */
function lossAxis(log: readonly { readonly loss: number }[]) {
  const losses = log.map(({ loss }) => loss);
  const domain: [number, number] = [Math.min(...losses), Math.max(...losses)];
  const powers = Array.from({ length: 24 }, (_, i) => i - 12);
  const [few, many] = DIGITS.map((digits) =>
    powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((at) => domain[0] <= at && at <= domain[1])
  );
  const ticks = few!.length > 2 ? few! : many!;
  return { type: "log", domain, grid: true, ticks, tickFormat: String } as const;
}
