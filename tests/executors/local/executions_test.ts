/** Where and when a run is carried out, as the store has it beside the run's recipe. */
import assert from "node:assert/strict";
import { noteGpuUse } from "../../../lib/executors/local/scheduler.ts";
import { evaluations, net } from "../../../experiments/protocol.ts";
import { smoke } from "../../../experiments/setups.ts";
import type { Dataset } from "../../../lib/datasets/dataset.ts";
import { isDeterministic } from "../../../lib/system/determinism.ts";
import { environment, type Execution } from "../../../lib/system/environment.ts";
import type { Context } from "../../../lib/experiment.ts";
import { UserError } from "../../../lib/errors.ts";
import { plannedRun } from "../../../lib/plan.ts";
import { type Engine, runOne } from "../../../lib/executors/local/run.ts";
import { INITIAL_PLATEAU } from "../../../lib/vgg/schedule.ts";
import { inStore } from "../../support/in_store.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const A = plannedRun(net("A", 256), context);
const [tested] = evaluations(net("A", 256), [256], "dense").map((run) => plannedRun(run, context));

const gpu = { name: "NVIDIA A2", memory: 16 * 2 ** 30, capability: 8.6, driver: "550.54.15" };

const execution: Execution = {
  ...environment("2.21.0"),
  ...{ device: "cpu", precision: "float32", towers: 1, started: "2026-01-31T12:00:00.000Z" },
};

Deno.test("executions are stored beside the recipe of their run only", () =>
  inStore((store) => {
    store.begin(A);
    store.writeExecutions(A, [execution]);
    assert.deepEqual(store.readExecutions(A), [execution]);
    assert.ok(Deno.statSync(`${store.folderOf(A)}/environment.json`).isFile);
    assert.deepEqual(store.readExecutions(tested!), []);
  }));

Deno.test("a damaged environment.json contains no executions", () =>
  inStore((store) => {
    for (const text of ["{", "{}", "null"]) {
      store.begin(A);
      Deno.writeTextFileSync(`${store.folderOf(A)}/environment.json`, text);
      assert.deepEqual(store.readExecutions(A), []);
    }
  }));

Deno.test("a resumed training keeps its earlier executions; a restarted one does not", () =>
  inStore((store) => {
    store.begin(A);
    store.writeExecutions(A, [execution]);
    store.writeCheckpoint(A, { step: 10, plateau: INITIAL_PLATEAU, tensors: new Map() });
    store.begin(A);
    assert.deepEqual(store.readExecutions(A), [execution]);
    Deno.removeSync(`${store.folderOf(A)}/checkpoint.safetensors`);
    store.begin(A);
    assert.deepEqual(store.readExecutions(A), []);
  }));

Deno.test("records that cannot be written after a run are reported, and hide no other error", () =>
  inStore((store) => {
    const { writeExecutions } = store;
    store.writeExecutions = (run, executions) => {
      if (executions.at(-1)!.finished) throw new UserError("Cannot write environment.json");
      writeExecutions.call(store, run, executions);
    };
    const told: string[] = [];
    const place = {
      store,
      engine: { version: "2.21.0", device: { kind: "cpu" } } as Engine,
      dataset: { classes: ["a", "b"], val: [], colours: {} } as unknown as Dataset,
      onProgress: () => {},
      onNotice: (notice: string) => void told.push(notice),
      shouldStop: () => false,
    };
    // the run fails because its net does not exist
    assert.throws(() => runOne(tested!, place), (error: Error) => {
      assert.doesNotMatch(error.message, /environment\.json/);
      return true;
    });
    assert.deepEqual(told, ["warning: Cannot write environment.json"]);
  }));

Deno.test("an execution records versions, device, precision, threads, towers and the time", () =>
  inStore((store) => {
    const place = {
      store,
      engine: { version: "2.21.0", device: { kind: "gpu", gpu, count: 2 } } as Engine,
      dataset: { classes: ["a", "b"], val: [], colours: {} } as unknown as Dataset,
      ...{
        threads: 3,
        towers: 2,
        onProgress: () => {},
        onNotice: () => {},
        shouldStop: () => false,
      },
    };
    // The net to test does not exist: the run fails, but its execution is recorded.
    const begin = performance.now();
    assert.throws(() => runOne(tested!, place));
    const most = (performance.now() - begin) / 1000;
    const [noted, ...others] = store.readExecutions(tested!);
    assert.equal(others.length, 0);
    const { started, finished, seconds, ...rest } = noted!;
    assert.deepEqual(rest, {
      ...environment("2.21.0"),
      ...{
        device: "gpu",
        gpu,
        gpus: 2,
        deterministic: isDeterministic(),
        precision: "float32",
        threads: 3,
        towers: 2,
      },
    });
    const gpuUse = { utilisation: 90, memory: 5, power: 300, energy: 0.1, samples: 3 };
    noteGpuUse(tested!, gpuUse, { store, bars: { log: assert.fail } });
    assert.deepEqual(store.readExecutions(tested!), [{ ...noted!, gpuUse }]);
    for (const time of [started, finished!]) assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.ok(0 < seconds! && seconds! <= most, `${seconds} s of ${most}`);
  }));
