/**
 * Reproduces all tables on a cluster of two nodes, with disturbances: a training reaches its time
 * limit, another is preempted, a third is requeued, a fourth is killed, an evaluation reaches its time
 * limit, and the controller restarts. Then compares every CSV with that of an undisturbed
 * reproduction on this machine. Takes some minutes; `.ci/run` calls it.
 *
 * usage: deno run FLAGS tests/slurm/all_tables.ts DATA REFERENCE, with the permissions of tests, where
 * REFERENCE is the folder of the smoke setup's results
 */
import assert from "node:assert/strict";
import { jobOfRun, readRecords } from "../../lib/executors/slurm/records.ts";
import { displayName } from "../../lib/experiment.ts";
import { openStore } from "../../lib/store/mod.ts";
import { hasSlurm, type Printed, TestCluster, until } from "./cluster.ts";
import { statusOf } from "../support/processes.ts";
import { type HalfWay, halfWay, letGoOn } from "./half_way.ts";

/** Number of the signal on Linux. */
const SIGUSR2 = 12;

const [data, reference] = Deno.args;
if (data === undefined || reference === undefined) {
  console.error("usage: deno run FLAGS tests/slurm/all_tables.ts DATA REFERENCE");
  Deno.exit(2);
}
if (!hasSlurm) {
  console.error("Slurm is not installed: the test of all tables on a cluster is skipped");
  Deno.exit(0);
}

await using cluster = await TestCluster.start();
const options = ["--setup", "smoke", "--data", data, "--results", cluster.folder("results")];
const all = ["reproduce-all", ...options, "--executor", "slurm", "--wait"];
const store = openStore(`${cluster.folder("results")}/smoke`);
const planned = JSON.parse((await mustRun("plan", ...options, "--format", "json")).out) as {
  run: string;
  key: string;
}[];
const keyOf = (name: string) => planned.find(({ run }) => run === name)!.key;

say("all tables, disturbed");
// an evaluation that does not end
const SLOW = "test A 256 at Q = 256, dense";
const stuck = 'case "$SLURM_JOB_NAME" in test-A-256-dense) sleep 3600 ;; esac';
const config = `${cluster.folder("user")}/verydeep.json`;
Deno.writeTextFileSync(
  config,
  JSON.stringify({ executors: { slurm: { evaluate: { prologue: [stuck] } } } }),
);
const first = cluster.verydeep(...all);
const slow = endsSoon(SLOW);
const caught = ["train D 256", "train C 256", "train B 256", "train E 384"].map(caughtIn);
await Promise.all([
  caught[0]!.then(runOutOfTime),
  caught[1]!.then(preempt),
  caught[2]!.then(requeue),
]);
const E = await caught[3]!;
say("the controller restarts");
await cluster.restartController();
Deno.kill(E.pid, "SIGKILL");
say(`${E.name} (job ${E.job}) is killed`);
await slow;

const { code, err } = await first;
assert.equal(code, 1, "runs failed");
assert.match(err, /Cannot finish \d+ of 54 runs: .* failed/);
const states = await statesOf();
const lost = states.filter(({ state }) => state !== "done");
const failed = lost.filter(({ state }) => state === "failed");
assert.deepEqual(failed.map(({ run }) => run).sort(), [SLOW, E.name].sort());
assert.match(failed.find(({ run }) => run === SLOW)!.detail, /reached its time limit/);
const behind = lost.filter(({ state }) => state !== "failed");
assert.ok(behind.every(({ state }) => state === "cancelled"));
assert.ok(behind.some(({ detail }) => detail === `${E.name} failed`));
say(
  `lost: ${
    failed.map(({ run }) => run).join(", ")
  }, and ${behind.length} runs that start from them`,
);

say("the same command again, for the missing runs");
Deno.removeSync(config);
const before = readRecords(store).length;
const second = await cluster.verydeep(...all);
assert.equal(second.code, 0, second.err);
const submitted = readRecords(store).slice(before).flatMap(({ run }) => run ?? []);
assert.deepEqual(submitted.sort(), lost.map(({ key }) => key).sort());

