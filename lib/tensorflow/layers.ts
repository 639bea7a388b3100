/**
 * Operations of neural networks that carry their gradients. Images and feature maps are
 * `[batch, height, width, channels]`, kernels `[height, width, inputs, outputs]`.
 *
 * Each gradient is the one that TensorFlow's own Python registers for the operation
 * (tensorflow/python/ops/nn_grad.py).
 *
 * @module
 */
import { attr, constant, HOST, type Tensor } from "./graph.ts";
import { cast, multiply, scalarLike, scale } from "./operations.ts";
import {
  elementwise,
  graphOf,
  like,
  reduction,
  shapeOf,
  statelessRandom,
  T,
} from "./typed_operation.ts";

const NHWC = { data_format: attr.text("NHWC") };

/** What batch normalisation gives. */
export interface Normalised {
  /** scale (x - mean) / sqrt(variance + epsilon) + shift. */
  readonly output: Tensor;
  /** Of a channel's values in the batch, float32. */
  readonly mean: Tensor;
  /** Sum of squared deviations divided by the number of values less one, float32. */
  readonly variance: Tensor;
}

/**
 * Batch normalisation of `[batch, height, width, channels]` by the mean and variance of each channel in
 * this batch (Ioffe and Szegedy 2015, Algorithm 1). As in PyTorch, the output is divided by the deviation
 * of the values themselves, and the variance that is given back is an unbiased estimate.
 *
 * @param scale `[channels]`, float32, as is `shift`.
 */
export function batchNormalise(
  x: Tensor,
  { scale, shift, epsilon }: {
    readonly scale: Tensor;
    readonly shift: Tensor;
    readonly epsilon: number;
  },
): Normalised {
  const graph = graphOf(x);
  const attrs = {
    ...{ ...T(x), U: attr.type("float32"), ...NHWC },
    ...{ epsilon: attr.float(epsilon), is_training: attr.bool(true) },
  };
  const channel = like(scale);
  const none = constant(graph, [], { dtype: "float32", shape: [0] });
  const outputs: Tensor[] = graph.node("FusedBatchNormV3", [x, scale, shift, none, none], {
    ...{ y: like(x), batch_mean: channel, batch_variance: channel },
    ...{ reserve_space_1: channel, reserve_space_2: channel },
    reserve_space_3: { dtype: "float32", shape: [null] },
  }, {
    attrs: { ...attrs, exponential_avg_factor: attr.float(1) },
    gradient: (g) =>
      graph.node("FusedBatchNormGradV3", [g, x, scale, ...outputs.slice(3)], {
        ...{ x_backprop: like(x), scale_backprop: channel, offset_backprop: channel },
        ...{ reserve_space_4: channel, reserve_space_5: channel },
      }, { attrs }).outputs.slice(0, 3),
  }).outputs;
  const [output, mean, variance] = outputs as [Tensor, Tensor, Tensor];
  return { output, mean, variance };
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  const y: Tensor = elementwise("Relu", x, "activations", (g) => [
    graphOf(x).op("ReluGrad", [g, y], { backprops: like(x) }, { attrs: T(x) }),
  ]);
  return y;
}

/** Adds `bias[channel]` to every place. */
export function biasAdd(x: Tensor, bias: Tensor): Tensor {
  const attrs = { ...T(x), ...NHWC };
  return graphOf(x).op("BiasAdd", [x, bias], { output: like(x) }, {
    attrs,
    gradient: (g) => [g, graphOf(x).op("BiasAddGrad", [g], { output: like(bias) }, { attrs })],
  });
}

/**
 * Convolution: `[batch, h, w, inputs]` by a kernel `[size, size, inputs, outputs]`, an odd size, padded
 * with zeros so that stride 1 keeps h and w. Windows of stride 2 are centred on every other place, from
 * the first on, as PyTorch has them with a padding of size / 2: half of an odd side is rounded up.
 */
export function conv2d(x: Tensor, kernel: Tensor, { stride = 1 }: { stride?: 1 | 2 } = {}): Tensor {
  const graph = graphOf(x);
  const [size = 1, , , outputs = null] = kernel.shape;
  const [batch = null, ...sides] = x.shape.slice(0, 3);
  const pad = Math.floor(size! / 2);
  const attrs = {
    ...T(x),
    ...NHWC,
    strides: attr.ints([1, stride, stride, 1]),
    dilations: attr.ints([1, 1, 1, 1]),
    // TensorFlow's own padding of stride 2 puts the windows of even sides on odd places
    ...stride === 1 ? { padding: attr.text("SAME") } : {
      padding: attr.text("EXPLICIT"),
      explicit_paddings: attr.ints([0, 0, pad, pad, pad, pad, 0, 0]),
    },
  };
  const shape = [batch, ...sides.map((side) => side && Math.ceil(side / stride)), outputs];
  return graph.op("Conv2D", [x, kernel], { output: { dtype: x.dtype, shape } }, {
    attrs,
    gradient: (g, [imagesNeeded]) => [
      imagesNeeded
        ? graph.op("Conv2DBackpropInput", [shapeOf(x), kernel, g], { output: like(x) }, { attrs })
        : undefined,
      graph.op("Conv2DBackpropFilter", [x, shapeOf(kernel), g], { output: like(kernel) }, {
        attrs,
      }),
    ],
  });
}

