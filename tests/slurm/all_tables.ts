/**
 * Reproduces all tables on a cluster of two nodes while jobs are killed, requeued and run out of
 * time and the controller restarts, and compares every CSV with those of an undisturbed
 * reproduction on this machine. Too long for a test: `.ci/run` has it.
 *
 * usage: deno run -A tests/slurm/all_tables.ts DATA REFERENCE, where REFERENCE is the folder of the
 * smoke setup's results
 */
import assert from "node:assert/strict";
import { jobOfRun, readRecords } from "../../lib/executors/slurm/records.ts";
import { isEvaluation, title } from "../../lib/experiment.ts";
import type { PlannedRun } from "../../lib/plan.ts";
import { openStore, type Store } from "../../lib/store.ts";
import { hasSlurm, TestCluster, until } from "./cluster.ts";

const [data, reference] = Deno.args;
if (data === undefined || reference === undefined) {
  console.error("usage: deno run -A tests/slurm/all_tables.ts DATA REFERENCE");
  Deno.exit(2);
}
if (!hasSlurm) {
  console.error("Slurm is not installed: all tables on a cluster are left out");
  Deno.exit(0);
}

await using cluster = await TestCluster.start();
const results = cluster.folder("results");
const options = ["--setup", "smoke", "--data", data, "--results", results];
const store = openStore(`${results}/smoke`);

console.log("== all tables, disturbed");
const first = cluster.begin("reproduce-all", ...options, "--executor", "slurm", "--wait");
const printed = first.output();
const disturbed = new Set<string>();

await disturb(
  "D",
  256,
  "asked to write a checkpoint and requeue, as before a time limit",
  async (job) => {
    await cluster.run("scancel", "--batch", "--signal=USR1", job);
  },
);
await disturb("C", 256, "requeued, as one that is preempted", async (job) => {
  await cluster.run("scontrol", "requeue", job);
});
console.log("the controller restarts");
await cluster.restartController();
await disturb("E", 384, "killed", (_job, run) => {
  Deno.kill(store.leases.owner(run.key)!.pid, "SIGKILL");
});

const { code, stderr } = await printed;
assert.equal(code, 1, "a run was killed");
assert.match(new TextDecoder().decode(stderr), /Cannot finish \d+ of 54 runs: .*E 384 failed/);
const lost = (await statesOf()).filter(({ state }) => state !== "done");
console.log(`lost: ${lost.map(({ run, state }) => `${run} ${state}`).join(", ")}`);
assert.equal(lost.filter(({ state }) => state === "failed").length, 1);
assert.ok(lost.every(({ state }) => state === "failed" || state === "cancelled"));

console.log("== the same again: what is missing");
const before = readRecords(store).length;
const second = await cluster.verydeep(
  ...["reproduce-all", ...options, "--executor", "slurm", "--wait"],
);
assert.equal(second.code, 0, second.err);
const submitted = readRecords(store).slice(before).flatMap(({ run }) => run ?? []);
assert.equal(submitted.length, lost.length);

for (const table of [1, 2, 3, 4, 5, 6, 7].map((number) => `table${number}.csv`)) {
  const here = Deno.readTextFileSync(`${reference}/${table}`);
  const there = Deno.readTextFileSync(`${store.folder}/${table}`);
  assert.equal(there, here, `${table} differs`);
}
for (const run of store.runs()) {
  const sittings = store.readSittings(run).length;
  if (!disturbed.has(run.key)) assert.equal(sittings, 1, `${title(run.run)} was done twice`);
}
console.log("every CSV is the same, and no run was done twice");

console.log("== a time limit that is hit");
await hitTimeLimit();

/** Waits until the job of a training is under way, and does something to it. */
async function disturb(
  config: string,
  S: number,
  what: string,
  act: (job: string, run: PlannedRun) => void | Promise<void>,
) {
  let found: { run: PlannedRun; job: string } | undefined;
  await until(() => {
    const run = trainingOf(store, config, S);
    const record = run && jobOfRun(readRecords(store)).get(run.key);
    // its first lines are in the log: it is past its beginning
    if (run && record && store.readLog(run).length > 1) found = { run, job: record.job };
    return found !== undefined;
  }, `train ${config} ${S}`);
  const { run, job } = found!;
  assert.notEqual(store.status(run).state, "done", `train ${config} ${S} was too fast`);
  await act(job, run);
  disturbed.add(run.key);
  console.log(`train ${config} ${S} (job ${job}): ${what}`);
}

/** A training that was begun. */
function trainingOf(store: Store, config: string, S: number): PlannedRun | undefined {
  return store.runs().find(({ run }) => !isEvaluation(run) && run.config === config && run.S === S);
}

async function statesOf(): Promise<{ run: string; state: string }[]> {
  const { out } = await cluster.verydeep("status", ...options, "--format", "json");
  return JSON.parse(out);
}

/**
 * Trainings that take about a minute, in jobs that may take one: Slurm asks them for a checkpoint
 * when it looks at its limits, twice a minute, and they are done in several sittings.
 */
async function hitTimeLimit() {
  const changes = "schedules.first.images=60000";
  const slow = ["--setup", "smoke", "--data", data!, "--set", changes];
  const there = [...slow, "--results", cluster.folder("slow")];
  const limit = ["--resources", "train.time=1,train.signal=55"];
  const done = await cluster.verydeep(
    ...["kernels", ...there, "--executor", "slurm", "--wait", ...limit, "--format", "csv"],
  );
  assert.equal(done.code, 0, done.err);
  const slowStore = openStore(`${cluster.folder("slow")}/smoke-${changes}`);
  const sittings = slowStore.runs().map((run) => slowStore.readSittings(run).length);
  console.log(`sittings: ${sittings.join(", ")}`);
  assert.ok(Math.max(...sittings) > 1, "no job ran out of time");
  const here = await cluster.verydeep(
    ...["kernels", ...slow, "--results", cluster.folder("slow-here"), "--format", "csv"],
  );
  assert.equal(done.out, here.out);
  console.log("the CSV is the same");
}
