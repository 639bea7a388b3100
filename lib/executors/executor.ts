/**
 * Executors: who carries a plan out. Each is made with what it needs of its own, and then takes a
 * plan and a store; when its promise is kept, it has done what it can: `local.ts` all runs, `slurm/`
 * has put them into the queue of a cluster, or has waited for its end, too.
 *
 * @module
 */
import type { PlannedRun } from "../plan.ts";
import type { Store } from "../store/mod.ts";

/**
 * Carries out the runs of a plan that are not done.
 *
 * @throws {UserError} Runs failed, or could not be begun. All that was done is kept.
 */
export type Executor = (runs: readonly PlannedRun[], store: Store) => Promise<void>;

/** Names of the executors. */
export const EXECUTORS = ["local", "slurm"] as const;
