/**
 * The graph of a run: input pipeline, initialisation, forward and backward pass, update, and an
 * evaluator. The functions' comments give the names to feed and fetch.
 *
 * @module
 */
import type { EvaluateSetup, KernelInit, TrainSetup } from "../setup.ts";
import { type EvalRun, normalisedOver, type TrainRun } from "../experiment.ts";
import type { MappedFile } from "../tensorflow/files.ts";
import { gradients } from "../tensorflow/gradients.ts";
import { constant, Graph, placeholder, type Tensor } from "../tensorflow/graph.ts";
import { sparseSoftmaxCrossEntropy } from "../tensorflow/layers.ts";
import { add, scalarLike, scale, statelessRandomNormal, zeros } from "../tensorflow/operations.ts";
import {
  addSetter,
  applyMomentum,
  assign,
  assignAdd,
  identityAfter,
  type Variable,
  variable,
} from "../tensorflow/variables.ts";
import { layersOf, netShapeOf } from "./configs.ts";
import { addEvaluator, type EvaluatorOptions } from "./evaluate.ts";
import { deviation } from "./initialisation.ts";
import {
  forward,
  forwardOn,
  isRunningAverage,
  type Network,
  network,
  runningAverage,
  variablesOf,
} from "./network.ts";
import { cropsFromCache, cropsFromFiles } from "./pipeline.ts";

/** What a training's graph depends on. */
export interface TrainingOptions {
  readonly setup: TrainSetup;
  readonly classes: number;
  /** Images that are in memory at once; a divisor of the batch. */
  readonly microBatch: number;
  /** Parts of these that are computed in parallel; 1 if absent. See `forward`. */
  readonly towers?: number;
  /**
   * Devices that share a micro-batch, a multiple of their number, in equal parts, as in `/device:GPU:1`:
   * then each is a tower. Variables and their update are on the first. See `forwardOn`.
   */
  readonly devices?: readonly string[];
  /** Where crops come from. */
  readonly source: "cache" | "files";
  /** The archives that contain the images, if they are not separate files. */
  readonly archives?: {
    readonly train?: MappedFile | undefined;
    readonly val?: MappedFile | undefined;
  };
}

/** Names of the first GPUs, for `devices`. */
export function gpuNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `/device:GPU:${i}`);
}

/** A graph and the variables in it. */
export interface Model {
  readonly graph: Graph;
  /** Weights: `conv1_1.kernel`, ... */
  readonly weights: readonly Variable[];
  /** Momentum of those that learn: `conv1_1.kernel.velocity`, ... */
  readonly velocities: readonly Variable[];
}

/**
 * How a training is validated. It is the same in every setup: validations decide when the plateau rule
 * lowers the rate, and a training's key does not depend on how nets are evaluated.
 */
const VALIDATION: EvaluateSetup = { scoreMap: "average-then-softmax" };

/**
 * The graph of a training.
 *
 * - `initialise`: draws the weights, from `seed/weights` (int32 `[2]`), velocities 0.
 * - `crops/start`: starts the crops; see `cropsFromCache` and `cropsFromFiles`.
 * - `step`: one update; the mini-batch's loss. Feed `rate` (float32 scalar) and `seed/dropout`
 *   (int32 `[2]`). With micro-batches: `part` for each one, with `part/index` (int32 scalar) besides
 *   `seed/dropout`, which accumulates its gradient and gives its share of the loss, then `update`.
 * - `<variable>/set` with `<variable>/fed`, and `<variable>/value:0`.
 * - the names of a dense evaluator, for validation; see `addEvaluator`.
 */
