/** Files of a store that exist but cannot be read: they are named, kept and skipped. */
import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import { runNamed } from "../../lib/command_line/known_runs.ts";
import { membersOf } from "../../lib/commands/fuse.ts";
import { doneOf } from "../../lib/executors/done_runs.ts";
import { type PlannedRun, plannedRun } from "../../lib/plan.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { auditResults, leftoversIn, leftoversInWords } from "../../lib/store/audit.ts";
import { openStore, type Store } from "../../lib/store/mod.ts";
import { progressBars } from "../../lib/system/progress.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { inStore } from "../support/in_store.ts";
import { withStore } from "../support/made_store.ts";
import { whileUnreadable } from "../support/unreadable.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);
const [tested] = evaluations(net("A", 256), [256], "dense")
  .map((run) => plannedRun(run, context)) as [PlannedRun];

/** A store with a net and its test, which are done. */
function inFullStore(work: (store: Store) => void) {
  inStore((store) => {
    store.begin(A);
    store.writeWeights(A, new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
    const log = { step: 1, epoch: 0, loss: 1, learningRate: 0.1, imagesPerSecond: 9 };
    store.appendLog(A, log);
    store.begin(tested);
    const values = Float32Array.of(0.5, 0.5);
    store.writePosteriors(tested, { classes: 2, values, labels: Int32Array.of(1) });
    work(store);
  });
}

const POSTERIORS = "posteriors.safetensors";

for (const error of ["EIO", "ESTALE", "EACCES"] as const) {
  Deno.test(`posteriors under ${error} are unreadable, not damaged: no run is repeated`, () =>
    inFullStore((store) => {
      const file = `${store.folderOf(tested)}/${POSTERIORS}`;
      const expected = new RegExp(
        `^(UserError: )?Cannot read "${file}": [A-Z][a-z/ ]+; check its perm`,
      );
      for (const readers of [["openSync"], ["statSync"], undefined] as const) {
        whileUnreadable(POSTERIORS, error, () => {
          const found = openStore(store.folder);
          const { state, detail } = found.status(tested);
          assert.deepEqual([found.status(A).state, state], ["done", "unreadable"]);
          assert.match(detail!, expected);
          assert.ok(found.isDone(A));
          assert.throws(() => found.isDone(tested), expected);
          assert.match(found.damage(tested)!, expected);
          assert.throws(() => found.openPosteriors(tested), (thrown) => {
            assert.ok(thrown instanceof UserError);
            assert.match(thrown.message, expected);
            return true;
          });
          const study = { store: found, bars: progressBars() };
          assert.throws(() => doneOf([A, tested], study), expected);
          const { whole, damages, unreadable } = auditResults(openStore(store.folder));
          assert.deepEqual([whole, damages.length, unreadable.length], [1, 0, 1]);
          assert.match(unreadable[0]!, expected);
        }, readers);
      }
      assert.equal(openStore(store.folder).status(tested).state, "done");
    }));
}

Deno.test("an unreadable checkpoint is replaced by the previous one; two stop the run", () =>
  inStore((store) => {
    const checkpoint = (step: number) => ({
      ...{ step, plateau: INITIAL_PLATEAU },
      tensors: new Map([["x", { shape: [1], values: Float32Array.of(step) }]]),
    });
    for (const step of [10, 20]) store.writeCheckpoint(A, checkpoint(step));
    const latest = "/checkpoint.safetensors";
    whileUnreadable(latest, "EIO", () => {
      assert.deepEqual(openStore(store.folder).readCheckpoint(A), checkpoint(10));
      assert.equal(openStore(store.folder).progressOf(A), 10);
    });
    // a restart would lose their steps
    whileUnreadable("/checkpoint", "EACCES", () => {
      assert.throws(() => openStore(store.folder).readCheckpoint(A), (error: Error) => {
        assert.ok(error.message.startsWith(`Cannot read "${store.folderOf(A)}${latest}": Perm`));
        return true;
      });
    });
    assert.deepEqual(store.readCheckpoint(A), checkpoint(20));
  }));

Deno.test("unreadable recipes, logs, leases and folders are named, and the rest is listed", () =>
  inFullStore((store) => {
    const left = (part: string) =>
      whileUnreadable(part, "EIO", () => leftoversInWords(leftoversIn(openStore(store.folder))));
    const place = (run: PlannedRun) => store.folderOf(run).slice(store.folder.length + 1);
    const sentence = (path: string) =>
      `Cannot read "${path}": Input/output error; check its permissions and its disk.`;
    const recipe = `${place(tested)}/recipe.json`;
    assert.deepEqual(left(recipe), [sentence(recipe)]);
    // a list of runs that lacks one is not forgotten when its recipe can be read again
    const lacking = openStore(store.folder);
    whileUnreadable(recipe, "EIO", () => assert.equal(lacking.runs().length, 1));
    assert.equal(lacking.runs().length, 2);
    assert.deepEqual(leftoversInWords(leftoversIn(lacking)), [sentence(recipe)]);
    assert.deepEqual(left(`${place(A)}/log.jsonl`), [sentence(`${place(A)}/log.jsonl`)]);
    assert.deepEqual(left("/leases"), [sentence("leases")]);
    whileUnreadable("/leases", "EIO", () => {
      assert.throws(() => store.leases.take("run"), /^UserError: Cannot read ".*leases": Input/);
    }, ["readDirSync"]);
  }));

Deno.test("a run is not called unknown, nor left out of a mean, where its recipe cannot be read", () =>
  inFullStore((store) => {
    using sandbox = new CommandSandbox();
    const options = sandbox.options("fuse");
    const named = (run: PlannedRun) => runNamed(run.key, { store, contexts: [] });
    const members = () => membersOf(A, store, options).map(({ key }) => key);
    assert.deepEqual([named(A).key, members()], [A.key, [tested.key]]);
    const expected = /^UserError: Cannot read ".*recipe\.json": Input\/output error; check its/;
    whileUnreadable("/train/A-256-", "EIO", () => assert.throws(() => named(A), expected));
    whileUnreadable("/eval/A-256-", "EIO", () => {
      assert.throws(() => named(tested), expected);
      assert.throws(members, expected);
      assert.equal(named(A).key, A.key);
    }, ["readTextFileSync"]);
  }));

Deno.test("a report omits a row whose posteriors or logs cannot be read, and gives the reason", () =>
  withStore((input) => {
    const whole = resultsOf(input.tables, input);
    for (const part of [POSTERIORS, "log.jsonl"]) {
      const [table] = whileUnreadable(part, "EIO", () => {
        return resultsOf(input.tables, { ...input, store: openStore(input.store.folder) });
      });
      const { measured, comparison } = table!.rows[0]!;
      assert.equal(measured, undefined);
      assert.equal(comparison!.status, "left out");
      assert.match(
        comparison!.reason,
        /^Cannot read "(train|eval)\/A-256-.*": Input\/output error;/,
      );
    }
    assert.deepEqual(resultsOf(input.tables, input), whole);
    return Promise.resolve();
  }));
