/**
 * The ConvNet as a part of a graph: its parameters and its forward pass (Section 2.1).
 *
 * The fully-connected layers are convolutions over the last feature map, so one `forward` serves
 * crops, where the score map is 1 by 1 and they are plain matrix products, and whole images, where
 * it is larger (Section 3.2).
 *
 * @module
 */
import { constant, type Graph, HOST, type Tensor } from "../tensorflow/graph.ts";
import {
  batchNormalise,
  biasAdd,
  conv2d,
  dropout,
  dropoutMask,
  localResponseNormalisation,
  maxPool,
  type Normalised,
  relu,
} from "../tensorflow/layers.ts";
import {
  add,
  cast,
  concat,
  extractPatches,
  matMul,
  multiply,
  reduceMean,
  reduceSum,
  reshape,
  rsqrt,
  scalarLike,
  scale,
  sliceRows,
  spatialMean,
  split,
  tensordot,
} from "../tensorflow/operations.ts";
import { elements } from "../tensorflow/session.ts";
import { type Variable, variable } from "../tensorflow/variables.ts";
import type { Precision } from "../setup.ts";
import { type Conv, convsOf, type Layer, NORM_EPSILON, type NORM_TENSORS } from "./configs.ts";

/** A weight in a forward pass: a variable or a constant. */
export type Weight = Pick<Variable, "value">;

/** A layer's weights: kernel `[size, size, inputs, outputs]`, bias `[outputs]`. */
export interface Parameters<Kind extends Weight = Variable> {
  readonly layer: Conv;
  readonly kernel: Kind;
  readonly bias: Kind;
  /** Of batch normalisation, whose shift is the bias. */
  readonly norm?: Norm<Kind>;
}

/** Batch normalisation's scale, and running averages of its statistics; all `[outputs]`. */
export type Norm<Kind extends Weight = Variable> = Readonly<
  Record<typeof NORM_TENSORS[number], Kind>
>;

/** Share of new statistics in a running average: PyTorch's default. */
const STATISTICS_SHARE = 0.1;

/** A net in a graph: its layers in order and their weights by layer name. */
export interface Network<Kind extends Weight = Variable> {
  readonly layers: readonly Layer[];
  readonly parameters: ReadonlyMap<string, Parameters<Kind>>;
}

/**
 * Adds the variables of a net: `conv1_1.kernel`, `conv1_1.bias`, ..., `fc8.bias`; with batch normalisation
 * `conv1_1.scale`, `conv1_1.mean` and `conv1_1.variance`.
 */
export function network(graph: Graph, layers: readonly Layer[]): Network {
  const parameters = convsOf(layers).map((layer): [string, Parameters] => {
    const { name, size, inputs, outputs, normalised } = layer;
    const kernel = variable(graph, `${name}.kernel`, [size, size, inputs, outputs]);
    const perChannel = (tensor: string) => variable(graph, `${name}.${tensor}`, [outputs]);
    return [name, {
      ...{ layer, kernel, bias: perChannel("bias") },
      ...normalised && { norm: normOf(perChannel) },
    }];
  });
  return { layers, parameters: new Map(parameters) };
}

/** Batch normalisation of what `make` makes of each tensor's name. */
export function normOf<Kind extends Weight>(make: (tensor: string) => Kind): Norm<Kind> {
  return { scale: make("scale"), mean: make("mean"), variance: make("variance") };
}

/** All variables of a net, layer by layer, kernel before bias. */
export function variablesOf(net: Network): Variable[] {
  return [...net.parameters.values()].flatMap(({ kernel, bias, norm }) => [
    ...[kernel, bias],
    ...norm ? [norm.scale, norm.mean, norm.variance] : [],
  ]);
}

/** Whether a variable is a running average, which no gradient changes. */
export function isRunningAverage({ name }: Pick<Variable, "name">): boolean {
  return /\.(mean|variance)$/.test(name);
}

/** The next value of a running average, from a batch's statistic. */
export function runningAverage(average: Tensor, statistic: Tensor): Tensor {
  return add(scale(average, 1 - STATISTICS_SHARE), scale(statistic, STATISTICS_SHARE));
}

/** Dropout of fc6's and fc7's outputs. */
export interface Dropout {
  /** Share of the outputs that are dropped. */
  readonly rate: number;
  /** Seed of the draws, int32 `[2]`. */
  readonly seed: Tensor;
  /**
   * Set if the images are a part of a batch of `batch`: `index` (int32 scalar) counts parts from 0. The
   * masks are drawn for the whole batch, so that they do not depend on the size of a part.
   */
  readonly part?: { readonly batch: number; readonly index: Tensor };
}

