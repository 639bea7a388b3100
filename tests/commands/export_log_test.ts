/** Logs for MLflow: the files of its file store, and what its own client reads from them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { net } from "../../experiments/protocol.ts";
import { exportLog } from "../../lib/commands/export_log.ts";
import { UserError } from "../../lib/errors.ts";
import { plannedRun } from "../../lib/plan.ts";
import { mlflowRunId } from "../../lib/report/mlflow.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { environment, machineInWords } from "../../lib/system/environment.ts";
import { python, run } from "../../lib/system/subprocess.ts";
import { shellWord } from "../../lib/system/shell.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";

/** A training of three lines that took a minute, and a test with 1 of 6 images wrong. */
async function filled(sandbox: CommandSandbox) {
  const options = sandbox.options("export-log", "--as", "mlflow");
  const { contexts: [context] } = await sandbox.study(options);
  const store = makeStore(options.results);
  const training = plannedRun(net("A", 256), context!);
  const test = plannedRun({ net: net("A", 256), Q: 256, method: "dense" }, context!);
  const times = { started: "2026-01-02T03:04:05.000Z", finished: "2026-01-02T03:05:05.000Z" };
  const execution = {
    ...environment("2.21.0"),
    ...{ device: "cpu", precision: "float32", towers: 1, seconds: 60, ...times } as const,
  };
  store.begin(training);
  for (const step of [4, 8, 12]) {
    store.appendLog(training, {
      // a batch of 4, so that 4 steps at 2 images a second take 8 s
      ...{ step, epoch: step / 3, loss: 3 / step, learningRate: 0.01, imagesPerSecond: 2 },
      ...step > 4 && { validation: { top1: 100 / step } },
    });
  }
  store.writeExecutions(training, [execution]);
  store.writeWeights(training, new Map());
  store.begin(test);
  store.writePosteriors(test, {
    classes: 2,
    values: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.4, 0.6, 0.6, 0.4, 0.75, 0.25),
    labels: Int32Array.of(0, 1, 0, 1, 0, 1),
  });
  return { options, store, training, test, execution };
}

/** Calls the command without what it prints. */
function exported(words: readonly string[], options: Parameters<typeof exportLog>[1]): string {
  const { log, error } = console;
  const lines: string[] = [];
  console.log = (text: string) => lines.push(text);
  console.error = () => {};
  try {
    exportLog(words, options);
  } finally {
    Object.assign(console, { log, error });
  }
  return lines.join("\n");
}

const START = Date.parse("2026-01-02T03:04:05Z");

Deno.test("runs are in MLflow's layout: recipes, metrics with steps, tags, tests under trainings", async () => {
  using sandbox = new CommandSandbox();
  const { options, training, test, execution } = await filled(sandbox);
  const folder = join(options.results, "mlruns");
  assert.equal(
    exported([], options),
    "2 runs for MLflow; to see them: " +
      `MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri ${shellWord(folder)}`,
  );
  const [{ name: experiment }] = [...Deno.readDirSync(folder)] as [Deno.DirEntry];
  assert.match(experiment, /^\d{1,18}$/);
  const read = (...path: string[]) => Deno.readTextFileSync(join(folder, experiment, ...path));
  const [id, testId] = [training, test].map(({ key }) => mlflowRunId(key)) as [string, string];
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(
    [...Deno.readDirSync(join(folder, experiment))].map(({ name }) => name).sort(),
    [id, testId, "meta.yaml"].sort(),
  );
  assert.deepEqual(parse(read("meta.yaml")), {
    artifact_location: pathToFileURL(join(folder, experiment)).href,
    ...{ creation_time: START, last_update_time: START + 60_000 },
    ...{ experiment_id: experiment, lifecycle_stage: "active" },
    name: `verydeep ${options.results.split("/").at(-1)}`,
  });
  const meta = parse(read(id, "meta.yaml"));
  assert.deepEqual(Object.keys(meta), [
    ...["artifact_uri", "end_time", "entry_point_name", "experiment_id", "lifecycle_stage"],
    ...["run_id", "run_name", "run_uuid", "source_name", "source_type", "source_version"],
    ...["start_time", "status", "tags", "user_id"],
  ]);
  // RunStatus.FINISHED, SourceType.LOCAL
  assert.deepEqual([meta.status, meta.source_type, meta.tags], [3, 4, []]);
  assert.deepEqual([meta.start_time, meta.end_time], [START, START + 60_000]);
  assert.equal(meta.run_name, "train A 256");
  assert.equal(
    read(id, "metrics", "loss"),
    `${START + 8000} 0.75 4\n${START + 16000} 0.375 8\n${START + 24000} 0.25 12\n`,
  );
  assert.equal(
    read(id, "metrics", "validation_top1_error"),
    `${START + 16000} 12.5 8\n${START + 24000} ${100 / 12} 12\n`,
  );
  assert.equal(read(id, "params", "batch"), "4");
  assert.equal(read(id, "params", "init"), "random weights");
  assert.equal(read(id, "tags", "verydeep.key"), training.key);
  assert.equal(read(id, "tags", "verydeep.machine"), machineInWords(execution.machine));
  assert.equal(read(testId, "tags", "mlflow.parentRunId"), id);
  assert.equal(read(testId, "metrics", "top1_error"), `0 ${100 / 6} 0\n`);
  for (const { name } of Deno.readDirSync(join(folder, experiment, id, "params"))) {
    assert.match(name, /^[\w.\- ]+$/);
    assert.doesNotMatch(read(id, "params", name), /\n/);
  }
});

