/** Cards of the nets behind a bundle's numbers, written and computed again by the same function. */
import { isEvaluation, type TrainRun } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { cardOf, type CardStudy } from "../report/card.ts";
import { placeIn } from "../store/run_files.ts";

/** Name of the entry with the card of a training. */
export function cardName(training: PlannedRun): string {
  return `${placeIn(training)}/README.md`;
}

/** The trainings that done evaluations are of, each once; imported nets, too. */
export function testedNets(
  runs: readonly PlannedRun[],
  isDone: (run: PlannedRun) => boolean,
): PlannedRun[] {
  const tested = runs.filter((run) => isEvaluation(run.run) && isDone(run));
  return [...new Map(tested.map(({ ancestor }) => [ancestor!.key, ancestor!])).values()];
}

/**
 * The card of a training in a bundle of `runs`: its errors are those of the bundle's evaluations, and of
 * no others that a store may have.
 */
export function cardIn(
  training: PlannedRun,
  runs: readonly PlannedRun[],
  { setup, paper, dataset, store }: Omit<CardStudy, "store"> & {
    readonly store: Omit<CardStudy["store"], "allRuns">;
  },
): string {
  const planned = { ...training, run: training.run as TrainRun };
  const view: CardStudy["store"] = {
    allRuns: () => runs,
    status: (run) => store.status(run),
    scoresOf: (runs) => store.scoresOf(runs),
    readLog: (run) => store.readLog(run),
    readDivergence: (run) => store.readDivergence(run),
    readExecutions: (run) => store.readExecutions(run),
  };
  return cardOf({ planned, study: { setup, paper, dataset, store: view } });
}
