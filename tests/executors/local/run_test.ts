import assert from "node:assert/strict";
import { evaluations, net } from "../../../experiments/protocol.ts";
import { UserError } from "../../../lib/errors.ts";
import type { Context, Init, Method, Run } from "../../../lib/experiment.ts";
import { type PlannedRun, plannedRun } from "../../../lib/plan.ts";
import { engineOf } from "../../../lib/executors/local/engine.ts";
import { runOne, type RunResources } from "../../../lib/executors/local/run.ts";
import { makeStore, type Store } from "../../../lib/store/mod.ts";
import { readSafetensors } from "../../../lib/weights/safetensors.ts";
import { eventFilesIn, scalarsIn } from "../../support/event_files.ts";
import { tensorflow } from "../../support/run_graph.ts";
import { context as tiny, setup, tinyDataset } from "../../support/tiny.ts";

const context: Context = { ...tiny, train: { ...setup, inputScale: 1 / 64 } };

function planned(run: Run): PlannedRun {
  return plannedRun(run, context);
}

/** A store in a folder of its own, and what a run works with. */
async function workplace() {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const dataset = tinyDataset();
  const store = makeStore(folder);
  const place: RunResources = {
    ...{ engine: engineOf(await tensorflow()), store, dataset },
    onProgress() {},
    onNotice() {},
    shouldStop: () => false,
  };
  return {
    ...{ place, store, dataset },
    [Symbol.dispose]() {
      dataset[Symbol.dispose]();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/** A training's log by TensorBoard's tags. */
function logged(store: Store, run: PlannedRun) {
  return store.readLog(run).flatMap(
    ({ step, loss, learningRate, imagesPerSecond, validation }) => {
      const scalar = (tag: string, value: number) => ({ step, tag, value: Math.fround(value) });
      return [
        scalar("loss", loss),
        scalar("learning rate", learningRate),
        scalar("images per second", imagesPerSecond),
        ...validation
          ? [
            scalar("validation/top-1 error", validation.top1),
            ...validation.top5 === undefined
              ? []
              : [scalar("validation/top-5 error", validation.top5)],
          ]
          : [],
      ];
    },
  );
}

Deno.test("TensorBoard's events equal the log, also after a training was resumed", async () => {
  using work = await workplace();
  const { place, store } = work;
  const run = planned(net("A", 256));
  const folder = store.folderOf(run);
  // 12 steps with a line each; validations after 4 and 8
  let steps = 0;
  const until6 = { onProgress: () => steps++, shouldStop: () => steps === 6 };
  assert.equal(runOne(run, { ...place, ...until6 }), false);
  const before = scalarsIn(folder);
  assert.deepEqual(before, logged(store, run));
  assert.equal(before.at(-1)!.step, 6);
  const [file] = eventFilesIn(folder);

  // a crash may leave a line of a step that will be repeated
  store.appendLog(run, { ...store.readLog(run).at(-1)!, step: 7 });
  assert.equal(runOne(run, place), true);
  const all = scalarsIn(folder);
  assert.deepEqual(all, logged(store, run));
  assert.deepEqual(all.slice(0, before.length), before);
  assert.notEqual(eventFilesIn(folder)[0], file);
  const of = (wanted: string) => all.filter(({ tag }) => tag === wanted).map(({ step }) => step);
  assert.deepEqual(of("validation/top-1 error"), [4, 8, 12]);
  assert.equal(of("loss").filter((step) => step === 7).length, 1);
});

Deno.test("a diverged training restarts once, at a lower rate, and its divergence is recorded", async () => {
  using work = await workplace();
  const { place, store } = work;
  const { first } = setup.schedules;
  /** The same training at other rates; 12 steps; the first 6 are slower in the retry. */
  const at = (learningRate: number, rate: number) => {
    const schedules = { ...setup.schedules, first: { ...first, learningRate } };
    const train = { ...context.train, schedules, retry: { share: 0.5, rate } };
    return plannedRun(net("A", 256), { ...context, train });
  };
  const saved = at(1e18, 0);
  store.begin(saved);
  // the rate of the retry is 0, and it is stopped before the old one comes back
  let steps = 0;
  const until5 = { onProgress: () => steps++, shouldStop: () => store.readLog(saved).length >= 5 };
  assert.equal(runOne(saved, { ...place, ...until5 }), false);
  const { what, rate } = store.readDivergence(saved)!;
  assert.match(what, /^the loss is/);
  assert.equal(rate, 1e18);
  assert.deepEqual(store.readLog(saved).map(({ learningRate }) => learningRate), Array(5).fill(0));
  assert.equal(store.readCheckpoint(saved)!.again, true);
  assert.ok(steps > 4);

  const lost = at(1e18, 1);
  assert.throws(() => runOne(lost, place), /Cannot go on training A 256: the loss is/);
  assert.ok(store.readDivergence(lost));
  // and not a third time
  assert.throws(() => runOne(lost, place), /Cannot go on training A 256: the loss is/);
});

Deno.test("a checkpoint from before a restart is ignored", async () => {
  using work = await workplace();
  const { place, store } = work;
  const run = planned(net("A", 256));
  let steps = 0;
  const until6 = { onProgress: () => steps++, shouldStop: () => steps >= 6 };
  runOne(run, { ...place, ...until6 });
  const old = store.readCheckpoint(run)!;
  store.writeDivergence(run, { what: "the loss is NaN", step: 7, rate: 0.01 });
  store.writeCheckpoint(run, old); // a crash came between the two
  steps = 5;
  runOne(run, { ...place, ...until6 });
  assert.deepEqual(store.readLog(run).map(({ step }) => step), [1]);
});

Deno.test("a net is evaluated by each method, and its posteriors are stored", async () => {
  using work = await workplace();
  const { place, store, dataset } = work;
  const run = net("A", 256);
  runOne(planned(run), place);
  // so that the net can be used with other data
  const { metadata } = readSafetensors(`${store.folderOf(planned(run))}/weights.safetensors`);
  assert.equal(metadata.mean, "128 127 126");
  const methods: readonly Method[] = ["dense", "multi-crop", "centre-crop"];
  const found = methods.map((method) => {
    const evaluation = planned(evaluations(run, [256], method)[0]!);
    assert.equal(runOne(evaluation, place), true);
    using posteriors = store.openPosteriors(evaluation);
    assert.deepEqual([...posteriors.labels], dataset.val.map(({ label }) => label));
    return [...posteriors.rows(0, dataset.val.length)];
  });
  assert.equal(new Set(found.map(String)).size, 3);
  for (const values of found) {
    for (const [i] of dataset.val.entries()) {
      assert.ok(Math.abs(values[2 * i]! + values[2 * i + 1]! - 1) < 1e-6);
    }
  }
});

Deno.test("an imported net is evaluated with its own mean subtracted, not with the data's", async () => {
  using work = await workplace();
  const { place, store, dataset } = work;
  const trained = planned(net("A", 256));
  runOne(trained, place);
  const tensors = store.readWeights(trained);
  const mean: typeof dataset.colours.mean = [250, 10, 130];
  const posteriorsOf = (init: Init, mean: typeof dataset.colours.mean) => {
    const run = { ...net("A", 256), init };
    store.begin(planned(run));
    store.writeWeights(planned(run), tensors);
    const evaluation = planned(evaluations(run, [256], "dense")[0]!);
    const colours = { ...dataset.colours, mean };
    runOne(evaluation, { ...place, dataset: { ...dataset, colours } });
    using posteriors = store.openPosteriors(evaluation);
    return [...posteriors.rows(0, dataset.val.length)];
  };
  const weights = (digit: string) => ({ weights: digit.repeat(64) });
  const theirs = posteriorsOf({ ...weights("1"), mean }, dataset.colours.mean);
  assert.deepEqual(theirs, posteriorsOf(weights("2"), mean));
  assert.notDeepEqual(theirs, posteriorsOf(weights("3"), dataset.colours.mean));
});

Deno.test("an evaluation that was stopped, or that failed, keeps the posteriors of the images so far", async () => {
  using work = await workplace();
  const { place, store, dataset } = work;
  const run = net("A", 256);
  store.writeWeights(planned(run), new Map());
  const evaluation = planned(evaluations(run, [256], "dense")[0]!);
  const checkpoints = () => store.checkpointsOf(evaluation).length;
  const seen: number[] = [];
  /** Evaluates the next of four images, and then does something else. */
  const one = (then: () => boolean): RunResources => ({
    ...place,
    engine: {
      ...place.engine,
      evaluate({ posteriors }) {
        const next = posteriors.findIndex(Number.isNaN) / 2;
        seen.push(next);
        posteriors.set([next / 4, 1 - next / 4], 2 * next);
        return then() ? posteriors : undefined;
      },
    },
  });
  assert.equal(runOne(evaluation, one(() => false)), false);
  assert.deepEqual(store.status(evaluation), { state: "partial", detail: "at image 1" });
  // posteriors of a net that was trained again with other bits are not mixed with those of the old one
  const again = planned(run);
  store.writeWeights(again, new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
  assert.equal(store.readPartialPosteriors(evaluation, [4, 2]), undefined);
  store.writeWeights(again, new Map());
  const unreadable = () => {
    throw new UserError("Cannot read an image");
  };
  assert.throws(() => runOne(evaluation, one(unreadable)), /Cannot read an image/);
  assert.equal(store.progressOf(evaluation), 2);
  assert.equal(runOne(evaluation, one(() => false)), false);
  assert.equal(checkpoints(), 2);
  assert.equal(runOne(evaluation, one(() => true)), true);
  assert.deepEqual([seen, checkpoints()], [[0, 1, 2, 3], 0]);
  using posteriors = store.openPosteriors(evaluation);
  assert.deepEqual([...posteriors.rows(0, 4)], [0, 1, 0.25, 0.75, 0.5, 0.5, 0.75, 0.25]);
  assert.equal(dataset.val.length, 4);
  // posteriors of another number of images are none of this evaluation's
  assert.equal(store.readPartialPosteriors(evaluation, [5, 2]), undefined);
});

Deno.test("imported weights are not trained; the error says how to import them", async () => {
  using work = await workplace();
  const { place } = work;
  const weights = "5e".repeat(32);
  const run = planned({ config: "D", S: [256, 512], init: { weights } });
  assert.throws(() => runOne(run, place), (error: Error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /^Cannot train D \[256;512\] \(imported\): /);
    assert.ok(error.message.includes(weights));
    assert.match(error.message, /deno task evaluate --config D --weights FILE$/);
    return true;
  });
});
