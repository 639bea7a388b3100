/** `run`: carries out one run by its key, as a job of a cluster does. */
import { UsageError, UserError } from "../errors.ts";
import { actionLabel } from "../experiment.ts";
import { carryOutAsJob } from "../executors/slurm/own_job.ts";
import { type PlannedRun, withAllAncestors } from "../plan.ts";
import { progressBars } from "../system/progress.ts";
import { makeStore } from "../store/mod.ts";
import { findRun, openLibrary } from "../command_line/find_run.ts";
import type { Options } from "../command_line/options.ts";

/** Carries out the run that `words` names. */
export async function run(words: readonly string[], options: Options): Promise<number> {
  const [word] = words;
  if (word === undefined) throw new UsageError("run needs the key of a run: deno task run KEY");
  const planned = findRun(word, await openLibrary(words, options));
  const store = makeStore(options.results);
  const bars = progressBars();
  const isDone = await carryOutAsJob(planned, store, async () => {
    const { openStudy } = await import("../reproduce.ts");
    const study = await openStudy(options, bars);
    mustBeItsData(planned, study.dataset.fingerprint);
    const { runPlan } = await import("../executors/local/scheduler.ts");
    // one that it starts from may be found damaged, and is then repeated
    await runPlan(withAllAncestors([planned]), { ...study, bars }, options);
  }).finally(bars.stop);
  if (isDone) console.error(`done: ${actionLabel(planned.run)}, ${store.folderOf(planned)}`);
  return 0;
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
