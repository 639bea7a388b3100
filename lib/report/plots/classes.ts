/** Plots of errors by class, and the confusion matrix. */
import { truncated } from "../fold.ts";
import type { ClassErrors, Confusion } from "../mistakes.ts";
import { type Drawing, Plot } from "./draw.ts";
import { ACCENT } from "./marks.ts";

/** Most classes in a plot of errors (the worst ones), and in a confusion matrix. */
const [BARS, CELLS] = [40, 30];
/** Width of a character, pixels. */
const LETTER = 6;

/** Errors of classes, worst first, with their intervals. */
export function classPlot(
  classes: readonly ClassErrors[],
  names: readonly string[],
): Drawing {
  const shown = classes.slice(0, BARS).map((each, place) => ({ ...each, ...each.interval, place }));
  const labels = shown.map(({ label }) => truncated(names[label]!));
  return {
    name: "classes",
    title: "Top-1 error of each class",
    description: `${shown.length} of ${classes.length} classes, from the worst, ` +
      `${names[shown[0]!.label]!} (${shown[0]!.error.toFixed(1)} %), to ` +
      `${names[shown.at(-1)!.label]!} (${shown.at(-1)!.error.toFixed(1)} %).`,
    ...{ width: 440, height: 70 + 17 * shown.length, marginTop: 44, marginRight: 16 },
    marginLeft: 12 + marginFor(labels),
    x: { label: "top-1 error, %", axis: "top", grid: true, zero: true, nice: true, ticks: 6 },
    y: { type: "point", domain: shown.map(({ place }) => place), axis: null, padding: 0.6 },
    marks: [
      Plot.ruleY(shown, { y: "place", x1: "low", x2: "high", stroke: ACCENT, strokeOpacity: 0.35 }),
      Plot.dot(shown, {
        ...{ x: "error", y: "place", fill: ACCENT, r: 4 },
        title: ({ label, misses, images, error }: ClassErrors) =>
          `${names[label]!}: ${misses} of ${images} misclassified, ${error.toFixed(1)} %`,
      }),
      Plot.text(shown, {
        ...{ y: "place", frameAnchor: "left", dx: -8, textAnchor: "end" },
        text: ({ place }: { place: number }) => labels[place],
      }),
    ],
    chart: {
      x: { label: "top-1 error, %", domain: [0, Math.max(...shown.map(({ high }) => high))] },
      y: {
        ...{ label: "", domain: [-shown.length, 1] },
        ticks: shown.map(({ place }) => ({ at: -place, text: labels[place]! })),
      },
      series: [{
        ...{ colour: ACCENT, symbol: "circle" },
        points: shown.map(({ error, low, high, place }) => ({ x: error, y: -place, low, high })),
      }],
      intervals: "x",
      ratio: 0.06 + 0.05 * shown.length,
    },
  };
}

/** The confusion matrix; undefined if there are too many classes. */
export function confusionPlot(
  confusions: readonly Confusion[],
  names: readonly string[],
): Drawing | undefined {
  if (names.length > CELLS) return undefined;
  const labels = names.map(truncated);
  const margin = marginFor(labels);
  const domain = [...names.keys()];
  const axis = { type: "band", domain, padding: 0.06, axis: null } as const;
  const side = Math.max(200, 20 * names.length);
  const name = (place: number) => labels[place];
  return {
    name: "confusions",
    title: "Confusion matrix",
    description: "One row for each true class, one column for each predicted class. Darker cells " +
      "are larger shares of the true class. The list below has the numbers.",
    ...{ width: margin + side + 30, height: margin + side + 30 },
    ...{ marginTop: margin + 22, marginLeft: margin + 22, marginRight: 8, marginBottom: 8 },
    x: axis,
    y: axis,
    marks: [
      Plot.frame({ fill: "currentColor", fillOpacity: 0.05, stroke: "none" }),
      Plot.cell(confusions, {
        ...{ x: "predicted", y: "label" },
        fill: ({ label, predicted }: Confusion) => label === predicted ? "#2f8fd0" : ACCENT,
        fillOpacity: { value: ({ share }: Confusion) => 0.15 + 0.85 * Math.sqrt(share) },
        title: ({ label, predicted, images, share }: Confusion) =>
          `${names[label]!} predicted as ${names[predicted]!}: ${images} images, ` +
          `${(100 * share).toFixed(1)} %`,
      } as Plot.CellOptions),
      Plot.text(domain, { x: (d) => d, frameAnchor: "top", text: name, ...UPRIGHT }),
      Plot.text(domain, {
        y: (d) => d,
        frameAnchor: "left",
        text: name,
        dx: -6,
        textAnchor: "end",
      }),
      Plot.text(["predicted"], { frameAnchor: "top", dy: -margin - 14, fontWeight: "bold" }),
      Plot.text(["true"], {
        ...{ frameAnchor: "left", dx: -margin - 14, rotate: -90, fontWeight: "bold" },
      }),
    ],
  };
}

const UPRIGHT = { rotate: -90, dy: -6, textAnchor: "start", lineAnchor: "middle" } as const;

function marginFor(labels: readonly string[]): number {
  return Math.ceil(LETTER * Math.max(...labels.map(({ length }) => length)));
}
