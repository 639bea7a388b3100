/** A job near its time limit: it requeues itself where it made progress. */
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { Interruption, UserError } from "../../lib/errors.ts";
import { carryOutAsJob } from "../../lib/executors/slurm/own_job.ts";
import { planOf } from "../../lib/plan.ts";
import { makeStore, type Store } from "../../lib/store/mod.ts";
import { STOP_SIGNALS } from "../../lib/system/signals.ts";
import { FakeSlurm } from "./fake_slurm.ts";

const [A] = planOf(
  [net("A", 256)],
  [{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" }],
);

/** A training as job 77, which reaches step 40 before it ends in this way. */
async function asJob(
  end: () => void,
  { from = 0, job = "77" }: { from?: number; job?: string } = {},
) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  using slurm = new FakeSlurm();
  const before = Deno.env.get("SLURM_JOB_ID");
  if (job === "") Deno.env.delete("SLURM_JOB_ID");
  else Deno.env.set("SLURM_JOB_ID", job);
  try {
    let step = from;
    const store: Store = Object.create(makeStore(folder), { progressOf: { value: () => step } });
    const isDone = await carryOutAsJob(A!, store, () => {
      step = 40;
      end();
      return Promise.resolve();
    });
    return { isDone, calls: slurm.calls("scontrol") };
  } finally {
    if (before === undefined) Deno.env.delete("SLURM_JOB_ID");
    else Deno.env.set("SLURM_JOB_ID", before);
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Ends a run as a signal does. */
const stopped = (signal: keyof typeof STOP_SIGNALS) => () => {
  throw new Interruption(STOP_SIGNALS[signal]);
};

Deno.test("a job that gets Slurm's signal before its time limit is requeued, if it made a step", async () => {
  assert.deepEqual(await asJob(stopped("SIGUSR2")), {
    isDone: false,
    calls: ["scontrol requeue 77"],
  });
  await assert.rejects(
    asJob(stopped("SIGUSR2"), { from: 40 }),
    (error) =>
      error instanceof UserError &&
      /^Cannot continue: job 77 made no progress before its time limit/.test(error.message),
  );
});

Deno.test("a job that ends in another way, and a run that is no job, is not requeued", async () => {
  assert.deepEqual(await asJob(() => {}), { isDone: true, calls: [] });
  // scancel and preemption: the same command, or Slurm itself, starts it again
  await assert.rejects(asJob(stopped("SIGTERM")), Interruption);
  await assert.rejects(asJob(stopped("SIGUSR2"), { job: "" }), Interruption);
});
