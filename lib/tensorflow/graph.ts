/**
 * A TensorFlow graph written from TypeScript: nodes that name their inputs, functions for tf.data,
 * and how each differentiable operation passes a gradient back.
 *
 * The operations themselves are in `operations.ts` and `layers.ts`, tf.data's in `data.ts`, variables in
 * `variables.ts`; `gradients.ts` walks the graph backwards and `session.ts` runs it.
 *
 * @module
 */
import {
  type Attr,
  type FunctionDef,
  type NodeDef,
  savedModel,
  type Shape,
  shapeProto,
} from "./messages.ts";

export type { Attr, Shape } from "./messages.ts";

/** TensorFlow's numbers for the types that we use (core/framework/types.proto). */
export const DTYPES = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
  variant: 21,
} as const;

/** Type of a tensor's elements. */
export type DType = keyof typeof DTYPES;

/** Type and shape of a tensor. */
export interface Spec {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One output of a node. */
export interface Tensor extends Spec {
  /** How other nodes of the same graph or function body name it. */
  readonly name: string;
  readonly node: Node;
}

/**
 * Computes the gradients with respect to a node's inputs, in their order, from the gradient with
 * respect to its first output; `undefined` for an input without a gradient. `needed` says which inputs
 * depend on a variable.
 */
export type Gradient = (
  gradient: Tensor,
  needed: readonly boolean[],
) => readonly (Tensor | undefined)[];

/** A node with its position in the graph's order: inputs come before their users. */
export interface Node {
  readonly graph: Graph;
  readonly name: string;
  readonly order: number;
  readonly inputs: readonly Tensor[];
  readonly gradient?: Gradient;
  /** Where it runs, if the graph says so; its gradient runs there, too. */
  readonly device?: string;
}

/** Attribute values by kind. */
export const attr = {
  type: (dtype: DType): Attr => ({ type: DTYPES[dtype] }),
  int: (i: number): Attr => ({ i }),
  float: (f: number): Attr => ({ f }),
  bool: (b: boolean): Attr => ({ b }),
  text: (text: string): Attr => ({ s: new TextEncoder().encode(text) }),
  shape: (shape: Shape): Attr => ({ shape: shapeProto(shape) }),
  ints: (i: readonly number[]): Attr => ({ list: { i } }),
  types: (specs: readonly Spec[]): Attr => ({
    list: { type: specs.map(({ dtype }) => DTYPES[dtype]) },
  }),
  shapes: (specs: readonly Spec[]): Attr => ({
    list: { shape: specs.map(({ shape }) => shapeProto(shape)) },
  }),
  function: (name: string): Attr => ({ func: { name } }),
};

/** The processor: it stores and reads images, even if a GPU computes. */
export const HOST = "/device:CPU:0";

/** Options of an operation besides its inputs. */
export interface OperationOptions {
  readonly attrs?: Readonly<Record<string, Attr>>;
  /** Preferred name; a number is added if it is taken. */
  readonly name?: string;
  /** Nodes that must run first. */
  readonly after?: readonly Node[];
  readonly gradient?: Gradient;
}

/** Tensors of a graph by the names that a SavedModel's users feed and fetch. */
export interface Signature {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** A node as it is written, with its tensors. */
export interface WrittenNode {
  readonly def: NodeDef;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** The library of functions that a graph and all function bodies in it share. */
type FunctionLibrary = Map<string, FunctionDef>;

/** A graph under construction, or the body of a function in it. */
export class Graph {
  readonly #nodes: WrittenNode[] = [];
  readonly #names = new Map<string, number>();
  readonly #library: FunctionLibrary;
  #device: string | undefined;
  /** Whether this is a function's body, where tensors are named by output argument. */
  readonly #body: boolean;

  /** An empty graph; nodes run on `device` unless they name another one. */
  constructor(options: { device?: string; library?: FunctionLibrary } = {}) {
    this.#device = options.device;
    this.#library = options.library ?? new Map();
    this.#body = options.library !== undefined;
  }

  /** Places the nodes that `build` adds on `device`; if undefined, TensorFlow chooses. */
  on<Result>(device: string | undefined, build: () => Result): Result {
    const before = this.#device;
    this.#device = device;
    try {
      return build();
    } finally {
      this.#device = before;
    }
  }

  /**
   * Adds a node. `outputs` holds the operation's output arguments by TensorFlow's own names, in
   * order; an argument that is a list of tensors is an array of specs.
   */
  node(
    kind: string,
    inputs: readonly Tensor[],
    outputs: Readonly<Record<string, Spec | readonly Spec[]>>,
    options: OperationOptions = {},
  ): { node: Node; outputs: Tensor[] } {
    const { attrs = {}, after = [], gradient } = options;
    const name = this.#unique(options.name ?? kind);
    const def = {
      name,
      op: kind,
      input: [...inputs.map((tensor) => tensor.name), ...after.map((node) => `^${node.name}`)],
      ...this.#device === undefined ? {} : { device: this.#device },
      attr: attrs,
    };
    const node: Node = {
      graph: this,
      name,
      order: this.#nodes.length + 1,
      inputs,
      ...gradient === undefined ? {} : { gradient },
      ...this.#device === undefined ? {} : { device: this.#device },
    };
    const named = Object.entries(outputs).flatMap(([argument, specs]) =>
      ("dtype" in specs ? [specs] : specs).map((spec, index) => ({ argument, index, spec }))
    );
    const tensors = named.map(({ argument, index, spec }, position) => ({
      ...spec,
      node,
      name: this.#body ? `${name}:${argument}:${index}` : `${name}:${position}`,
    }));
    this.#nodes.push({ def, inputs, outputs: tensors });
    return { node, outputs: tensors };
  }

