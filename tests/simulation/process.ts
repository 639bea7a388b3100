/** What simulated processes do: the program's own scheduler, or its own `runOne` in a worker. */
import { runOne } from "../../lib/executors/local/run.ts";
import { runPlan } from "../../lib/executors/local/scheduler.ts";
import type { RunThreads } from "../../lib/executors/local/start_worker.ts";
import { submitPlan } from "../../lib/executors/slurm/mod.ts";
import { carryOutAsJob } from "../../lib/executors/slurm/own_job.ts";
import { withAllAncestors } from "../../lib/plan.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";
import type { ImageCache } from "../../lib/vgg/image_cache.ts";
import { kernel } from "./kernel.ts";
import { dataset, description, FOLDER, runs, setup, simulatedEngine } from "./plan.ts";

const bars = {
  log: (line: string) => kernel.log(line),
  bar: () => ({ update() {}, stop() {} }),
} as unknown as Parameters<typeof runPlan>[1]["bars"];

/** Workers of this process, which are simulated threads, too. */
const threads: RunThreads = {
  prepare: () => Promise.resolve(),
  start({ stop }) {
    const thread = kernel.spawn(stop);
    return Promise.resolve({
      device: { kind: "cpu" },
      readImages: () => Promise.resolve({} as ImageCache),
      stopRun: () => kernel.stopRun(thread),
      stop: () => kernel.terminate(thread),
      run: ({ planned: { key } }) => kernel.run(thread, key),
    });
  },
};

/** A command that carries out the plan. */
export async function carryOut() {
  const store = makeStore(FOLDER);
  await runPlan(runs, { store, dataset, setup, bars }, { workers: kernel.workers }, threads);
}

/** A command that submits the plan to Slurm, and waits for its end. */
export async function submit() {
  const commands = { prepare: "", train: "", evaluate: "", report: "" };
  await submitPlan(runs, makeStore(FOLDER), {
    ...{ bars, setup, commands, dataset: description, config: {}, start: "/sim", again: "again" },
    ...{ reportsAnyway: false, prepare: false, wait: true },
  });
}

/** A job that Slurm starts for a run. */
export async function job(key: string) {
  const store = makeStore(FOLDER);
  const planned = runs.find((run) => run.key === key)!;
  await carryOutAsJob(planned, store, async () => {
    const study = { store, dataset, setup, bars };
    await runPlan(withAllAncestors([planned]), study, { workers: 1 }, threads);
  });
}

/** Executes a run in a worker. @returns whether it is done */
export function work(key: string): boolean {
  let isStopped = false;
  const planned = runs.find((run) => run.key === key)!;
  const step = () => isStopped = kernel.nextStep();
  return runOne(planned, {
    engine: simulatedEngine(step, (step) => kernel.resume(step)),
    ...{ dataset, store: openStore(FOLDER), onProgress() {}, onNotice: bars.log },
    shouldStop: () => isStopped,
  });
}
