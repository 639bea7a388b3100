/** Sanity checks of trained nets: is a measured error meaningful at all? Loads no TensorFlow. */
import {
  displayName,
  type Errors,
  isEvaluation,
  isImported,
  scheduleName,
  scheduleOf,
  type TrainRun,
} from "../experiment.ts";
import { UnreadableError } from "../errors.ts";
import { count } from "../numbers.ts";
import { finalLoss, meanLoss } from "./losses.ts";
import type { PlannedRun } from "../plan.ts";
import type { Divergence, LogEntry } from "../vgg/checkpoint.ts";

/** A learning rate below this share of the highest was lowered by a step, not by warm-up. */
const STEP = 1 / 2;
/** A loss above this share of the loss at chance counts as chance. */
const CHANCE = 0.99;

/** The parts of a store that are needed. */
export interface TrainingRecords {
  readLog(run: PlannedRun): readonly Pick<LogEntry, "step" | "loss" | "learningRate">[];
  readDivergence(run: PlannedRun): Divergence | undefined;
}

/**
 * Checks nets that were evaluated on images with these labels.
 *
 * @param trainings the trainings of the nets
 * @returns the checks that fail, as sentences
 */
export function sanityChecks(
  trainings: readonly PlannedRun[],
  labels: Int32Array,
  records: Pick<TrainingRecords, "readLog">,
): string[] {
  const chance = entropyOf(labels);
  if (chance === 0) {
    return ["all images have one label, so a net that always predicts it is right"];
  }
  return trainings.flatMap((training) => {
    const loss = lossAfterFirstStep(records.readLog(training));
    if (loss === undefined || loss < CHANCE * chance) return [];
    return [
      `${
        displayName(training.run)
      } is at chance: after the first step of its learning rate its loss is ` +
      `${loss.toFixed(2)}, and predicting the frequencies of the classes gives ` +
      chance.toFixed(2),
    ];
  });
}

/**
 * Why nets that were just trained may have learned nothing: the mean loss over the last tenth of their
 * trainings is that of predicting the frequencies of the classes, or higher.
 *
 * @param labels of the training images
 * @returns a sentence with likely causes and what to change; undefined if all have learned
 */
export function endedAtChance(
  trainings: readonly PlannedRun[],
  labels: Int32Array,
  records: Pick<TrainingRecords, "readLog">,
): string | undefined {
  const chance = entropyOf(labels);
  const found = trainings.flatMap((training) => {
    const loss = finalLossIn(training, records);
    return loss === undefined || loss < CHANCE * chance ? [] : [{ training, loss }];
  });
  const [first] = found;
  if (chance === 0 || first === undefined) return undefined;
  const { loss, training: { run, context: { train } } } = first;
  const schedule = `schedules.${scheduleName(run as TrainRun)}`;
  const { learningRate, images } = scheduleOf(run as TrainRun, train);
  const others = found.length > 1 ? ` So did ${count(found.length - 1, "other training")}.` : "";
  return `${displayName(run)} ended at chance: its training loss is ${loss.toFixed(2)}, and ` +
    `predicting the frequencies of the classes gives ${chance.toFixed(2)}.${others} The learning ` +
    `rate may be too high (--set ${schedule}.learningRate=..., now ${learningRate}), the training ` +
    `too short (--set ${schedule}.images=..., now ${images}), or the labels wrong (deno task data ` +
    "shows them).";
}

/** The final loss of a training; undefined if its log has none, or cannot be read. */
function finalLossIn(
  training: PlannedRun,
  records: Pick<TrainingRecords, "readLog">,
): number | undefined {
  try {
    return finalLoss(records.readLog(training));
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

/**
 * Why the error of imported nets is not to be believed: it is that of a net which always names the most
 * frequent class, or within two standard deviations of it. Weights that are fed another input than they
 * were trained with end there.
 */
export function importedAtChance(
  nets: readonly TrainRun[],
  { top1 }: Pick<Errors, "top1">,
  labels: Int32Array,
): string[] {
  if (nets.length === 0 || !nets.every(({ init }) => isImported(init))) return [];
  const counts = countsOf(labels);
  const share = Math.max(...counts) / labels.length;
  const chance = 100 * (1 - share);
  const deviation = 100 * Math.sqrt(share * (1 - share) / labels.length);
  if (counts.length < 2 || top1 < chance - 2 * deviation) return [];
  return [
    `${nets.map(displayName).join(", ")} is at chance: its top-1 error is ${
      top1.toFixed(1)
    } %, and that of ` +
    `a net that always names the most frequent class is ${
      chance.toFixed(1)
    } %. The weights may need ` +
    "another input; --input caffe, torchvision or own says which",
  ];
}

/**
 * Why the errors of evaluations mean nothing, as sentences: their nets are at chance, or all images have
 * one label.
 */
export function whyMeaningless(
  members: readonly { readonly run: PlannedRun; readonly errors: Errors }[],
  labels: Int32Array,
  records: Pick<TrainingRecords, "readLog">,
): string[] {
  const trainings = new Map(
    members.flatMap(({ run: { ancestor } }) =>
      ancestor === undefined ? [] : [[ancestor.key, ancestor] as const]
    ),
  );
  const imported = members.flatMap(({ run: { run }, errors }) =>
    isEvaluation(run) ? importedAtChance([run.net], errors, labels) : []
  );
  return [...new Set([...sanityChecks([...trainings.values()], labels, records), ...imported])];
}

/** Remarks on trainings whose numbers are valid, as sentences. */
export function remarksOn(
  trainings: readonly PlannedRun[],
  records: Pick<TrainingRecords, "readDivergence">,
): string[] {
  return trainings.flatMap((training) => {
    const divergence = records.readDivergence(training);
    if (divergence === undefined) return [];
    const { what, step, rate } = divergence;
    return [
      `${
        displayName(training.run as TrainRun)
      } diverged at first (${what} at step ${step}, learning ` +
      `rate ${rate}) and was trained again with the setup's retry rule.`,
    ];
  });
}

/** Mean loss after the first step of the learning rate; undefined before it. */
function lossAfterFirstStep(log: ReturnType<TrainingRecords["readLog"]>): number | undefined {
  const highest = log.reduce((most, { learningRate }) => Math.max(most, learningRate), 0);
  const peak = log.findLastIndex(({ learningRate }) => learningRate === highest);
  const first = log.findIndex((entry, i) => i > peak && entry.learningRate < STEP * highest);
  return meanLoss(log, first);
}

/** How many images have each of the labels that occur. */
function countsOf(labels: Int32Array): number[] {
  let highest = 0; // a plain loop: for a thousand rows, calls for each label take a tenth of a second
  for (let image = 0; image < labels.length; image++) highest = Math.max(highest, labels[image]!);
  const counts = new Uint32Array(highest + 1);
  for (let image = 0; image < labels.length; image++) counts[labels[image]!]!++;
  return [...counts].filter((count) => count > 0);
}

/** Cross-entropy of predicting the frequencies of the classes for every image, nats. */
function entropyOf(labels: Int32Array): number {
  return countsOf(labels).reduce((sum, count) => {
    const share = count / labels.length;
    return sum - share * Math.log(share);
  }, 0);
}
