/** `cancel`: jobs out of a cluster's queue. */
import { cancel as cancelJobs, queue } from "../executors/slurm/client.ts";
import { readRecords } from "../executors/slurm/records.ts";
import { helpOf } from "../command_line/help.ts";
import type { Options } from "../command_line/options.ts";
import { knownRuns } from "../command_line/runs.ts";

export const help = helpOf("cancel", {
  about:
    "Cancels the jobs of a cluster that wait or run for tables; all jobs of this folder of results " +
    "if none is named. A training that runs writes a checkpoint first. What is done stays, and the " +
    "same --executor slurm submits the rest again.",
  examples: {
    "cancel": "every job of the small setup",
    "cancel table6 --setup paper --data DIR": "those that Table 6 needs",
  },
});

/** Cancels the jobs of the tables called `words`. */
export async function cancel(words: readonly string[], options: Options): Promise<number> {
  const { runs, ground: { store } } = await knownRuns(words, options);
  const keys = new Set(runs.map(({ key }) => key));
  const present = await queue();
  const jobs = readRecords(store)
    .filter(({ job, run }) => present.has(job) && (words.length === 0 || keys.has(run ?? "")))
    .map(({ job }) => job);
  await cancelJobs(jobs);
  console.error(jobs.length === 0 ? "No job waits or runs." : `Cancelled: ${jobs.join(", ")}`);
  return 0;
}
