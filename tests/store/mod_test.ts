import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import type { Context, Run } from "../../lib/experiment.ts";
import { type PlannedRun, plannedRun } from "../../lib/plan.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";
import type { Checkpoint } from "../../lib/vgg/checkpoint.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const planned = (run: Run): PlannedRun => {
  return plannedRun(run, context);
};
const D = planned(net("D", JITTERED));
const [atQ] = evaluations(net("D", JITTERED), [384], "dense").map(planned) as [PlannedRun];

function inStore(work: (folder: string) => void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("stored runs equal the planned runs", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    assert.deepEqual(store.runs(), []);
    for (const run of [D, atQ]) store.begin(run);
    assert.deepEqual(store.runs(), [D, atQ]);
  }));

Deno.test("states of many runs are those of each: from their folders, their leases, or no trace", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    const runs = [224, 256, 288, 320, 352, 384].map((S) => planned(net("A", S)));
    const [done, failed, begun, leased, damaged] = runs as [
      ...[PlannedRun, PlannedRun, PlannedRun, PlannedRun, PlannedRun],
    ];
    const each = () => runs.map((run) => store.status(run));
    assert.deepEqual(store.statuses(runs), each());
    store.writeWeights(done, new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
    store.begin(failed);
    Deno.writeTextFileSync(`${store.folderOf(failed)}/failed.txt`, "out of memory");
    store.begin(begun);
    assert.ok(store.leases.take(leased.key)); // of a process that has made no folder yet
    try {
      Deno.mkdirSync(store.folderOf(damaged));
      Deno.writeTextFileSync(`${store.folderOf(damaged)}/weights.safetensors`, "x");
      const states = store.statuses(runs);
      assert.deepEqual(states, each());
      assert.deepEqual(states.map(({ state }) => state), [
        ...["done", "failed", "todo", "running", "damaged", "todo"],
      ]);
    } finally {
      store.leases.release(leased.key);
    }
  }));

Deno.test("a folder whose recipe is cut off is ignored", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.begin(D);
    Deno.writeTextFileSync(`${store.folderOf(D)}/recipe.json`, '{"run": {"conf');
    assert.deepEqual(store.runs(), []);
  }));

Deno.test("posteriors are read in parts, with their labels", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    const values = Float32Array.from({ length: 12 }, (_, i) => i / 8);
    store.writePosteriors(atQ, { classes: 3, values, labels: Int32Array.of(0, 1, 2, 1) });
    using open = openStore(folder).openPosteriors(atQ);
    assert.equal(open.classes, 3);
    assert.deepEqual([...open.labels], [0, 1, 2, 1]);
    assert.deepEqual([...open.rows(1, 3)], [3, 4, 5, 6, 7, 8].map((i) => i / 8));
    assert.deepEqual([...open.rows(3, 4)], [9, 10, 11].map((i) => i / 8));
  }));

Deno.test("a file that does not contain posteriors is named", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.writePosteriors(atQ, {
      classes: 3,
      values: new Float32Array(3),
      labels: Int32Array.of(0, 1),
    });
    assert.throws(
      () => store.openPosteriors(atQ),
      (error) =>
        error instanceof UserError &&
        /posteriors\.safetensors": .*(fit|posteriors)/.test(error.message),
    );
  }));

Deno.test("a result with one changed bit is damaged, and is computed again", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.begin(atQ);
    const labels = Int32Array.of(0, 1);
    store.writePosteriors(atQ, { classes: 2, values: Float32Array.of(1, 0, 0, 1), labels });
    assert.equal(store.damage(atQ), undefined);
    const file = `${store.folderOf(atQ)}/posteriors.safetensors`;
    const whole = Deno.readFileSync(file);
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at]! ^= 1 << at % 8;
      Deno.writeFileSync(file, changed);
      const damage = openStore(folder).damage(atQ);
      assert.match(damage ?? `byte ${at} changed`, /^Cannot read ".*": .*; remove it/);
    }
    const reader = openStore(folder);
    assert.throws(() => reader.openPosteriors(atQ), /checksum/);
    assert.match(reader.damage(atQ)!, /checksum/);
    assert.equal(reader.status(atQ).state, "damaged");
    reader.markDamaged(atQ);
    assert.equal(reader.status(atQ).state, "todo");
    assert.equal(Deno.statSync(`${file}.damaged`).size, whole.length);
  }));

Deno.test("a truncated result is reported as damaged without reading all of it", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    const labels = Int32Array.of(0, 1);
    store.writePosteriors(atQ, { classes: 2, values: Float32Array.of(1, 0, 0, 1), labels });
    Deno.truncateSync(`${store.folderOf(atQ)}/posteriors.safetensors`, 300);
    assert.equal(openStore(folder).status(atQ).state, "damaged");
  }));

