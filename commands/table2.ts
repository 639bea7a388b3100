/** `table2`: the number of parameters, counted and published. */
import table from "../experiments/table2.ts";
import { listing } from "../lib/report/listing.ts";
import { helpOf } from "./help.ts";
import type { Options } from "./options.ts";

export const help = helpOf("table2", {
  about: "Counts the weights and biases of the paper's networks (224 pixels, 1,000 classes) from " +
    "the data of Table 1, and prints them beside the millions that the paper gives.",
  examples: {
    "table2": "counted beside published",
    "table2 --format json": "the same for a program",
  },
});

/** Prints Table 2. */
export function table2({ format }: Pick<Options, "format">): Promise<number> {
  const records = table.rows.map(({ config, parameters, published }) => ({
    table: table.name,
    config,
    parameters,
    millions: Math.round(parameters / 1e6),
    paper_millions: published,
  }));
  const columns = [
    { field: "config" },
    { field: "parameters", show: (count: unknown) => Number(count).toLocaleString("en-US") },
    { field: "millions", heading: "in millions" },
    { field: "paper_millions", heading: "published, millions" },
  ];
  console.log(listing({ title: `Table 2: ${table.caption}`, records, columns }, format));
  return Promise.resolve(0);
}
