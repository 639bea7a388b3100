/** Order and duration of a plan on one or several machines, from the duration of each run. */

/** The fields of a run that matter here: its key, and that of the run that must be done before. */
interface DependentRun {
  readonly key: string;
  readonly ancestor?: { readonly key: string };
}

/** Duration of a run, seconds; 0 if it is done. */
type RunSeconds<Run> = (run: Run) => number;

/**
 * For each run, by key, the seconds from its start to the end of the longest chain of runs that
 * starts with it.
 */
export function secondsToEnd<Run extends DependentRun>(
  runs: readonly Run[],
  seconds: RunSeconds<Run>,
): Map<string, number> {
  const behind = new Map<string, number>();
  const toEnd = new Map<string, number>();
  // runs that start from another come after it
  for (const run of runs.toReversed()) {
    const length = seconds(run) + (behind.get(run.key) ?? 0);
    toEnd.set(run.key, length);
    const before = run.ancestor?.key;
    if (before !== undefined) behind.set(before, Math.max(length, behind.get(before) ?? 0));
  }
  return toEnd;
}

/**
 * Runs in the order in which machines should execute them: first the runs that the longest chains
 * depend on. A run comes after the runs that it starts from.
 */
export function urgentFirst<Run extends DependentRun>(
  runs: readonly Run[],
  seconds: RunSeconds<Run>,
): Run[] {
  const toEnd = secondsToEnd(runs, seconds);
  return runs.toSorted((a, b) => toEnd.get(b.key)! - toEnd.get(a.key)!);
}

/**
 * Runs in the order in which one machine starts them, `atOnce` side by side. Several: the longest chain
 * comes first, so that it does not go on alone at the end. One at a time: as planned, a net's tests
 * after its training, so that results come early.
 */
export function startingOrder<Run extends DependentRun>(
  runs: readonly Run[],
  { atOnce, seconds }: { readonly atOnce: number; readonly seconds: RunSeconds<Run> },
): readonly Run[] {
  return atOnce === 1 ? runs : urgentFirst(runs, seconds);
}

/** The longest chain of dependent runs: the least time of the plan on any number of machines. */
export function longestChain<Run extends DependentRun>(
  runs: readonly Run[],
  seconds: RunSeconds<Run>,
): { readonly chain: readonly Run[]; readonly seconds: number } {
  const toEnd = secondsToEnd(runs, seconds);
  const chain: Run[] = [];
  const next = (after: Run | undefined) =>
    runs.filter((run) => run.ancestor?.key === after?.key)
      .reduce<Run | undefined>(
        (best, run) => best && toEnd.get(best.key)! >= toEnd.get(run.key)! ? best : run,
        undefined,
      );
  for (let run = next(undefined); run; run = next(run)) chain.push(run);
  return { chain, seconds: chain[0] ? toEnd.get(chain[0].key)! : 0 };
}

/** A run's place in a schedule. */
export interface ScheduledRun<Run> {
  readonly run: Run;
  /** Index of the machine, from 0. */
  readonly machine: number;
  /** Seconds from the start of the plan. */
  readonly start: number;
  readonly end: number;
}

/**
 * Simulates machines that execute runs in their order: the next free machine takes the first run
 * whose ancestors are done, or waits for one. Ancestors that are not among the runs are done.
 */
export function simulateSchedule<Run extends DependentRun>(
  runs: readonly Run[],
  { machines, seconds }: { readonly machines: number; readonly seconds: RunSeconds<Run> },
): ScheduledRun<Run>[] {
  const free = Array.from({ length: machines }, () => 0);
  const places = new Map(runs.map((run, i) => [run, i]));
  const keys = new Set(runs.map(({ key }) => key));
  const descendants = Map.groupBy(
    runs,
    ({ ancestor }) => ancestor && keys.has(ancestor.key) ? ancestor.key : undefined,
  );
  const ready = descendants.get(undefined) ?? [];
  // those that others wait for
  let underWay: ScheduledRun<Run>[] = [];
  const scheduled: ScheduledRun<Run>[] = [];
  let now = 0;
  while (scheduled.length < runs.length) {
    const next = ready.length > 0 ? 0 : Math.min(...underWay.map(({ end }) => end));
    now = Math.max(now, Math.min(...free), next);
    const released = underWay.filter(({ end }) => end <= now)
      .flatMap(({ run }) => descendants.get(run.key) ?? []);
    if (released.length > 0) {
      ready.push(...released);
      ready.sort((one, other) => places.get(one)! - places.get(other)!);
    }
    const run = ready.shift()!;
    const machine = free.findIndex((time) => time <= now);
    const slot = { run, machine, start: now, end: now + seconds(run) };
    free[machine] = slot.end;
    underWay = underWay.filter(({ end }) => end > now);
    if (descendants.has(run.key)) underWay.push(slot);
    scheduled.push(slot);
  }
  return scheduled;
}

/** Seconds until machines that execute runs in their order have done all of them. */
export function makespan<Run extends DependentRun>(
  runs: readonly Run[],
  options: Parameters<typeof simulateSchedule<Run>>[1],
): number {
  return simulateSchedule(runs, options).reduce((last, { end }) => Math.max(last, end), 0);
}
