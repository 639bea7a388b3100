/** `table2`: the number of parameters, counted and published. */
import table from "../../experiments/table2.ts";
import { report } from "../report/mod.ts";
import { cell, type Sheet } from "../report/sheet.ts";
import { titleOf } from "../report/words.ts";
import type { Options } from "../command_line/options.ts";
import { formatNumber } from "../numbers.ts";

/** Prints Table 2. */
export function table2({ format }: Pick<Options, "format">): Promise<number> {
  console.log(report([sheet()], format));
  return Promise.resolve(0);
}

/** Table 2 as a sheet. */
export function sheet(): Sheet {
  const counts = table.rows.map((row) => ({ ...row, millions: Math.round(row.parameters / 1e6) }));
  return {
    name: table.name,
    title: titleOf(table),
    caption: [],
    notes: [],
    columns: ["left", "right", "right", "right"],
    header: [
      ["config", "parameters", "in millions", "published, millions"].map((text) => cell(text)),
    ],
    body: [counts.map(({ config, parameters, millions, published }) => [
      ...[config, formatNumber(parameters), String(millions), String(published)]
        .map((text) => cell(text)),
    ])],
    records: counts.map(({ config, parameters, millions, published }) => ({
      ...{ table: table.name, config, parameters, millions, paper_millions: published },
    })),
  };
}
