/**
 * A process of the soak over Slurm: submits what fits into the queue, or carries out one run as a job.
 * Adds what it held at its end to a file.
 *
 * usage: deno run FLAGS tests/soak/job.ts FOLDER COUNT [KEY], with the flags of `JOB`
 *
 * @module
 */
import { smoke } from "../../experiments/setups.ts";
import { carryOutAsJob } from "../../lib/executors/slurm/own_job.ts";
import { submitPlan } from "../../lib/executors/slurm/mod.ts";
import { runPlan } from "../../lib/executors/local/scheduler.ts";
import { withAllAncestors } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { appendLine } from "../../lib/system/files.ts";
import { progressBars } from "../../lib/system/progress.ts";
import { shellWord } from "../../lib/system/shell.ts";
import { tinyDataset } from "../support/tiny.ts";
import { countCalls, JOB, planOf, sampleAt, SETUP, simulated } from "./soak.ts";

const [folder, count, key] = Deno.args;
if (folder === undefined || count === undefined) {
  console.error("usage: deno run FLAGS tests/soak/job.ts FOLDER COUNT [KEY]");
  Deno.exit(2);
}

using dataset = tinyDataset();
const bars = progressBars();
const store = makeStore(`${folder}/results`);
const setup = { ...smoke, train: SETUP };
const plan = planOf(Number(count), dataset);
using counted = countCalls();
try {
  if (key === undefined) await submit();
  else await carryOut(key);
} finally {
  bars.stop();
}
// a file each: jobs run side by side
appendLine(
  `${folder}/${key === undefined ? "goes" : "jobs"}/${crypto.randomUUID()}`,
  // the time since the process began
  JSON.stringify({ ...sampleAt(0, counted.calls()), ended: Date.now(), key }),
);

async function submit() {
  const program = ['"$deno"', ...JOB].join(" ");
  const run = `${program} ${shellWord(folder!)} ${count} "$key"`;
  const config = { cpus: 1, memory: "none", time: "10" };
  await submitPlan(plan, store, {
    ...{ setup, dataset, bars, start: folder!, wait: false, prepare: false },
    config: { train: config, evaluate: config, report: config },
    commands: { prepare: "true", train: run, evaluate: run, report: "true" },
    ...{ reportsAnyway: false, again: "deno task soak" },
  });
}

async function carryOut(key: string) {
  const planned = plan.find((run) => run.key === key)!;
  await carryOutAsJob(planned, store, async () => {
    const study = { store, dataset, setup, bars };
    await runPlan(withAllAncestors([planned]), study, { workers: 1 }, simulated());
  });
}
