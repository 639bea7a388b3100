/** What makes a measured number includeAtChance, however well it was computed. Loads no TensorFlow. */
import { title, type TrainRun } from "../experiment.ts";
import { meanLoss } from "./losses.ts";
import type { PlannedRun } from "../plan.ts";
import type { Divergence, LogEntry } from "../vgg/checkpoint.ts";

/** A rate that falls to less than so much of the highest is a step, and no warm-up's slope. */
const STEP = 1 / 2;
/** A loss above so much of chance's is chance. */
const CHANCE = 0.99;

/** What of a store is needed. */
export interface TrainingRecords {
  readLog(run: PlannedRun): readonly Pick<LogEntry, "step" | "loss" | "learningRate">[];
  readDivergence(run: PlannedRun): Divergence | undefined;
}

/**
 * Why numbers of nets on images with these labels are not to be believed.
 *
 * @param trainings of the nets
 */
export function sanityChecks(
  trainings: readonly PlannedRun[],
  labels: Int32Array,
  records: Pick<TrainingRecords, "readLog">,
): string[] {
  const chance = entropyOf(labels);
  if (chance === 0) {
    return ["all images have one label, so that a net that always says the same is right"];
  }
  return trainings.flatMap((training) => {
    const loss = lossAfterFirstStep(records.readLog(training));
    if (loss === undefined || loss < CHANCE * chance) return [];
    return [
      `${title(training.run)} sits at chance: after the first step of its learning rate its loss ` +
      `is ${loss.toFixed(2)}, and that of a net that knows no more than how often each class ` +
      `occurs is ${chance.toFixed(2)}`,
    ];
  });
}

/** What a reader has to know of how nets came about, though their numbers are good. */
export function remarksOn(
  trainings: readonly PlannedRun[],
  records: Pick<TrainingRecords, "readDivergence">,
): string[] {
  return trainings.flatMap((training) => {
    const divergence = records.readDivergence(training);
    if (divergence === undefined) return [];
    const { what, step, rate } = divergence;
    return [
      `${title(training.run as TrainRun)} diverged at first (${what} at step ${step}, learning ` +
      `rate ${rate}) and was trained again, once, as the setup's retry says.`,
    ];
  });
}

/** Mean loss since a training's rate was lowered for the first time; nothing where it was not. */
function lossAfterFirstStep(log: ReturnType<TrainingRecords["readLog"]>): number | undefined {
  const highest = log.reduce((most, { learningRate }) => Math.max(most, learningRate), 0);
  const peak = log.findLastIndex(({ learningRate }) => learningRate === highest);
  const first = log.findIndex((entry, i) => i > peak && entry.learningRate < STEP * highest);
  return meanLoss(log, first);
}

/** Cross-entropy of a net that says of every image how often each class occurs, nats. */
function entropyOf(labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / labels.length;
    return sum - share * Math.log(share);
  }, 0);
}
