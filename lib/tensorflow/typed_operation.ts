/**
 * What typed operations have in common: the graph, type and shape of their inputs.
 *
 * @module
 */
import { attr, constant, type Gradient, type Graph, type Tensor } from "./graph.ts";

/** Graph that a tensor belongs to. */
export const graphOf = (x: Tensor): Graph => x.node.graph;

/** The attribute for a tensor's type. */
export const T = (x: Tensor) => ({ T: attr.type(x.dtype) });

/** The type and shape of a tensor, for an output that has the same. */
export const like = (x: Tensor) => ({ dtype: x.dtype, shape: x.shape });

/** An operation of one input that changes neither type nor shape. */
export function elementwise(kind: string, x: Tensor, output: string, gradient?: Gradient): Tensor {
  return graphOf(x).op(kind, [x], { [output]: like(x) }, {
    attrs: T(x),
    ...gradient === undefined ? {} : { gradient },
  });
}

/** The shape of a tensor as an int32 vector: a constant where it is known. */
export function shapeOf(x: Tensor): Tensor {
  const sides = x.shape.filter((side) => side !== null);
  if (sides.length === x.shape.length) return constant(graphOf(x), sides);
  return graphOf(x).op("Shape", [x], { output: { dtype: "int32", shape: [x.shape.length] } }, {
    attrs: { ...T(x), out_type: attr.type("int32") },
  });
}

/** An operation that reduces some axes to one number; they are removed from the shape. */
export function reduction(
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

/** Random numbers, float32, that follow from `seed` (int32 `[2]`) alone. */
export function statelessRandom(
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
