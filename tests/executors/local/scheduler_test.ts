import assert from "node:assert/strict";
import { RunQueue } from "../../../lib/executors/local/run_queue.ts";
import { doneOf } from "../../../lib/executors/done_runs.ts";
import { allOrStopped, runPlan } from "../../../lib/executors/local/scheduler.ts";
import { evaluations, net } from "../../../experiments/protocol.ts";
import { smoke } from "../../../experiments/setups.ts";
import { displayName, type TrainRun } from "../../../lib/experiment.ts";
import { type PlannedRun, plannedRun } from "../../../lib/plan.ts";
import type { RunWorker } from "../../../lib/executors/local/start_worker.ts";
import { progressBars } from "../../../lib/system/progress.ts";
import { UserError } from "../../../lib/errors.ts";
import { makeStore, openStore, type Store } from "../../../lib/store/mod.ts";
import { inFolder, inStore } from "../../support/in_store.ts";
import { threadsThat } from "../../support/run_threads.ts";
import { dataset } from "../../simulation/plan.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const planned = (run: TrainRun): PlannedRun => plannedRun(run, context);

Deno.test("after an unexpected error in one thread, the others reach a checkpoint first", async () => {
  const A = planned(net("A", 256));
  const LRN = planned(net("A-LRN", 256));
  const B = planned(net("B", 256));
  const queue = new RunQueue([A, LRN, B], []);
  const told: string[] = [];
  const stopped = Promise.withResolvers<void>();
  const workers = ["one", "other"].map((name) => ({ name })) as unknown as RunWorker[];
  const work = allOrStopped(workers, stopped.resolve, async (worker) => {
    for (let run = await queue.next(); run; run = await queue.next()) {
      if (worker === workers[0]) {
        queue.close(run);
        throw new TypeError("a defect");
      }
      await stopped.promise;
      told.push(`checkpoint of ${run.run === LRN.run ? "A-LRN" : "another run"}`);
      queue.close(run);
    }
  });
  await assert.rejects(work, /a defect/);
  // B waits for A, and is not waited for
  assert.deepEqual(told, ["checkpoint of A-LRN"]);
});

/** A study in a store, and what is told of it. */
function studyIn(store: Store, data: Pick<typeof dataset, "train" | "val"> = dataset) {
  const logged: string[] = [];
  const bars = {
    bar: () => ({ update() {}, stop() {} }),
    log: (line: string) => void logged.push(line),
  };
  const study = { store, dataset: data, setup: smoke, bars } as unknown as Parameters<
    typeof runPlan
  >[1];
  return { study, logged };
}

/** Threads whose runs fail. */
const FAILING = threadsThat(() => Promise.reject(new UserError("the picture is gone")));

Deno.test("a failure is recorded; if that fails, too, it is reported and hides no other error", () =>
  inFolder(async (folder) => {
    const [store, A] = [makeStore(folder), planned(net("A", 256))];
    const { study, logged } = studyIn(store);
    await assert.rejects(runPlan([A], study, { workers: 1 }, FAILING), /Cannot finish A 256/);
    assert.deepEqual(store.status(A), { state: "failed", detail: "the picture is gone" });
    store.fail = () => {
      throw new UserError("Cannot write failed.txt");
    };
    await assert.rejects(runPlan([A], study, { workers: 1 }, FAILING), /Cannot finish A 256/);
    const error = "error: the picture is gone";
    assert.deepEqual(logged.slice(1), [
      error,
      "computing on CPU, in float32",
      "warning: Cannot write failed.txt",
      error,
    ]);
  }));

