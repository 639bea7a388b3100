/** Tables on a cluster of two nodes, with Slurm's own daemons. */
import { storedRun } from "../support/in_store.ts";
import assert from "node:assert/strict";
import { ACCOUNT_FIELDS, parseJobEnds } from "../../lib/executors/slurm/client.ts";
import { readRecords } from "../../lib/executors/slurm/records.ts";
import { displayName } from "../../lib/experiment.ts";
import { openStore } from "../../lib/store/mod.ts";
import { TINY, tinyFolder } from "../support/command_sandbox.ts";
import { hasAccounting, hasSlurm, TestCluster, until } from "./cluster.ts";
import { halfWay } from "./half_way.ts";

if (!hasSlurm) console.warn("Slurm is not installed: the tests with a cluster are skipped");

/** Options for tiny nets. Table "filter-size" has four trainings, of A, B and B-5x5, and three evaluations. */
function tiny(cluster: TestCluster, results: string, set = TINY): string[] {
  const data = cluster.folder("data");
  if ([...Deno.readDirSync(data)].length === 0) tinyFolder(data);
  return [
    ...["--setup", "smoke", "--dataset", "folder", "--set", set],
    ...["--data", data, "--results", cluster.folder(results)],
  ];
}

/** The store of `tiny`. */
const storeOf = (cluster: TestCluster, results: string, set = TINY) =>
  openStore(`${cluster.folder(results)}/smoke-folder-${set}`);

const SLURM = ["--executor", "slurm"];

/** The message where two of the seven runs fit into the queue. */
const LEFT =
  /Submitted 3 jobs for 2 runs\..*\n5 runs did not fit into the queue\. .*: deno task filter-size .*--executor slurm/;

Deno.test({
  name: "a cluster writes the same CSV; a failed run cancels only the runs that start from it",
  ignore: !hasSlurm,
  async fn() {
    await using cluster = await TestCluster.start();
    const here = tiny(cluster, "here");
    const there = tiny(cluster, "there");

    // sbatch refuses the partition
    const refused = await cluster.verydeep(
      ...["filter-size", ...there, ...SLURM, "--resources", "partition=nowhere"],
    );
    assert.equal(refused.code, 1);
    assert.match(refused.err, /Cannot submit ".*\.sh": sbatch: error: invalid partition/);

    // a training whose job fails before the training starts
    const user = cluster.folder("user");
    const config = { executors: { slurm: { train: { prologue: ["echo out of luck; exit 3"] } } } };
    Deno.writeTextFileSync(`${user}/verydeep.json`, JSON.stringify(config));
    const failed = await cluster.verydeep("filter-size", ...there, ...SLURM, "--wait");
    assert.equal(failed.code, 1, failed.err);
    assert.match(failed.err, /Cannot finish \d of \d runs: .*A 256.* failed/);
    const status = await cluster.verydeep("status", "filter-size", ...there, "--format", "json");
    const records = JSON.parse(status.out) as { run: string; state: string; detail: string }[];
    const of = (run: string) => records.find((record) => record.run === run)!;
    assert.equal(of("train A 256").state, "failed");
    assert.equal(of("train B 256").state, "cancelled");
    assert.equal(of("train B 256").detail, "train A 256 failed");
    const shown = await cluster.verydeep("status", "filter-size", ...there);
    assert.match(shown.out, /\| out of luck/);

    // again: only the missing runs
    Deno.removeSync(`${user}/verydeep.json`);
    const store = storeOf(cluster, "there");
    const before = readRecords(store).length;
    const done = await cluster.verydeep(
      "filter-size",
      ...there,
      ...SLURM,
      "--wait",
      "--format",
      "csv",
    );
    assert.equal(done.code, 0, done.err);
    const second = readRecords(store).length - before;
    assert.equal(second, records.filter(({ state }) => state !== "done").length + 1);
    assert.match(
      (await cluster.verydeep("filter-size", ...there, ...SLURM)).err,
      /Nothing to submit: every run is done/,
    );

    const local = await cluster.verydeep("filter-size", ...here, "--format", "csv");
    assert.equal(local.code, 0, local.err);
    assert.equal(done.out, local.out);

    // a net from a file in the user's folder, at other scales
    const trained = storeOf(cluster, "here").runs().find(({ run }) =>
      displayName(run) === "B 256"
    )!;
    const weights = `${storeOf(cluster, "here").folderOf(trained)}/weights.safetensors`;
    Deno.copyFileSync(weights, `${user}/B.safetensors`);
    const line = ["evaluate", "--weights", "B.safetensors", "--Q", "256,384", "--format", "csv"];
    const draft = await cluster.verydeep(...line.slice(0, -2), ...there, ...SLURM, "--dry-run");
    assert.match(draft.out, /2 jobs for 2 runs\. Nothing was submitted\./);
    const elsewhere = await cluster.verydeep(...line, ...there, ...SLURM, "--wait");
    assert.equal(elsewhere.code, 0, elsewhere.err);
    const last = readRecords(store).at(-1)!;
    assert.equal(last.name, "report");
    assert.match(Deno.readTextFileSync(last.log), /B 256 \(imported\) at Q = 384, dense/);
    const byHand = await cluster.verydeep(...line, ...here);
    assert.equal(elsewhere.out, byHand.out);
  },
});

