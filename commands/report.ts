/** `report`: tables again, from what is stored. */
import { helpOf } from "./help.ts";
import type { Options } from "./options.ts";
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
  return publish(await collect(request), options);
}
