/** The learning rate over a training (Section 3.1). Pure values: state in, state out. */
import { UserError } from "../errors.ts";
import type { Retry, Schedule, TrainSetup } from "../setup.ts";
import { scheduleOf, type TrainRun } from "../experiment.ts";

/** Updates of a run, unless a plateau ends it earlier. */
export function stepsOf(run: TrainRun, setup: TrainSetup): number {
  return Math.ceil(scheduleOf(run, setup).images / setup.batch);
}

/** State of the plateau rule. */
export interface Plateau {
  /** Divisions by ten so far. */
  readonly drops: number;
  /** Best validation accuracy so far, 0 to 1. */
  readonly best: number;
  /** Validations since then, or since the last drop. */
  readonly waited: number;
  /** Whether accuracy has stalled after the last drop: the training is over. */
  readonly over: boolean;
}

/** Before the first validation. */
export const INITIAL_PLATEAU: Plateau = { drops: 0, best: -1, waited: 0, over: false };

/** The plateau rule after one more validation. With another rule nothing changes. */
export function afterValidation(
  { drops: rule }: Schedule,
  state: Plateau,
  accuracy: number,
): Plateau {
  if (rule.rule !== "plateau") return state;
  if (accuracy > state.best) return { ...state, best: accuracy, waited: 0 };
  const waited = state.waited + 1;
  if (waited < rule.patience) return { ...state, waited };
  if (state.drops === rule.times) return { ...state, waited, over: true };
  return { ...state, drops: state.drops + 1, waited: 0 };
}

/**
 * Learning rate after `seen` images.
 *
 * ```ts
 * import { learningRate, INITIAL_PLATEAU } from "./schedule.ts";
 *
 * const drops = { rule: "steps", at: [0.7, 0.9] } as const;
 * const rate = (seen: number) =>
 *   learningRate({ learningRate: 0.01, images: 100, warmup: 0.1, drops }, INITIAL_PLATEAU, seen);
 * if (rate(5) !== 0.005 || rate(69) !== 0.01 || rate(95) !== 0.0001) throw new Error("steps");
 * ```
 */
export function learningRate(schedule: Schedule, state: Plateau, seen: number): number {
  const { learningRate, images, warmup = 0, drops } = schedule;
  const share = seen / images;
  if (share < warmup) return learningRate * share / warmup;
  if (drops.rule === "linear") return learningRate * (1 - share) / (1 - warmup);
  const times = drops.rule === "steps" ? drops.at.filter((at) => share >= at).length : state.drops;
  return learningRate / 10 ** times;
}

/**
 * Refuses a schedule whose warm-up leaves no image after it.
 *
 * @param field The schedule's name in a setup: `schedules.first`.
 * @throws {UserError} The warm-up takes all images.
 */
export function mustOutlastWarmup(
  field: string,
  { images, warmup = 0 }: Schedule,
) {
  if (images * (1 - warmup) >= 1) return;
  throw new UserError(
    `Cannot train by ${field}: its warm-up takes a share of ${warmup} of ${images} images, which leaves none ` +
      `after it; lower ${field}.warmup or raise ${field}.images`,
  );
}

/** A learning rate after a share of the images, in a training that was restarted. */
export function loweredRate(rate: number, share: number, retry: Retry): number {
  return share < retry.share ? rate * retry.rate : rate;
}
