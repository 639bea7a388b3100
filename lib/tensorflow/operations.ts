/**
 * Typed operations that carry their gradients: arithmetic, shapes, reductions and random numbers. Those of
 * neural networks are in `layers.ts`.
 *
 * Each gradient is the one that TensorFlow's own Python registers for the operation
 * (tensorflow/python/ops/math_grad.py, array_grad.py).
 *
 * @module
 */
import {
  attr,
  constant,
  type DType,
  type Gradient,
  type Graph,
  type Shape,
  type Tensor,
} from "./graph.ts";
import {
  elementwise,
  graphOf,
  like,
  reduction,
  shapeOf,
  statelessRandom,
  T,
} from "./typed_operation.ts";

/** A number of `x`'s type. */
export function scalarLike(x: Tensor, value: number): Tensor {
  return constant(graphOf(x), value, { dtype: x.dtype });
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
