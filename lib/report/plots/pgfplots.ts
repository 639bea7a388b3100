/** Plots for papers: pgfplots draws them in the document's fonts, as wide as its columns. */
import { escaped } from "../latex.ts";
import type { Chart, ChartAxis, ChartPoint, ChartSeries } from "./chart.ts";
import type { Figure } from "./draw.ts";

/** What a document says before it includes a plot. */
const PREAMBLE = "\\usepackage{pgfplots}\\pgfplotsset{compat=1.15}";

/** Height of the axes, divided by the width of a column. */
const RATIO = 0.6;

/** Widths in points: of a letter in footnote size, of what is beside the axes, of a legend's sign. */
const [LETTER, BESIDE, SIGN] = [4.25, 58, 30];
/** Width of a legend, in points: the narrowest column of common classes. */
const LEGEND = 220;

/** Marks of pgfplots, filled and hollow. */
const MARKS = {
  circle: ["*", "o"],
  square: ["square*", "square"],
  diamond: ["diamond*", "diamond"],
  triangle: ["triangle*", "triangle"],
} as const;

/** A plot as a picture for `\input`; undefined if it is not known as numbers. */
export function pgfplots({ title, chart }: Figure): string | undefined {
  if (chart === undefined) return undefined;
  const { x, y, series, labels = [], rules = [], intervals = "y", ratio = RATIO } = chart;
  const colours = [...new Set(series.flatMap(({ colour }) => colour ?? []))];
  const nameOf = (colour?: string) =>
    colour === undefined ? "black" : `plot${LETTERS[colours.indexOf(colour)]}`;
  const options = [
    `scale only axis, width=\\columnwidth-${widthBeside(chart)}pt, height=${
      shortest(ratio)
    }\\columnwidth`,
    ...axisOptions("x", x),
    ...axisOptions("y", y),
    `${intervals === "y" ? "y" : "x"}majorgrids, grid style={black!12}`,
    "axis lines=left, axis line style={-}, tick align=outside, tick style={black!60}",
    "label style={font=\\small}, tick label style={font=\\footnotesize}",
    "legend style={draw=none, fill=none, font=\\footnotesize, at={(0.5,1.02)}, anchor=south}",
    `legend columns=${legendColumns(series)}, legend cell align=left`,
    "mark size=1.8pt, every axis plot/.append style={line width=0.6pt}",
  ];
  return [
    `% ${title.replace(/\s+/g, " ")}; needs ${PREAMBLE}`,
    "\\begin{tikzpicture}",
    ...colours.map((colour) =>
      `\\definecolor{${nameOf(colour)}}{HTML}{${colour.slice(1).toUpperCase()}}`
    ),
    "\\begin{axis}[",
    ...options.map((option) => `  ${option},`),
    "]",
    ...rules.map((at) =>
      `\\draw[black!50, densely dotted] ({axis cs:${shortest(at)},0} |- {rel axis cs:0,0}) -- ` +
      `({axis cs:${shortest(at)},0} |- {rel axis cs:0,1});`
    ),
    ...series.flatMap((each) => drawn(each, nameOf(each.colour), intervals)),
    ...labels.map(({ x, y, text }) =>
      `\\node[font=\\scriptsize, anchor=north, yshift=-2pt] at (axis cs:${shortest(x)},${
        shortest(y)
      }) {${escaped(text)}};`
    ),
    "\\end{axis}",
    "\\end{tikzpicture}",
  ].join("\n");
}

/** Names of colours, which are letters in TeX. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** What labels and ticks beside the axes take, in points. */
function widthBeside({ y: { label, ticks = [] } }: Chart): number {
  const longest = Math.max(0, ...ticks.map(({ text = "" }) => text.length));
  return Math.ceil(longest * LETTER > 15 ? longest * LETTER + (label === "" ? 25 : 40) : BESIDE);
}

