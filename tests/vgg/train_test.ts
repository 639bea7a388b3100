import assert from "node:assert/strict";
import { join } from "node:path";
import { net } from "../../experiments/protocol.ts";
import { UserError } from "../../lib/errors.ts";
import type { EvaluateSetup, Schedule, TrainSetup } from "../../lib/setup.ts";
import type { Checkpoint, LogEntry, Tensors } from "../../lib/vgg/checkpoint.ts";
import { type Context, hasAncestor, type Init, type TrainRun } from "../../lib/experiment.ts";
import { convsOf, layersOf, netShapeOf } from "../../lib/vgg/configs.ts";
import { fillImageCache, imageCacheOffsets } from "../../lib/vgg/image_cache.ts";
import { stepsAtOnce, train, type Training } from "../../lib/vgg/train.ts";
import { readSafetensors, writeSafetensors } from "../../lib/weights/safetensors.ts";
import { gap, noises } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { context, setup, tinyDataset } from "../support/tiny.ts";

const A = net("A", 256);

/** A net with batch normalisation. */
const normalised = (batchNorm: true | number): TrainRun => ({
  ...{ config: "F", blocks: [[64], [128, 128]], batchNorm, S: 256, init: "random" },
});

/** A context with parts of its setup replaced. */
function contextOf(parts: Partial<TrainSetup> = {}, first: Partial<Schedule> = {}): Context {
  const schedules = {
    ...setup.schedules,
    first: { ...setup.schedules.first, ...first },
    ...parts.schedules,
  };
  return { ...context, train: { ...setup, ...parts, schedules } };
}

/** Trains, stopping after `stopAfter` steps or parts of one; what it told on its way. */
async function watch(training: Training, stopAfter = Infinity) {
  const log: LogEntry[] = [];
  const checkpoints: Checkpoint[] = [];
  const before = setup.batch * (training.checkpoint?.step ?? 0);
  let seen = before;
  const result = train(await tensorflow(), training, {
    onLog: (entry) => log.push(entry),
    onCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    onProgress: (images) => void (seen = images),
    shouldStop: () => seen - before >= stopAfter * setup.batch,
  });
  return { ...result, log, checkpoints, seen };
}

/** What a line of the log says, but for the time. */
const said = ({ imagesPerSecond: _, ...entry }: LogEntry) => entry;