export function trainingGraph(run: TrainRun, options: TrainingOptions): Model {
  const { setup, classes, microBatch, towers = 1, devices = [], source, archives = {} } = options;
  const { batch, crop, inputScale, resize, precision } = setup;
  const graph = new Graph();
  const net = network(graph, layersOf(run, netShapeOf(setup, classes)));
  const weights = variablesOf(net);
  const learning = weights.filter((each) =>
    !isRunningAverage(each) && (run.update !== "fc" || each.name.startsWith("fc"))
  );
  const velocities = learning.map(({ name, shape }) => variable(graph, `${name}.velocity`, shape));

  const crops = source === "cache" ? cropsFromCache : cropsFromFiles;
  const { images, parts, labels } = crops(graph, {
    ...{ batch: microBatch, crop, inputScale, resize, archive: archives.train, devices },
  });
  const seed = placeholder(graph, "seed/dropout", { dtype: "int32", shape: [2] });
  const index = microBatch === batch
    ? undefined
    : placeholder(graph, "part/index", { dtype: "int32", shape: [] });
  const dropout = {
    rate: run.dropout ?? setup.dropout,
    seed,
    ...index && { part: { batch, index } },
  };
  const statistics = new Map<string, Tensor>();
  const onStatistics = (layer: string, { mean, variance }: { mean: Tensor; variance: Tensor }) => {
    statistics.set(`${layer}.mean`, mean).set(`${layer}.variance`, variance);
  };
  const isNormalised = normalisedOver(run, setup) !== undefined;
  // batch normalisation takes its images on one device
  const scores = parts.length > 0 && !isNormalised
    ? forwardOn(net, { parts, devices }, { precision, dropout })
    : forward(net, images, {
      ...{ precision, dropout, towers: isNormalised ? 1 : towers },
      ...isNormalised && { onStatistics },
    });
  const loss = sparseSoftmaxCrossEntropy(scores, labels, batch);
  const steps = gradients(loss, learning.map(({ value }) => value));

  const rate = placeholder(graph, "rate", { dtype: "float32", shape: [] });
  const biasRate = scale(rate, setup.biases.rate);
  const update = (gradient: Tensor, i: number) => {
    // scale and shift of batch normalisation learn alike
    const bias = /\.(bias|scale)$/.test(learning[i]!.name);
    return applyMomentum(learning[i]!, velocities[i]!, {
      gradient,
      rate: bias ? biasRate : rate,
      momentum: setup.momentum,
      decay: setup.weightDecay * (bias ? setup.biases.decay : 1),
      form: setup.momentumForm,
    });
  };
  const averages = weights.filter(({ name }) => statistics.has(name));
  const sums = microBatch === batch
    ? []
    : learning.map(({ name, shape }) => variable(graph, `${name}.sum`, shape));
  // of parts of a batch; only a whole step changes the averages, so that one that stops can be repeated
  const pending = microBatch === batch
    ? []
    : averages.map(({ name, shape }) => variable(graph, `${name}.next`, shape));
  const averaged = (of: readonly Variable[]) =>
    of.map((each, i) =>
      assign(each, runningAverage(each.value, statistics.get(averages[i]!.name)!))
    );
  if (microBatch === batch) {
    identityAfter("step", loss, [...steps.map(update), ...averaged(averages)]);
  } else {
    const added = sums.map((sum, i) => assignAdd(sum, steps[i]!));
    identityAfter("part", loss, [...added, ...averaged(pending)]);
    const updates = sums.map((sum, i) => update(sum.value, i));
    const cleared = sums.map((sum, i) => assign(sum, zeros(graph, sum.shape), [updates[i]!]));
    const kept = averages.map((each, i) => assign(each, pending[i]!.value));
    identityAfter("update", constant(graph, 0), [...cleared, ...kept]);
  }

  const copies = new Map(averages.map(({ name }, i) => [name, pending[i]!]));
  addInitialisation(graph, net, { zero: [...velocities, ...sums], init: setup.kernels, copies });
  for (const each of [...weights, ...velocities]) addSetter(graph, each, copies.get(each.name));
  addEvaluator(graph, net, {
    ...{ method: "dense", setup, evaluate: VALIDATION, archive: archives.val, devices },
  });
  return { graph, weights, velocities };
}

/** The graph of an evaluation: weights are set from outside; see `addEvaluator`. */
export function evaluationGraph(
  { net: run, method }: Pick<EvalRun, "net" | "method">,
  { setup, evaluate, classes, archive, devices = [] }:
    & Pick<TrainingOptions, "setup" | "classes" | "devices">
    & Pick<EvaluatorOptions, "evaluate" | "archive">,
): Model {
  const graph = new Graph();
  const net = network(graph, layersOf(run, netShapeOf(setup, classes)));
  const weights = variablesOf(net);
  for (const each of weights) addSetter(graph, each);
  addEvaluator(graph, net, { method, setup, evaluate, archive, devices });
  return { graph, weights, velocities: [] };
}

/**
 * Adds `initialise`: kernels drawn; biases and the variables of `zero` 0; scales and running variances of
 * batch normalisation 1, running means 0.
 */
function addInitialisation(
  graph: Graph,
  net: Network,
  { zero, init, copies }: {
    zero: readonly Variable[];
    init: KernelInit;
    /** Variables that begin as others do, by the others' names. */
    copies: ReadonlyMap<string, Variable | undefined>;
  },
) {
  const begun = (each: Variable) => {
    const zero = zeros(graph, each.shape);
    const first = each.name.endsWith(".mean") ? zero : add(zero, scalarLike(zero, 1));
    const copy = copies.get(each.name);
    return [each, ...copy ? [copy] : []].map((one) => assign(one, first));
  };
  const seed = placeholder(graph, "seed/weights", { dtype: "int32", shape: [2] });
  const assigned = [...net.parameters.values()].flatMap(({ layer, kernel, bias, norm }, i) => {
    const draws = statelessRandomNormal(kernel.shape, add(seed, constant(graph, [0, i])));
    return [
      assign(kernel, scale(draws, deviation(layer, init))),
      assign(bias, zeros(graph, bias.shape)),
      ...norm ? [norm.scale, norm.mean, norm.variance].flatMap(begun) : [],
    ];
  });
  const cleared = zero.map((variable) => assign(variable, zeros(graph, variable.shape)));
  identityAfter("initialise", constant(graph, 0), [...assigned, ...cleared]);
}