Deno.test({
  name: "a preempted training resumes from its checkpoint",
  ignore: !hasSlurm,
  async fn() {
    await using cluster = await TestCluster.start({ nodes: 1 });
    // 1,000 steps, so that it can be stopped half-way
    const long = TINY.replace("first.images=48", "first.images=4000");
    const options = tiny(cluster, "results", long);
    const store = storeOf(cluster, "results", long);
    const net = ["--config", "A", "--S", "256"];
    const submitted = await cluster.verydeep("train", ...net, ...options, ...SLURM);
    assert.equal(submitted.code, 0, submitted.err);
    const { run } = readRecords(store)[0]!;
    const { job } = await halfWay(run!, store);
    await cluster.run(
      "sbatch",
      "--wait",
      "--partition=urgent",
      "--output=/dev/null",
      "--wrap=true",
    );
    await until(async () => {
      const { code, out } = await cluster.run("squeue", "--noheader", `--jobs=${job}`);
      return code === 0 && out === "";
    }, "the end of the training");
    const planned = storedRun(store, run!);
    assert.equal(store.status(planned).state, "done");
    assert.equal(store.readExecutions(planned).length, 2);
  },
});

Deno.test({
  name: "a training that is killed for its memory fails with that reason",
  ignore: !hasSlurm,
  async fn() {
    const lines = [
      ...["JobAcctGatherType=jobacct_gather/linux", "JobAcctGatherFrequency=task=1"],
      ...["JobAcctGatherParams=OverMemoryKill", "SelectTypeParameters=CR_Core_Memory"],
    ];
    await using cluster = await TestCluster.start({ nodes: 1, lines });
    const options = tiny(
      cluster,
      "results",
      TINY.replace("first.images=48", "first.images=400000"),
    );
    const line = ["train", "--config", "A", "--S", "256", ...options, ...SLURM, "--wait"];
    const { code } = await cluster.verydeep(...line, "--resources", "memory=200M");
    assert.equal(code, 1);
    const { out } = await cluster.verydeep("status", ...options);
    assert.match(
      out,
      /train A 256 failed: job 1 ran out of memory; .* --resources train\.memory=32G/,
    );
    assert.match(out, /\| slurmstepd\S*: error: .*exceeded memory limit/);
  },
});

Deno.test({
  name: "with accounting, sacct reports how jobs ended, and the account's limit is kept",
  ignore: !hasAccounting,
  async fn() {
    await using cluster = await TestCluster.start({ maxSubmitJobs: 3 });
    const options = tiny(cluster, "results");
    const account = ["--resources", "account=lab"];
    const few = await cluster.verydeep("filter-size", ...options, ...SLURM, "--wait", ...account);
    assert.equal(few.code, 1);
    assert.match(few.err, LEFT);

    const submit = async (...args: string[]) =>
      (await cluster.run("sbatch", "--parsable", "--output=/dev/null", ...args)).out.trim();
    const good = await submit("--wait", "--array=0-1", "--wrap=true");
    const bad = await submit("--wait", "--wrap=exit 3");
    const begin = await submit("--begin=now+1hour", "--wrap=true");
    await cluster.run("scancel", begin);
    const array = await submit("--begin=now+1hour", "--array=0-2", "--wrap=true");
    await cluster.run("scancel", array);
    const ends = {
      ...{ [`${good}_0`]: "COMPLETED", [`${good}_1`]: "COMPLETED" },
      ...{ [bad]: "FAILED", [begin]: "CANCELLED" },
      ...{ [`${array}_0`]: "CANCELLED", [`${array}_1`]: "CANCELLED", [`${array}_2`]: "CANCELLED" },
    };
    const sacct = () =>
      cluster.run("sacct", ...[...ACCOUNT_FIELDS, `--jobs=${[good, bad, begin, array].join(",")}`]);
    await until(
      async () => parseJobEnds((await sacct()).out).get(`${array}_2`)?.state === "CANCELLED",
      "sacct",
    );
    const { out } = await sacct();
    // tasks that never started share a line
    assert.match(out, new RegExp(`^${array}_\\[0-2\\]\\|CANCELLED`, "m"));
    const found = [...parseJobEnds(out)].map(([job, { state }]) => [job, state]);
    assert.deepEqual(Object.fromEntries(found), ends);
  },
});

Deno.test({
  name:
    "where a queue accepts few jobs, the same command submits the rest; cancel empties the queue",
  ignore: !hasSlurm,
  async fn() {
    await using cluster = await TestCluster.start();
    const options = tiny(cluster, "few");
    const store = storeOf(cluster, "few");
    const submitFew = () =>
      cluster.verydeep(
        ...["filter-size", ...options, ...SLURM, "--wait", "--resources", "maxJobs=3"],
      );
    const few = await submitFew();
    assert.equal(few.code, 1);
    assert.match(few.err, LEFT);
    assert.match(few.err, /Cannot finish 5 of 7 runs; .* the same command submits what is missing/);
    assert.match((await submitFew()).err, /3 runs did not fit into the queue/);
    assert.match((await submitFew()).err, /1 run did not fit into the queue/);
    const last = await submitFew();
    assert.equal(last.code, 0, last.err);
    const runs = readRecords(store).flatMap(({ run }) => run ?? []);
    assert.equal(new Set(runs).size, runs.length); // no run twice

    const many = tiny(cluster, "many");
    await cluster.run("scontrol", "update", "NodeName=n1,n2", "State=DRAIN", "Reason=test");
    const submitted = await cluster.verydeep("filter-size", ...many, ...SLURM);
    assert.equal(submitted.code, 0, submitted.err);
    const { out } = await cluster.verydeep("status", "filter-size", ...many, "--format", "json");
    const states = JSON.parse(out).map(({ state }: { state: string }) => state);
    assert.deepEqual([...new Set(states)], ["pending"]);
    const cancelled = await cluster.verydeep("cancel", ...many);
    assert.match(cancelled.err, /^Cancelled: \d+/m);
    const { out: left } = await cluster.run("squeue", "--noheader");
    assert.equal(left, "");
  },
});
