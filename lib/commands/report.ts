/** `report`: prints tables from stored results. */
import initialisation, { trainedAgain } from "../../experiments/initialisation.ts";
import type { Dataset } from "../datasets/dataset.ts";
import type { Table } from "../experiment.ts";
import { writeCollections, writeReports } from "../report/mod.ts";
import { sheetOf } from "../report/results_sheet.ts";
import { resultsOf } from "../results/mod.ts";
import type { Study } from "../results/study.ts";
import type { Options } from "../command_line/options.ts";
import { publish, writeBeside } from "../command_line/tables.ts";
import { tablesFilled } from "../command_line/filled_tables.ts";
import { claimsAbout, judgedClaims, sheetOfClaims, tellClaims } from "./claims.ts";
import { sheet as table1 } from "./table1.ts";
import { sheet as table2 } from "./table2.ts";

/**
 * Prints the tables called `words` from the store, and writes them beside the results. Without words:
 * all of the paper's tables, and the files that hold all of them.
 */
export async function report(words: readonly string[], options: Options): Promise<number> {
  const tables = await tablesFilled(words, options);
  if (options.beside !== undefined) {
    return await (await import("./beside.ts")).reportBeside(tables, options.beside, options);
  }
  const { findStudy, openIfMade } = await import("../reproduce.ts");
  const study = await findStudy(options);
  if (words.length > 0) return await publishSome(tables, study, options);
  const dataset = await openIfMade(study.dataset, options);
  return await publishAll(tables, { study, dataset }, options);
}

/** Prints and writes tables, and says what they show of the paper's claims. @returns the exit code */
export async function publishSome(
  tables: readonly Table[],
  study: Study,
  options: Options,
): Promise<number> {
  const results = resultsOf(tables, study, options);
  const code = await publish(results.map(sheetOf), options);
  tellClaims(judgedClaims(study, options, { wanted: claimsAbout(results), known: results }));
  return code;
}

/**
 * Prints and writes all tables of the paper, and writes the files about all of them: the claims, the
 * tidy CSV, the LaTeX document and the page with its plots.
 *
 * @param dataset with its image files, if they exist
 * @returns the exit code
 */
export async function publishAll(
  tables: readonly Table[],
  { study, dataset }: { readonly study: Study; readonly dataset: Dataset | undefined },
  options: Options,
): Promise<number> {
  const results = resultsOf(tables, study, options);
  const [counts, errors] = [[table1(), table2()], results.map(sheetOf)];
  await publish([...counts, ...errors], options);
  const { includeAtChance } = options;
  const controls = resultsOf([{ ...initialisation, rows: [trainedAgain] }], study, {
    includeAtChance,
  });
  const judged = judgedClaims(study, options, { known: results });
  const claims = sheetOfClaims(judged);
  const { writePage } = await import("../report/html/mod.ts");
  await writeBeside(async () => [
    ...writeReports([claims], options.results),
    ...writeCollections({ counts, errors }, options.results),
    ...await writePage({
      ...{ sheets: [...counts, ...errors, claims], results, study, choice: options.choice },
      ...{ controls: controls.flatMap(({ rows }) => rows) },
      ...dataset && { dataset },
    }, options.results),
  ]);
  tellClaims(judged);
  return 0;
}