Deno.test("MLflow gets no top-5 error of summed scores: their posteriors rank one class", async () => {
  using sandbox = new CommandSandbox();
  const { options, store, test } = await filled(sandbox);
  const runs = (["average-then-softmax", "sum-then-softmax"] as const).map((scoreMap) => {
    const run = plannedRun(test.run, { ...test.context, evaluate: { scoreMap } });
    // of six classes the true one is last among five that share nothing: a top-5 error of 100 %
    store.begin(run);
    store.writePosteriors(run, {
      ...{ classes: 6, labels: Int32Array.of(5, 5) },
      values: Float32Array.of(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
    });
    return run;
  });
  exported([], options);
  const folder = join(options.results, "mlruns");
  const [experiment] = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const metrics = runs.map(({ key }) =>
    [...Deno.readDirSync(join(folder, experiment!, mlflowRunId(key), "metrics"))]
      .map(({ name }) => name).sort()
  );
  assert.deepEqual(metrics, [["top1_error", "top5_error"], ["top1_error"]]);
});

/** Whether MLflow is installed; importing it would take seconds. */
const HAS_MLFLOW = "import importlib.util as i, sys; sys.exit(i.find_spec('mlflow') is None)";
const hasMlflow = (await run([...python(), "-c", HAS_MLFLOW])).ok;
if (!hasMlflow) console.warn("MLflow is not installed: the test that it reads logs is skipped");

Deno.test({
  name: "MLflow's client reads runs, parameters, metrics with steps, and tags",
  ignore: !hasMlflow,
  fn: readByMlflow,
});

async function readByMlflow() {
  using sandbox = new CommandSandbox();
  const { options, training, test } = await filled(sandbox);
  const folder = `${sandbox.folder}/elsewhere/ml runs`;
  exported([folder], options);
  exported([folder], options); // again: the same runs, once
  const script = `
import json, os, sys
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
client = mlflow.MlflowClient(tracking_uri=sys.argv[1])
[experiment] = [e for e in client.search_experiments() if e.name.startswith("verydeep")]
runs = {}
for run in client.search_runs([experiment.experiment_id]):
    history = {
        name: [[m.step, m.value, m.timestamp] for m in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }
    artifacts = [a.path for a in client.list_artifacts(run.info.run_id)]
    runs[run.info.run_id] = {
        "status": run.info.status, "name": run.info.run_name, "params": run.data.params,
        "tags": run.data.tags, "history": history, "artifacts": artifacts,
    }
print(json.dumps(runs))
`;
  const { ok, stdout, stderr } = await run([...python(), "-c", script, folder]);
  assert.ok(ok, stderr);
  // deno-lint-ignore no-explicit-any
  const runs = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, any>;
  const [id, testId] = [training, test].map(({ key }) => mlflowRunId(key)) as [string, string];
  assert.deepEqual(Object.keys(runs).sort(), [id, testId].sort());
  const own = runs[id]!;
  assert.deepEqual([own.status, own.name, own.artifacts], ["FINISHED", "train A 256", [
    "recipe.json",
  ]]);
  assert.deepEqual(own.history.loss, [
    [4, 0.75, START + 8000],
    [8, 0.375, START + 16000],
    [12, 0.25, START + 24000],
  ]);
  assert.equal(own.params["schedules.first.images"], "48");
  assert.equal(own.tags["verydeep.key"], training.key);
  assert.equal(runs[testId]!.tags["mlflow.parentRunId"], id);
  assert.deepEqual(runs[testId]!.history.top1_error, [[0, 100 / 6, 0]]);
}

Deno.test("damaged posteriors leave a run without errors, and all others whole", async () => {
  using sandbox = new CommandSandbox();
  const { options, store, training, test } = await filled(sandbox);
  const file = `${store.folderOf(test)}/posteriors.safetensors`;
  const bytes = Deno.readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  Deno.writeFileSync(file, bytes);
  exported([], options);
  const folder = join(options.results, "mlruns");
  const [{ name: experiment }] = [...Deno.readDirSync(folder)] as [Deno.DirEntry];
  const parts = ({ key }: { readonly key: string }) =>
    [...Deno.readDirSync(join(folder, experiment, mlflowRunId(key)))].map(({ name }) => name)
      .sort();
  assert.deepEqual(parts(training), ["artifacts", "meta.yaml", "metrics", "params", "tags"]);
  assert.deepEqual(parts(test), ["artifacts", "meta.yaml", "params", "tags"]);
});

Deno.test("what cannot be exported is refused with the way out", async () => {
  using sandbox = new CommandSandbox();
  assert.throws(
    () => exported([], sandbox.options("export-log")),
    /export-log needs --as: .* --as mlflow; TensorBoard reads the logs where they are: tensorboard/,
  );
  assert.throws(
    () => exported([], sandbox.options("export-log", "--as", "mlflow")),
    (error: Error) =>
      error instanceof UserError && /no run was begun there; train something/.test(error.message),
  );
  for (const other of ["wandb-offline", "onnx"]) {
    assert.throws(
      () => sandbox.options("export-log", "--as", other),
      new RegExp(`--as is mlflow, not "${other}"`),
    );
  }
  assert.throws(
    () => sandbox.options("export", "--as", "mlflow"),
    /--as is one of torchvision, keras, savedmodel, onnx, page, not "mlflow"/,
  );
  const { options } = await filled(sandbox);
  const file = `${sandbox.folder}/file`;
  Deno.writeTextFileSync(file, "");
  assert.throws(
    () => exported([file], options),
    /Cannot write ".*file": it is a file; name a folder/,
  );
});
