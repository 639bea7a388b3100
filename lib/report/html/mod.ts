/** Collects, draws and writes the page and its plots. */
import { join } from "node:path";
import type { Dataset } from "../../datasets/dataset.ts";
import type { RowResult, TableResult } from "../../results/row_result.ts";
import { writeAtomically } from "../../system/files.ts";
import type { Study } from "../../results/study.ts";
import { runDetailsOf } from "../run_details.ts";
import { bestRow, mostConfidentMistakes } from "../mistakes.ts";
import { withPictures } from "../pictures.ts";
import { allOf, figuresOf, fileOf } from "../plots/mod.ts";
import { pgfplots, pgfplotsDocument } from "../plots/pgfplots.ts";
import type { Sheet } from "../sheet.ts";
import { page } from "./page.ts";

/** Number of mistakes on the page. */
const MISTAKES = 24;

/** Input of a page. */
export interface PageSource {
  /** In the order of the page. */
  readonly sheets: readonly Sheet[];
  readonly results: readonly TableResult[];
  /** Net A trained again, which deeper nets are compared with; drawn if it was measured. */
  readonly controls?: readonly RowResult[];
  readonly study: Study;
  /** Command-line options that select these results: `--setup small`. */
  readonly choice: string;
  /** With its image files, if they are present. */
  readonly dataset?: Dataset;
}

/**
 * Writes `report.html`, `plots/*.svg` and, for papers, `plots/*.tex` into `folder`, each file wholly or
 * not at all.
 *
 * @returns the paths of the page and of the folder of plots
 * @throws {UserError} The folder cannot be written.
 */
export async function writePage(
  { sheets, results, controls, study, choice, dataset }: PageSource,
  folder: string,
): Promise<string[]> {
  const runDetails = runDetailsOf(results, { ...study, choice });
  const figures = figuresOf(results, runDetails, controls);
  const scores = bestRow(results)?.result.scores[0];
  const mistakes = scores ? mostConfidentMistakes(scores, MISTAKES) : [];
  const content = {
    ...{ sheets, results, runDetails, figures },
    mistakes: dataset ? await withPictures(mistakes, dataset) : mistakes,
    ...dataset?.credits !== undefined && { credits: dataset.credits },
  };
  const [file, plots] = [join(folder, "report.html"), join(folder, "plots")];
  for (const figure of allOf(figures)) {
    writeAtomically(join(plots, `${figure.name}.svg`), fileOf(figure));
    const picture = pgfplots(figure);
    if (picture) writeAtomically(join(plots, `${figure.name}.tex`), `${picture}\n`);
  }
  const own = new Set([...figures.learning.values()].flat());
  const shared = allOf(figures).filter((figure) => !own.has(figure));
  writeAtomically(join(plots, "figures.tex"), `${pgfplotsDocument(shared)}\n`);
  writeAtomically(file, page(content));
  return [file, plots];
}
