/** `report`: tables again, from what is stored. */
import { helpOf } from "../command_line/help.ts";
import type { Options } from "../command_line/options.ts";
import { sheetOf } from "../report/results_sheet.ts";
import { resultsOf } from "../results/mod.ts";
import { publish } from "../command_line/tables.ts";
import { requestWith } from "../command_line/weights.ts";

export const help = helpOf("report", {
  about:
    "Scores the stored posteriors again and prints the tables, all of them if none is named, " +
    "without training or testing anything. Rows whose runs are not done have no measured error. " +
    "Each table is also written as CSV, Markdown and LaTeX; if none is named, all of them " +
    "together, too: all.csv, tables.tex, and report.html with learning curves and other plots. " +
    "With --weights rows are those of nets from files, as they were filled.",
  examples: {
    "report": "every table under the small setup",
    "report table3 --format latex": "Table 3 for a paper",
    "report --setup smoke --format csv": "the numbers for a program",
    "report table3 --weights D=FILE": "with a net from a file",
  },
});

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
