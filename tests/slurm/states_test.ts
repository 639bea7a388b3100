/** States of runs from what the stand-ins of Slurm's programs and the store say. */
import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { parseJobEnds, queue } from "../../lib/executors/slurm/client.ts";
import { follow } from "../../lib/executors/slurm/follow.ts";
import {
  jobsFolder,
  openRecords,
  ownRecords,
  readRecords,
} from "../../lib/executors/slurm/records.ts";
import { type RunState, runStates } from "../../lib/executors/slurm/states.ts";
import { planOf } from "../../lib/plan.ts";
import { makeStore, type Store } from "../../lib/store/mod.ts";
import { FakeSlurm } from "./fake_slurm.ts";

/** A training of A and three evaluations, the array 77 of these tests. */
const [A, ...TESTS] = planOf(
  [256, 384, 512].flatMap((Q) => evaluations(net("A", 256), [Q], "dense")),
  [{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" }],
);
const RUNS = [A!, ...TESTS];

/** Jobs 76, which trains A, and 77_0 to 77_2, which evaluate it, none of them in the queue. */
async function withJobs(
  work: (slurm: FakeSlurm, store: Store) => Promise<void>,
  cluster?: string,
) {
  const suffix = cluster === undefined ? "" : `;${cluster}`;
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    using slurm = new FakeSlurm();
    const store = makeStore(folder);
    Deno.mkdirSync(`${jobsFolder(store)}/logs`, { recursive: true });
    const add = openRecords(store);
    RUNS.forEach((run, i) => {
      const job = i === 0 ? "76" : `77_${i - 1}`;
      const log = `${jobsFolder(store)}/logs/${job}.log`;
      const submitted = "2026-01-31T12:00:00.000Z";
      add({ job: job + suffix, name: "job", run: run.key, log, submitted });
    });
    await work(slurm, store);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The states of all runs, in their order. */
async function statesIn(store: Store): Promise<RunState[]> {
  const states = await runStates(RUNS, store);
  return RUNS.map(({ key }) => states.get(key)!);
}

Deno.test("tasks that sacct writes as one line are separated", () => {
  const tasks = (job: string) => [...parseJobEnds(`${job}|CANCELLED by 1000|0:0\n`).keys()];
  assert.deepEqual(tasks("12"), ["12"]);
  assert.deepEqual(tasks("12_3"), ["12_3"]);
  assert.deepEqual(tasks("77_[0-2]"), ["77_0", "77_1", "77_2"]);
  assert.deepEqual(tasks("77_[0,2-3]"), ["77_0", "77_2", "77_3"]);
  assert.deepEqual(tasks("77_[1-7:3,9%2]"), ["77_1", "77_4", "77_7", "77_9"]);
  const ends = parseJobEnds("12|CANCELLED by 1000|0:15\n13|FAILED|0:9\n14|FAILED|3:0\n");
  assert.deepEqual([...ends.values()], [
    { state: "CANCELLED", signal: 15 },
    { state: "FAILED", signal: 9 },
    { state: "FAILED", signal: 0 },
  ]);
});

Deno.test("another job that has the number of one of these is another job", () =>
  withJobs(async (slurm, store) => {
    const ours = `${jobsFolder(store)}/job-0123456789ab.sh`;
    slurm.set("jobs", [
      "76||RUNNING|None|n1|/home/me/other work.sh",
      `77_0||PENDING|Priority||${ours}`,
      `77_1||PENDING|Priority||/copy${ours}`,
      // a version of Slurm that does not tell the script
      "77_2||PENDING|Priority|",
    ]);
    const states = await statesIn(store);
    assert.deepEqual(states.map(({ state }) => state), ["todo", "pending", "todo", "pending"]);
    const all = readRecords(store);
    const own = ownRecords(all, await queue(all.map(({ job }) => job)));
    assert.deepEqual(own.map(({ job }) => job), ["77_0", "77_2"]); // what cancel cancels
  }));

Deno.test("a cancelled array is cancelled, not failed", () =>
  withJobs(async (slurm, store) => {
    slurm.set("account", ["|76|CANCELLED by 1000|0:0", "|77_[0-2]|CANCELLED by 1000|0:0"]);
    const states = await statesIn(store);
    assert.deepEqual(states.map(({ state }) => state), Array(4).fill("cancelled"));
    assert.equal(states[0]!.detail, "job 76 was cancelled");
    // tasks alone, whose training is not among the runs
    const alone = [...(await runStates(TESTS, store)).values()];
    assert.deepEqual(
      alone.map(({ state, detail }) => [state, detail]),
      [0, 1, 2].map((task) => ["cancelled", `job 77_${task} was cancelled`]),
    );
  }));

Deno.test("a job that accounting says is live is running or pending", () =>
  withJobs(async (slurm, store) => {
    const live = {
      ...{ RUNNING: "running", SUSPENDED: "running", COMPLETING: "running" },
      ...{ PENDING: "pending", REQUEUED: "pending" },
    };
    for (const [slurmState, expected] of Object.entries(live)) {
      slurm.set("account", [`|76|${slurmState}|0:0`]);
      assert.equal((await statesIn(store))[0]!.state, expected, slurmState);
    }
  }));

Deno.test("a cluster that sbatch named is asked for its queue, its accounting and its controller", () =>
  withJobs(async (slurm, store) => {
    // jobs of the same numbers on this machine's cluster are others
    slurm.set("jobs", ["76||RUNNING|None|n1", "77_0|east|PENDING|Priority|"]);
    slurm.set("account", ["|76|COMPLETED|0:0", "east|76|TIMEOUT|0:0", "east|77_1|CANCELLED|0:0"]);
    slurm.set("controller", ["|77_2|FAILED|1:0", "east|77_2|NODE_FAIL|0:0"]);
    const states = await statesIn(store);
    assert.deepEqual(states.map(({ state }) => state), [
      ...["failed", "pending", "cancelled", "failed"],
    ]);
    assert.match(states[0]!.detail!, /^job 76;east reached its time limit/);
    assert.match(states[3]!.detail!, /^job 77_2;east lost its node/);
  }, "east"));

Deno.test("waiting continues while accounting reports a live job, but not for ever", () =>
  withJobs(async (slurm, store) => {
    const bar = { update() {}, stop() {} };
    const bars = { bar: () => bar, log() {}, stop() {} };
    const live = ["|76|COMPLETING|0:0", "|77_[0-2]|CANCELLED|0:0"];
    slurm.set("account", live);
    let pauses = 0;
    const endsAfter = (count: number) =>
      assert.rejects(
        follow(RUNS, store, bars, () => {
          if (++pauses === count) slurm.set("account", ["|76|FAILED|1:0", live[1]!]);
          return Promise.resolve();
        }),
        /Cannot finish 4 of 4 runs/,
      );
    await endsAfter(3);
    assert.equal(pauses, 3);
    slurm.set("account", live);
    pauses = 0;
    await endsAfter(Infinity);
    assert.equal(pauses, 12);
  }));

Deno.test("each end of a job is explained, with the fields of its own kind", () =>
  withJobs(async (slurm, store) => {
    const details = async (...account: string[]) => {
      slurm.set("account", account.map((line) => `|${line}`));
      return (await statesIn(store)).map(({ detail }) => detail);
    };
    assert.deepEqual((await details("76|TIMEOUT|0:0", "77_0|TIMEOUT|0:0")).slice(0, 2), [
      "job 76 reached its time limit; set a longer one with --resources train.time=4:00:00",
      "job 77_0 reached its time limit; set a longer one with --resources evaluate.time=4:00:00",
    ]);
    const ends = {
      "BOOT_FAIL|0:0": "did not start, because its node failed to boot",
      "DEADLINE|0:0": "reached the deadline that sbatch was given",
      "FAILED|0:9": "was killed \\(SIGKILL\\), .* --resources train.memory=32G",
      "NODE_FAIL|0:0": "lost its node; the same command submits it again",
      "OUT_OF_MEMORY|0:125": "ran out of memory; request more with --resources train.memory=32G",
      "PREEMPTED|0:0": "was preempted and not requeued; the same command submits it again",
      "REVOKED|0:0": "was moved to another cluster of the federation",
      "FAILED|1:0": "left no log",
    };
    for (const [end, words] of Object.entries(ends)) {
      assert.match((await details(`76|${end}`))[0]!, new RegExp(`^job 76 ${words}`), end);
    }
    // without accounting, the controller knows it
    slurm.set("controller", ["|76|OUT_OF_MEMORY|0:125"]);
    assert.match((await details())[0]!, /^job 76 ran out of memory/);
  }));

Deno.test("a training that was killed for its memory says so, with the step that it reached", () =>
  withJobs(async (slurm, store) => {
    const folder = store.folderOf(A!);
    store.begin(A!);
    Deno.writeTextFileSync(`${folder}/checkpoint.safetensors`, "");
    const log = `${jobsFolder(store)}/logs/76.log`;
    // the words of Slurm 22.05 and 23.11 at a cgroup's limit, and of JobAcctGatherParams=OverMemoryKill
    for (
      const words of [
        "Detected 1 oom-kill event(s) in StepId=76.batch. Some of your processes may have been killed",
        "Detected 1 oom_kill event in StepId=76.batch. Some of the step tasks have been OOM Killed.",
        "StepId=76.batch exceeded memory limit (4194304 > 2097152), being killed",
        "Exceeded job memory limit",
      ]
    ) {
      Deno.writeTextFileSync(log, `training\nslurmstepd: error: ${words}\n`);
      slurm.set("account", ["|76|CANCELLED|0:9"]);
      const [{ state, detail, lastLines }] = await statesIn(store) as [RunState];
      assert.equal(state, "failed");
      assert.match(detail!, /^job 76 ran out of memory; .*train\.memory=32G \(.*\)$/, words);
      assert.match(lastLines!.at(-1)!, /^slurmstepd/);
    }
  }));
