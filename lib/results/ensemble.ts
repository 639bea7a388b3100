/** Any evaluations, one by one and as the mean of their posteriors. Loads no TensorFlow. */
import { type Difference, differenceOf } from "./paired_difference.ts";
import { UserError } from "../errors.ts";
import type { Errors } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { intervalsOf } from "./mod.ts";
import { errorsOf, type Scores } from "../score.ts";
import type { Interval } from "../statistics/mod.ts";
import type { Store } from "../store/mod.ts";

/** Errors in per cent, with Wilson's intervals at 95 %. */
export interface Measured {
  readonly errors: Errors;
  readonly intervals: Readonly<Record<keyof Errors, Interval>>;
}

/** What evaluations of the same images came to. */
export interface Ensemble {
  readonly images: number;
  readonly classes: number;
  readonly members: readonly (Measured & { readonly run: PlannedRun })[];
  /** Their mean, where there are several, beside the member with the lowest top-1 error. */
  readonly mean?: Measured & { readonly best: PlannedRun; readonly difference: Difference };
}

/**
 * Scores evaluations that are done, and the mean of their posteriors.
 *
 * @throws {UserError} They are not of the same images and classes, or are no posteriors.
 */
export function ensembleOf(runs: readonly PlannedRun[], store: Store): Ensemble {
  const scores = runs.map((run) => store.scoresOf([run]));
  const [first] = scores;
  if (first === undefined) throw new RangeError("Cannot fuse nothing: name evaluations");
  const members = runs.map((run, i) => ({ run, ...measured(scores[i]!) }));
  const size = { images: first.labels.length, classes: first.classes };
  if (members.length === 1) return { ...size, members };
  const together = store.scoresOf(runs);
  mustBeOfSameData(runs);
  const lowest = Math.min(...members.map(({ errors }) => errors.top1));
  const best = members.findIndex(({ errors }) => errors.top1 === lowest);
  const mean = {
    ...measured(together),
    best: runs[best]!,
    difference: differenceOf([together], [scores[best]!]),
  };
  return { ...size, members, mean };
}

function measured(scores: Scores): Measured {
  const errors = errorsOf(scores);
  return { errors, intervals: intervalsOf(errors, scores.ranks.length) };
}

/** Labels may agree by chance; fingerprints don't. */
function mustBeOfSameData([first, ...others]: readonly PlannedRun[]) {
  const other = others.find(({ context }) => context.data !== first!.context.data);
  if (other === undefined) return;
  throw new UserError(
    `Cannot average posteriors: ${other.key} is of other data (${other.context.data}) than ` +
      `${first!.key} (${first!.context.data}); evaluate both nets on the same data`,
  );
}