/** How a forward pass computes. */
export interface ForwardOptions {
  /** Type of the activations; scores are float32 always. */
  readonly precision?: Precision;
  readonly dropout?: Dropout;
  /**
   * Parts of the batch that are computed in parallel, if it is a multiple; 1 if absent. On a processor
   * two parts on a core each take less time than operations that share both cores.
   */
  readonly towers?: number;
  /**
   * Set if batch normalisation takes the statistics of this batch, as in a training: called with those of
   * each layer. If absent, it takes its running averages, which are folded into kernels and biases.
   */
  onStatistics?(layer: string, statistics: Pick<Normalised, "mean" | "variance">): void;
}

/**
 * Class scores before the soft-max.
 *
 * If a max-pooling follows a conv, the bias and the ReLU are applied after it: max(x) + b = max(x + b)
 * and relu(max(x)) = max(relu(x)) to the last bit, and only a quarter of the values is processed.
 *
 * @param x Images minus the mean, `[batch, height, width, 3]`, float32. With dropout or towers the
 *   batch must be known. No gradient flows back to images in several towers.
 * @returns `[batch, classes]` where the last feature map is as large as fc6's kernel (a crop), or is
 *   averaged, else the score map `[batch, h, w, classes]`. float32.
 */
export function forward(net: Network<Weight>, x: Tensor, options: ForwardOptions = {}): Tensor {
  const { precision = "float32", dropout: dropped, towers = 1, onStatistics } = options;
  const [batch = null] = x.shape;
  if (onStatistics !== undefined && towers > 1) {
    throw new TypeError("Cannot take the statistics of a batch in parts");
  }
  const images = cast(x, precision);
  if (batch === null) {
    if (!dropped && towers === 1) return cast(tower(net, images, { masks: new Map() }), "float32");
    throw new TypeError("Cannot drop outputs, or build towers, for a batch of unknown size");
  }
  const masks = dropped ? masksOf(net, { ...dropped, batch }) : new Map();
  if (towers === 1 || batch % towers !== 0) {
    return cast(tower(net, images, { masks, ...onStatistics && { onStatistics } }), "float32");
  }
  // Masks are drawn for the whole batch, so that they do not depend on the number of towers.
  const sizes = Array<number>(towers).fill(batch / towers);
  const cuts = new Map([...masks].map(([name, mask]) => [name, split(mask, sizes)]));
  const scores = split(images, sizes).map((part, i) =>
    tower(net, part, { masks: new Map([...cuts].map(([name, parts]) => [name, parts[i]!])) })
  );
  return cast(concat(scores as [Tensor, ...Tensor[]]), "float32");
}

/** Equal parts of a batch, in order, and the device that each is computed on. */
export interface DeviceParts {
  /** As `forward` takes images. */
  readonly parts: readonly Tensor[];
  /** As many names, as in `/device:GPU:1`; weights are on the first. */
  readonly devices: readonly string[];
}

/**
 * Class scores of a batch in parts, each on a device of its own; weights go from the first device to the
 * others, gradients back to it. The scores meet in the processor's memory.
 *
 * @returns As `forward`, which computes the same on one device.
 */
export function forwardOn(
  net: Network<Weight>,
  { parts, devices }: DeviceParts,
  { precision = "float32", dropout: dropped }: Omit<ForwardOptions, "towers"> = {},
): Tensor {
  const graph = parts[0]!.node.graph;
  const sizes = parts.map(({ shape: [size = null] }) => size ?? NaN);
  const batch = sizes.reduce((sum, size) => sum + size, 0);
  const masks = dropped ? masksOf(net, { ...dropped, batch }) : new Map<string, Tensor>();
  const cuts = new Map([...masks].map(([name, mask]) => [name, split(mask, sizes)]));
  const scores = parts.map((part, i) =>
    graph.on(devices[i], () => {
      const own = new Map([...cuts].map(([name, masks]) => [name, masks[i]!]));
      return cast(tower(net, cast(part, precision), { masks: own }), "float32");
    })
  );
  return graph.on(HOST, () => concat(scores as [Tensor, ...Tensor[]]));
}

