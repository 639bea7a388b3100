/** Command lines that reproduce results. */
import type { RunDetails, TrainingDetails } from "../run_details.ts";

/** The command that measures a table: `deno task table3 --setup small --seeds 3`. */
export function commandFor(table: string, { choice, seeds }: RunDetails): string {
  const [first = 0] = seeds;
  return [
    `deno task ${table} ${choice}`,
    ...first === 0 ? [] : [`--seed ${first}`],
    ...seeds.length === 1 ? [] : [`--seeds ${seeds.length}`],
  ].join(" ");
}

/** The command of the first table that needs a training, for the seed of that training. */
export function commandOf({ table, context }: TrainingDetails, runDetails: RunDetails): string {
  return commandFor(table, { ...runDetails, seeds: [context.seed] });
}

/** The command that writes a page on which a net looks at pictures, beside the report. */
export function pageCommandOf({ key, context }: TrainingDetails, runDetails: RunDetails): string {
  return commandFor(`export ${key} net --as page`, { ...runDetails, seeds: [context.seed] });
}
