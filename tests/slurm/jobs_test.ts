/** Jobs of a plan without a cluster: arrays, dependencies, resources and scripts. */
import assert from "node:assert/strict";
import table3 from "../../experiments/table3.ts";
import { evaluations, net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import { parseLimits } from "../../lib/executors/slurm/client.ts";
import { jobsOf, scriptName } from "../../lib/executors/slurm/jobs.ts";
import {
  configSchema,
  overridden,
  readConfig,
  resourcesFor,
  secondsOf,
  type SlurmConfig,
  slurmTime,
} from "../../lib/executors/slurm/resources.ts";
import { scriptText } from "../../lib/executors/slurm/script.ts";
import type { Setup } from "../../lib/setup.ts";
import { type Context, displayName } from "../../lib/experiment.ts";
import { ancestorKeys, plan, planOf, withAllAncestors } from "../../lib/plan.ts";

function contexts({ train, evaluate }: Setup, seeds = 1): Context[] {
  return Array.from({ length: seeds }, (_, seed) => ({ train, evaluate, seed, data: "made-up" }));
}

const dataset = {
  name: "made-up",
  classes: ["a", "b"],
  train: { length: 100 },
  val: [{ height: 375, width: 500 }],
  fingerprint: "made-up",
};

Deno.test("evaluations of one net form an array, and so do trainings of one net from random weights", () => {
  const D = net("D", 256);
  const tests = [256, 384, 512].flatMap((Q) => evaluations(D, [Q], "dense"));
  const jobs = jobsOf(planOf(tests, contexts(small, 2)));
  assert.deepEqual(jobs.map(({ name, runs, after }) => [name, runs.length, after.length]), [
    ["train-A-256", 2, 0],
    ["train-D-256", 1, 1], // from A with its own seed
    ["test-D-256-dense", 3, 1],
    ["train-D-256", 1, 1],
    ["test-D-256-dense", 3, 1],
  ]);
  assert.equal(new Set(jobs.map(scriptName)).size, jobs.length);
  for (const { runs, after } of jobs) {
    for (const run of runs) assert.deepEqual(ancestorKeys(run), after);
  }
});

Deno.test("a site's largest array is not exceeded", () => {
  const runs = planOf(
    evaluations(net("A", 256), [256, 288, 320, 352, 384], "dense"),
    contexts(small),
  );
  const sizes = jobsOf(runs, 2).map(({ runs }) => runs.length);
  assert.deepEqual(sizes, [1, 2, 2, 1]);
  assert.deepEqual(jobsOf(runs, Infinity).map(({ runs }) => runs.length), [1, 5]);
});

Deno.test("each job of a plan comes after the jobs that it depends on", () => {
  const seen = new Set<string>();
  for (const { runs, after } of jobsOf(plan([table3], contexts(paper, 3)))) {
    for (const key of after) assert.ok(seen.has(key));
    for (const { key } of runs) seen.add(key);
  }
});

Deno.test("a job's plan has all that its run starts from, ancestors first", () => {
  const [test] = planOf(evaluations(net("D", 256), [256], "dense"), contexts(small)).slice(-1);
  const names = withAllAncestors([test!]).map(({ run }) => displayName(run));
  assert.deepEqual(names, ["A 256", "D 256", "D 256 at Q = 256, dense"]);
});

Deno.test("times are parsed and formatted as Slurm does", () => {
  const times = {
    "90": 5400,
    "30:00": 1800,
    "2:00:00": 7200,
    "1-12": 129_600,
    "2-00:00:00": 172_800,
  };
  for (const [text, seconds] of Object.entries(times)) {
    // sbatch accepts minutes alone; sinfo never prints them
    if (text !== "90") assert.equal(secondsOf(text), seconds, text);
  }
  assert.equal(secondsOf("infinite"), Infinity);
  assert.equal(slurmTime(61), "00:02:00");
  assert.equal(slurmTime(172_800 + 3600), "2-01:00:00");
  assert.equal(secondsOf(slurmTime(36 * 3600)), 36 * 3600);
});

const [train] = jobsOf(planOf([net("A", 256)], contexts(paper)));

Deno.test("absent fields follow from estimates, within a partition's limit", () => {
  const estimation = { setup: paper, dataset: { ...dataset, classes: Array(1000).fill("") } };
  const limits = new Map([["gpu", 48 * 3600], ["", 3600]]);
  const onGpu = { gpus: "a100:1", partition: "gpu", cpus: 4 };
  const asked = resourcesFor(train!, { ...estimation, limits, config: { train: onGpu } });
  assert.equal(asked.time, "2-00:00:00");
  assert.equal(asked.cpus, 4);
  assert.equal(resourcesFor(train!, { ...estimation, limits, config: {} }).time, "01:00:00");
  // 133 million parameters, five times, 4 bytes each; and 2 GiB
  const memory = 133_000_000 * 5 * 4 / 2 ** 20 + 2048;
  assert.ok(Math.abs(parseInt(asked.memory!) / memory - 1) < 0.01, `${asked.memory}`);
  // a picture of 30,000 by 1 pixels at S = 256: 2.0e9 pixels of 24 bytes, besides the feature maps
  const long = { ...dataset, val: [...dataset.val, { height: 1, width: 30_000 }] };
  const more = resourcesFor(train!, { setup: paper, dataset: long, config: { train: onGpu } });
  const pixels = 30_000 * 256 * 256;
  assert.ok(parseInt(more.memory!) * 2 ** 20 > 24 * pixels, `${more.memory}`);
  // 1.5 times 3 x 7.6e9 multiply-adds an image, of 74 epochs, at 2e12 a second
  const free = resourcesFor(train!, { ...estimation, config: { train: onGpu } });
  const seconds = 1.5 * 3 * 7.6e9 * 74 * 1_281_167 / 2e12;
  assert.ok(Math.abs(secondsOf(free.time) / seconds - 1) < 0.02, free.time);
});

Deno.test("a kind's own fields override the common ones, and lists are joined", () => {
  const config = {
    partition: "all",
    prologue: ["a"],
    train: { partition: "own", prologue: ["b"] },
  };
  const { partition, prologue } = resourcesFor(train!, { config, setup: small, dataset });
  assert.deepEqual([partition, prologue], ["own", ["a", "b"]]);
  const report = { kind: "report", runs: [] } as const;
  assert.equal(resourcesFor(report, { config, setup: small, dataset }).partition, "all");
  // reports do not use GPUs
  const gpus = { ...{ setup: small, dataset }, config: { gpus: 1 } };
  assert.equal(resourcesFor(report, gpus).gpus, undefined);
  assert.equal(resourcesFor(train!, gpus).gpus, 1);
});

Deno.test("--resources changes fields, and an error suggests the nearest field", () => {
  const config = { train: { time: "1:00:00" } };
  const changed = overridden(config, "partition=gpu,train.gpus=1,evaluate.memory=8G");
  assert.deepEqual(changed, {
    partition: "gpu",
    train: { time: "1:00:00", gpus: 1 },
    evaluate: { memory: "8G" },
  });
  assert.throws(
    () => overridden({}, "train.gpus=1,train.gpus=2"),
    /^UserError: Cannot set --resources .*: "train\.gpus" is given twice$/,
  );
  assert.throws(() => overridden({}, "partitoin=gpu"), /no field "partitoin".*mean "partition"\?/);
  assert.throws(() => overridden({}, "train.tme=1"), /no field "train.tme".*mean "time"\?/);
  assert.throws(
    () => overridden({ memory: "8G" }, "memoryPerCpu=2G"),
    /memory and memoryPerCpu exclude each other/,
  );
  assert.equal(overridden({ memory: "8G" }, "memory=none,memoryPerCpu=2G").memoryPerCpu, "2G");
  assert.throws(() => overridden({}, "memory=much"), /memory: must be a size such as .*, or none/);
  assert.throws(() => overridden({}, "time=soon"), /time: must be a time limit such as 90/);
});

Deno.test("a config file with an unknown field is refused with the nearest one; a missing file is empty", () => {
  const file = Deno.makeTempFileSync({ suffix: ".json" });
  const reading = (text: string) => {
    Deno.writeTextFileSync(file, text);
    return () => readConfig(file);
  };
  assert.throws(
    reading('{"executors": {"slurm": {"train": {"memroy": "8G"}}}}'),
    /no field "executors.slurm.train.memroy".*Did you mean "memory"\?$/,
  );
  assert.throws(reading('{"executor": {}}'), /no field "executor".*Did you mean "executors"\?$/);
  assert.throws(reading("{"), /Cannot read ".*JSON/);
  // a byte order mark, as some editors write it, is no part of the text
  for (const mark of ["", "\ufeff"]) {
    const text = `${mark}{"executors": {"slurm": {"qos": "low"}}}`;
    assert.deepEqual(reading(text)(), { qos: "low" });
  }
  Deno.removeSync(file);
  assert.deepEqual(readConfig(file), {});
});

Deno.test("docs/verydeep.schema.json is what the config file is checked with", async () => {
  const file = new URL("../../docs/verydeep.schema.json", import.meta.url);
  assert.deepEqual(
    JSON.parse(await Deno.readTextFile(file)),
    JSON.parse(JSON.stringify(configSchema())),
  );
});

Deno.test("a script requests its resources, checks the folders, and executes its run", () => {
  const [, array] = jobsOf(
    planOf(evaluations(net("A", 256), [256, 384], "dense"), contexts(small)),
  );
  const command = '"$deno" run cli.ts run $key';
  const commands = { prepare: "", train: command, evaluate: command, report: "" };
  const config = { partition: "gpu", lines: ["--exclude=n7"], prologue: ["module load cuda"] };
  const resources = resourcesFor(array!, { config, setup: small, dataset });
  const folder = "/shared/my results";
  const script = scriptText(array!, resources, {
    ...{ folder, commands, start: "/home/me", cache: "$TMPDIR/cache" },
  });
  const lines = script.split("\n");
  assert.equal(lines[0], "#!/bin/bash");
  for (
    const line of [
      "#SBATCH --array=0-1",
      "#SBATCH --output='/shared/my results/logs/test-A-256-dense-%A_%a.log'",
      "#SBATCH --partition=gpu",
      "#SBATCH --exclude=n7",
      "module load cuda",
      "export INIT_CWD=/home/me",
      `keys=(${array!.runs.map(({ key }) => key).join(" ")})`,
      'export VERYDEEP_CACHE="$TMPDIR/cache"',
      `exec ${command}`,
    ]
  ) assert.ok(lines.includes(line), line);
  assert.ok(!script.includes("--signal=")); // an evaluation writes no checkpoint

  // executed by a shell where the folder does not exist, and under a limit of addresses
  const executed = (before: string) => {
    const { code, stderr } = new Deno.Command("bash", {
      args: ["-c", `${before}\n${script.replace("module load cuda", "")}`],
      stderr: "piped",
    }).outputSync();
    assert.equal(code, 1);
    return new TextDecoder().decode(stderr);
  };
  const unseen = /^error: node \S+ does not see \/shared\/my results/;
  assert.match(executed(""), unseen);
  assert.match(executed("ulimit -S -v 8000000"), unseen); // raised again
  assert.match(
    executed("ulimit -v 8000000"),
    /^error: node \S+ limits addresses to 8000000 kB \(ulimit -v\), and Deno reserves some 50 GB: submit/,
  );
});

Deno.test("a folder whose name would end an option of a script is refused", () => {
  const resources = resourcesFor(train!, { config: {}, setup: small, dataset });
  const commands = { prepare: "", train: "true", evaluate: "", report: "" };
  const script = (folder: string) =>
    scriptText(train!, resources, { folder, commands, start: "/" });
  assert.throws(
    () => script("/a\ntouch /b"),
    /folder "\/a\\ntouch .* a line break.*--results DIR$/,
  );
  assert.throws(() => script("/a\rb"), /a line break or another control character/);
  assert.throws(() => script("/a\\b"), /a backslash/);
  // what a shell would take apart stays one option
  const odd = script("/it's $HOME; true");
  // what a lost node or a failed ancestor has to lead to
  for (const option of ["--requeue", "--kill-on-invalid-dep=yes", "--open-mode=append"]) {
    assert.match(odd, new RegExp(`^#SBATCH ${option}$`, "m"));
  }
  assert.match(odd, /^#SBATCH --output='\/it'\\''s \$HOME; true\/logs\/train-A-256-%j.log'$/m);
});

Deno.test("a training's job gets SIGUSR2 before its time limit, and ignores SIGUSR1", () => {
  const commands = { prepare: "", train: "true", evaluate: "", report: "" };
  const text = (config: SlurmConfig) => {
    const resources = resourcesFor(train!, { config, setup: small, dataset });
    return scriptText(train!, resources, { folder: "/a", commands, start: "/" });
  };
  assert.match(text({}), /^#SBATCH --signal=B:USR2@120$/m);
  assert.match(text({ signal: 300 }), /^#SBATCH --signal=B:USR2@300$/m);
  assert.match(text({}), /^trap '' USR1$/m);
  // another signal would end the training without a checkpoint
  const lines = ["--signal=B:USR1@60"];
  assert.throws(
    () => overridden({ train: { lines } }, "cpus=2"),
    /train\.lines\[0\]: must be .*trainings know SIGUSR2 alone/,
  );
});

Deno.test("fields of the config are one line, and one option each", () => {
  const wrong = {
    "partition": "gpu\ntrue",
    "constraint": "a\rb",
    "train.qos": "low\n",
    "data": "a\nb",
  };
  for (const [field, value] of Object.entries(wrong)) {
    assert.throws(() => overridden({}, `${field}=${value}`), /must be one line/, field);
  }
  assert.throws(() => overridden({ lines: ["--a\n--b"] }, "qos=low"), /must be one line/);
  const config = { constraint: "[a*2&b*1]", partition: "long names" };
  const resources = resourcesFor(train!, { config, setup: small, dataset });
  const commands = { prepare: "", train: "true", evaluate: "", report: "" };
  const lines = scriptText(train!, resources, { folder: "/a", commands, start: "/" }).split("\n");
  assert.ok(lines.includes("#SBATCH --constraint='[a*2&b*1]'"));
  assert.ok(lines.includes("#SBATCH --partition='long names'"));
});

Deno.test("limits are parsed from Slurm's output", () => {
  const config =
    "MaxArraySize            = 1001\nMaxDBDMsgs              = 0\nMaxJobCount             = 10000\n";
  assert.deepEqual(parseLimits(config, ""), { array: 1001, jobs: 10_000 });
  const of = (account: string, isDefault: string, limits: string) =>
    `ClusterName=c Account=${account} UserName=me(7) Partition= Priority=0 ID=2\n` +
    `    ParentAccount= Lft=6 DefAssoc=${isDefault}\n    MaxJobs= ${limits} MaxWallPJ=\n`;
  const mine = of("lab", "Yes", "MaxSubmitJobs=50(3)") + of("guests", "No", "MaxSubmitJobs=2(0)") +
    of("other", "No", "MaxSubmitJobs=");
  assert.equal(parseLimits(config, mine).jobs, 50); // the default account's
  assert.equal(parseLimits(config, mine, ["guests"]).jobs, 2);
  assert.equal(parseLimits(config, mine, ["lab", "guests"]).jobs, 2);
  assert.equal(parseLimits(config, mine, ["other"]).jobs, 10_000);
  assert.equal(parseLimits("MaxArraySize            = 0\n", "").array, 1);
  assert.deepEqual(parseLimits("", ""), { array: Infinity, jobs: Infinity });
});