/** The forward pass of a part of a batch; a layer's outputs are multiplied by its mask. */
function tower(
  net: Network<Weight>,
  x: Tensor,
  { masks, onStatistics }: Pick<ForwardOptions, "onStatistics"> & {
    readonly masks: ReadonlyMap<string, Tensor>;
  },
): Tensor {
  // cast where the weights are: what goes to another device, and its gradient, is as short as it can be
  const weight = ({ value }: Weight) =>
    value.node.graph.on(value.node.device, () => cast(value, x.dtype));
  function normalised(
    sums: Tensor,
    { bias, norm }: { readonly bias: Weight; readonly norm: Norm<Weight> },
    layer: string,
  ) {
    const { output, ...statistics } = batchNormalise(sums, {
      ...{ scale: norm.scale.value, shift: bias.value, epsilon: NORM_EPSILON },
    });
    onStatistics?.(layer, statistics);
    return output;
  }
  let maps = x;
  for (const [i, layer] of net.layers.entries()) {
    const next = net.layers[i + 1];
    if (layer.kind === "lrn") {
      maps = cast(localResponseNormalisation(cast(maps, "float32")), x.dtype);
    } else if (layer.kind === "maxpool") {
      // after a conv it has been done already
      if (net.layers[i - 1]?.kind !== "conv") maps = maxPool(maps, layer.oddSides);
    } else if (layer.kind === "avgpool") {
      maps = cast(spatialMean(cast(maps, "float32")), x.dtype);
    } else {
      const learned = net.parameters.get(layer.name)!;
      const { kernel, bias, norm } = onStatistics ? learned : folded(learned);
      if (layer.name.startsWith("fc")) {
        const sums = biasAdd(product(maps, weight(kernel)), weight(bias));
        maps = layer.name === "fc8" ? sums : relu(sums);
        const mask = masks.get(layer.name);
        if (mask !== undefined) maps = dropout(maps, mask);
      } else {
        const sums = conv2d(maps, weight(kernel), layer);
        const shifted = norm ? normalised(sums, { bias, norm }, layer.name) : sums;
        const values = next?.kind === "maxpool" ? maxPool(shifted, next.oddSides) : shifted;
        maps = relu(norm ? values : biasAdd(values, weight(bias)));
      }
    }
  }
  return maps;
}

/**
 * A layer's kernel and bias with its batch normalisation folded in: by the running averages it multiplies
 * each channel by a factor and adds a number.
 */
export function folded({ layer, kernel, bias, norm }: Parameters<Weight>): Parameters<Weight> {
  if (norm === undefined) return { layer, kernel, bias };
  const { value: variance } = norm.variance;
  const factor = multiply(
    norm.scale.value,
    rsqrt(add(variance, scalarLike(variance, NORM_EPSILON))),
  );
  const shift = scale(multiply(norm.mean.value, factor), -1);
  return {
    layer,
    kernel: { value: multiply(kernel.value, factor) },
    bias: { value: add(bias.value, shift) },
  };
}

/** Dropout masks of fc6 and fc7, `[batch, units]`; an empty map without dropout. */
function masksOf(
  net: Network<Weight>,
  options: Dropout & { readonly batch: number },
): Map<string, Tensor> {
  const { rate, seed, part, batch } = options;
  const graph = seed.node.graph;
  const layers = rate === 0 ? [] : convsOf(net.layers).filter(({ name }) => /^fc[67]$/.test(name));
  return new Map(layers.map(({ name, outputs }) => {
    // seeds of fc6 and fc7 differ, and are far from the numbers of seeds and steps
    const place = constant(graph, [Number(name.slice("fc".length)) * 2 ** 24, 0]);
    const shape = [part?.batch ?? batch, outputs];
    const mask = dropoutMask(shape, rate, add(seed, place));
    if (part === undefined) return [name, mask];
    const start = multiply(part.index, constant(graph, batch));
    return [name, sliceRows(mask, start, batch)];
  }));
}

/**
 * A fully-connected layer: a matrix product where the kernel covers the map, else one at each place
 * that it slides over. TensorFlow's convolution would reorder fc6's kernel, three quarters of a net,
 * each time: that took a quarter of the time of testing full D.
 */
function product(maps: Tensor, kernel: Tensor): Tensor {
  const [size = null, , , outputs = null] = kernel.shape;
  const [batch = null, height, width] = maps.shape;
  const inputs = elements(kernel.shape.slice(0, 3));
  const matrix = reshape(kernel, [inputs, outputs]);
  if (maps.shape.length === 2) return matMul(maps, matrix);
  if (height === size && width === size) return matMul(reshape(maps, [batch, inputs]), matrix);
  return tensordot(extractPatches(maps, size!), matrix);
}

/** Scores of whole images, `[batch, classes]`: the score map averaged over space (Section 3.2). */
export function averageScores(scores: Tensor): Tensor {
  return scores.shape.length === 2 ? scores : reduceMean(scores, [1, 2]);
}

/** The literal reading of "sum-pooled"; the scores of a crop are the same. */
export function sumScores(scores: Tensor): Tensor {
  return scores.shape.length === 2 ? scores : reduceSum(scores, [1, 2]);
}
