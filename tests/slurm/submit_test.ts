/** Submission to sites with different rules and answers, with stand-ins for Slurm's programs. */
import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import { isEvaluation } from "../../lib/experiment.ts";
import { cancel, parseLimits, userName } from "../../lib/executors/slurm/client.ts";
import { submitPlan } from "../../lib/executors/slurm/mod.ts";
import { readRecords } from "../../lib/executors/slurm/records.ts";
import type { SlurmConfig } from "../../lib/executors/slurm/resources.ts";
import { planOf } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { thisProcess } from "../../lib/system/processes.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { withEnvironment } from "../support/variables.ts";
import { FakeSlurm } from "./fake_slurm.ts";

/** Two trainings, A and then D, and three tests of D. */
const RUNS = planOf(
  [256, 384, 512].flatMap((Q) => evaluations(net("D", 256), [Q], "dense")),
  [{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" }],
);

/** A site with stand-ins for Slurm's programs, and an empty store. */
class Site implements Disposable {
  readonly slurm = new FakeSlurm();
  readonly folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  readonly store = makeStore(`${this.folder}/results`);

  /** Submits the runs. @returns the lines that are logged */
  async submit(
    config: SlurmConfig,
    { reportsAnyway = true, prepare = false }: { reportsAnyway?: boolean; prepare?: boolean } = {},
  ): Promise<string[]> {
    const lines: string[] = [];
    const bar = { update() {}, stop() {} };
    await submitPlan(RUNS, this.store, {
      config,
      setup: smoke,
      dataset: {
        name: "made-up",
        classes: ["a", "b"],
        train: { length: 100 },
        val: [{ height: 375, width: 500 }],
        fingerprint: "made-up",
      },
      bars: { bar: () => bar, log: (line) => void lines.push(line), stop() {} },
      commands: { prepare: "data", train: "run $key", evaluate: "run $key", report: "report" },
      start: "/home/me",
      reportsAnyway,
      again: "deno task table3 --executor slurm",
      prepare,
      wait: false,
    });
    return lines;
  }

  /** Names of the submitted jobs, in their order. */
  names(): string[] {
    return this.slurm.scripts().map((script) => /--job-name=(\S+)/.exec(script)![1]!);
  }

  [Symbol.dispose]() {
    this.slurm[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("each run is submitted once, after the runs that it starts from; the report is the last job", async () => {
  using site = new Site();
  assert.match((await site.submit({})).join("\n"), /^Submitted 4 jobs for 5 runs\. /);
  assert.deepEqual(site.names(), ["train-A-256", "train-D-256", "test-D-256-dense", "report"]);
  const waits = site.slurm.calls("sbatch").map((call) => /--dependency=(\S+)/.exec(call)?.[1]);
  assert.deepEqual(waits, [
    undefined,
    "afterok:101",
    "afterok:102",
    "afterany:101:102:103",
  ]);
  const jobs = readRecords(site.store).map(({ job }) => job);
  assert.deepEqual(jobs, ["101", "102", "103_0", "103_1", "103_2", "104"]);
  assert.match((await site.submit({})).join("\n"), /^Nothing to submit: .*; 5 of them are in the/);
});

Deno.test("two commands at once submit each run once: the second waits for the first", async () => {
  using site = new Site();
  const [one, two] = await Promise.all([site.submit({}), site.submit({})]);
  assert.match(one.join("\n"), /^Submitted 4 jobs for 5 runs\. /);
  assert.match(
    two[0]!,
    new RegExp(`^Waiting for process ${Deno.pid} on \\S+, which submits jobs of "`),
  );
  assert.match(two[1]!, /^Nothing to submit: .*; 5 of them are in the/);
  assert.deepEqual(site.names(), ["train-A-256", "train-D-256", "test-D-256-dense", "report"]);
  assert.equal(site.store.leases.isLeft("submission"), false);
});

Deno.test("a submission that was killed keeps no other from submitting", async () => {
  using site = new Site();
  const leases = `${site.folder}/results/leases`;
  Deno.mkdirSync(leases, { recursive: true });
  // a process of this number that began at another time has ended
  const ended = JSON.stringify({ ...thisProcess(), since: "1" });
  Deno.writeTextFileSync(`${leases}/submission.1`, ended);
  assert.match((await site.submit({})).join("\n"), /^Submitted 4 jobs for 5 runs\. /);
});

Deno.test("a run whose result is damaged is submitted again", async () => {
  using site = new Site();
  const tensors = new Map([["x", { shape: [1], values: Float32Array.of(1) }]]);
  const found = { classes: 2, values: Float32Array.of(0.5, 0.5), labels: Int32Array.of(0) };
  for (const run of RUNS) {
    if (isEvaluation(run.run)) site.store.writePosteriors(run, found);
    else site.store.writeWeights(run, tensors);
  }
  assert.deepEqual(await site.submit({}), ["Nothing to submit: every run is done or in the queue"]);
  const file = `${site.store.folderOf(RUNS.at(-1)!)}/posteriors.safetensors`;
  const bytes = Deno.readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  Deno.writeFileSync(file, bytes);
  const lines = await site.submit({});
  assert.match(
    lines[0]!,
    /its checksum does not match its content: D 256 at Q = 512, dense is repeated$/,
  );
  assert.deepEqual(site.names(), ["test-D-256-dense", "report"]);
  assert.ok(Deno.statSync(`${file}.damaged`).isFile);
});

Deno.test("a job that is given several GPUs uses them all", async () => {
  using site = new Site();
  await site.submit({ train: { gpus: "a100:4" }, evaluate: { gpus: 1 } });
  const commands = site.slurm.scripts().map((script) => /^exec (.*)$/m.exec(script)![1]);
  assert.deepEqual(commands, [
    ...["run $key --device gpus:4", "run $key --device gpus:4", "run $key", "report"],
  ]);
  assert.match(site.slurm.scripts()[0]!, /^#SBATCH --gres=gpu:a100:4$/m);
});

Deno.test("if a site accepts few jobs, the message counts the rest, and the same command submits them later", async () => {
  using site = new Site();
  const lines = await site.submit({ maxJobs: 3 });
  assert.match(lines[0]!, /^Submitted 3 jobs for 2 runs\. /);
  assert.equal(
    lines[1],
    "3 runs did not fit into the queue. Submit the rest later with the same command: " +
      "deno task table3 --executor slurm",
  );
  assert.deepEqual(site.names(), ["train-A-256", "train-D-256", "report"]);
  await assert.rejects(
    site.submit({ maxJobs: 3 }),
    (error) => error instanceof UserError && /3 of your jobs are in the queue/.test(error.message),
  );
  // one place is kept for the report, so that the evaluations are an array of two
  const more = await site.submit({ maxJobs: 6 });
  assert.match(more[0]!, /^Submitted 2 jobs for 2 runs\. /);
  assert.match(more[1]!, /^1 run did not fit into the queue\. /);
});

Deno.test("a site that forbids --mem or requires --mem-per-cpu gets what it accepts", async () => {
  /** Memory options of all scripts, where a site has a rule and a config. */
  const asked = async (rule: string, config: SlurmConfig) => {
    using site = new Site();
    site.slurm.set("rules", [rule]);
    await site.submit(config);
    return site.slurm.scripts().map((script) => script.match(/--mem\S*/g)?.join(" "));
  };
  await assert.rejects(
    asked("no-mem", {}),
    /The --mem=\.\.\. request is not allowed[^]*; .* --resources memory=none leaves it out/,
  );
  for (const memory of ["none", "0"]) {
    assert.deepEqual(await asked("no-mem", { memory }), Array(4).fill(undefined), memory);
  }
  await assert.rejects(asked("per-cpu", {}), /mutually exclusive/);
  const perCpu = "--mem-per-cpu=2G";
  assert.deepEqual(await asked("per-cpu", { memoryPerCpu: "2G" }), Array(4).fill(perCpu));
  assert.deepEqual(await asked("per-cpu", { lines: [perCpu] }), Array(4).fill(perCpu));
  // a kind's own field takes the place of the common one of the other form
  assert.deepEqual(
    await asked("", { memory: "8G", evaluate: { memoryPerCpu: "2G" } }),
    ["--mem=8G", "--mem=8G", perCpu, "--mem=8G"],
  );
  assert.deepEqual(
    await asked("", { memoryPerCpu: "2G", train: { memory: "8G" } }),
    ["--mem=8G", "--mem=8G", perCpu, perCpu],
  );
});

Deno.test("the number of a job is found among a site's own lines; where there is none, the script is named", async () => {
  using site = new Site();
  site.slurm.set("rules", ["chatty"]);
  await site.submit({});
  assert.equal(readRecords(site.store)[0]!.job, "101");
  using other = new Site();
  other.slurm.set("rules", ["mute"]);
  await assert.rejects(
    other.submit({}),
    (error) =>
      error instanceof UserError &&
      /^Cannot tell which job ".*train-A-256-.*\.sh" became: sbatch printed "Submitted\." in place/
        .test(error.message),
  );
});

Deno.test("jobs of another cluster are found there: nothing is submitted twice, and all is cancelled", async () => {
  using site = new Site();
  const config = { lines: ["--clusters=east"] };
  assert.match((await site.submit(config))[0]!, /^Submitted 4 jobs for 5 runs\. /);
  assert.deepEqual(readRecords(site.store).map(({ job }) => job), [
    ...["101;east", "102;east", "103_0;east", "103_1;east", "103_2;east", "104;east"],
  ]);
  const calls = site.slurm.calls("sbatch");
  assert.match(calls[1]!, / --clusters=east --dependency=afterok:101 /);
  assert.match(calls[3]!, / --clusters=east --dependency=afterany:101:102:103 /);
  assert.match((await site.submit(config))[0]!, /^Nothing to submit: .*; 5 of them are in the/);
  // also where the config names no cluster any more
  assert.match((await site.submit({}))[0]!, /^Nothing to submit: .*; 5 of them are in the/);
  for (const program of ["scontrol", "sinfo"]) {
    assert.match(site.slurm.calls(program)[0]!, / --clusters=east /, program);
  }
  await cancel(readRecords(site.store).map(({ job }) => job));
  assert.match(site.slurm.calls("scancel")[0]!, / --clusters=east 101 102 103_0 103_1 103_2 104$/);
  assert.deepEqual(site.slurm.lines("jobs"), []);
});

Deno.test("SLURM_CLUSTERS may name the cluster of jobs, whose records then name it too", async () => {
  using site = new Site();
  Deno.env.set("SLURM_CLUSTERS", "east");
  try {
    await site.submit({});
    assert.equal(readRecords(site.store)[0]!.job, "101;east");
    assert.match((await site.submit({}))[0]!, /^Nothing to submit: .*; 5 of them are in the/);
  } finally {
    Deno.env.delete("SLURM_CLUSTERS");
  }
});

Deno.test("a user's variables hide no job from a query, keep none from being cancelled, and overrule no script", async () => {
  using site = new Site();
  const variables = {
    ...{ SQUEUE_STATES: "RUNNING", SCANCEL_STATE: "RUNNING" },
    ...{ SBATCH_ARRAY_INX: "7", SBATCH_WAIT: "1", SBATCH_ACCOUNT: "vision" },
  };
  await withEnvironment(variables, async () => {
    assert.match((await site.submit({}))[0]!, /^Submitted 4 jobs for 5 runs\. /);
    const jobs = readRecords(site.store).map(({ job }) => job);
    assert.deepEqual(jobs, ["101", "102", "103_0", "103_1", "103_2", "104"]);
    assert.deepEqual(
      site.slurm.lines("jobs").map((line) => line.split("|")[0]),
      ["101", "102", "103_0", "103_1", "103_2", "104"],
    );
    // if pending jobs were hidden, each run would have a second job
    assert.match((await site.submit({}))[0]!, /^Nothing to submit: .*; 5 of them are in the/);
    await cancel(jobs);
    assert.deepEqual(site.slurm.lines("jobs"), []);
  });
});

Deno.test("a submission from within a task of another array hands nothing of it on", async () => {
  using site = new Site();
  await withEnvironment({ SLURM_ARRAY_TASK_ID: "5", SLURM_MEM_PER_CPU: "100" }, async () => {
    await site.submit({});
  });
  assert.deepEqual(new Set(site.slurm.lines("handed-on")), new Set([""]));
  // a job by itself has its run's key whatever its environment says; a task has that of its place
  const [train, , tests] = site.slurm.scripts();
  assert.match(train!, new RegExp(`^key=${RUNS[0]!.key}$`, "m"));
  assert.match(tests!, /^keys=\(\w+ \w+ \w+\)\nkey=\$\{keys\[\$SLURM_ARRAY_TASK_ID\]\}$/m);
});

Deno.test("lines of a site's own in the queue are no jobs, and take no place in it", async () => {
  using site = new Site();
  site.slurm.set("jobs", ["Maintenance on Monday||||", ""]);
  assert.match((await site.submit({ maxJobs: 6 }))[0]!, /^Submitted 4 jobs for 5 runs\. /);
});

Deno.test("jobs that would have to wait for jobs of another cluster are refused", async () => {
  using site = new Site();
  const refused = (config: SlurmConfig, words: RegExp) =>
    assert.rejects(
      site.submit(config),
      (error) => error instanceof UserError && words.test(error.message),
    );
  const kinds = { train: { lines: ["--clusters=east"] }, evaluate: { lines: ["-M west"] } };
  await refused(kinds, /^Cannot submit jobs to different clusters: /);
  assert.deepEqual(site.slurm.calls("sbatch"), []);
  // two trainings wait here; the evaluations go to another cluster
  await site.submit({ maxJobs: 3 });
  await refused(
    { lines: ["--clusters=east"] },
    /^Cannot submit test-D-256-dense to cluster east: .* in the queue of this machine's cluster;/,
  );
  assert.match(site.slurm.calls("scancel").at(-1)!, / --clusters=east 104$/);
  assert.deepEqual(readRecords(site.store).map(({ job }) => job), ["101", "102", "103"]);
});

Deno.test("a job that cannot be recorded is named with its number", async () => {
  using site = new Site();
  // the file of records is a link into a folder that does not exist: appending fails
  const { randomUUID } = crypto;
  crypto.randomUUID = () => "0-0-0-0-0";
  try {
    Deno.mkdirSync(`${site.store.folder}/jobs`);
    Deno.symlinkSync("/nowhere/at/all", `${site.store.folder}/jobs/submitted-0-0-0-0-0.jsonl`);
    await assert.rejects(
      site.submit({ lines: ["--clusters=east"] }),
      (error) =>
        error instanceof UserError &&
        /^Cannot record job 101;east \(train-A-256\), which was submitted: Cannot write .*"scancel --clusters=east 101"/
          .test(error.message),
    );
  } finally {
    crypto.randomUUID = randomUUID;
  }
});

Deno.test("a last job that a failing disk kept from being submitted is submitted by the same command", async () => {
  using site = new Site();
  const part = "/jobs/report.sh";
  await whileFailing({ call: "renameSync", part, error: "EDQUOT" }, async () => {
    await assert.rejects(site.submit({}), /^UserError: Cannot write ".*report\.sh": Disk quota/);
  });
  assert.deepEqual(site.names(), ["train-A-256", "train-D-256", "test-D-256-dense"]);
  const [said] = await site.submit({});
  assert.match(
    said!,
    /^Submitted the job that writes the reports: .*; 5 of them are in the queue$/,
  );
  assert.equal(site.names().at(-1), "report");
  assert.equal(site.names().length, 4);
  assert.match((await site.submit({}))[0]!, /^Nothing to submit: /);
  assert.equal(site.names().length, 4);
});

Deno.test("a user id without an entry in the user database submits without limits of an account", () => {
  assert.equal(typeof userName(() => ({ username: "me" })), "string");
  // what Deno throws there
  const unknown = () => {
    throw new Error("Failed to get user info");
  };
  assert.equal(userName(unknown), undefined);
  assert.deepEqual(parseLimits("MaxJobCount = 10\n", ""), { array: Infinity, jobs: 10 });
});

Deno.test("a last job that would execute missing runs is not submitted while runs are left", async () => {
  using site = new Site();
  await site.submit({ maxJobs: 3 }, { reportsAnyway: false });
  assert.deepEqual(site.names(), ["train-A-256", "train-D-256"]);
  site.slurm.set("jobs", []);
  await site.submit({}, { reportsAnyway: false });
  const waits = site.slurm.calls("sbatch").map((call) => /--dependency=(\w+)/.exec(call)?.[1]);
  assert.equal(waits.at(-1), "afterok");
});
