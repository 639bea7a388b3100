/** When the runs of a plan are done, if each takes so many seconds: on one machine or on several. */
import type { PlannedRun } from "../plan.ts";

/** What counts of a run here. */
type DependentRun = Pick<PlannedRun, "key" | "after">;

/** Seconds of a run; 0 where it is done. */
type RunSeconds<Run> = (run: Run) => number;

/**
 * For each run the seconds from its beginning to the end of the longest chain of runs that starts
 * with it.
 */
export function secondsToEnd<Run extends DependentRun>(
  runs: readonly Run[],
  seconds: RunSeconds<Run>,
): Map<string, number> {
  const behind = new Map<string, number>();
  const tails = new Map<string, number>();
  // those that start from a run come behind it
  for (const run of runs.toReversed()) {
    const tail = seconds(run) + (behind.get(run.key) ?? 0);
    tails.set(run.key, tail);
    for (const key of run.after) behind.set(key, Math.max(tail, behind.get(key) ?? 0));
  }
  return tails;
}

/**
 * Runs in the order in which machines should take them: what the longest chains wait for comes
 * first. A run comes after those that it starts from.
 */
export function urgentFirst<Run extends DependentRun>(
  runs: readonly Run[],
  seconds: RunSeconds<Run>,
): Run[] {
  const tails = secondsToEnd(runs, seconds);
  return runs.toSorted((a, b) => tails.get(b.key)! - tails.get(a.key)!);
}

/** The chain of runs that ends last, however many machines there are. */
export function longestChain<Run extends DependentRun>(
  runs: readonly Run[],
  seconds: RunSeconds<Run>,
): { readonly chain: readonly Run[]; readonly seconds: number } {
  const tails = secondsToEnd(runs, seconds);
  const chain: Run[] = [];
  const next = (after: Run | undefined) =>
    runs.filter((run) => after ? run.after.includes(after.key) : run.after.length === 0)
      .reduce<Run | undefined>(
        (best, run) => best && tails.get(best.key)! >= tails.get(run.key)! ? best : run,
        undefined,
      );
  for (let run = next(undefined); run; run = next(run)) chain.push(run);
  return { chain, seconds: chain[0] ? tails.get(chain[0].key)! : 0 };
}

/** A run on a machine. */
export interface ScheduledRun<Run> {
  readonly run: Run;
  /** Counted from 0. */
  readonly machine: number;
  /** Seconds since the plan's beginning. */
  readonly start: number;
  readonly end: number;
}

/**
 * Has machines carry out runs in their order: whichever machine is free first takes the first run
 * whose ancestors are done, or waits for one.
 */
export function simulateSchedule<Run extends DependentRun>(
  runs: readonly Run[],
  { machines, seconds }: { readonly machines: number; readonly seconds: RunSeconds<Run> },
): ScheduledRun<Run>[] {
  const free = Array.from({ length: machines }, () => 0);
  const ends = new Map<string, number>();
  const slots: ScheduledRun<Run>[] = [];
  const waiting = [...runs];
  while (waiting.length > 0) {
    // when a run's ancestors are done; those of a run in `waiting` may have no end yet
    const ready = waiting.map(({ after }) =>
      Math.max(0, ...after.map((k) => ends.get(k) ?? Infinity))
    );
    const now = Math.max(Math.min(...free), Math.min(...ready));
    const index = ready.findIndex((time) => time <= now);
    const [run] = waiting.splice(index, 1);
    const machine = free.findIndex((time) => time <= now);
    const end = now + seconds(run!);
    free[machine] = end;
    ends.set(run!.key, end);
    slots.push({ run: run!, machine, start: now, end });
  }
  return slots;
}
