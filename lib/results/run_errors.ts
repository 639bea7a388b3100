/** Errors of evaluations, as far as their posteriors decide them. */
import { type Errors, isEvaluation } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { errorsOf, type Scores } from "../score.ts";

/**
 * Errors of the mean of evaluations. There is no top-5 error where scores of whole images were summed
 * and not averaged: the soft-max of a sum over a hundred places is 1 for one class and 0 for all others,
 * so that the posteriors do not rank the next four.
 */
export function errorsOfRuns(runs: readonly PlannedRun[], scores: Scores): Errors {
  const { top1, ...others } = errorsOf(scores);
  return runs.some(sumsScores) ? { top1 } : { top1, ...others };
}

/** Whether an evaluation sums the scores of whole images, so that its posteriors rank one class only. */
export function sumsScores({ run, context: { evaluate } }: PlannedRun): boolean {
  return isEvaluation(run) && run.method === "dense" && evaluate.scoreMap === "sum-then-softmax";
}
