/** A plan as jobs of a cluster: which runs make one array, and what each waits for. */
import { isEvaluation, slug } from "../../experiment.ts";
import type { PlannedRun } from "../../plan.ts";

/** What a job is for: it makes the data, trains, evaluates, or writes the reports. */
export type JobKind = "prepare" | "train" | "evaluate" | "report";

/** A job, or an array of jobs that are alike and independent. */
export interface SlurmJob {
  readonly kind: JobKind;
  /** Its name in the queue. */
  readonly name: string;
  /** Runs that it carries out, each by a task of its own. */
  readonly runs: readonly PlannedRun[];
  /** Keys of the runs that it waits for. */
  readonly after: readonly string[];
}

/**
 * The jobs for runs, in their order: evaluations of one net by one method are an array, and so are
 * trainings that differ in their seed alone and start from no other.
 *
 * @param most largest number of tasks in an array
 */
export function jobsOf(runs: readonly PlannedRun[], most = 1000): SlurmJob[] {
  const alike = Map.groupBy(runs, (planned) => [nameOf(planned), ...planned.after].join());
  return [...alike.values()].flatMap((group) => {
    const size = Math.min(most, group.length);
    return Array.from({ length: Math.ceil(group.length / size) }, (_, part): SlurmJob => ({
      kind: isEvaluation(group[0]!.run) ? "evaluate" : "train",
      name: nameOf(group[0]!),
      runs: group.slice(part * size, (part + 1) * size),
      after: group[0]!.after,
    }));
  });
}

/** What a run's job is called. */
function nameOf({ run }: PlannedRun): string {
  return isEvaluation(run) ? `test-${slug(run.net)}-${run.method}` : `train-${slug(run)}`;
}

/** Name of a job's script: its own, and the key of its first run. */
export function scriptName({ name, runs: [first] }: SlurmJob): string {
  return [name, ...first ? [first.key] : []].join("-") + ".sh";
}
