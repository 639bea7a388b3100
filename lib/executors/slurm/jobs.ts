/** Groups the runs of a plan into jobs and arrays, and says what each job depends on. */
import { folderName, isEvaluation } from "../../experiment.ts";
import { ancestorKeys, type PlannedRun } from "../../plan.ts";
import { chunks } from "../../system/workers.ts";

/** What a job does: prepares the data set, trains, evaluates, or writes the reports. */
export type JobKind = "prepare" | "train" | "evaluate" | "report";

/** A job, or an array of similar jobs that do not depend on each other. */
export interface SlurmJob {
  readonly kind: JobKind;
  /** Name in the queue. */
  readonly name: string;
  /** Runs that it executes, one per task. */
  readonly runs: readonly PlannedRun[];
  /** Keys of the runs that it depends on. */
  readonly after: readonly string[];
}

/**
 * The jobs for runs, in the runs' order. Evaluations of one net by one method form an array, and so
 * do trainings that differ only in their seed and start from no other run.
 *
 * @param most largest number of tasks in an array
 */
export function jobsOf(runs: readonly PlannedRun[], most = 1000): SlurmJob[] {
  const alike = Map.groupBy(runs, (planned) => [nameOf(planned), ...ancestorKeys(planned)].join());
  return [...alike.values()].flatMap((group) =>
    chunks(group, Math.min(most, group.length)).map((runs): SlurmJob => ({
      kind: isEvaluation(group[0]!.run) ? "evaluate" : "train",
      name: nameOf(group[0]!),
      runs,
      after: ancestorKeys(group[0]!),
    }))
  );
}

/** Name of a run's job. */
function nameOf({ run }: PlannedRun): string {
  return isEvaluation(run)
    ? `test-${folderName(run.net)}-${run.method}`
    : `train-${folderName(run)}`;
}

/** File name of a job's script: the job's name and the key of its first run. */
export function scriptName({ name, runs: [first] }: SlurmJob): string {
  return [name, ...first ? [first.key] : []].join("-") + ".sh";
}