Deno.test("results of a version without checksums are accepted", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.begin(D);
    const header = JSON.stringify({
      __metadata__: { run: D.key, ancestors: "", recipe: "{}" },
      "fc8.bias": { dtype: "F32", shape: [1], data_offsets: [0, 4] },
    });
    const bytes = new Uint8Array(8 + header.length + 4);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    Deno.writeFileSync(`${store.folderOf(D)}/weights.safetensors`, bytes);
    assert.equal(store.damage(D), undefined);
    assert.deepEqual([...store.readWeights(D).get("fc8.bias")!.values], [0]);
    Deno.writeTextFileSync(`${store.folderOf(D)}/log.jsonl`, '{"step":3,"loss":1}\n');
    assert.deepEqual(store.readLog(D), [{ step: 3, loss: 1 }]);
  }));

const checkpoint = (step: number) => ({
  ...{ step, plateau: INITIAL_PLATEAU },
  tensors: new Map([["x", { shape: [1], values: Float32Array.of(step) }]]),
});

Deno.test("a damaged checkpoint is replaced by the previous one; two restart the training", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    const whole: Checkpoint = { ...checkpoint(8), losses: { sum: 0.1, count: 3 }, due: true };
    store.writeCheckpoint(D, whole);
    assert.deepEqual(store.readCheckpoint(D), whole);
    for (const step of [10, 20, 30]) store.writeCheckpoint(D, checkpoint(step));
    const place = store.folderOf(D);
    const spoil = (name: string) => Deno.truncateSync(`${place}/${name}`, 400);
    assert.deepEqual(store.readCheckpoint(D), checkpoint(30));
    spoil("checkpoint.safetensors");
    assert.deepEqual(store.readCheckpoint(D), checkpoint(20));
    assert.equal(store.status(D).state, "partial");
    spoil("checkpoint.previous.safetensors");
    assert.equal(store.readCheckpoint(D), undefined);
    // the next checkpoints replace them
    store.writeCheckpoint(D, checkpoint(5));
    assert.deepEqual(store.readCheckpoint(D), checkpoint(5));
    store.writeWeights(D, checkpoint(5).tensors);
    store.dropCheckpoints(D);
    assert.deepEqual([...Deno.readDirSync(place)].map(({ name }) => name), ["weights.safetensors"]);
  }));

Deno.test("a result that was found damaged, and that another process has computed again, is done", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    const write = (store: ReturnType<typeof openStore>) =>
      store.writeWeights(D, new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
    write(store);
    const file = `${store.folderOf(D)}/weights.safetensors`;
    const bytes = Deno.readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    Deno.writeFileSync(file, bytes);
    assert.match(store.damage(D)!, /checksum/);
    assert.equal(store.status(D).state, "damaged");
    const other = openStore(folder);
    other.markDamaged(D);
    assert.equal(store.status(D).state, "todo");
    write(other);
    assert.equal(store.status(D).state, "done");
    assert.equal(store.damage(D), undefined);
  }));

Deno.test("changed and truncated lines of a log are ignored", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.begin(D);
    const line = (step: number) => (
      { step, epoch: 0, loss: step / 8, learningRate: 0.1, imagesPerSecond: 9 }
    );
    for (const step of [1, 2, 3, 4]) store.appendLog(D, line(step));
    assert.deepEqual(store.readLog(D), [1, 2, 3, 4].map(line));
    const file = `${store.folderOf(D)}/log.jsonl`;
    const text = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(file, text.replace('"loss":0.25', '"loss":0.75').slice(0, -9));
    assert.deepEqual(store.readLog(D), [1, 3].map(line));
    // a step that two processes did is listed once
    for (const step of [3, 2, 3, 4]) store.appendLog(D, line(step));
    assert.deepEqual(store.readLog(D), [1, 2, 3, 4].map(line));
  }));

Deno.test("a folder whose recipe does not match its name is ignored", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.begin(D);
    const file = `${store.folderOf(D)}/recipe.json`;
    const text = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(file, text.replace('"crop": 28', '"crop": 29'));
    assert.deepEqual(store.runs(), []);
  }));

Deno.test("a folder of an older format is refused with both formats and a way out, and not changed", () =>
  inStore((folder) => {
    makeStore(folder);
    const file = `${folder}/store.json`;
    assert.deepEqual(JSON.parse(Deno.readTextFileSync(file)), { format: 2 });
    Deno.writeTextFileSync(file, '{"format":1}\n');
    for (const open of [openStore, makeStore]) {
      assert.throws(
        () => open(folder),
        /^UserError: .* of format 1, and this version of verydeep reads format 2, .*--results DIR$/,
      );
    }
    assert.equal(Deno.readTextFileSync(file), '{"format":1}\n');
  }));

Deno.test("a file is no folder of results, and is not written", () =>
  inStore((folder) => {
    const file = `${folder}/file`;
    Deno.writeTextFileSync(file, "mine");
    for (const open of [openStore, makeStore]) {
      assert.throws(() => open(file), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(
          error.message,
          `Cannot use "${file}": it is a file; name a folder with --results DIR`,
        );
        return true;
      });
    }
    assert.equal(Deno.readTextFileSync(file), "mine");
  }));
