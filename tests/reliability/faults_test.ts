/** What happens when what a program stands on gives way: disk, data, memory, the program itself. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { net } from "../../experiments/protocol.ts";
import { openScenes } from "../../lib/datasets/scenes/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { plannedRun } from "../../lib/plan.ts";
import { engineOf } from "../../lib/executors/local/engine.ts";
import { runOne } from "../../lib/executors/local/run.ts";
import { makeStore, openStore, type Store } from "../../lib/store/mod.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";
import { isRoot, onSmallDisk, run } from "../support/disks.ts";
import { tensorflow } from "../support/run_graph.ts";
import { context as tiny, setup, tinyDataset } from "../support/tiny.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const context = { ...tiny, train: { ...setup, inputScale: 1 / 64 } };
const A = plannedRun(net("A", 256), context);

const checkpoint = (step: number, numbers: number) => ({
  ...{ step, plateau: INITIAL_PLATEAU },
  tensors: new Map([["x", { shape: [numbers], values: new Float32Array(numbers).fill(step) }]]),
});

/** What a store says of a run in a message that names the file and the way out. */
const isFull = (error: unknown) =>
  error instanceof UserError && /^Cannot write ".*": .*; free some space/.test(error.message);

/** Nobody who is told or asks anything. */
const nobody = { onProgress() {}, onNotice() {}, shouldStop: () => false };

Deno.test({
  name: "a full disk loses what is being written, but no existing file",
  ignore: !isRoot,
  fn: () =>
    onSmallDisk("400k", (folder) => {
      const store = makeStore(`${folder}/results`);
      store.begin(A);
      store.writeCheckpoint(A, checkpoint(1, 25_000));
      store.writeCheckpoint(A, checkpoint(2, 25_000));
      // two of 100 kB are there, and their folder has room for one more
      assert.throws(() => store.writeCheckpoint(A, checkpoint(3, 75_000)), isFull);
      assert.deepEqual(store.readCheckpoint(A), checkpoint(2, 25_000));
      Deno.writeFileSync(`${folder}/filler`, new Uint8Array(2 ** 20).subarray(0, 180_000));
      const log = { step: 1, epoch: 0, loss: 1, learningRate: 1, imagesPerSecond: 1 };
      assert.throws(() => {
        for (let i = 0; i < 10_000; i++) store.appendLog(A, { ...log, step: i });
      }, isFull);
      const steps = store.readLog(A).map(({ step }) => step);
      assert.deepEqual(steps, [...steps.keys()]);
      assert.throws(() => store.fail(A, "x".repeat(100_000)), isFull);
      assert.deepEqual(store.readCheckpoint(A), checkpoint(2, 25_000));
      const names = [...Deno.readDirSync(store.folderOf(A))].map(({ name }) => name);
      assert.deepEqual(names.filter((name) => name.endsWith(".part")), []);
    }),
});

Deno.test({
  name: "a training on a disk that fills up fails with a message, and resumes when there is room",
  ignore: !isRoot,
  fn: () =>
    onSmallDisk("3m", async (folder) => {
      const engine = engineOf(await tensorflow());
      using dataset = tinyDataset();
      const place = { ...nobody, engine, dataset };
      const whole = makeStore(Deno.makeTempDirSync({ prefix: "verydeep-test-" }));
      runOne(A, { ...place, store: whole });
      const size = Deno.statSync(`${whole.folderOf(A)}/weights.safetensors`).size;

      const store = makeStore(`${folder}/results`);
      const free = 3 * 2 ** 20;
      const filler = `${folder}/filler`;
      Deno.writeFileSync(filler, new Uint8Array(free - Math.min(2 * size, free / 2)));
      assert.throws(() => runOne(A, { ...place, store }), isFull);
      Deno.removeSync(filler);
      assert.equal(runOne(A, { ...place, store }), true);
      assert.deepEqual(store.readWeights(A), whole.readWeights(A));
      Deno.removeSync(whole.folder, { recursive: true });
    }),
});

Deno.test({
  name: "drawing pictures on a full disk fails with a message, and succeeds when there is room",
  ignore: !isRoot,
  fn: () =>
    // pictures take 0.4 MB, or twice that where the system gives a small file several pages at once
    onSmallDisk("2m", async (folder) => {
      const data = { folder: `${folder}/data`, scenes: { classes: 2, train: 40, val: 10 } };
      const filler = `${folder}/filler`;
      Deno.writeFileSync(filler, new Uint8Array(1_950_000));
      await assert.rejects(openScenes(data), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, /^Cannot write ".*scenes.*": .*space left.*--data DIR$/);
        return true;
      });
      Deno.removeSync(filler);
      const { train, val } = await openScenes(data);
      assert.deepEqual([train.length, val.length], [40, 10]);
      for (const { file } of [...train, ...val]) assert.ok(Deno.statSync(file).size > 0);
    }),
});

