/** `table2`: the number of parameters, counted and published. */
import table, { type ParameterRow, rowOf } from "../../experiments/table2.ts";
import { netsInTables } from "../command_line/nets_in_tables.ts";
import { report } from "../report/mod.ts";
import { cell, type Sheet } from "../report/sheet.ts";
import { MISSING, titleOf } from "../report/words.ts";
import type { Options } from "../command_line/options.ts";
import { formatNumber } from "../numbers.ts";

/** Prints Table 2, or the same of the nets of the tables called `words`. */
export async function table2(
  words: readonly string[],
  { format }: Pick<Options, "format">,
): Promise<number> {
  const rows = words.length === 0 ? undefined : (await netsInTables(words)).map(rowOf);
  console.log(report([sheet(rows && { ...CAPTION, rows })], format));
  return 0;
}

/** Of tables with nets of one's own. */
const CAPTION = { name: "parameters", caption: table.caption };

/** Table 2 as a sheet, or the same of other nets. */
export function sheet(
  shown: { name: string; caption: string; rows: readonly ParameterRow[] } = table,
): Sheet {
  const counts = shown.rows.map((row) => ({ ...row, millions: millionsOf(row) }));
  return {
    name: shown.name,
    title: titleOf(shown),
    caption: [],
    notes: [],
    columns: ["left", "right", "right", "right"],
    header: [
      ["config", "parameters", "in millions", "published, millions"].map((text) => cell(text)),
    ],
    body: [counts.map(({ config, parameters, millions, published }) => [
      ...[config, formatNumber(parameters), String(millions), String(published ?? MISSING)]
        .map((text) => cell(text)),
    ])],
    records: counts.map(({ config, parameters, millions, published }) => ({
      ...{ table: shown.name, config, parameters, millions, paper_millions: published },
    })),
  };
}

/** A net's parameters in whole millions, as the paper prints them; small nets have a digit more. */
function millionsOf({ parameters }: ParameterRow): number {
  const digits = parameters < 10e6 ? 1 : 0;
  return Number((parameters / 1e6).toFixed(digits));
}