for (const table of [1, 2, 3, 4, 5, 6, 7].map((number) => `table${number}.csv`)) {
  const here = Deno.readTextFileSync(`${reference}/${table}`);
  const there = Deno.readTextFileSync(`${store.folder}/${table}`);
  assert.equal(there, here, `${table} differs`);
}
const interrupted = new Set((await Promise.all(caught.slice(0, 3))).map(({ key }) => key));
for (const run of store.runs()) {
  // an interrupted training has two: until its checkpoint, and from there
  const expected = interrupted.has(run.key) ? 2 : 1;
  assert.equal(store.readExecutions(run).length, expected, `executions of ${displayName(run.run)}`);
}
say("every CSV is the same, and no run was executed twice");

/** A training that was stopped half-way, with its name. */
interface Caught extends HalfWay {
  readonly name: string;
}

async function caughtIn(name: string): Promise<Caught> {
  return { name, ...await halfWay(keyOf(name), store) };
}

/** Slurm sends the signal two minutes before a time limit, and checks limits twice a minute. */
async function runOutOfTime({ name, job, pid }: Caught) {
  await slurm("scontrol", "update", `JobId=${job}`, "EndTime=now+120");
  // Slurm resumes a stopped process; otherwise the signal is still pending
  await until(() => !isStopped(pid) || isPending(pid, SIGUSR2), `the signal for ${name}`);
  letGoOn(pid);
  say(`${name} (job ${job}) comes near its time limit and requeues itself`);
}

async function preempt({ name, job }: Caught) {
  const node = (await slurm("squeue", "--noheader", `--jobs=${job}`, "--format=%N")).out.trim();
  const asked = ["--partition=urgent", `--nodelist=${node}`, "--output=/dev/null", "--wrap=true"];
  await slurm("sbatch", "--wait", ...asked);
  say(`${name} (job ${job}) was preempted by one of higher priority`);
}

async function requeue({ name, job }: Caught) {
  await slurm("scontrol", "requeue", job);
  say(`${name} (job ${job}) was requeued, as by a node that fails`);
}

/** Sets the end of a run's job to a second after its start. */
async function endsSoon(name: string) {
  const key = keyOf(name);
  let job: string | undefined;
  await until(async () => {
    job = jobOfRun(readRecords(store)).get(key)?.job;
    if (job === undefined) return false;
    const { out } = await cluster.run("squeue", "--noheader", `--jobs=${job}`, "--format=%T");
    if (out.trim() !== "RUNNING") return false;
    // the controller refuses while it restarts
    return (await cluster.run("scontrol", "update", `JobId=${job}`, "EndTime=now+1")).code === 0;
  }, `the job of ${name}`);
  say(`${name} (job ${job}) reaches its time limit`);
}

/** Whether a signal is pending for a stopped process. */
function isPending(pid: number, signal: number): boolean {
  const [, mask = "0"] = /^ShdPnd:\s*(\w+)$/m.exec(statusOf(pid)) ?? [];
  return (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
}

function isStopped(pid: number): boolean {
  return /^State:\s*T/m.test(statusOf(pid));
}

async function statesOf() {
  const { out } = await mustRun("status", ...options, "--format", "json");
  return JSON.parse(out) as { run: string; key: string; state: string; detail: string }[];
}

async function mustRun(...args: string[]): Promise<Printed> {
  return successOf(args[0]!, await cluster.verydeep(...args));
}

async function slurm(program: string, ...args: string[]): Promise<Printed> {
  return successOf(program, await cluster.run(program, ...args));
}

function successOf(what: string, printed: Printed): Printed {
  assert.equal(printed.code, 0, `${what}: ${printed.err}`);
  return printed;
}

function say(what: string) {
  console.log(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}`);
}
