/** A trained net as an ONNX model, which other runtimes open without this project. */
import { UserError } from "../errors.ts";
import type { EvaluateSetup } from "../setup.ts";
import { sizeOf } from "../weights/numbers.ts";
import { toOutputsFirst } from "../weights/kernels.ts";
import {
  type OnnxAttribute,
  type OnnxConstant,
  onnxModel,
  type OnnxNode,
  type OnnxValue,
} from "../weights/onnx.ts";
import { type Conv, type Layer, NORM_EPSILON } from "./configs.ts";
import type { SavedNet } from "./saved_model.ts";

/** Contents of a net's ONNX model. */
export interface OnnxNet extends SavedNet {
  /** Leaves the mean, the scale of the input and the soft-max to the model's user. */
  readonly raw?: boolean;
  /** The net in words, for those who look into the file. */
  readonly description: string;
  /** Texts by name that the file keeps. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Krizhevsky et al. 2012, Section 3.3, as in `localResponseNormalisation`. */
const LRN = { neighbours: 5, bias: 2, alpha: 1e-4, beta: 0.75 } as const;

/** Rows and columns of `[batch, channels, height, width]`. */
const SPACE = [2, 3] as const;

/**
 * The bytes of a model of opset 17 whose batch, height and width are free: the fully-connected layers are
 * convolutions, so that it evaluates whole images densely (Section 3.2). All of it is float32.
 *
 * It takes `images`, `[batch, 3, height, width]`: red, green and blue of 0 to 255; with `raw`, minus the
 * mean and times `inputScale`. It gives `score_map`, `[batch, classes, map_height, map_width]`; `scores`,
 * its mean over the positions, `[batch, classes]`; and, unless `raw`, `posteriors`, `[batch, classes]`,
 * averaged as the setup says, without flips.
 *
 * @throws {UserError} The net has a layer that is not known here.
 */
export function onnxOf(net: OnnxNet): Uint8Array {
  const { layers, mean, inputScale, evaluate, raw = false } = net;
  const graph = new Builder();
  let maps = "images";
  if (!raw) {
    const shape = [1, 3, 1, 1];
    maps = graph.add(
      "Sub",
      [maps, graph.constant("mean", Float32Array.from(mean), shape)],
      "centred",
    );
    maps = graph.add(
      "Mul",
      [maps, graph.constant("input_scale", Float32Array.of(inputScale), [])],
      "input",
    );
  }
  for (const [i, layer] of layers.entries()) {
    maps = addLayer(graph, maps, layer, { net, name: `${layer.kind}${i + 1}` });
  }
  graph.add("ReduceMean", [maps], "scores", { axes: SPACE, keepdims: 0 });
  if (!raw) addPosteriors(graph, maps, evaluate);

  const { outputs: classes } = layers.at(-1) as Conv;
  const input = raw
    ? "red, green and blue of 0 to 255, minus the mean, times inputScale"
    : "red, green and blue of 0 to 255";
  const outputs: OnnxValue[] = [
    ...raw ? [] : [{ name: "posteriors", shape: ["batch", classes], description: "of each class" }],
    { name: "scores", shape: ["batch", classes], description: "mean of score_map over positions" },
    {
      name: maps,
      shape: ["batch", classes, "map_height", "map_width"],
      description: "class scores at each position",
    },
  ];
  return onnxModel({
    name: "net",
    ...graph,
    inputs: [{ name: "images", shape: ["batch", 3, "height", "width"], description: input }],
    outputs,
  }, net);
}

/** Nodes and constants of a graph, in order. */
class Builder {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, OnnxConstant>();

  /** Adds a node; returns the name of its output. */
  add(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** Adds a constant; returns its name. */
  constant(name: string, values: OnnxConstant["values"], shape: readonly number[]): string {
    this.constants.set(name, { shape, values });
    return name;
  }
}

/** Adds a layer to a graph; returns the name of its maps. */
function addLayer(
  graph: Builder,
  maps: string,
  layer: Layer,
  { net, name }: { readonly net: OnnxNet; readonly name: string },
): string {
  switch (layer.kind) {
    case "lrn":
      // ONNX divides alpha by the number of neighbours; the sum here does not
      return graph.add("LRN", [maps], name, {
        size: LRN.neighbours,
        bias: { float: LRN.bias },
        alpha: { float: LRN.alpha * LRN.neighbours },
        beta: { float: LRN.beta },
      });
    case "maxpool":
      return graph.add("MaxPool", [maps], name, {
        kernel_shape: [2, 2],
        strides: [2, 2],
        ceil_mode: layer.oddSides === "down" ? 0 : 1,
      });
    case "avgpool":
      return graph.add("GlobalAveragePool", [maps], name);
    case "conv":
      return addConv(graph, maps, layer, net);
    default: {
      const { kind } = layer as { readonly kind: unknown };
      throw new UserError(
        `Cannot write layer ${name} as ONNX: only conv, maxpool, avgpool and lrn are known here, not "${kind}"; ` +
          "use the version of this program that made the net",
      );
    }
  }
}

/**
 * A convolution that keeps the size of its maps or halves it, with its batch normalisation if it has one;
 * or a fully-connected layer that slides over them.
 */
function addConv(
  graph: Builder,
  maps: string,
  { name, size, inputs, outputs, stride, normalised }: Conv,
  { tensors }: OnnxNet,
): string {
  const values = (tensor: string) => tensors.get(tensor)!.values as Float32Array;
  const shape = [outputs, inputs, size, size];
  const sides = { places: sizeOf([size, size]), inputs, outputs };
  const kernel = toOutputsFirst(values(`${name}.kernel`), sides);
  const border = name.startsWith("fc") ? 0 : (size - 1) / 2;
  const isLast = name === "fc8";
  const perChannel = (part: string) =>
    graph.constant(`${name}.${part}`, values(`${name}.${part}`), [outputs]);
  const sums = graph.add(
    "Conv",
    [
      maps,
      graph.constant(`${name}.kernel`, kernel, shape),
      ...normalised ? [] : [perChannel("bias")],
    ],
    isLast ? "score_map" : `${name}.sums`,
    {
      kernel_shape: [size, size],
      strides: stride === 2 ? [2, 2] : [1, 1],
      pads: [border, border, border, border],
    },
  );
  if (isLast) return sums;
  const shifted = normalised
    ? graph.add(
      "BatchNormalization",
      [sums, ...["scale", "bias", "mean", "variance"].map(perChannel)],
      `${name}.normalised`,
      { epsilon: { float: NORM_EPSILON } },
    )
    : sums;
  return graph.add("Relu", [shifted], name);
}

/** Adds `posteriors`, in the setup's order of soft-max and mean. */
function addPosteriors(graph: Builder, maps: string, { scoreMap }: EvaluateSetup) {
  switch (scoreMap) {
    case "average-then-softmax":
      graph.add("Softmax", ["scores"], "posteriors", { axis: 1 });
      break;
    case "softmax-then-average":
      graph.add("Softmax", [maps], "posterior_map", { axis: 1 });
      graph.add("ReduceMean", ["posterior_map"], "posteriors", { axes: SPACE, keepdims: 0 });
      break;
    case "sum-then-softmax": {
      const axes = graph.constant("axes", BigInt64Array.from(SPACE, BigInt), [SPACE.length]);
      graph.add("ReduceSum", [maps, axes], "sums", { keepdims: 0 });
      graph.add("Softmax", ["sums"], "posteriors", { axis: 1 });
    }
  }
}