/** Entries of a legend in one line, which all have the width of the longest. */
function legendColumns(series: readonly ChartSeries[]): number {
  const names = series.flatMap(({ name }) => name ?? []);
  const longest = Math.max(1, ...names.map((name) => LETTER * name.length + SIGN));
  return Math.max(1, Math.min(names.length, Math.floor(LEGEND / longest)));
}

function axisOptions(axis: "x" | "y", { label, domain, ticks, isLogarithmic }: ChartAxis) {
  const [low, high] = domain ?? [];
  const texts = ticks?.map(({ at, text }) =>
    `{${(text ?? shortest(at)).split("\n").map(escaped).join("\\\\")}}`
  );
  return [
    `${axis}label={${escaped(label)}}`,
    ...low === undefined || high === undefined
      ? []
      : [`${axis}min=${shortest(low)}, ${axis}max=${shortest(high)}`],
    ...isLogarithmic ? [`${axis}mode=log`] : [],
    ...ticks === undefined ? [] : [
      `${axis}tick={${ticks.map(({ at }) => shortest(at)).join(",")}}`,
      `${axis}ticklabels={${texts!.join(",")}}, ${axis}ticklabel style={align=${
        axis === "x" ? "center" : "right"
      }}, minor ${axis} tick num=0`,
    ],
  ];
}

function drawn(
  { name, symbol, isHollow = false, line, points }: ChartSeries,
  colour: string,
  intervals: "x" | "y",
): string[] {
  const mark = symbol === undefined ? "none" : MARKS[symbol][isHollow ? 1 : 0];
  const hasIntervals = points.some(({ low }) => low !== undefined);
  const look = [
    colour,
    `mark=${mark}`,
    ...line === undefined ? ["only marks"] : line === "dashed" ? ["dashed"] : [],
  ];
  if (points.length === 0) {
    return name === undefined
      ? []
      : [`\\addlegendimage{${look.join(", ")}}`, `\\addlegendentry{${escaped(name)}}`];
  }
  const more = [
    ...name === undefined ? ["forget plot"] : [],
    ...hasIntervals
      ? [`error bars/.cd, ${intervals} dir=both, ${intervals} explicit, error mark=none`]
      : [],
  ];
  return [
    `\\addplot[${[...look, ...more].join(", ")}] coordinates {`,
    ...points.map((point) => `  ${placed(point, intervals)}`),
    "};",
    ...name === undefined ? [] : [`\\addlegendentry{${escaped(name)}}`],
  ];
}

/** `(11,29.6) += (0,0.4) -= (0,0.3)` */
function placed({ x, y, low, high }: ChartPoint, intervals: "x" | "y"): string {
  const at = `(${shortest(x)},${shortest(y)})`;
  if (low === undefined || high === undefined) return at;
  const value = intervals === "y" ? y : x;
  const bar = (length: number) =>
    intervals === "y" ? `(0,${shortest(length)})` : `(${shortest(length)},0)`;
  return `${at} += ${bar(high - value)} -= ${bar(value - low)}`;
}

/** A number with six digits at most. */
function shortest(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** A document of plots in the files beside it, in two columns. */
export function pgfplotsDocument(figures: readonly Figure[]): string {
  return [
    "% All plots of this folder but those of single trainings: pdflatex figures.tex",
    "\\documentclass[twocolumn]{article}",
    PREAMBLE.replace("}\\", "}\n\\"),
    "\\begin{document}",
    ...figures.flatMap(({ name, title, description, chart }) => {
      if (chart === undefined) return [];
      const hasBars = chart.series.some(({ points }) =>
        points.some(({ low }) => low !== undefined)
      );
      const caption = [`${title}.`, description, ...hasBars ? ["Bars: 95 % intervals."] : []];
      return [
        "\\begin{figure}",
        "\\centering",
        `\\input{${name}}`,
        `\\caption[${escaped(title)}]{${escaped(caption.join(" "))}}`,
        `\\label{fig:${name}}`,
        "\\end{figure}",
      ];
    }),
    "\\end{document}",
  ].join("\n");
}
