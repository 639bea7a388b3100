/** Plots as SVG: the one import of Observable Plot, and of the document that it draws into. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escaped } from "../markup.ts";

export { Plot };

/** A plot, drawn. */
export interface Figure {
  /** What its file is called, without its ending; there is one of each name in a report. */
  readonly name: string;
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly description: string;
  /** An `<svg>` element for a page: its lines and letters have the colour of the text around it. */
  readonly svg: string;
}

/** What is drawn, and how it is called. */
export interface Drawing extends Omit<Figure, "svg">, Omit<Plot.PlotOptions, "title"> {
  readonly width: number;
  readonly height: number;
}

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
  document: unknown;
};

/** Draws a plot. */
export function draw({ name, title, description, ...options }: Drawing): Figure {
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
  return { name, title, description, svg: rounded(whole) };
}

/** A plot as a file of its own, on light or dark ground as its reader likes it. */
export function fileOf({ svg }: Figure): string {
  return svg.replace(/^<svg /, '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace("</desc>", `</desc><style>${GROUND}</style>`) + "\n";
}

const GROUND = "svg{color:#1d1f22;background:#fff}" +
  "@media(prefers-color-scheme:dark){svg{color:#e4e4e0;background:#17181a}}";

/** Plot counts markers and clips through all plots of a process; here each plot has its own. */
function renamed(svg: string, name: string): string {
  const ids = [...new Set(svg.match(/\bplot-(?:marker|clip)-\d+\b/g))];
  return ids.reduce(
    (text, id, i) => text.replaceAll(new RegExp(`\\b${id}\\b`, "g"), `${name}-part${i + 1}`),
    svg,
  );
}

/** Hundredths of a pixel are enough, and the same on every machine. */
function rounded(svg: string): string {
  return svg.replace(
    / (?:d|transform|[xy][12]?|c[xy]|r|width|height)="[^"]*"/g,
    (attribute) => attribute.replace(/-?\d+\.\d{3,}/g, (number) => String(+(+number).toFixed(2))),
  );
}
