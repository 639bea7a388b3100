/** Logs of trainings by a schedule of fixed drops, as the setups `small` and `smoke` have it. */
import { isEvaluation, type Run, scheduleOf } from "../../lib/experiment.ts";
import type { TrainSetup } from "../../lib/setup.ts";
import type { LogEntry } from "../../lib/vgg/checkpoint.ts";
import { stepsOf } from "../../lib/vgg/schedule.ts";

/** Three lines: before the first drop (at 0.7), between both, and at the end, after the second (0.9). */
export function logOf(run: Run, setup: TrainSetup): LogEntry[] {
  if (isEvaluation(run)) throw new TypeError("Cannot log an evaluation");
  const steps = stepsOf(run, setup);
  return [[0.5, 1], [0.8, 10], [1, 100]].map(([share, divisor]) => ({
    step: Math.round(share! * steps),
    epoch: 10 * share!,
    loss: 1,
    learningRate: scheduleOf(run, setup).learningRate / divisor!,
    imagesPerSecond: 1000,
  }));
}