Deno.test("a net that ended at chance, and a test that may need all memory, are warned of", () =>
  inFolder(async (folder) => {
    const [store, A] = [makeStore(folder), planned(net("A", 256))];
    const image = dataset.val[0]!;
    const train = [0, 1, 0, 1].map((label) => ({ ...image, label }));
    const { study, logged } = studyIn(store, { ...dataset, train });
    const warningsOf = async (run: PlannedRun, loss: number) => {
      logged.length = 0;
      const threads = threadsThat(({ planned }) => {
        store.begin(planned);
        if ("net" in planned.run) {
          const labels = Int32Array.of(0, 1);
          store.writePosteriors(planned, {
            classes: 2,
            values: new Float32Array(4).fill(0.5),
            labels,
          });
        } else {
          const entry = { epoch: 1, learningRate: 0.01, imagesPerSecond: 1 };
          for (const step of [1, 2]) store.appendLog(planned, { ...entry, step, loss });
          store.writeWeights(planned, new Map());
        }
        return Promise.resolve(true);
      });
      const plan = run === A ? [A] : [A, run];
      await runPlan(plan, study, { workers: 1 }, threads);
      return logged.filter((line) => line.startsWith("warning: "));
    };
    // two classes, each as often: chance is ln 2 = 0.693
    const [chance, ...others] = await warningsOf(A, 0.6931);
    assert.match(
      chance!,
      /^warning: A 256 ended at chance: its training loss is 0\.69, and .* 0\.69\./,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(await warningsOf(planned(net("A-LRN", 256)), 0.6), []);
    // at Q = 2^20 an image has 2^40 pixels and more; at Q = 256 it has the net's own scale
    const [usual, huge] = [256, 2 ** 20].map((Q) =>
      plannedRun(evaluations(net("A", 256), [Q], "dense")[0]!, context)
    );
    assert.deepEqual(await warningsOf(usual!, 0.6), []);
    const [memory] = await warningsOf(huge!, 0.6);
    assert.match(
      memory!,
      /^warning: test A 256 at Q = 1048576, dense needs about \d+\.\d GiB of memory/,
    );
  }));

Deno.test("without training images no net is trained, and the plan does not start", async () => {
  const A = planned(net("A", 256));
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const unopened = { ...dataset, untrainable: "the pictures are elsewhere" };
  try {
    const study = {
      ...{ store: openStore(folder), dataset: unopened, setup: smoke, bars: progressBars() },
    };
    await assert.rejects(
      runPlan([A], study),
      /^UserError: Cannot train A 256: the pictures are elsewhere$/,
    );
    const few = { ...context, train: { ...smoke.train, trainingImages: 5 } };
    await assert.rejects(
      runPlan([A, plannedRun(net("B", 256), few)], { ...study, dataset }),
      /^UserError: Cannot train B 256: the setup's trainingImages is 5, and the data set has 0 /,
    );
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a run of another process is waited for, and executed here if that process gives it up", async () => {
  const A = planned(net("A", 256));
  const B = planned(net("B", 256));
  const queue = new RunQueue([A, B], []);
  assert.equal(await queue.next(), A);
  queue.claimedElsewhere(A);
  assert.deepEqual([queue.elsewhere, queue.open], [[A], [A, B]]);
  const later = queue.next();
  queue.release(A);
  assert.equal(await later, A);
  queue.claimedElsewhere(A);
  const last = queue.next();
  queue.finish(A);
  assert.equal(await last, B);
  assert.equal(queue.done, 1);
});

Deno.test("if another process fails, the dependents of its run fail without waiting", async () => {
  const A = planned(net("A", 256));
  const B = planned(net("B", 256));
  const queue = new RunQueue([A, B], []);
  queue.claimedElsewhere((await queue.next())!);
  const next = queue.next();
  queue.fail(A);
  assert.equal(await next, undefined);
  assert.throws(
    () => queue.throwIfFailed(),
    /Cannot finish A 256, nor the 1 run that depends on it/,
  );
});

Deno.test("stopping ends the wait for another process", async () => {
  const A = planned(net("A", 256));
  const queue = new RunQueue([A], []);
  queue.claimedElsewhere((await queue.next())!);
  const next = queue.next();
  queue.close();
  assert.equal(await next, undefined);
});

Deno.test("damaged posteriors are repeated, and so are damaged weights that they need", () =>
  inStore((store) => {
    const weights = new Map([["x", { shape: [2], values: Float32Array.of(1, 2) }]]);
    const trained = net("A", 256);
    const [A, B] = [plannedRun(trained, context), plannedRun(net("B", 256), context)];
    const [one, other] = evaluations(trained, [256, 224], "dense")
      .map((run) => plannedRun(run, context)) as [PlannedRun, PlannedRun];
    const values = Float32Array.of(0.5, 0.5);
    for (const run of [A, B]) store.writeWeights(run, weights);
    for (const run of [one, other]) {
      store.writePosteriors(run, { classes: 2, values, labels: Int32Array.of(1) });
    }
    const logged: string[] = [];
    const bars = { ...progressBars(), log: (line: string) => void logged.push(line) };
    const runs = [A, B, one, other];
    const done = () => doneOf(runs, { store: openStore(store.folder), bars });
    const spoil = (run: PlannedRun, file: string) => {
      const path = `${store.folderOf(run)}/${file}.safetensors`;
      const bytes = Deno.readFileSync(path);
      bytes[bytes.length - 1]! ^= 1;
      Deno.writeFileSync(path, bytes);
    };
    assert.deepEqual(new Set(done()), new Set(runs));
    // the weights of tested nets and of B are not read
    spoil(A, "weights");
    spoil(B, "weights");
    assert.equal(done().length, 4);
    spoil(other, "posteriors");
    assert.deepEqual(new Set(done()), new Set([B, one]));
    assert.equal(logged.length, 2);
    assert.match(
      logged[0]!,
      /checksum does not match its content: A 256 at Q = 224.* is repeated/,
    );
  }));

/** The runs that threads were given, in order, when `workers` of them carried out a plan. */
async function startedBy(workers: number, runs: readonly PlannedRun[]): Promise<string[]> {
  const started: string[] = [];
  await inFolder(async (folder) => {
    const store = makeStore(folder);
    const threads = threadsThat(({ planned }) => {
      started.push(displayName(planned.run));
      const weights = new Map([["x", { shape: [1], values: Float32Array.of(1) }]]);
      store.writeWeights(planned, weights);
      return Promise.resolve(true);
    });
    const study = { store, dataset, setup: smoke, bars: { ...progressBars(), log() {} } };
    await runPlan(runs, study, { workers }, threads);
  });
  return started;
}

Deno.test("side by side, the longest chain of nets starts first; one at a time, the plan's order", async () => {
  const names = ["A", "B", "C", "E"] as const;
  const runs = names.map((config) => planned(net(config, 256)));
  const finer = plannedRun(net("E", 384), context);
  const plan = [...runs, finer];
  assert.deepEqual(await startedBy(1, plan), ["A 256", "B 256", "C 256", "E 256", "E 384"]);
  const two = await startedBy(2, plan);
  assert.deepEqual([two[0], two[1]], ["A 256", "E 256"]);
});
