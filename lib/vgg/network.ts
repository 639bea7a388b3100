/**
 * The ConvNet as a part of a graph: its parameters and its forward pass (Section 2.1).
 *
 * The fully-connected layers are convolutions over the last feature map, so one `forward` serves
 * crops, where the score map is 1 by 1 and they are plain matrix products, and whole images, where
 * it is larger (Section 3.2).
 *
 * @module
 */
import { constant, type Graph, type Tensor } from "../tensorflow/graph.ts";
import {
  add,
  biasAdd,
  cast,
  conv2d,
  dropout,
  localResponseNormalisation,
  matMul,
  maxPool,
  mean,
  relu,
  reshape,
} from "../tensorflow/operations.ts";
import { elements } from "../tensorflow/session.ts";
import { type Variable, variable } from "../tensorflow/variables.ts";
import type { Precision } from "../experiment.ts";
import { type Conv, convsOf, type Layer } from "./configs.ts";

/** A layer's weights: kernel `[size, size, inputs, outputs]`, bias `[outputs]`. */
export interface Parameters {
  readonly layer: Conv;
  readonly kernel: Variable;
  readonly bias: Variable;
}

/** A net in a graph: its layers in order and their weights by layer name. */
export interface Network {
  readonly layers: readonly Layer[];
  readonly parameters: ReadonlyMap<string, Parameters>;
}

/** Adds the variables of a net: `conv1_1.kernel`, `conv1_1.bias`, ..., `fc8.bias`. */
export function network(graph: Graph, layers: readonly Layer[]): Network {
  const parameters = convsOf(layers).map((layer): [string, Parameters] => {
    const { name, size, inputs, outputs } = layer;
    const kernel = variable(graph, `${name}.kernel`, [size, size, inputs, outputs]);
    return [name, { layer, kernel, bias: variable(graph, `${name}.bias`, [outputs]) }];
  });
  return { layers, parameters: new Map(parameters) };
}

/** All variables of a net, layer by layer, kernel before bias. */
export function variablesOf(net: Network): Variable[] {
  return [...net.parameters.values()].flatMap(({ kernel, bias }) => [kernel, bias]);
}

/** How a forward pass computes. */
export interface ForwardOptions {
  /** Type of the activations; scores are float32 always. */
  readonly precision?: Precision;
  /** Share of fc6's and fc7's outputs that are dropped, with the draws' seed (int32, `[2]`). */
  readonly dropout?: { readonly rate: number; readonly seed: Tensor };
}

/**
 * Class scores before the soft-max.
 *
 * Where a max-pooling follows a conv, the bias and the ReLU come after it: max(x) + b = max(x + b)
 * and relu(max(x)) = max(relu(x)) to the last bit, and there is a quarter of the values to visit.
 *
 * @param x Images minus the mean, `[batch, height, width, 3]`, float32.
 * @returns `[batch, classes]` where the last feature map is as large as fc6's kernel (a crop), else
 *   the score map `[batch, h, w, classes]`. float32.
 */
export function forward(net: Network, x: Tensor, options: ForwardOptions = {}): Tensor {
  const { precision = "float32" } = options;
  const weight = ({ value }: Variable) => cast(value, precision);
  let maps = cast(x, precision);
  for (const [i, layer] of net.layers.entries()) {
    const poolNext = net.layers[i + 1]?.kind === "maxpool";
    if (layer.kind === "lrn") {
      maps = cast(localResponseNormalisation(cast(maps, "float32")), precision);
    } else if (layer.kind === "maxpool") {
      // after a conv it has been done already
      if (net.layers[i - 1]?.kind !== "conv") maps = maxPool(maps);
    } else {
      const { kernel, bias } = net.parameters.get(layer.name)!;
      if (layer.name.startsWith("fc")) {
        const sums = biasAdd(product(maps, weight(kernel)), weight(bias));
        maps = layer.name === "fc8" ? sums : dropOut(relu(sums), layer, options.dropout);
      } else {
        const sums = conv2d(maps, weight(kernel));
        maps = relu(biasAdd(poolNext ? maxPool(sums) : sums, weight(bias)));
      }
    }
  }
  return cast(maps, "float32");
}

/** A fully-connected layer: a matrix product where the kernel covers the map, else sliding. */
function product(maps: Tensor, kernel: Tensor): Tensor {
  const [size = null, , , outputs = null] = kernel.shape;
  const [batch = null, height, width] = maps.shape;
  const flat = maps.shape.length === 2;
  if (!flat && (height !== size || width !== size)) {
    return conv2d(maps, kernel, { padding: "VALID" });
  }
  const inputs = elements(kernel.shape.slice(0, 3));
  return matMul(flat ? maps : reshape(maps, [batch, inputs]), reshape(kernel, [inputs, outputs]));
}

function dropOut(x: Tensor, layer: Conv, options: ForwardOptions["dropout"]): Tensor {
  if (options === undefined) return x;
  // fc6 and fc7 draw apart
  const place = constant(x.node.graph, [0, Number(layer.name.slice("fc".length))]);
  return dropout(x, options.rate, add(options.seed, place));
}

/** Scores of whole images, `[batch, classes]`: the score map averaged over space (Section 3.2). */
export function averageScores(scores: Tensor): Tensor {
  return scores.shape.length === 2 ? scores : mean(scores, [1, 2]);
}
