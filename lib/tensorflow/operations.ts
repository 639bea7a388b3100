/**
 * Typed operations that carry their gradients. Images and feature maps are
 * `[batch, height, width, channels]`, kernels `[height, width, inputs, outputs]`.
 *
 * Each gradient is the one that TensorFlow's own Python registers for the operation
 * (tensorflow/python/ops/nn_grad.py, math_grad.py).
 *
 * @module
 */
import {
  attr,
  constant,
  type DType,
  type Gradient,
  type Graph,
  HOST,
  type Shape,
  type Tensor,
} from "./graph.ts";

/** Graph that a tensor belongs to. */
const graphOf = (x: Tensor): Graph => x.node.graph;
const T = (x: Tensor) => ({ T: attr.type(x.dtype) });
const NHWC = { data_format: attr.text("NHWC") };
const like = (x: Tensor) => ({ dtype: x.dtype, shape: x.shape });

/** An operation of one input that changes neither type nor shape. */
function elementwise(kind: string, x: Tensor, output: string, gradient?: Gradient): Tensor {
  return graphOf(x).op(kind, [x], { [output]: like(x) }, {
    attrs: T(x),
    ...gradient === undefined ? {} : { gradient },
  });
}

/** A number of `x`'s type. */
export function scalarLike(x: Tensor, value: number): Tensor {
  return constant(graphOf(x), value, { dtype: x.dtype });
}

/** The shape of a tensor as an int32 vector: a constant where it is known. */
function shapeOf(x: Tensor): Tensor {
  const sides = x.shape.filter((side) => side !== null);
  if (sides.length === x.shape.length) return constant(graphOf(x), sides);
  return graphOf(x).op("Shape", [x], { output: { dtype: "int32", shape: [x.shape.length] } }, {
    attrs: { ...T(x), out_type: attr.type("int32") },
  });
}

/** The same values in another type; to bfloat16 rounds to nearest even. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return graphOf(x).op("Cast", [x], { y: { dtype, shape: x.shape } }, {
    attrs: { SrcT: attr.type(x.dtype), DstT: attr.type(dtype) },
    gradient: (g) => [cast(g, x.dtype)],
  });
}

/** The same values in another shape with the same number of elements. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const sides = constant(graphOf(x), shape.map((side) => side ?? -1));
  return graphOf(x).op("Reshape", [x, sides], { output: { dtype: x.dtype, shape } }, {
    attrs: { ...T(x), Tshape: attr.type("int32") },
    gradient: (g) => [reshape(g, x.shape)],
  });
}

/** An operation of two inputs; each is broadcast along axes where its length is 1 or missing. */
function binary(kind: string, x: Tensor, y: Tensor, gradient?: Gradient): Tensor {
  return graphOf(x).op(
    kind,
    [x, y],
    { z: { dtype: x.dtype, shape: broadcast(x.shape, y.shape) } },
    {
      attrs: T(x),
      ...gradient === undefined ? {} : { gradient },
    },
  );
}

/** Shape of two tensors broadcast to each other, as in NumPy. */
function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const padded = (shape: Shape) => [...Array(rank - shape.length).fill(1), ...shape];
  const other = padded(b);
  return padded(a).map((side, i) => side === 1 ? other[i] : side);
}

/** `x + y`; the gradient is for the same shape. */
export function add(x: Tensor, y: Tensor): Tensor {
  return binary("AddV2", x, y, (g) => [g, g]);
}

/** `x * y`; the gradient is for the same shape. */
export function multiply(x: Tensor, y: Tensor): Tensor {
  return binary("Mul", x, y, (g) => [multiply(g, y), multiply(g, x)]);
}

/** `x` times a number. */
export function scale(x: Tensor, factor: number): Tensor {
  return binary("Mul", x, scalarLike(x, factor), (g) => [scale(g, factor), undefined]);
}

/** Sum of tensors of the same shape. */
export function addN(tensors: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first, ...others] = tensors;
  if (others.length === 0) return first;
  return graphOf(first).op("AddN", tensors, { sum: like(first) }, {
    attrs: { ...T(first), N: attr.int(tensors.length) },
    gradient: (g) => tensors.map(() => g),
  });
}

/** 1 / sqrt(x); no gradient flows back. */
export function rsqrt(x: Tensor): Tensor {
  return elementwise("Rsqrt", x, "y");
}

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

