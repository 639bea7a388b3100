/** `table3`: train and test at a single scale. */
import { helpOf } from "./help.ts";
import type { Options } from "./options.ts";
import { publish, requestFor } from "./tables.ts";

export const help = helpOf("table3", {
  about: "Trains the paper's networks, each once and those that others start from first, tests " +
    "them, and prints the errors beside the published ones. Runs that are done are not done " +
    "again, and an interrupted one goes on where it was. TensorFlow is installed and the data " +
    "set made on the way, if they are not there. The table is also written as CSV and Markdown.",
  examples: {
    "table3 --setup smoke": "a minute: does all of it work?",
    "table3": "small nets on small pictures",
    "table3 --seeds 3": "mean and standard deviation",
    "table3 --dry-run": "what it would run",
    "table3 --dataset folder --data DIR": "DIR/{train,val}/<class>/*.jpg",
  },
});

/** Carries out what Table 3 needs and prints it. */
export async function table3(options: Options): Promise<number> {
  if (options.dryRun) return (await import("./plan.ts")).plan(["table3"], options);
  const request = requestFor(["table3"], options);
  const { reproduce } = await import("../lib/reproduce.ts");
  return publish(await reproduce(request), options);
}
