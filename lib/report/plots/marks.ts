/** Colours of nets, symbols of scales, and legends, shared by all plots. */
import type { ConfigName, TrainScale } from "../../experiment.ts";
import type { Interval } from "../../statistics/mod.ts";
import { Plot } from "./draw.ts";

/** Distinct on light and dark backgrounds and for colour-blind readers (Okabe and Ito 2008). */
const COLOURS: Readonly<Record<ConfigName, string>> = {
  "A": "#2f8fd0",
  "A-LRN": "#858a93",
  "B": "#009e73",
  "C": "#c07f00",
  "D": "#d55e00",
  "E": "#c764a4",
  "B-5x5": "#7a6ff0",
};

/** The colour of a configuration. */
export function colourOf(config: string): string {
  const known: Readonly<Record<string, string>> = COLOURS;
  return known[config] ?? "#5a6270";
}

/** The colour of plots with a single series. */
export const ACCENT = "#d55e00";

/** Nets in the order of Table 1. */
export function inOrder(configs: Iterable<string>): string[] {
  const order = Object.keys(COLOURS);
  const place = (config: string) => order.includes(config) ? order.indexOf(config) : order.length;
  return [...new Set(configs)].sort((a, b) => place(a) - place(b));
}

/** The symbol of a training scale: S = 256, a larger S, or jittered S. */
export function symbolOf(S: TrainScale): "circle" | "square" | "diamond" {
  return S === 256 ? "circle" : typeof S === "number" ? "square" : "diamond";
}

/** An entry of a legend. */
export interface LegendEntry {
  readonly text: string;
  readonly colour?: string;
  readonly symbol?: "circle" | "square" | "diamond" | "triangle";
  readonly isHollow?: boolean;
}

/** Position of a legend in a top margin of `TOP` pixels, below the axis's label. */
export const LEGEND = -20;
export const TOP = 48;

/** Distance of two lines of a legend, pixels. */
export const LEGEND_ROW = 16;

/** Width of a letter in a legend, pixels. */
const LETTER = 6.2;

/** A legend in a plot's top margin: symbols and words in one line from the left. */
export function legend(entries: readonly LegendEntry[], dy: number): Plot.Markish[] {
  let dx = 0;
  return entries.flatMap(({ text, colour = "currentColor", symbol = "circle", isHollow }) => {
    const at = { frameAnchor: "top-left", dy } as const;
    const paint = isHollow ? { stroke: colour, fill: "none" } : { fill: colour };
    const marks = [
      Plot.dot([0], { ...at, dx: dx + 4, ...paint, symbol, r: 4 }),
      Plot.text([text], { ...at, dx: dx + 13, textAnchor: "start", lineAnchor: "middle" }),
    ];
    dx += 26 + LETTER * text.length;
    return marks;
  });
}

/** A net in a plot: nets of one configuration that differ in anything else are several. */
export interface PlotNet {
  /** Equal for the same net under several seeds, and for no other. */
  readonly id: string;
  /** Its configuration, with a number if it is not the first of that: `D`, `D (2)`. */
  readonly name: string;
  readonly colour: string;
  /** Whether it is not the first of its configuration. */
  readonly isOther: boolean;
  /** The key of its training under the first seed. */
  readonly key: string;
}

/** Names nets, in the order of Table 1; the first of each configuration has its bare name. */
export function plotNets(
  nets: readonly { readonly id: string; readonly config: string; readonly key: string }[],
): PlotNet[] {
  const distinct = [...Map.groupBy(nets, ({ id }) => id).values()].map(([first]) => first!);
  return inOrder(distinct.map(({ config }) => config)).flatMap((config) =>
    distinct.filter((net) => net.config === config).map(({ id, key }, i) => ({
      ...{ id, key, isOther: i > 0, colour: colourOf(config) },
      name: i === 0 ? config : `${config} (${i + 1})`,
    }))
  );
}

/** Says which nets the numbered ones are; empty if there are none. */
export function otherNetsInWords(nets: readonly PlotNet[]): string {
  const others = nets.filter(({ isOther }) => isOther);
  return others.map(({ name, key }) => ` ${name} is the training ${key}.`).join("");
}

/** A legend of nets. */
export function legendOfNets(nets: readonly PlotNet[], dy: number): Plot.Markish[] {
  return legend(
    nets.map(({ name, colour, isOther }) => ({ text: name, colour, isHollow: isOther })),
    dy,
  );
}

/** The numbers of a text joined by hyphens: `[256;512]` gives `256-512`. */
export function digitsOf(text: string): string {
  return (text.match(/\d+/g) ?? []).join("-");
}

/** The range of values with a margin on both sides, but not below 0. */
export function padded(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const more = Math.max(0.5, 0.08 * (high - low));
  return [Math.max(0, low - more), high + more];
}

/** Size and margins of a plot of errors. */
export const SIZE = {
  ...{ width: 400, height: 330 },
  ...{ marginTop: TOP, marginRight: 24, marginBottom: 40, marginLeft: 44 },
} as const;

/** How an interval's line is drawn: visible behind a symbol at 400 pixels. */
export const INTERVAL = { strokeWidth: 1.5, strokeOpacity: 0.8 } as const;

/** How lines of nets are drawn that are not the first of their configuration. */
export const DASHED = { strokeDasharray: "5 3" } as const;

/** Colour and symbol of a series. */
export type Sign = Omit<LegendEntry, "text"> & { readonly colour: string };

/** `10.8 %`, or `10.8 % [10.2;11.4]` with its interval. */
export function percents(error: number, interval?: Interval): string {
  const ends = interval && [interval.low, interval.high].map((end) => end.toFixed(1));
  return `${error.toFixed(1)} %${ends ? ` [${ends.join(";")}]` : ""}`;
}