/** `[m, k] x [k, n]`, either transposed first where asked. */
export function matMul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false } = {},
): Tensor {
  const attrs = { ...T(a), transpose_a: attr.bool(transposeA), transpose_b: attr.bool(transposeB) };
  const shape = [a.shape[transposeA ? 1 : 0] ?? null, b.shape[transposeB ? 0 : 1] ?? null];
  if (transposeA || transposeB) {
    return graphOf(a).op("MatMul", [a, b], { product: { dtype: a.dtype, shape } }, { attrs });
  }
  return graphOf(a).op("MatMul", [a, b], { product: { dtype: a.dtype, shape } }, {
    attrs,
    gradient: (g, [aNeeded, bNeeded]) => [
      aNeeded ? matMul(g, b, { transposeB: true }) : undefined,
      bNeeded ? matMul(a, g, { transposeA: true }) : undefined,
    ],
  });
}

/**
 * All patches of `size` by `size` places of `[batch, height, width, channels]`, each as one row:
 * `[batch, height - size + 1, width - size + 1, size * size * channels]`.
 */
export function extractPatches(x: Tensor, size: number): Tensor {
  const [batch = null, height = null, width = null, channels = null] = x.shape;
  const side = (length: number | null) => length === null ? null : length - size + 1;
  const row = channels === null ? null : size * size * channels;
  const patches = { dtype: x.dtype, shape: [batch, side(height), side(width), row] };
  return graphOf(x).op("ExtractImagePatches", [x], { patches }, {
    attrs: {
      ...T(x),
      ksizes: attr.ints([1, size, size, 1]),
      strides: attr.ints([1, 1, 1, 1]),
      rates: attr.ints([1, 1, 1, 1]),
      padding: attr.text("VALID"),
    },
  });
}

/** `[..., k] x [k, n]`: the product of the last axis with a matrix, `[..., n]`. */
export function tensordot(x: Tensor, matrix: Tensor): Tensor {
  const graph = graphOf(x);
  const [inputs = null, outputs = null] = matrix.shape;
  const outer = x.shape.slice(0, -1);
  const [begin, size] = [constant(graph, [0]), constant(graph, [outer.length])];
  const sides = graph.op("Slice", [shapeOf(x), begin, size], {
    output: { dtype: "int32", shape: [outer.length] },
  }, { attrs: { T: attr.type("int32"), Index: attr.type("int32") } });
  const rows = matMul(reshape(x, [null, inputs]), matrix);
  return graph.op("Reshape", [rows, concat([sides, constant(graph, [outputs!])])], {
    output: { dtype: x.dtype, shape: [...outer, outputs] },
  }, { attrs: { ...T(x), Tshape: attr.type("int32") } });
}

/** An operation that reduces some axes to one number; they are removed from the shape. */
function reduction(
  kind: string,
  x: Tensor,
  { axes, gradient }: { readonly axes: readonly number[]; readonly gradient?: Gradient },
): Tensor {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return graphOf(x).op(kind, [x, constant(graphOf(x), axes)], {
    output: { dtype: x.dtype, shape },
  }, {
    attrs: { ...T(x), Tidx: attr.type("int32"), keep_dims: attr.bool(false) },
    ...gradient === undefined ? {} : { gradient },
  });
}

/** Mean over height and width of `[batch, height, width, channels]`, which are removed. */
export function spatialMean(x: Tensor): Tensor {
  const [batch = null, height = null, width = null, channels = null] = x.shape;
  return reduction("Mean", x, {
    axes: [1, 2],
    // every place has the same share of the gradient; sides that are unknown are those of evaluations
    gradient: (g) => [
      tileOver(scale(g, 1 / (height! * width!)), [batch, height, width, channels], graphOf(x)),
    ],
  });
}

/** Repeats `[batch, channels]` at every place of `[batch, height, width, channels]`. */
function tileOver(x: Tensor, shape: Shape, graph: Graph): Tensor {
  const [batch = null, height = null, width = null, channels = null] = shape;
  const places = reshape(x, [batch, 1, 1, channels]);
  return graph.op("Tile", [places, constant(graph, [1, height!, width!, 1])], {
    output: { dtype: x.dtype, shape },
  }, { attrs: { ...T(x), Tmultiples: attr.type("int32") } });
}

/** Mean over some axes, which are removed from the shape. */
export function reduceMean(x: Tensor, axes: readonly number[]): Tensor {
  return reduction("Mean", x, { axes });
}

