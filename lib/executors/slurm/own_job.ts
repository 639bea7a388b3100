/**
 * Carries out one run, as a job of a cluster does: waits for files that other nodes wrote, and requeues
 * the job that it is when its time is up.
 *
 * @module
 */
import { Interruption, UserError } from "../../errors.ts";
import { actionLabel, displayName, isEvaluation } from "../../experiment.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Store } from "../../store/mod.ts";
import { STOP_SIGNALS, TIME_LIMIT_SIGNAL } from "../../system/signals.ts";
import { requeue } from "./client.ts";

/**
 * Carries out a run whose ancestor is done.
 *
 * @param execute carries it out here
 * @returns whether it is done; false if its job was requeued and continues later
 * @throws {UserError} Its ancestor is not done, or the job made no progress before its time limit.
 */
export async function carryOutAsJob(
  planned: PlannedRun,
  store: Store,
  execute: () => Promise<void>,
): Promise<boolean> {
  await mustBeReady(planned, store);
  const before = store.progressOf(planned);
  try {
    await execute();
    return true;
  } catch (error) {
    const job = Deno.env.get("SLURM_JOB_ID");
    const isOutOfTime = error instanceof Interruption &&
      error.exitCode === STOP_SIGNALS[TIME_LIMIT_SIGNAL];
    if (!isOutOfTime || job === undefined) throw error;
    await goOnLater(planned, job, store.progressOf(planned) - before);
    return false;
  }
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

/** Requeues the job, if it made progress. */
async function goOnLater({ run }: PlannedRun, job: string, progress: number) {
  if (progress <= 0) {
    const kind = isEvaluation(run) ? "evaluate" : "train";
    throw new UserError(
      `Cannot continue: job ${job} made no progress before its time limit; give it more time, as ` +
        `in --resources ${kind}.time=4:00:00`,
    );
  }
  console.error(`job ${job} reached its time limit: it is requeued and continues from here`);
  await requeue(job);
}