Deno.test("a training that was stopped goes on as if it had not been, to the last bit", async (t) => {
  using dataset = tinyDataset();
  const imageCache = fillImageCache(await tensorflow(), dataset.train, { scales: [32] });
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  const ways: Record<string, Partial<Training>> = {
    "from files": {},
    "from an image cache, in micro-batches": { imageCache, microBatch: 2 },
    "with batch normalisation": { imageCache, run: normalised(true) },
    "with batch normalisation of 2 images": { imageCache, run: normalised(2) },
  };
  try {
    for (const [name, way] of Object.entries(ways)) {
      await t.step(name, async () => {
        const training = { run: A, context: contextOf({ dropout: 0.5 }), dataset, ...way };
        const unbroken = await watch(training);
        assert.ok(unbroken.finished);
        assert.equal(unbroken.checkpoint.step, 12);
        // the epochs end after steps 3, 6, 9; validations are after 4 and 8
        let stopped = await watch(training, 5);
        assert.ok(!stopped.finished);
        assert.equal(stopped.checkpoint.step, 5);
        const log = stopped.log;
        // the second time when a validation is due, after step 8; then amid a step, if it has parts
        for (const steps of [2, 1, 0.5, 3, Infinity]) {
          // a checkpoint survives its file
          const file = join(folder, "checkpoint.safetensors");
          writeSafetensors(file, { tensors: stopped.checkpoint.tensors, metadata: {} });
          const tensors = readSafetensors(file).tensors as Tensors;
          stopped = await watch(
            { ...training, checkpoint: { ...stopped.checkpoint, tensors } },
            steps,
          );
          log.push(...stopped.log);
        }
        assert.ok(stopped.finished);
        assert.deepEqual(stopped.checkpoint, unbroken.checkpoint);
        assert.deepEqual(log.map(said), unbroken.log.map(said));
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("batch normalisation decides how many images are computed at once, in one tower", async () => {
  using dataset = tinyDataset();
  const imageCache = fillImageCache(await tensorflow(), dataset.train, { scales: [32] });
  const trained = async (batchNorm: true | number, more: Partial<Training> = {}) => {
    const training = { run: normalised(batchNorm), context, dataset, imageCache, ...more };
    return (await watch(training)).checkpoint.tensors;
  };
  const [whole, twos] = [await trained(true), await trained(2)];
  assert.deepEqual(await trained(true, { microBatch: 1, towers: 2 }), whole);
  assert.deepEqual(await trained(4), whole);
  assert.deepEqual(await trained(2, { microBatch: 4, towers: 2 }), twos);
  assert.ok(gap(twos.get("conv1_1.kernel")!.values, whole.get("conv1_1.kernel")!.values) > 1e-3);
  assert.ok(whole.get("conv2_2.variance")!.values.every((value) => value > 0 && value !== 1));
  assert.equal(whole.has("conv1_1.mean.velocity") || whole.has("fc6.scale"), false);
});

Deno.test("frozen convolutions keep their averages, and use them", async () => {
  using dataset = tinyDataset();
  const before = (await watch({ run: normalised(2), context, dataset })).checkpoint.tensors;
  const ancestor = new Map([...before].filter(([name]) => !name.endsWith(".velocity")));
  const init = { from: normalised(2), layers: "all" } as const;
  const run: TrainRun = { ...normalised(2), init, update: "fc" };
  const train = async (microBatch: number) =>
    (await watch({ run, context, dataset, ancestor, microBatch })).checkpoint.tensors;
  const fine = await train(4);
  for (const [name, { values }] of fine) {
    if (name.startsWith("conv")) assert.deepEqual(values, ancestor.get(name)!.values, name);
  }
  // nothing depends on parts of the batch then, but for rounding
  assert.ok(gap((await train(2)).get("fc6.kernel")!.values, fine.get("fc6.kernel")!.values) < 1e-5);
});

Deno.test("a training tells its steps, rates, epochs and validations", async () => {
  using dataset = tinyDataset();
  const { log, checkpoints, seen, checkpoint } = await watch({
    run: A,
    context: contextOf({ kernels: "gaussian-0.01" }),
    dataset,
  });
  // 48 images in batches of 4, twelve images in an epoch; the rate drops at half
  assert.deepEqual(log.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.deepEqual(log.map(({ epoch }) => Math.round(3 * epoch)), log.map(({ step }) => step));
  assert.equal(seen, 48);
  const validated = log.filter(({ validation }) => validation !== undefined);
  assert.deepEqual(validated.map(({ step }) => step), [4, 8, 12]);
  assert.deepEqual(checkpoints.map(({ step }) => step), [4, 8, 12]);
  assert.deepEqual(checkpoints.at(-1), checkpoint);
  assert.deepEqual(log.slice(0, 3).map(({ learningRate }) => learningRate), [0.01, 0.01, 0.01]);
  assert.deepEqual(log.slice(6).map(({ learningRate }) => learningRate), Array(6).fill(0.001));
  // small weights say nothing yet of the two classes
  assert.ok(Math.abs(log[0]!.loss - Math.LN2) < 1e-3, `${log[0]!.loss}`);
  for (const { validation } of validated) {
    assert.ok([0, 25, 50, 75, 100].includes(validation!.top1)); // of four images
    assert.equal("top5" in validation!, false); // two classes have no top-5 error
  }
});

Deno.test("a training on the first images is one on a data set of these, from files and from memory", async () => {
  using dataset = tinyDataset();
  const few = { ...dataset, train: dataset.train.slice(0, 4) };
  const context = contextOf({ trainingImages: 4 });
  const cacheOf = async (count?: number) => ({
    imageCache: fillImageCache(await tensorflow(), dataset.train, { scales: [32], count }),
  });
  for (const cache of [await cacheOf(4), await cacheOf(), {}]) {
    const first = await watch({ run: A, context, dataset, ...cache });
    const own = await watch({ run: A, context: contextOf(), dataset: few, ...cache });
    assert.deepEqual(first.checkpoint, own.checkpoint);
    // 48 images in batches of 4
    assert.deepEqual(first.log.map(({ epoch }) => epoch), first.log.map(({ step }) => step));
  }
});

Deno.test("dark and bright images are learnt apart", async () => {
  using dataset = tinyDataset();
  const imageCache = fillImageCache(await tensorflow(), dataset.train, { scales: [32] });
  const { bytes } = imageCache;
  const offsets = imageCacheOffsets(dataset.train, [32]);
  for (const [i, { label }] of dataset.train.entries()) {
    const image = bytes.subarray(3 * offsets[i]!, 3 * (offsets[i + 1] ?? bytes.length / 3));
    image.set(image.map((byte) => 128 * label + byte / 2));
  }
  const parts = { dropout: 0, batch: 12, width: 1 / 16 };
  const learning = { learningRate: 0.02, images: 12 * 60, warmup: 0.1 };
  const { log } = await watch({
    run: A,
    context: contextOf(parts, learning),
    dataset,
    imageCache,
  });
  // chance is ln 2 = 0.69
  assert.ok(log.at(-1)!.loss < 0.2, `${log.at(-1)!.loss}`);
});

Deno.test("the plateau rule divides the rate, and ends the training before its images are used up", async () => {
  using dataset = tinyDataset();
  // a rate of 0 makes accuracy stand still from the first validation on
  const stalled = {
    learningRate: 0,
    images: 4000,
    drops: { rule: "plateau", patience: 2, times: 1 },
  } as const;
  const { finished, checkpoint, log } = await watch({
    run: A,
    context: contextOf({ validations: 500 }, stalled),
    dataset,
  });
  // of 1000 steps each second one is validated: best, 1, 2 and drop, 1, 2 and over
  assert.ok(finished);
  assert.equal(checkpoint.step, 10);
  assert.deepEqual([checkpoint.plateau.drops, checkpoint.plateau.over], [1, true]);
  assert.equal(log.filter(({ validation }) => validation).length, 5);
});

Deno.test("a training drops the same outputs, whatever part of a batch is in memory", async () => {
  using dataset = tinyDataset();
  const context = contextOf({ dropout: 0.5 });
  const losses = await Promise.all([4, 2, 1].map(async (microBatch) => {
    const { log } = await watch({ run: A, context, dataset, microBatch });
    return log.map(({ loss }) => loss);
  }));
  const [whole, ...parts] = losses;
  for (const found of parts) assert.ok(gap(found, whole!) < 1e-4, `${found}, not ${whole}`);
});

Deno.test("every batch makes progress, also one of more images than are planned at once", () => {
  assert.deepEqual([1, 256, 32_768, 32_769, 65_536].map(stepsAtOnce), [32_768, 128, 1, 1, 1]);
});

Deno.test("how a net is tested does not steer its training: validations average scores first", async () => {
  using tiny = tinyDataset();
  // at the middle scale, 48 pixels, score maps are 2 by 2 or larger
  const dataset = { ...tiny, val: [...tiny.val, ...tiny.train] };
  const run = { config: "A", S: [256, 512], init: "random" } as const;
  const rule = { rule: "plateau", patience: 1, times: 9 } as const;
  const schedule = { learningRate: 0.02, images: 160, drops: rule };
  const schedules = { first: schedule, finer: schedule, jittered: schedule };
  const of = async (scoreMap: EvaluateSetup["scoreMap"]) => {
    const { train } = contextOf({ kernels: "he", validations: 40, schedules });
    const options = { train, evaluate: { scoreMap }, seed: 3, data: "tiny" };
    const { log, checkpoint } = await watch({ run, context: options, dataset });
    return { log: log.map(said), checkpoint };
  };
  const usual = await of("average-then-softmax");
  assert.ok(new Set(usual.log.map(({ validation }) => validation?.top1)).size > 2);
  assert.deepEqual(await of("softmax-then-average"), usual);
  assert.deepEqual(await of("sum-then-softmax"), usual);
});

Deno.test("a loss that is no number stops the training and names the step; good checkpoints stay", async () => {
  using dataset = tinyDataset();
  const told: Checkpoint[] = [];
  const training = {
    run: A,
    context: contextOf({ validations: 12 }, { learningRate: 1e18, warmup: 0.2 }),
    dataset,
  };
  const binding = await tensorflow();
  const before = binding.getNumOfTensors();
  assert.throws(() =>
    train(binding, training, {
      onLog() {},
      onCheckpoint: (checkpoint) => told.push(checkpoint),
      onProgress() {},
      shouldStop: () => false,
    }), (error: Error) => {
    assert.ok(error instanceof UserError);
    const step =
      /^Cannot go on training A 256: (?:the loss is (?:NaN|Infinity)|posteriors are NaN) at step (\d+) /
        .exec(error.message)?.[1];
    assert.equal(Number(step), told.at(-1)!.step + 1, error.message);
    return true;
  });
  assert.equal(binding.getNumOfTensors(), before);
});

/** Weights of a net of our tiny shape by the formula. */
function weightsOf(run: TrainRun): Tensors {
  const layers = convsOf(layersOf(run, netShapeOf(setup, 2)));
  return new Map(layers.flatMap(({ name, size, inputs, outputs }, i) => [
    [`${name}.kernel`, {
      shape: [size, size, inputs, outputs],
      values: noises(size * size * inputs * outputs, { from: 10_000 * i, scale: 0.1 }),
    }],
    [`${name}.bias`, { shape: [outputs], values: noises(outputs, { from: 5000 + 10_000 * i }) }],
  ]));
}

/** Names of the layers whose weights are the ancestor's after a training at rate 0. */
async function inheritedLayers(run: TrainRun, ancestor: Tensors): Promise<string[]> {
  using dataset = tinyDataset();
  const still: Schedule = { learningRate: 0, images: 4, drops: { rule: "steps", at: [] } };
  const schedules = { first: still, finer: still, jittered: still };
  const { checkpoint } = await watch({
    ...{ run, context: contextOf({ schedules, validations: 1 }), dataset, ancestor },
  });
  const same = [...checkpoint.tensors].filter(([name, { values }]) => {
    const theirs = ancestor.get(name)?.values;
    return theirs?.length === values.length && values.every((value, i) => value === theirs[i]);
  });
  const layers = Object.groupBy(same.map(([name]) => name), (name) => name.split(".")[0]!);
  // kernel and bias together
  return Object.entries(layers).filter(([, names]) => names!.length === 2).map(([name]) => name);
}

Deno.test("B takes seven layers from A by name, and draws the others", async () => {
  const run = net("B", 256);
  assert.ok(hasAncestor(run.init));
  assert.deepEqual(await inheritedLayers(run, weightsOf(run.init.from)), [
    ...["conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8"],
  ]);
});

Deno.test("S = 384 starts from all layers of S = 256, a jittered S from those of S = 384", async () => {
  for (const S of [384, [256, 512]] as const) {
    const run = net("C", S);
    assert.ok(hasAncestor(run.init));
    assert.equal(String(run.init.from.S), S === 384 ? "256" : "384");
    const names = convsOf(layersOf("C")).map(({ name }) => name);
    assert.deepEqual(await inheritedLayers(run, weightsOf(run.init.from)), names);
  }
});

Deno.test("a net that starts from an imported one has that one's mean subtracted, also in validations", async () => {
  using tiny = tinyDataset();
  const dataset = { ...tiny, val: [...tiny.val, ...tiny.train] };
  type Mean = typeof tiny.colours.mean;
  const mean: Mean = [5000, -2500, 4000]; // beside it all images look alike
  const imported = { weights: "0".repeat(64) };
  const startsFrom = (init: Init): TrainRun => ({
    ...net("A", 256),
    init: { from: { ...net("A", 256), init }, layers: "all" },
  });
  // large enough that images differ in their first guess; at rate 0 they stay so
  const ancestor: Tensors = new Map(
    [...weightsOf(startsFrom(imported))].map(([name, { shape, values }]) => [
      name,
      { shape, values: values.map((value) => 4 * value) },
    ]),
  );
  const context = contextOf({ validations: 1 }, { learningRate: 0, images: 12 });
  const trained = async (init: Init, mean: Mean) => {
    const colours = { ...dataset.colours, mean };
    const run = startsFrom(init);
    const of = { run, context, dataset: { ...dataset, colours }, ancestor };
    const { log, checkpoint } = await watch(of);
    return { log: log.map(said), checkpoint };
  };
  const own = await trained(imported, dataset.colours.mean);
  const theirs = await trained({ ...imported, mean }, dataset.colours.mean);
  assert.deepEqual(theirs, await trained(imported, mean));
  assert.notDeepEqual(theirs.log, own.log);
  assert.notDeepEqual(
    theirs.log.map(({ validation }) => validation),
    own.log.map(({ validation }) => validation),
  );
});

Deno.test("fine-tuning of FC layers keeps all layers, moves theirs, and goes on from a checkpoint", async () => {
  using dataset = tinyDataset();
  const run: TrainRun = { ...net("D", [256, 512]), update: "fc" };
  const ancestor = weightsOf(run);
  const training = { run, context: contextOf({ dropout: 0.5 }), dataset, ancestor };
  const { finished, checkpoint } = await watch(training);
  assert.ok(finished);
  const { tensors } = checkpoint;
  const fc = ["fc6", "fc7", "fc8"].flatMap((name) => [`${name}.kernel`, `${name}.bias`]);
  const velocities = fc.map((name) => `${name}.velocity`);
  assert.deepEqual([...tensors.keys()], [...ancestor.keys(), ...velocities]);
  const changed = [...ancestor].filter(([name, { values }]) =>
    values.some((value, i) => value !== tensors.get(name)!.values[i])
  );
  assert.deepEqual(changed.map(([name]) => name), fc);
  const stopped = await watch(training, 5);
  const resumed = await watch({ ...training, checkpoint: stopped.checkpoint });
  assert.deepEqual(resumed.checkpoint, checkpoint);
});
