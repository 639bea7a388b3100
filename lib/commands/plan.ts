/** `plan`: the runs that tables need, their states and costs. */
import type { Options } from "../command_line/options.ts";
import { printPlan } from "../command_line/plan_listing.ts";
import { runsOf } from "../command_line/known_runs.ts";
import { tablesNamed } from "../command_line/tables.ts";
import { count } from "../numbers.ts";
import { askedFor } from "../plan.ts";

/** Prints the plan of the tables called `words`. */
export async function plan(words: readonly string[], options: Options): Promise<number> {
  const tables = await tablesNamed(words, options);
  const { runs, study } = await runsOf(tables, options);
  const asked = askedFor(tables, study.contexts);
  for (const { name, rows, study } of tables) {
    if (study === undefined) continue;
    console.error(`${name}: ${count(rows.length + study.repeated, "combination")}`);
  }
  return printPlan({ runs, study, asked }, options);
}
