/** Our side of the parity tests: what `pytorch.py` computes, by the project's own graphs. */
import { join } from "node:path";
import { small } from "../../experiments/setups.ts";
import type { EvaluateSetup, OddSides, Precision, TrainSetup } from "../../lib/setup.ts";
import type { ConfigName, Method, NetLayers, TrainRun } from "../../lib/experiment.ts";
import type { Binding } from "../../lib/tensorflow/addon.ts";
import { gradients } from "../../lib/tensorflow/gradients.ts";
import { constant, Graph, placeholder } from "../../lib/tensorflow/graph.ts";
import { sparseSoftmaxCrossEntropy } from "../../lib/tensorflow/layers.ts";
import { elements, float32, int32, Session } from "../../lib/tensorflow/session.ts";
import { addSetter, type Variable } from "../../lib/tensorflow/variables.ts";
import { type Layer, layersOf, netShapeOf } from "../../lib/vgg/configs.ts";
import { posteriorsOf } from "../../lib/vgg/evaluate.ts";
import { evaluationGraph, trainingGraph } from "../../lib/vgg/model.ts";
import { setTensors } from "../../lib/vgg/train.ts";
import { forward, isRunningAverage, network, variablesOf } from "../../lib/vgg/network.ts";
import { folderWith } from "../support/datasets.ts";
import { noise, noises, noisyBytes } from "../support/formula.ts";
import { noisyPng } from "../support/tiny.ts";

/** The small setup's nets, smaller still; a side of 36 makes odd maps: 36, 18, 9, 5, 3, 2. */
export const NET = {
  ...{ crop: 36, width: 1 / 16, fc: 64, classes: 10, inputScale: 1 / 64 },
  ...{ batch: 8, steps: 10, rate: 5e-4, momentum: 0.9 },
  /** Where the rate drops to a tenth, in a training where it does. */
  drop: 3,
  /** A hundred times the paper's, so that it shows after ten updates. */
  decay: 0.05,
  /** A whole image's height and width; from 36 they are uneven too. */
  whole: [50, 71] as const,
  mean: [120, 110, 100] as const,
};

function setup(precision: Precision, readings: Readings = {}): TrainSetup {
  const { crop, width, fc, batch, momentum, decay, inputScale } = NET;
  const sizes = { crop, width, fc, batch, momentum, inputScale };
  return { ...small.train, ...sizes, weightDecay: decay, dropout: 0, precision, ...readings };
}

/** What is read into the paper otherwise than is usual. */
type Readings = Partial<Pick<TrainSetup, "oddSides" | "momentumForm">>;

/** One of the paper's nets, or one of one's own. */
type Net = ConfigName | NetLayers;

const run = (net: Net): TrainRun => ({
  ...typeof net === "string" ? { config: net } : net,
  ...{ S: 256, init: "random" },
});
const evaluate: EvaluateSetup = { scoreMap: "average-then-softmax" };

/** Where the noise of each kind of tensor begins, and what it is multiplied by and added to. */
const FORMULAS: Readonly<
  Record<
    "kernel" | "bias" | "scale" | "mean" | "variance",
    { from: number; scale?: number; centre?: number }
  >
> = {
  kernel: { from: 0 },
  bias: { from: 1_000_000, scale: 0.1 },
  scale: { from: 1_500_000, scale: 0.5, centre: 1 },
  mean: { from: 1_600_000, scale: 0.3 },
  variance: { from: 1_700_000, scale: 1, centre: 2 },
};

/** Sets a net's weights by the formula. */
function setWeights(session: Session, layers: readonly Layer[], weights: readonly Variable[]) {
  const convs = layers.filter((layer) => layer.kind === "conv");
  const tensors = weights.map(({ name, shape }) => {
    const i = convs.findIndex((layer) => name.startsWith(`${layer.name}.`));
    const { size, inputs } = convs[i]!;
    const part = name.slice(name.lastIndexOf(".") + 1) as keyof typeof FORMULAS;
    const { from, scale = Math.sqrt(6 / (size * size * inputs)), centre = 0 } = FORMULAS[part];
    const values = noises(elements(shape), { from: 2_000_000 * i + from, scale })
      .map((value) => centre + value);
    return [name, { shape, values }] as const;
  });
  setTensors(session, new Map(tensors));
}

/** Two batches by turns. */
const labels = (step: number) =>
  Array.from({ length: NET.batch }, (_, n) => (3 * n + step % 2) % NET.classes);

/** What is added to the colours of so many crops: another shift each time. */
const offsets = (count: number) =>
  Float32Array.from({ length: 3 * count }, (_, i) => 30 * noise(i) - 128);

/** Numbers by the names that `pytorch.py` gives them. */
export type NamedNumbers = Map<string, ArrayLike<number>>;

