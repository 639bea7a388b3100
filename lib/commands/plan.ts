/** `plan`: the runs that tables need, their states and costs. */
import type { Options } from "../command_line/options.ts";
import { printPlan } from "../command_line/plan_listing.ts";
import { knownRuns } from "../command_line/known_runs.ts";

/** Prints the plan of the tables called `words`. */
export async function plan(words: readonly string[], options: Options): Promise<number> {
  return printPlan(await knownRuns(words, options), options);
}
