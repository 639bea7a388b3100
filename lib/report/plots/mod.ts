/** Every plot of a report. */
import type { RowResult, TableResult } from "../../results/row_result.ts";
import type { SideBySide } from "../../results/side_by_side.ts";
import type { RunDetails } from "../run_details.ts";
import { bestRow, classErrors, confusions } from "../mistakes.ts";
import { classPlot, confusionPlot } from "./classes.ts";
import { draw, type Drawing, type Figure, fileOf } from "./draw.ts";
import { publishedPlot, secondPlot } from "./diagonal.ts";
import { depthPlots, onOneScale } from "./errors.ts";
import { learningPlots, lossPlots } from "./learning.ts";
import { scalePlots } from "./scales.ts";

export { type Figure, fileOf };

/** Plots by topic; a list is empty while there are no data. */
export interface Figures {
  readonly published: readonly Figure[];
  readonly depth: readonly Figure[];
  readonly scales: readonly Figure[];
  readonly losses: readonly Figure[];
  /** By the training's key. */
  readonly learning: ReadonlyMap<string, readonly Figure[]>;
  readonly classes: readonly Figure[];
  readonly confusions: readonly Figure[];
}

/** Draws all plots of results, of controls if there are any, and of the logs of the results' runs. */
export function figuresOf(
  results: readonly TableResult[],
  runDetails: RunDetails,
  controls: readonly RowResult[] = [],
): Figures {
  const drawn = (...drawings: readonly (Drawing | undefined)[]) =>
    drawings.flatMap((drawing) => drawing ? draw(drawing) : []);
  const scores = bestRow(results)?.result.scores;
  const { trainings, classes } = runDetails;
  return {
    published: drawn(publishedPlot(results)),
    depth: drawn(...depthPlots(results, controls)),
    scales: drawn(...scalePlots(runDetails)),
    losses: drawn(...lossPlots(trainings)),
    learning: new Map(
      trainings.map((training) => [training.key, drawn(...learningPlots(training))]),
    ),
    classes: drawn(scores && classPlot(classErrors(scores), classes)),
    confusions: drawn(scores && confusionPlot(confusions(scores), classes)),
  };
}

/** Draws two reproductions side by side: errors against depth in each, and those of one against the other's. */
export function figuresBeside({ sides, rows }: SideBySide): Figure[] {
  const depth = sides.flatMap(({ results }, i) =>
    depthPlots(results).filter(({ name }) => name === "depth-measured").map((plot) => ({
      ...plot,
      ...{ name: `depth-${i + 1}`, title: `${plot.title} in ${i + 1}` },
    }))
  );
  return [...onOneScale(depth), secondPlot(rows)].flatMap((plot) => plot ? draw(plot) : []);
}

/** All plots in one list. */
export function allOf({ learning, ...lists }: Figures): Figure[] {
  return [...Object.values(lists).flat(), ...[...learning.values()].flat()];
}