  /** Adds a node of one output and returns that. */
  op(
    kind: string,
    inputs: readonly Tensor[],
    output: Readonly<Record<string, Spec>>,
    options: OperationOptions = {},
  ): Tensor {
    return this.node(kind, inputs, output, options).outputs[0]!;
  }

  /**
   * Adds a function to the library and returns its name. `build` writes the body: it is given the
   * body's graph and the arguments, and returns the results.
   */
  function(
    wished: string,
    parameters: Readonly<Record<string, Spec>>,
    build: (body: Graph, ...values: Tensor[]) => readonly Tensor[],
  ): { name: string; results: readonly Tensor[] } {
    const name = this.#library.has(wished) ? `${wished}_${this.#library.size}` : wished;
    const body = new Graph({ library: this.#library });
    const values = Object.entries(parameters).map(([argument, spec]) => ({
      ...spec,
      name: argument,
      node: { graph: body, name: argument, order: 0, inputs: [] },
    }));
    const results = build(body, ...values);
    this.#library.set(name, {
      signature: {
        name,
        input_arg: values.map(({ name, dtype }) => ({ name, type: DTYPES[dtype] })),
        output_arg: results.map(({ dtype }, i) => ({ name: `result${i}`, type: DTYPES[dtype] })),
        is_stateful: false,
      },
      node_def: body.#nodes.map(({ def }) => def),
      ret: Object.fromEntries(results.map((result, i) => [`result${i}`, result.name])),
    });
    return { name, results };
  }

  /** Nodes outside functions; inputs come before their users. */
  get nodes(): readonly WrittenNode[] {
    return this.#nodes;
  }

  /** Number of nodes outside functions. */
  get size(): number {
    return this.#nodes.length;
  }

  /** The graph as the bytes of a SavedModel, with the signature if there is one. */
  serialise(signature?: Signature): Uint8Array {
    const infos = (tensors: Readonly<Record<string, Tensor>>) =>
      Object.fromEntries(
        Object.entries(tensors).map(([key, { name, dtype, shape }]) => [
          key,
          { name, dtype: DTYPES[dtype], tensor_shape: shapeProto(shape) },
        ]),
      );
    return savedModel(
      this.#nodes.map(({ def }) => def),
      [...this.#library.values()],
      signature && { inputs: infos(signature.inputs), outputs: infos(signature.outputs) },
    );
  }

  #unique(wished: string): string {
    const count = this.#names.get(wished) ?? 0;
    this.#names.set(wished, count + 1);
    return count === 0 ? wished : `${wished}_${count}`;
  }
}

/** Adds a constant. Numbers become `dtype`; strings a string tensor. */
export function constant(
  graph: Graph,
  value: readonly number[] | readonly string[] | number | Float32Array,
  { dtype = "int32", shape }: { dtype?: DType; shape?: Shape } = {},
): Tensor {
  const values = typeof value === "number" ? [value] : value;
  const sides = shape ?? (typeof value === "number" ? [] : [values.length]);
  const spec: Spec = { dtype, shape: sides };
  const tensor = { dtype: DTYPES[dtype], tensor_shape: shapeProto(sides) };
  const content = dtype === "string"
    ? { string_val: [...values].map((text) => new TextEncoder().encode(String(text))) }
    : { tensor_content: bytesOf(values, dtype) };
  return graph.op("Const", [], { output: spec }, {
    attrs: { dtype: attr.type(dtype), value: { tensor: { ...tensor, ...content } } },
  });
}

/** Adds a tensor that is fed when the graph runs. */
export function placeholder(graph: Graph, name: string, spec: Spec): Tensor {
  return graph.op("Placeholder", [], { output: spec }, {
    attrs: { dtype: attr.type(spec.dtype), shape: attr.shape(spec.shape) },
    name,
  });
}

/**
 * Adds a placeholder for strings and a copy of what is fed: tfjs-node frees the bytes of a fed string
 * with its tensor, even if a data set still reads them.
 */
export function stringPlaceholder(graph: Graph, name: string, shape: Shape): Tensor {
  const fed = placeholder(graph, name, { dtype: "string", shape });
  return graph.op("StringJoin", [fed], { output: { dtype: "string", shape } }, {
    attrs: { N: attr.int(1), separator: attr.text("") },
  });
}

/** Numbers as TensorFlow stores them, little-endian. */
function bytesOf(content: readonly (number | string)[] | Float32Array, dtype: DType): Uint8Array {
  // weights are not copied
  if (content instanceof Float32Array && dtype === "float32") {
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  }
  const values = [...content].map(Number);
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(values).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    case "uint8":
    case "bool":
      return Uint8Array.from(values);
    case "bfloat16": {
      // the upper half of a float32, rounded to nearest, ties to even
      const bits = new Uint32Array(Float32Array.from(values).buffer);
      const halves = Uint16Array.from(bits, (b) => (b + 0x7fff + (b >>> 16 & 1)) >>> 16);
      return new Uint8Array(halves.buffer);
    }
    default:
      throw new TypeError(`Cannot write a constant of type ${dtype}`);
  }
}
