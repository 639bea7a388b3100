/** Races: contestants take turns, so that other load on the machine slows all of them equally. */
import type { Contestant } from "./contestant.ts";

/** Length of a race. */
export interface RaceOptions {
  /** Turns of each contestant. */
  readonly rounds?: number;
  /** Shortest length of a turn, seconds; a turn has at least one step. */
  readonly turn?: number;
}

/** Pause between two turns, ms: long enough for busy-waiting threads to go to sleep. */
const PAUSE = 30;
/** Longest race, seconds: with long steps, it has fewer rounds, but at least 3. */
const TIME_LIMIT = 40;

/** Seconds a step: for each contestant, one number a round. */
export type Times = readonly (readonly number[])[];

/** Runs a case that contestants have built, in turns, after a warm-up of each. */
export async function race(
  contestants: readonly Pick<Contestant, "run">[],
  { rounds = 7, turn = 0.4 }: RaceOptions = {},
): Promise<Times> {
  const steps: number[] = [];
  let round = 0;
  for (const contestant of contestants) {
    const warm = await warmUp(contestant, turn);
    steps.push(warm.steps);
    round += warm.seconds;
  }
  const most = Math.max(3, Math.floor(TIME_LIMIT / round));
  const times = contestants.map((): number[] => []);
  for (let count = 0; count < Math.min(rounds, most); count++) {
    for (const [i, contestant] of contestants.entries()) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      times[i]!.push(await contestant.run(steps[i]!) / steps[i]!);
    }
  }
  return times;
}

/** Warms a contestant up. @returns the number of steps that fill a turn, and their duration */
async function warmUp({ run }: Pick<Contestant, "run">, turn: number) {
  // The first step includes one-time work.
  await run(1);
  const first = await run(1);
  if (first > turn) return { steps: 1, seconds: first };
  const tried = Math.ceil(turn / first);
  const step = await run(tried) / tried;
  const steps = Math.ceil(turn / step);
  return { steps, seconds: steps * step };
}

/** Our speed divided by a peer's. */
export interface Ratio {
  /** Median over the rounds. */
  readonly ratio: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Compares times of the same rounds.
 *
 * ```ts
 * import { ratioOf } from "./race.ts";
 *
 * const { ratio, min, max } = ratioOf([1, 2, 4], [2, 2, 6]);
 * if (ratio !== 1.5 || min !== 1 || max !== 2) throw new Error("2/1, 2/2, 6/4");
 * ```
 */
export function ratioOf(ours: readonly number[], peer: readonly number[]): Ratio {
  const ratios = ours.map((time, round) => peer[round]! / time);
  return { ratio: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
