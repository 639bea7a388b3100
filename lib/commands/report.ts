/** `report`: tables again, from what is stored. */
import type { Options } from "../command_line/options.ts";
import { sheetOf } from "../report/results_sheet.ts";
import { resultsOf } from "../results/mod.ts";
import { publish } from "../command_line/tables.ts";
import { requestWith } from "../command_line/weights.ts";

/**
 * Prints the tables called `words` from the store, and writes them beside the results; all of them,
 * with what holds all of them, if there are no words.
 */
export async function report(words: readonly string[], options: Options): Promise<number> {
  const request = await requestWith(words, options);
  const { openedIfMade, sourceOf } = await import("../reproduce.ts");
  const source = await sourceOf(request);
  if (words.length > 0) return publish(resultsOf(request, source).map(sheetOf), options);
  const { publishAll } = await import("../command_line/all_tables.ts");
  const dataset = await openedIfMade(request, source.dataset);
  return await publishAll({ request, source, dataset }, options);
}
