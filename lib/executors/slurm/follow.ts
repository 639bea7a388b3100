/** Waits for jobs and shows their progress. */
import { UserError } from "../../errors.ts";
import { actionLabel, displayName } from "../../experiment.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Bar, Bars } from "../../system/progress.ts";
import type { Store } from "../../store/mod.ts";
import { jobsOfStore, progressOf, type RunState, runStates } from "./states.ts";

/** Interval between queries of the queue, ms; Slurm's documentation advises against shorter ones. */
const INTERVAL = 5_000;

/** Queries after the queue is empty for which accounting may still report jobs as live. */
const PATIENCE = 12;

/** Waits a number of milliseconds. */
const sleep = (duration: number) => new Promise<void>((resolve) => setTimeout(resolve, duration));

/**
 * Shows a progress bar for each running run and one for all runs, until the queue holds no job of
 * the store.
 *
 * @param pause waits between two queries
 * @throws {UserError} Some runs are not done at the end.
 */
export async function follow(
  runs: readonly PlannedRun[],
  store: Store,
  bars: Bars,
  pause: (duration: number) => Promise<void> = sleep,
) {
  const overall = bars.bar("all runs", { unit: "runs" });
  const shown = new Map<string, Bar>();
  let states: ReadonlyMap<string, RunState> = new Map();
  let patience = PATIENCE;
  for (let isOver = false; !isOver;) {
    try {
      // before the store's states: a job that ends in between is then seen as ended
      const jobs = await jobsOfStore(store);
      isOver = !jobs.records.some(({ job }) => jobs.present.has(job));
      states = await runStates(runs, store, jobs);
      // accounting hears of the end of a job later than the queue
      if (isOver && runs.some(({ key }) => isLive(states.get(key)))) isOver = patience-- === 0;
      show(runs, { store, states, bars, overall, shown });
    } catch (error) {
      // a controller that restarts does not answer; its jobs keep running
      if (!(error instanceof UserError)) throw error;
      bars.log(`${error.message}; trying again in ${INTERVAL / 1000} s`);
      isOver = false;
    }
    if (!isOver) await pause(INTERVAL);
  }
  for (const bar of [...shown.values(), overall]) bar.stop();
  const lost = runs.filter(({ key }) => states.get(key)?.state !== "done");
  if (lost.length === 0) return;
  const failed = lost.filter(({ key }) => states.get(key)?.state === "failed");
  throw new UserError(
    `Cannot finish ${lost.length} of ${runs.length} runs` +
      (failed.length > 0
        ? `: ${failed.map(({ run }) => displayName(run)).join(", ")} failed`
        : "") +
      "; deno task status says why, and the same command submits what is missing",
  );
}

function isLive(state: RunState | undefined): boolean {
  return state?.state === "running" || state?.state === "pending";
}

function show(
  runs: readonly PlannedRun[],
  { store, states, bars, overall, shown }: {
    readonly store: Store;
    readonly states: ReadonlyMap<string, RunState>;
    readonly bars: Bars;
    readonly overall: Bar;
    readonly shown: Map<string, Bar>;
  },
) {
  const isIn = (state: string) => ({ key }: PlannedRun) => states.get(key)?.state === state;
  overall.update(runs.filter(isIn("done")).length, runs.length);
  const running = runs.filter(isIn("running"));
  for (const run of running) {
    const bar = shown.get(run.key) ?? bars.bar(actionLabel(run.run), { unit: "images" });
    shown.set(run.key, bar);
    const { step, steps, batch } = progressOf(run, store) ?? { step: 0, steps: 0, batch: 0 };
    bar.update(step * batch, steps * batch);
  }
  for (const [key, bar] of shown) {
    if (running.some((run) => run.key === key)) continue;
    bar.stop();
    shown.delete(key);
  }
}
