/** `cancel`: cancels jobs of a cluster. */
import { cancel as cancelJobs, queue } from "../executors/slurm/client.ts";
import { ownRecords, readRecords } from "../executors/slurm/records.ts";
import type { Options } from "../command_line/options.ts";
import { knownRuns } from "../command_line/known_runs.ts";

/** Cancels the jobs of the tables called `words`. */
export async function cancel(words: readonly string[], options: Options): Promise<number> {
  const { runs, study: { store } } = await knownRuns(words, options);
  const keys = new Set(runs.map(({ key }) => key));
  const all = readRecords(store);
  const present = await queue(all.map(({ job }) => job));
  const jobs = ownRecords(all, present)
    .filter(({ job, run }) => present.has(job) && (words.length === 0 || keys.has(run ?? "")))
    .map(({ job }) => job);
  await cancelJobs(jobs);
  console.error(
    jobs.length === 0 ? "No job is pending or running." : `Cancelled: ${jobs.join(", ")}`,
  );
  return 0;
}
