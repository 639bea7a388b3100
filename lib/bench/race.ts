/** Races: contestants take turns, so that what slows the machine down slows all of them. */
import type { Contestant } from "./contestant.ts";

/** How long a race is. */
export interface RaceOptions {
  /** Times that each contestant has its turn. */
  readonly rounds?: number;
  /** Length of a turn at least, seconds; a turn has one step at least. */
  readonly turn?: number;
}

/** Between two turns, ms: threads that wait actively for more work give up within this. */
const PAUSE = 30;
/** A race whose steps are long has fewer rounds: at least 3, and as many as fit into this, seconds. */
const PATIENCE = 40;

/** Seconds a step: for each contestant, in its order, one number a round. */
export type Times = readonly (readonly number[])[];

/** Lets contestants that have built a case run it in turns, each after a warm-up. */
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
  const most = Math.max(3, Math.floor(PATIENCE / round));
  const times = contestants.map((): number[] => []);
  for (let count = 0; count < Math.min(rounds, most); count++) {
    for (const [i, contestant] of contestants.entries()) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      times[i]!.push(await contestant.run(steps[i]!) / steps[i]!);
    }
  }
  return times;
}

/** Runs a contestant until it is warm; how many steps fill a turn, and how long they take. */
async function warmUp({ run }: Pick<Contestant, "run">, turn: number) {
  // The first step builds what later ones use.
  await run(1);
  const first = await run(1);
  if (first > turn) return { steps: 1, seconds: first };
  const tried = Math.ceil(turn / first);
  const step = await run(tried) / tried;
  const steps = Math.ceil(turn / step);
  return { steps, seconds: steps * step };
}

/** How many times as fast as a peer we are. */
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

/** The middle one, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
