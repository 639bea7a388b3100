/** All seven tables at once, and what holds all of them. */
import type { Dataset } from "../datasets/dataset.ts";
import { writeCollections, writeReports } from "../report/mod.ts";
import { sheetOf } from "../report/results_sheet.ts";
import type { Request } from "../reproduce.ts";
import { resultsOf, type Source } from "../results/mod.ts";
import { sheetOfClaims } from "../commands/claims.ts";
import type { Options } from "./options.ts";
import { sheet as table1 } from "../commands/table1.ts";
import { sheet as table2 } from "../commands/table2.ts";
import { publish, tell } from "./tables.ts";

/**
 * Writes and prints Tables 1 and 2 and those of a request, and writes what is about all of them: the
 * claims, the tidy CSV, the LaTeX document and the page with its plots.
 *
 * @param dataset with its image files, where they are there
 * @returns the exit code
 */
export async function publishAll(
  { request, source, dataset }: {
    readonly request: Request;
    readonly source: Source;
    readonly dataset: Dataset | undefined;
  },
  options: Options,
): Promise<number> {
  const results = resultsOf(request, source);
  const [counts, errors] = [[table1(), table2()], results.map(sheetOf)];
  publish([...counts, ...errors], options);
  const claims = sheetOfClaims(source, options, { known: results });
  const { writePage } = await import("../report/html/mod.ts");
  tell([
    ...writeReports([claims], options.results),
    ...writeCollections({ counts, errors }, options.results),
    ...await writePage({
      ...{ sheets: [...counts, ...errors, claims], results, source, choice: options.choice },
      ...dataset && { dataset },
    }, options.results),
  ]);
  return 0;
}
