/** `report`: tables again, from what is stored. */
import { helpOf } from "./help.ts";
import type { Options } from "./options.ts";
import { sheetOf } from "../lib/report/results_sheet.ts";
import { sheet as table1 } from "./table1.ts";
import { sheet as table2 } from "./table2.ts";
import { publish, requestFor } from "./tables.ts";

export const help = helpOf("report", {
  about:
    "Scores the stored posteriors again and prints the tables, all of them if none is named, " +
    "without training or testing anything. Rows whose runs are not done have no measured error.",
  examples: {
    "report": "every table under the small setup",
    "report table3 --format markdown": "Table 3 for a document",
    "report --setup smoke --format csv": "the numbers for a program",
  },
});

/** Prints the tables called `words` from the store, and writes them beside the results. */
export async function report(words: readonly string[], options: Options): Promise<number> {
  const request = requestFor(words, options);
  const { collect } = await import("../lib/reproduce.ts");
  const results = await collect(request);
  const counted = words.length === 0 ? [table1(), table2()] : [];
  return publish([...counted, ...results.map(sheetOf)], options);
}
