/** Which runs of a plan are done, for all executors. */
import { UserError } from "../errors.ts";
import { displayName, isEvaluation } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import type { Store } from "../store/mod.ts";
import type { Bars } from "../system/progress.ts";

/**
 * Runs that are done. Results that will be read (evaluations, and ancestors of runs that are not done)
 * are verified. Damaged ones are renamed to `*.damaged`, and their runs repeated.
 *
 * @throws {UserError} A result exists but cannot be read.
 */
export function doneOf(
  runs: readonly PlannedRun[],
  { store, bars }: { readonly store: Store; readonly bars: Pick<Bars, "log"> },
): PlannedRun[] {
  const needed = new Set<string>();
  // descendants come after their ancestors
  return runs.toReversed().filter((run) => {
    const isRead = isEvaluation(run.run) || needed.has(run.key);
    if (isRead && store.status(run).state === "done") store.damage(run); // updates its status
    const { state, detail = "" } = store.status(run);
    if (state === "unreadable") throw new UserError(detail);
    if (state === "done") {
      store.tidy(run);
      return true;
    }
    if (state === "damaged") {
      store.markDamaged(run);
      bars.log(`${detail.replace(/;.*$/s, "")}: ${displayName(run.run)} is repeated`);
    }
    if (run.ancestor) needed.add(run.ancestor.key);
    return false;
  });
}
