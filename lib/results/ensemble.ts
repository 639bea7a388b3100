/** Errors of evaluations and of the mean of their posteriors. Loads no TensorFlow. */
import { type Difference, differenceOf } from "./paired_difference.ts";
import { UserError } from "../errors.ts";
import type { Errors } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { intervalsOf } from "./mod.ts";
import type { Scores } from "../score.ts";
import { errorsOfRuns } from "./run_errors.ts";
import type { ErrorIntervals } from "./row_result.ts";
import { type TrainingRecords, whyMeaningless } from "./sanity_checks.ts";
import type { Store } from "../store/mod.ts";

/** The parts of a store that are needed. */
export type EnsembleStore = Pick<Store, "scoresOf"> & TrainingRecords;

/** Errors in per cent, with Wilson's 95 % intervals. */
export interface Measured {
  readonly errors: Errors;
  readonly intervals: ErrorIntervals;
}

/** Evaluations of the same images, and their mean. */
export interface Ensemble {
  readonly images: number;
  readonly classes: number;
  readonly members: readonly (Measured & { readonly run: PlannedRun })[];
  /** The mean of several members, compared with the member of the lowest top-1 error. */
  readonly mean?: Measured & { readonly best: PlannedRun; readonly difference: Difference };
  /** Why errors mean nothing, as sentences. */
  readonly doubts: readonly string[];
}

/**
 * Scores evaluations and the mean of their posteriors. All of them must be done.
 *
 * @throws {UserError} They have different images or classes, or are not valid posteriors.
 */
export function ensembleOf(runs: readonly PlannedRun[], store: EnsembleStore): Ensemble {
  const scores = runs.map((run) => store.scoresOf([run]));
  const [first] = scores;
  if (first === undefined) {
    throw new RangeError("Cannot average zero evaluations: name at least one");
  }
  const members = runs.map((run, i) => ({ run, ...measured([run], scores[i]!) }));
  const facts = {
    ...{ images: first.labels.length, classes: first.classes },
    doubts: whyMeaningless(members, first.labels, store),
  };
  if (members.length === 1) return { ...facts, members };
  const together = store.scoresOf(runs);
  mustBeOfSameData(runs);
  const lowest = Math.min(...members.map(({ errors }) => errors.top1));
  const best = members.findIndex(({ errors }) => errors.top1 === lowest);
  const mean = {
    ...measured(runs, together),
    best: runs[best]!,
    difference: differenceOf([together], [scores[best]!]),
  };
  return { ...facts, members, mean };
}

function measured(runs: readonly PlannedRun[], scores: Scores): Measured {
  const errors = errorsOfRuns(runs, scores);
  return { errors, intervals: intervalsOf(errors, scores.ranks.length) };
}

/** Compares fingerprints, as labels of different data may be equal. */
function mustBeOfSameData([first, ...others]: readonly PlannedRun[]) {
  const other = others.find(({ context }) => context.data !== first!.context.data);
  if (other === undefined) return;
  throw new UserError(
    `Cannot average posteriors: ${other.key} is on other data (${other.context.data}) than ` +
      `${first!.key} (${first!.context.data}); evaluate both nets on the same data`,
  );
}
