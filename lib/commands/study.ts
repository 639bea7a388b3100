/** `study`: a grid of experiments as one table, a row for each combination. */
import { UsageError } from "../errors.ts";
import type { Options } from "../command_line/options.ts";
import { mustBeStudy } from "../command_line/tables.ts";
import { reproduceTables } from "./table.ts";

/** Carries out the study in a file, and prints and writes its table. */
export async function study(words: readonly string[], options: Options): Promise<number> {
  const [word] = words;
  if (word === undefined) {
    throw new UsageError("Name a file with a study, as in deno task study ./mine.ts");
  }
  await mustBeStudy(word, options);
  return await reproduceTables([word], options, ["study", word]);
}
