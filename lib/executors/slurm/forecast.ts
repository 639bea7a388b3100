/** When a plan on a cluster ends, at the earliest. */
import { cost } from "../../estimates/cost.ts";
import type { Description } from "../../datasets/dataset.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Store } from "../../store/mod.ts";
import { longestChain } from "../../estimates/critical_path.ts";
import { type JobState, progressOf } from "./states.ts";

/**
 * The longest chain of runs that are not done, and the seconds that it takes if each begins as soon
 * as it can. Estimates are corrected by what the runs took that are done.
 */
export function forecast(
  runs: readonly PlannedRun[],
  { store, states, dataset }: {
    readonly store: Store;
    readonly states: ReadonlyMap<string, JobState>;
    readonly dataset: Description;
  },
): { readonly chain: readonly PlannedRun[]; readonly seconds: number } {
  const isDone = ({ key }: PlannedRun) => states.get(key)?.state === "done";
  const expected = (run: PlannedRun) => cost(run, dataset).seconds;
  const correction = correctionBy(runs.filter(isDone), { store, expected });
  const { chain, seconds } = longestChain(runs, (run) => {
    if (isDone(run)) return 0;
    const left = states.get(run.key)?.state === "running" && progressOf(run, store)?.secondsLeft;
    return left || correction * expected(run);
  });
  return { chain: chain.filter((run) => !isDone(run)), seconds };
}

/** How many times as long as expected runs took. */
function correctionBy(
  runs: readonly PlannedRun[],
  { store, expected }: { store: Store; expected: (run: PlannedRun) => number },
): number {
  const known = runs.flatMap((run) => {
    const sittings = store.readSittings(run);
    const seconds = sittings.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
    return seconds > 0 ? [{ seconds, expected: expected(run) }] : [];
  });
  const sum = (field: "seconds" | "expected") => known.reduce((sum, run) => sum + run[field], 0);
  return known.length > 0 ? sum("seconds") / sum("expected") : 1;
}
