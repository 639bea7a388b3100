/** Files that an interruption leaves beside a result are listed, and removed by the next command. */
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { doneOf } from "../../lib/executors/done_runs.ts";
import { plannedRun } from "../../lib/plan.ts";
import { leftoversIn, leftoversInWords } from "../../lib/store/audit.ts";
import { openStore, type Store } from "../../lib/store/mod.ts";
import { progressBars } from "../../lib/system/progress.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";
import { inStore } from "../support/in_store.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);
const tensors = new Map([["x", { shape: [1], values: Float32Array.of(1) }]]);

/** A training whose process ended between its weights and the removal of its checkpoints. */
function inInterrupted(work: (store: Store, names: () => string[]) => void) {
  inStore((store) => {
    store.begin(A);
    store.writeWeights(A, tensors);
    for (const step of [1, 2]) {
      store.writeCheckpoint(A, { step, plateau: INITIAL_PLATEAU, tensors });
    }
    const place = store.folderOf(A);
    Deno.writeTextFileSync(`${place}/environment.json.1b4e28ba.part`, "{");
    Deno.writeTextFileSync(`${place}/recipe.json.6fa459ea.part`, "{");
    work(store, () => [...Deno.readDirSync(place)].map(({ name }) => name).sort());
  });
}

const visit = (store: Store) =>
  doneOf([A], { store: openStore(store.folder), bars: progressBars() });

Deno.test("checkpoints and drafts beside a result are listed, and removed by the next command", () =>
  inInterrupted((store, names) => {
    const place = store.folderOf(A).slice(store.folder.length + 1);
    const { finished, drafts } = leftoversIn(store);
    assert.deepEqual(finished, [
      `${place}/checkpoint.safetensors`,
      `${place}/checkpoint.previous.safetensors`,
    ]);
    assert.equal(drafts.length, 2);
    assert.ok(
      leftoversInWords(leftoversIn(store)).includes(
        `${place}/checkpoint.safetensors and 1 more: the run is finished; ` +
          "the next command that uses it removes them.",
      ),
    );
    assert.deepEqual(visit(store), [A]);
    // a recipe may be being written: it needs no lease
    assert.deepEqual(names(), [
      ...["recipe.json", "recipe.json.6fa459ea.part", "weights.safetensors"],
    ]);
    assert.deepEqual([...Deno.readDirSync(`${store.folder}/leases`)], []);
  }));

Deno.test("the lease of a process that was killed after its result is removed, too", () =>
  inStore((store) => {
    store.begin(A);
    store.leases.take(A.key);
    store.writeWeights(A, tensors);
    const lease = `${store.folder}/leases/${A.key}.1`;
    const owner = JSON.parse(Deno.readTextFileSync(lease));
    store.leases.release(A.key);
    // a process of this number that began at another time: the owner is dead
    Deno.writeTextFileSync(lease, JSON.stringify({ ...owner, since: "1" }));
    assert.deepEqual(visit(store), [A]);
    assert.deepEqual([...Deno.readDirSync(`${store.folder}/leases`)], []);
  }));

Deno.test("the record of a failure after a result was written is removed, and the folder flushed", () =>
  inStore((store) => {
    store.begin(A);
    store.writeWeights(A, tensors);
    store.fail(A, "Cannot flush the folder");
    assert.deepEqual(leftoversIn(store).finished.map((path) => path.split("/").at(-1)), [
      "failed.txt",
    ]);
    assert.deepEqual(visit(store), [A]);
    const names = [...Deno.readDirSync(store.folderOf(A))].map(({ name }) => name);
    assert.deepEqual(names.sort(), ["recipe.json", "weights.safetensors"]);
  }));

Deno.test("a result whose process was killed is flushed before others rely on it", () =>
  inInterrupted((store) => {
    const folder = store.folderOf(A);
    const { openSync } = Deno;
    const flushed: string[] = [];
    Deno.openSync = (path, options) => {
      const file = openSync(path, options);
      file.syncSync = () => void flushed.push(String(path));
      return file;
    };
    try {
      assert.deepEqual(visit(store), [A]);
    } finally {
      Deno.openSync = openSync;
    }
    assert.ok(flushed.includes(folder), flushed.join());
  }));

Deno.test("nothing is removed while another process works on the run", () =>
  inInterrupted((store, names) => {
    const before = names();
    store.leases.take(A.key);
    assert.deepEqual(visit(store), [A]);
    assert.deepEqual(names(), before);
    store.leases.release(A.key);
  }));

Deno.test("a restarted training removes the drafts of its crash", () =>
  inStore((store) => {
    store.begin(A);
    const draft = `${store.folderOf(A)}/checkpoint.safetensors.1b4e28ba.part`;
    Deno.writeTextFileSync(draft, "cut off");
    store.begin(A);
    assert.throws(() => Deno.statSync(draft), Deno.errors.NotFound);
  }));

Deno.test("drafts of plots and of records of jobs are listed too", () =>
  inStore((store) => {
    for (const name of ["plots/losses.svg.1b4e28ba.part", "jobs/1b4e28ba.sh.6fa459ea.part"]) {
      Deno.mkdirSync(`${store.folder}/${name.split("/")[0]}`, { recursive: true });
      Deno.writeTextFileSync(`${store.folder}/${name}`, "");
    }
    assert.deepEqual(leftoversIn(store).drafts, [
      "jobs/1b4e28ba.sh.6fa459ea.part",
      "plots/losses.svg.1b4e28ba.part",
    ]);
  }));

Deno.test("weights that are written are a result, even if checkpoints cannot be removed", () =>
  inStore((store) => {
    store.begin(A);
    store.writeCheckpoint(A, { step: 1, plateau: INITIAL_PLATEAU, tensors });
    const { removeSync } = Deno;
    Deno.removeSync = () => {
      throw new Error("Input/output error (os error 5): remove");
    };
    try {
      store.writeWeights(A, tensors);
      assert.equal(store.status(A).state, "done");
      assert.throws(() => store.dropCheckpoints(A), {
        name: "UserError",
        message:
          `Cannot remove "${store.folderOf(A)}/checkpoint.safetensors": Input/output error; ` +
          "check its folder's permissions and its disk",
      });
    } finally {
      Deno.removeSync = removeSync;
    }
    assert.deepEqual(leftoversIn(store).finished.length, 1);
  }));