/** Scores and gradients of the first batch. */
export function scoresAndGradients(
  binding: Binding,
  config: Net,
  readings: Readings = {},
): NamedNumbers {
  const { batch, crop, classes, inputScale } = NET;
  const layers = layersOf(config, netShapeOf(setup("float32", readings), classes));
  const graph = new Graph();
  const net = network(graph, layers);
  const weights = variablesOf(net);
  for (const each of weights) addSetter(graph, each);
  const shape = [batch, crop, crop, 3];
  const images = placeholder(graph, "images", { dtype: "float32", shape });
  // batch normalisation as in a training
  const isNormalised = layers.some((layer) => layer.kind === "conv" && layer.normalised);
  const scores = forward(net, images, isNormalised ? { onStatistics: () => {} } : {});
  const loss = sparseSoftmaxCrossEntropy(scores, constant(graph, labels(0)), batch);
  const learning = weights.filter((each) => !isRunningAverage(each));
  const slopes = gradients(loss, learning.map(({ value }) => value));
  const session = new Session(binding, graph);
  try {
    setWeights(session, layers, weights);
    const pixels = noisyBytes(elements(shape));
    const shifts = offsets(batch);
    const values = Float32Array.from(pixels, (_, i) => {
      const [c, place, n] = [i % 3, Math.floor(i / 3) % crop ** 2, Math.floor(i / 3 / crop ** 2)];
      const [x, y] = [place % crop, Math.floor(place / crop)];
      const from = n % 2 === 0 ? x : crop - 1 - x;
      const pixel = pixels[3 * (n * crop ** 2 + y * crop + from) + c]!;
      return (pixel + shifts[3 * n + c]!) * inputScale;
    });
    const [first, ...others] = session.run({ images: float32(values, shape) }, [scores, ...slopes]);
    return new Map([
      ["scores", first!.values],
      ...others.map(({ values }, i) => [`gradient/${learning[i]!.name}`, values] as const),
    ]);
  } finally {
    session.close();
  }
}

/** How a training is varied. */
interface TrainingOptions {
  readonly precision?: Precision;
  readonly readings?: Readings;
  /** The step where the rate drops. */
  readonly drop?: number;
  /** Images in memory at once; the batch if absent. */
  readonly microBatch?: number;
}

/** Losses of some steps of a training, whose crops come out of an image cache, at a rate that may drop. */
export function losses(binding: Binding, config: Net, options: TrainingOptions = {}): number[] {
  return trained(binding, config, options).losses;
}

/** These losses, and the net's tensors after the training. */
export function trained(
  binding: Binding,
  config: Net,
  { precision = "float32", readings = {}, drop = Infinity, microBatch = NET.batch }:
    TrainingOptions,
): { losses: number[]; tensors: NamedNumbers } {
  const { batch, crop, classes, steps, rate } = NET;
  const train = setup(precision, readings);
  const options = { setup: train, evaluate, classes, microBatch, source: "cache" } as const;
  const { graph, weights } = trainingGraph(run(config), options);
  const session = new Session(binding, graph);
  try {
    session.run({ "seed/weights": int32([0, 0]) }, ["initialise:0"]);
    const learned = weights.filter((each) => !isRunningAverage(each));
    setWeights(session, layersOf(config, netShapeOf(train, classes)), learned);
    // the start of each crop, its rows one under the other; odd ones are read from right to left
    const pixels = 2 * batch * crop ** 2;
    const places = Array.from({ length: steps * batch }, (_, n) => {
      const start = n * crop ** 2 % pixels;
      return n % 2 === 0 ? [start, crop, 1] : [start + crop - 1, crop, -1];
    });
    const rows = [steps * batch / microBatch, microBatch];
    session.run({
      "crops/cache": { dtype: "uint8", shape: [pixels, 3], values: noisyBytes(pixels * 3) },
      "crops/strides": int32(places.flat(), [...rows, 3]),
      "crops/offsets": float32(offsets(steps * batch), [...rows, 3]),
      "crops/labels": int32(
        Array.from({ length: steps }, (_, step) => labels(step)).flat(),
        rows,
      ),
    }, ["crops/start:0"]);
    const draws = { "seed/dropout": int32([0, 0]) };
    const found = Array.from({ length: steps }, (_, step) => {
      const now = { rate: float32([step < drop ? rate : rate / 10], []) };
      if (microBatch === batch) {
        return session.run({ ...draws, ...now }, ["step:0"])[0]!.values[0]!;
      }
      let loss = 0;
      for (let part = 0; part < batch / microBatch; part++) {
        const index = { "part/index": int32([part], []) };
        loss += session.run({ ...draws, ...index }, ["part:0"])[0]!.values[0]!;
      }
      session.run(now, ["update:0"]);
      return loss;
    });
    const values = session.run({}, weights.map(({ value }) => value));
    const tensors = weights.map(({ name }, i) => [`trained/${name}`, values[i]!.values] as const);
    return { losses: found, tensors: new Map(tensors) };
  } finally {
    session.close();
  }
}

/** Posteriors of an image file, by a method: with its mirror image, and without. */
export function posteriors(
  binding: Binding,
  config: Net,
  { method, oddSides = "up", ...others }: Partial<EvaluateSetup> & {
    method: Method;
    oddSides?: OddSides;
  },
): NamedNumbers {
  const { classes, crop, whole: [height, width], mean } = NET;
  const train = setup("float32", { oddSides });
  const asked = { ...evaluate, ...others };
  const { scoreMap, cropGrid } = asked;
  const options = { setup: train, evaluate: asked, classes };
  const { graph, weights } = evaluationGraph({ net: run(config), method }, options);
  const session = new Session(binding, graph);
  const folder = folderWith({ "whole.png": noisyPng(height, width) });
  try {
    setWeights(session, layersOf(config, netShapeOf(train, classes)), weights);
    const images = [{ file: join(folder, "whole.png"), height, width }];
    return new Map([true, false].map((flips) => [
      `${method}${cropGrid ? `, ${cropGrid}` : ""}/${scoreMap}/${flips ? "both" : "upright"}`,
      posteriorsOf(session, images, {
        ...{ method, side: height, crop, oddSides, evaluate: asked, classes, mean, flips },
      }),
    ]));
  } finally {
    Deno.removeSync(folder, { recursive: true });
    session.close();
  }
}
