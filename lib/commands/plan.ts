/** `plan`: the runs that tables need, their states and costs. */
import type { Options } from "../command_line/options.ts";
import { printPlan } from "../command_line/plan_listing.ts";
import { knownRuns } from "../command_line/known_runs.ts";
import { isStudyName, tablesNamed } from "../command_line/tables.ts";
import { askedFor } from "../plan.ts";

/** Prints the plan of the tables called `words`. */
export async function plan(words: readonly string[], options: Options): Promise<number> {
  const [word = ""] = words;
  if (words.length === 1 && await isStudyName(word)) {
    return await (await import("./study.ts")).planStudy(word, options);
  }
  const { runs, study } = await knownRuns(words, options);
  const asked = askedFor(await tablesNamed(words, options), study.contexts);
  return printPlan({ runs, study, asked }, options);
}
