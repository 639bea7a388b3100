/** Draws plots as SVG: the only import of Observable Plot and of its DOM. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escaped } from "../markup.ts";
import type { Chart } from "./chart.ts";

export { Plot };

/** A drawn plot. */
export interface Figure {
  /** Base name of its file, unique in a report. */
  readonly name: string;
  readonly title: string;
  /** Description for screen readers. */
  readonly description: string;
  /** An `<svg>` element; lines and letters have the colour of the surrounding text. */
  readonly svg: string;
  /** The same as numbers, where they are more than shades. */
  readonly chart?: Chart;
}

/** A plot to draw. */
export interface Drawing extends Omit<Figure, "svg">, Omit<Plot.PlotOptions, "title"> {
  readonly width: number;
  readonly height: number;
}

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
  document: unknown;
};

/** Draws a plot. */
export function draw({ name, title, description, chart, ...options }: Drawing): Figure {
  const svg: string = Plot.plot({
    document,
    className: "plot",
    style: { fontSize: "11px" },
    ...options,
  }).outerHTML;
  const begun = svg.replace(/<style>.*?<\/style>/s, "").replace(
    /^<svg /,
    `<svg role="img" aria-labelledby="${name}-title ${name}-text" `,
  );
  const words = `<title id="${name}-title">${escaped(title)}</title>` +
    `<desc id="${name}-text">${escaped(description)}</desc>`;
  const whole = renamed(begun.replace(/>/, `>${words}`), name);
  return { name, title, description, svg: rounded(whole), ...chart && { chart } };
}

/** A plot as a separate file, light or dark by the preference of its reader. */
export function fileOf({ svg }: Figure): string {
  return svg.replace(/^<svg /, '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace("</desc>", `</desc><style>${COLOURS}</style>`) + "\n";
}

const COLOURS = "svg{color:#1d1f22;background:#fff}" +
  "@media(prefers-color-scheme:dark){svg{color:#e4e4e0;background:#17181a}}";

/** Makes ids unique to a plot; Observable Plot numbers them through all plots of a process. */
function renamed(svg: string, name: string): string {
  const ids = [...new Set(svg.match(/\bplot-(?:marker|clip)-\d+\b/g))];
  return ids.reduce(
    (text, id, i) => text.replaceAll(new RegExp(`\\b${id}\\b`, "g"), `${name}-part${i + 1}`),
    svg,
  );
}

/** Rounds coordinates to hundredths of a pixel, so that they are the same on every machine. */
function rounded(svg: string): string {
  return svg.replace(
    / (?:d|transform|[xy][12]?|c[xy]|r|width|height)="[^"]*"/g,
    (attribute) => attribute.replace(/-?\d+\.\d{3,}/g, (number) => String(+(+number).toFixed(2))),
  );
}