/**
 * Largest of each 2 by 2 window, stride 2. Half of an odd side is rounded up, as in Caffe: the last
 * row is a window of its own. Or it is rounded down: the last row is dropped.
 */
export function maxPool(x: Tensor, oddSides: "up" | "down" = "up"): Tensor {
  const [batch = null, height = null, width = null, channels = null] = x.shape;
  const isUp = oddSides === "up";
  const half = (side: number | null) => {
    return side === null ? null : isUp ? Math.ceil(side / 2) : Math.floor(side / 2);
  };
  const shape = [batch, half(height), half(width), channels];
  const attrs = {
    ...T(x),
    ...NHWC,
    ksize: attr.ints([1, 2, 2, 1]),
    strides: attr.ints([1, 2, 2, 1]),
    padding: attr.text(isUp ? "SAME" : "VALID"),
  };
  const y: Tensor = graphOf(x).op("MaxPool", [x], { output: { dtype: x.dtype, shape } }, {
    attrs,
    gradient: (
      g,
    ) => [graphOf(x).op("MaxPoolGrad", [x, y, g], { output: like(x) }, { attrs })],
  });
  return y;
}

/** Soft-max over the last axis. */
export function softmax(x: Tensor): Tensor {
  return elementwise("Softmax", x, "softmax");
}

/**
 * Sum over the batch of -log(soft-max(scores)[label]), divided by `count`.
 *
 * @param scores `[batch, classes]`, float32.
 * @param labels `[batch]`, int32.
 * @param count Images of the whole mini-batch; `batch` may be a part of it.
 * @returns A scalar; its gradient is (soft-max - one-hot) / count.
 */
export function sparseSoftmaxCrossEntropy(scores: Tensor, labels: Tensor, count: number): Tensor {
  const graph = graphOf(scores);
  const losses = { dtype: scores.dtype, shape: scores.shape.slice(0, 1) };
  // On the processor: on a GPU the order of its sums changes from run to run, and TensorFlow refuses it
  // where TF_DETERMINISTIC_OPS is set. The scores of a batch are a megabyte.
  const [loss, backprop] = graph.on(HOST, (): Tensor[] =>
    graph.node(
      "SparseSoftmaxCrossEntropyWithLogits",
      [scores, labels],
      { loss: losses, backprop: like(scores) },
      {
        attrs: { ...T(scores), Tlabels: attr.type("int32") },
        gradient: (g) => [multiply(backprop!, g), undefined],
      },
    ).outputs);
  // the sum's gradient is the same scalar for each image, which multiply() broadcasts
  const total = reduction("Sum", loss!, { axes: [0], gradient: (g) => [g, undefined] });
  return scale(total, 1 / count);
}

/**
 * Local response normalisation over channels: x / (bias + alpha * sum of squares)^beta, the sum
 * taken over `2 radius + 1` neighbouring channels (Krizhevsky et al. 2012, Section 3.3).
 */
export function localResponseNormalisation(
  x: Tensor,
  { radius = 2, bias = 2, alpha = 1e-4, beta = 0.75 } = {},
): Tensor {
  const attrs = {
    ...T(x),
    depth_radius: attr.int(radius),
    bias: attr.float(bias),
    alpha: attr.float(alpha),
    beta: attr.float(beta),
  };
  const y: Tensor = graphOf(x).op("LRN", [x], { output: like(x) }, {
    attrs,
    gradient: (g) => [graphOf(x).op("LRNGrad", [g, x, y], { output: like(x) }, { attrs })],
  });
  return y;
}

/**
 * A dropout mask, float32: 0 for a share `rate` of the values, else 1 / (1 - rate). The draws follow
 * from `seed` (int32 `[2]`) alone.
 */
export function dropoutMask(shape: readonly number[], rate: number, seed: Tensor): Tensor {
  const uniform = statelessRandom("StatelessRandomUniform", shape, seed);
  const kept = graphOf(seed).op("GreaterEqual", [uniform, scalarLike(uniform, rate)], {
    z: { dtype: "bool", shape },
  }, { attrs: T(uniform) });
  return scale(cast(kept, "float32"), 1 / (1 - rate));
}

/**
 * Multiplies by a dropout mask. The product is computed in float32 and then rounded to `x`'s type: in
 * bfloat16 the factor 1 / (1 - 0.1) itself would be 1.109375 and lower the mean by 0.16 %.
 */
export function dropout(x: Tensor, mask: Tensor): Tensor {
  return cast(multiply(cast(x, "float32"), mask), x.dtype);
}
