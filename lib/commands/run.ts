/** `run`: carries out one run by its key, as a job of a cluster does. */
import { Interruption, UsageError, UserError } from "../errors.ts";
import { actionLabel, displayName } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { progressBars } from "../system/progress.ts";
import { STOP_SIGNALS, TIME_LIMIT_SIGNAL } from "../system/signals.ts";
import { makeStore, type Store } from "../store/mod.ts";
import { findRun, openLibrary } from "../command_line/find_run.ts";
import type { Options } from "../command_line/options.ts";

/** Carries out the run that `words` names. */
export async function run(words: readonly string[], options: Options): Promise<number> {
  const [word] = words;
  if (word === undefined) throw new UsageError("run needs the key of a run: deno task run KEY");
  const planned = findRun(word, await openLibrary(options));
  const store = makeStore(options.results);
  await mustBeReady(planned, store);
  const before = store.stepOf(planned);
  const bars = progressBars();
  try {
    const { openStudy } = await import("../reproduce.ts");
    const study = await openStudy(options, bars);
    mustBeItsData(planned, study.dataset.fingerprint);
    const { runPlan } = await import("../executors/local/scheduler.ts");
    await runPlan(withAncestor(planned), { ...study, bars }, options);
  } catch (error) {
    const job = Deno.env.get("SLURM_JOB_ID");
    const isOutOfTime = error instanceof Interruption &&
      error.exitCode === STOP_SIGNALS[TIME_LIMIT_SIGNAL];
    if (!isOutOfTime || job === undefined) throw error;
    return await goOnLater(job, store.stepOf(planned) - before);
  } finally {
    bars.stop();
  }
  console.error(`done: ${actionLabel(planned.run)}, ${store.folderOf(planned)}`);
  return 0;
}

/** A run, after the ancestor that it reads. */
function withAncestor(planned: PlannedRun): PlannedRun[] {
  return [...planned.ancestor ? [planned.ancestor] : [], planned];
}

/** How long to wait for files that another node wrote, s: network file systems cache. */
const PATIENCE = 60;

/** Waits for a run's ancestor. @throws {UserError} It is not done. */
async function mustBeReady(planned: PlannedRun, store: Store) {
  const { ancestor } = planned;
  if (ancestor === undefined) return;
  const isMissing = () => store.status(ancestor).state !== "done";
  const patience = Deno.env.has("SLURM_JOB_ID") ? PATIENCE : 0;
  for (let second = 0; second < patience && isMissing(); second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  if (!isMissing()) return;
  const { state, detail } = store.status(ancestor);
  if (state === "unreadable") throw new UserError(detail);
  throw new UserError(
    `Cannot ${actionLabel(planned.run)}: train ${
      displayName(ancestor.run)
    } is not done in "${store.folder}"; ` +
      `carry it out first: deno task run ${ancestor.key}`,
  );
}

/** @throws {UserError} This node's data differs from the data that the plan was made for. */
function mustBeItsData({ run, context }: PlannedRun, found: string) {
  if (context.data === found) return;
  throw new UserError(
    `Cannot ${
      actionLabel(run)
    }: it needs data with the fingerprint ${context.data}, and the data here has ` +
      `${found}; name the folder of its data with --data DIR`,
  );
}

/** Requeues the job, if it made progress. @returns the exit code */
async function goOnLater(job: string, steps: number): Promise<number> {
  if (steps <= 0) {
    throw new UserError(
      `Cannot continue: job ${job} made no step before its time limit; give it more time, as ` +
        "in --resources train.time=4:00:00",
    );
  }
  console.error(`job ${job} reached its time limit: it is requeued and continues from here`);
  const { requeue } = await import("../executors/slurm/client.ts");
  await requeue(job);
  return 0;
}
