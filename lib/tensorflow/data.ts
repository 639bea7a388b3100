/** tf.data in a graph: data sets that TensorFlow's own threads read ahead. */
import { attr, constant, type Graph, type Spec, type Tensor } from "./graph.ts";
import { untunedOptions } from "./messages.ts";
import { identityAfter } from "./variables.ts";

/** A data set in a graph, and the tensors of one element. */
export interface DataNode {
  readonly handle: Tensor;
  readonly elements: readonly Spec[];
}

const VARIANT: Spec = { dtype: "variant", shape: [] };

const described = (elements: readonly Spec[]) => ({
  output_types: attr.types(elements),
  output_shapes: attr.shapes(elements),
});

/** A data set of tensors' rows: element i is the i-th row of each. All have the same number of rows. */
export function tensorSlices(graph: Graph, tensors: readonly Tensor[]): DataNode {
  const elements = tensors.map(({ dtype, shape }) => ({ dtype, shape: shape.slice(1) }));
  const handle = graph.op("TensorSliceDataset", tensors, { handle: VARIANT }, {
    attrs: { Toutput_types: attr.types(elements), output_shapes: attr.shapes(elements) },
  });
  return { handle, elements };
}

/**
 * Applies a function to each element, several at once; the order is kept. Every call gets the tensors
 * `captured` after the element's own.
 */
export function map(
  data: DataNode,
  build: (body: Graph, ...parts: Tensor[]) => readonly Tensor[],
  { name = "map", captured = [] as readonly Tensor[] } = {},
): DataNode {
  const graph = data.handle.node.graph;
  const parameters = Object.fromEntries(
    [...data.elements, ...captured].map(({ dtype, shape }, i) => [`part${i}`, { dtype, shape }]),
  );
  const { name: f, results } = graph.function(name, parameters, build);
  const elements = results.map(({ dtype, shape }) => ({ dtype, shape }));
  const calls = constant(graph, -1, { dtype: "int64" }); // one for each thread
  const handle = graph.op("ParallelMapDatasetV2", [data.handle, ...captured, calls], {
    handle: VARIANT,
  }, {
    attrs: {
      f: attr.function(f),
      Targuments: attr.types(captured),
      ...described(elements),
      use_inter_op_parallelism: attr.bool(true),
      deterministic: attr.text("true"),
    },
  });
  return { handle, elements };
}

/** Stacks `size` elements along a new first axis; `size` is a number, or an int64 scalar tensor. */
export function batch(data: DataNode, size: number | Tensor): DataNode {
  const graph = data.handle.node.graph;
  const fixed = typeof size === "number";
  const elements = data.elements.map(({ dtype, shape }) => ({
    dtype,
    shape: [fixed ? size : null, ...shape],
  }));
  const count = fixed ? constant(graph, size, { dtype: "int64" }) : size;
  const whole = constant(graph, 1, { dtype: "bool" });
  const handle = graph.op("BatchDatasetV2", [data.handle, count, whole], { handle: VARIANT }, {
    attrs: { ...described(elements), parallel_copy: attr.bool(false) },
  });
  return { handle, elements };
}

/** Keeps `size` elements ready ahead of time. */
export function prefetch({ handle, elements }: DataNode, size: number): DataNode {
  const graph = handle.node.graph;
  const count = constant(graph, size, { dtype: "int64" });
  return {
    handle: graph.op("PrefetchDataset", [handle, count], { handle: VARIANT }, {
      attrs: described(elements),
    }),
    elements,
  };
}

/**
 * Adds an iterator. Fetching `<name>/start` restarts it with what is fed to the data set's
 * placeholders. The returned tensors are the next element in each run that needs them.
 */
export function iterator(data: DataNode, name: string): Tensor[] {
  const graph = data.handle.node.graph;
  const attrs = described(data.elements);
  const resource = graph.op("IteratorV2", [], { handle: { dtype: "resource", shape: [] } }, {
    attrs: { shared_name: attr.text(name), container: attr.text(""), ...attrs },
    name: `${name}/iterator`,
  });
  // the tuner takes 20 ms at each start, and often some tenths of a second later
  const untuned = graph.op("OptionsDataset", [data.handle], { handle: VARIANT }, {
    attrs: { serialized_options: { s: untunedOptions() }, ...attrs },
  });
  const made = graph.node("MakeIterator", [untuned, resource], {}).node;
  identityAfter(`${name}/start`, constant(graph, 0), [made]);
  return graph.node("IteratorGetNext", [resource], { components: data.elements }, {
    attrs,
    name: `${name}/next`,
  }).outputs;
}