/** Sum over some axes, which are removed from the shape. */
export function reduceSum(x: Tensor, axes: readonly number[]): Tensor {
  return reduction("Sum", x, { axes });
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

/** A tensor of zeros, made when the graph runs rather than stored in it. */
export function zeros(graph: Graph, shape: readonly number[]): Tensor {
  const zero = constant(graph, 0, { dtype: "float32" });
  return graph.op("Fill", [constant(graph, shape), zero], { output: { dtype: "float32", shape } }, {
    attrs: { T: attr.type("float32"), index_type: attr.type("int32") },
  });
}

/** Draws from the normal distribution N(0, 1), which follow from `seed` (int32 `[2]`) alone. */
export function statelessRandomNormal(shape: readonly number[], seed: Tensor): Tensor {
  return statelessRandom("StatelessRandomNormal", shape, seed);
}

function statelessRandom(
  kind: "StatelessRandomNormal" | "StatelessRandomUniform",
  shape: readonly number[],
  seed: Tensor,
): Tensor {
  const graph = graphOf(seed);
  return graph.op(kind, [constant(graph, shape), seed], { output: { dtype: "float32", shape } }, {
    attrs: {
      dtype: attr.type("float32"),
      T: attr.type("int32"),
      Tseed: attr.type("int32"),
    },
  });
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

/**
 * Rows of a matrix by index: `[n, k]` and indices of any shape give that shape with k added. For
 * rows of a few bytes GatherNd takes two thirds of GatherV2's time. Its indices have 64 bits, because
 * with 32 bits it refuses a matrix of more than 2^31 values.
 */
export function gather(x: Tensor, indices: Tensor): Tensor {
  const output = { dtype: x.dtype, shape: [...indices.shape, ...x.shape.slice(1)] };
  const places = cast(reshape(indices, [...indices.shape, 1]), "int64");
  return graphOf(x).op("GatherNd", [x, places], { output }, {
    attrs: { Tparams: attr.type(x.dtype), Tindices: attr.type("int64") },
  });
}

/** Repeats each row of a matrix `count` times: `[n, k]` gives `[n, count * k]`. */
export function tile(x: Tensor, count: number): Tensor {
  const [rows = null, columns = null] = x.shape;
  const output = { dtype: x.dtype, shape: [rows, columns === null ? null : count * columns] };
  return graphOf(x).op("Tile", [x, constant(graphOf(x), [1, count])], { output }, {
    attrs: { ...T(x), Tmultiples: attr.type("int32") },
  });
}

/** Concatenates tensors along their first axis. */
export function concat(tensors: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first] = tensors;
  if (tensors.length === 1) return first;
  const sizes = tensors.map(({ shape: [size = null] }) => size);
  const size = sizes.reduce((sum, size) => sum === null || size === null ? null : sum + size);
  const output = { dtype: first.dtype, shape: [size, ...first.shape.slice(1)] };
  return graphOf(first).op("ConcatV2", [...tensors, constant(graphOf(first), 0)], { output }, {
    attrs: { ...T(first), N: attr.int(tensors.length), Tidx: attr.type("int32") },
    gradient: (g) => split(g, sizes.map((size) => size ?? NaN)),
  });
}

/** Splits the first axis into parts of `sizes`; gradients do not flow back through them. */
export function split(x: Tensor, sizes: readonly number[]): Tensor[] {
  const graph = graphOf(x);
  const parts = sizes.map((size) => ({ dtype: x.dtype, shape: [size, ...x.shape.slice(1)] }));
  return graph.node("SplitV", [x, constant(graph, sizes), constant(graph, 0)], { output: parts }, {
    attrs: { ...T(x), Tlen: attr.type("int32"), num_split: attr.int(sizes.length) },
  }).outputs;
}

/**
 * Splits the first axis into `count` equal parts, also where its length is known only when the graph
 * runs; gradients do not flow back.
 */
export function splitEvenly(x: Tensor, count: number): Tensor[] {
  const graph = graphOf(x);
  const [size = null, ...rest] = x.shape;
  const part = { dtype: x.dtype, shape: [size === null ? null : size / count, ...rest] };
  return graph.node("Split", [constant(graph, 0), x], { output: Array(count).fill(part) }, {
    attrs: { ...T(x), num_split: attr.int(count) },
  }).outputs;
}

/** Rows `start` to `start + count` of a matrix; `start` is an int32 scalar. No gradient flows back. */
export function sliceRows(x: Tensor, start: Tensor, count: number): Tensor {
  const graph = graphOf(x);
  const [, columns = null] = x.shape;
  const begin = concat([reshape(start, [1]), constant(graph, [0])]);
  return graph.op("Slice", [x, begin, constant(graph, [count, columns ?? -1])], {
    output: { dtype: x.dtype, shape: [count, columns] },
  }, { attrs: { ...T(x), Index: attr.type("int32") } });
}

/** Flips images `[batch, height, width, channels]` left to right. */
export function flip(x: Tensor): Tensor {
  return graphOf(x).op("ReverseV2", [x, constant(graphOf(x), [2])], { output: like(x) }, {
    attrs: { ...T(x), Tidx: attr.type("int32") },
  });
}