Deno.test({
  name: "on a disk that became read-only, results can be read and no run starts",
  ignore: !isRoot,
  fn: () =>
    onSmallDisk("1m", async (folder) => {
      const store = makeStore(`${folder}/results`);
      store.writeWeights(A, checkpoint(1, 10).tensors);
      await run("mount", "-o", "remount,ro", folder);
      assert.equal(store.damage(A), undefined);
      assert.equal(store.status(A).state, "done");
      assert.throws(() => store.leases.take(A.key), isFull);
      assert.throws(() => store.begin(A), isFull);
      store.leases.release(A.key);
    }),
});

/** Does something with a store in which everything is written that a training and a crash leave. */
function inFullStore(work: (store: Store, place: string) => void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const store = makeStore(folder);
    store.begin(A);
    const log = { epoch: 0, loss: 0.5, learningRate: 0.1, imagesPerSecond: 7 };
    for (const step of [1, 2]) store.appendLog(A, { ...log, step });
    for (const step of [1, 2]) store.writeCheckpoint(A, checkpoint(step, 3));
    store.writeDivergence(A, { what: "the loss is NaN", step: 3, rate: 0.1 });
    for (const step of [1, 2]) store.writeCheckpoint(A, checkpoint(step, 3));
    work(store, store.folderOf(A));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What a store knows of a training. */
const known = (store: Store) => ({
  recipe: store.runs().map(({ key }) => key),
  log: store.readLog(A),
  checkpoint: store.readCheckpoint(A),
  divergence: store.readDivergence(A),
});

/** What may be said in place of the truth: less, and nothing else. */
function isLess(found: ReturnType<typeof known>, truth: ReturnType<typeof known>): boolean {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return found.recipe.every((key) => truth.recipe.includes(key)) &&
    found.log.every((line) => truth.log.some((other) => same(line, other))) &&
    (found.checkpoint === undefined ||
      found.checkpoint.tensors.get("x")!.values.every((value) =>
        value === found.checkpoint!.step
      )) &&
    (found.divergence === undefined || same(found.divergence, truth.divergence));
}

Deno.test("any changed byte and any truncation loses part of its file, and never reads as false data", () =>
  inFullStore((store, place) => {
    const truth = known(store);
    assert.equal(truth.checkpoint!.step, 2);
    assert.ok(truth.divergence);
    const files = [...Deno.readDirSync(place)].map(({ name }) => name);
    assert.deepEqual(files.sort(), [
      ...["checkpoint.previous.safetensors", "checkpoint.safetensors", "diverged.json"],
      ...["log.jsonl", "recipe.json"],
    ]);
    let faults = 0;
    for (const name of files) {
      const file = `${place}/${name}`;
      const whole = Deno.readFileSync(file);
      for (let at = 0; at < whole.length; at += 7) {
        const changed = whole.slice();
        changed[at]! ^= 1 << at % 8;
        for (const bytes of [changed, whole.subarray(0, at)]) {
          Deno.writeFileSync(file, bytes);
          const found = known(openStore(store.folder));
          assert.ok(isLess(found, truth), `${name}, byte ${at}: ${JSON.stringify(found)}`);
          faults++;
        }
      }
      Deno.writeFileSync(file, whole);
      assert.deepEqual(known(store), truth);
    }
    assert.ok(faults > 400, `${faults}`);
  }));

Deno.test("a checkpoint can be read while another process writes the next, and never gets older", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const store = makeStore(folder);
  store.begin(A);
  store.writeCheckpoint(A, checkpoint(1, 3));
  const program = `
    import { openStore } from "${new URL("../../lib/store/mod.ts", import.meta.url)}";
    const store = openStore(${JSON.stringify(folder)});
    const [run] = store.runs();
    const { tensors: [[name, { shape }]], ...state } = store.readCheckpoint(run);
    for (let step = 2; step <= 400; step++) {
      const tensors = new Map([[name, { shape, values: new Float32Array(3).fill(step) }]]);
      store.writeCheckpoint(run, { ...state, step, tensors });
    }
  `;
  const writer = new Deno.Command(Deno.execPath(), { args: ["eval", program], cwd: ROOT }).spawn();
  let [last, looks, ended] = [1, 0, false];
  const status = writer.status.finally(() => ended = true);
  while (!ended) {
    const { step, tensors } = store.readCheckpoint(A)!;
    assert.ok(step >= last, `${step} after ${last}`);
    assert.deepEqual(tensors, checkpoint(step, 3).tensors);
    assert.ok(store.progressOf(A) >= step);
    [last, looks] = [step, looks + 1];
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.equal((await status).success, true);
  assert.deepEqual(store.readCheckpoint(A), checkpoint(400, 3));
  assert.ok(looks > 1);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test({
  name: "an image file that was deleted after listing is named with a way out",
  async fn() {
    const engine = engineOf(await tensorflow());
    using dataset = tinyDataset();
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const store = makeStore(folder);
    const place = { ...nobody, engine, dataset, store };
    Deno.removeSync(dataset.train[5]!.file);
    assert.throws(() => runOne(A, place), (error: Error) => {
      assert.ok(error.message.includes(dataset.train[5]!.file), error.message);
      return true;
    });
    Deno.removeSync(folder, { recursive: true });
  },
});
