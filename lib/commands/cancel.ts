/** `cancel`: cancels jobs of a cluster. */
import { asArrays, cancel as cancelJobs, queue } from "../executors/slurm/client.ts";
import {
  inOrder,
  type JobRecord,
  ownRecords,
  readSubmissions,
} from "../executors/slurm/records.ts";
import type { Options } from "../command_line/options.ts";
import { knownRuns } from "../command_line/known_runs.ts";

/**
 * Cancels the jobs of the tables called `words`. Jobs that only prepare or report go with the last run
 * of their submission.
 */
export async function cancel(words: readonly string[], options: Options): Promise<number> {
  const { runs, study: { store } } = await knownRuns(words, options);
  const keys = new Set(runs.map(({ key }) => key));
  const isNamed = ({ run }: JobRecord) => {
    return words.length === 0 || run !== undefined && keys.has(run);
  };
  const submissions = readSubmissions(store);
  const present = await queue(submissions.flat().map(({ job }) => job));
  const found = submissions.flatMap((records) => {
    const live = ownRecords(records, present).filter(({ job }) => present.has(job));
    const isLast = records.some(isNamed) &&
      live.every((record) => record.run === undefined || isNamed(record));
    return isLast ? live : live.filter(isNamed);
  });
  const jobs = inOrder(found).map(({ job }) => job);
  await cancelJobs(asArrays(jobs, present.keys()));
  console.error(
    jobs.length === 0 ? "No job is pending or running." : `Cancelled: ${jobs.join(", ")}`,
  );
  return 0;
}
