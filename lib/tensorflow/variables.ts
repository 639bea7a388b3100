/** Variables: tensors that live in a session, are read by its steps and updated by training. */
import { attr, constant, type Graph, type Node, placeholder, type Tensor } from "./graph.ts";
import { add, scale } from "./operations.ts";

/** A float32 tensor that keeps its value between runs of a graph. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly handle: Tensor;
  /** Its value at the beginning of a run. */
  readonly value: Tensor;
}

/** Adds a variable; it has no value until it is assigned. */
export function variable(graph: Graph, name: string, shape: readonly number[]): Variable {
  const dtype = attr.type("float32");
  const handle = graph.op("VarHandleOp", [], { resource: { dtype: "resource", shape: [] } }, {
    attrs: { dtype, shape: attr.shape(shape), shared_name: attr.text(name) },
    name: `${name}/handle`,
  });
  const value = graph.op("ReadVariableOp", [handle], { value: { dtype: "float32", shape } }, {
    attrs: { dtype },
    name: `${name}/value`,
  });
  return { name, shape, handle, value };
}

/** Adds an assignment. */
export function assign({ handle }: Variable, value: Tensor, after: readonly Node[] = []): Node {
  return effect("AssignVariableOp", handle, value, after);
}

/** Adds the addition of a value to a variable. */
export function assignAdd({ handle }: Variable, value: Tensor): Node {
  return effect("AssignAddVariableOp", handle, value);
}

function effect(kind: string, handle: Tensor, value: Tensor, after: readonly Node[] = []): Node {
  return handle.node.graph.node(kind, [handle, value], {}, {
    attrs: { dtype: attr.type("float32") },
    after,
  }).node;
}

/** Adds a tensor that equals `value` and waits for the nodes `after`: fetching it has their effect. */
export function identityAfter(name: string, value: Tensor, after: readonly Node[] = []): Tensor {
  const spec = { dtype: value.dtype, shape: value.shape };
  return value.node.graph.op("Identity", [value], { output: spec }, {
    attrs: { T: attr.type(value.dtype) },
    name,
    after,
  });
}

/**
 * Adds a way to set a variable, and a copy of it if there is one, from outside: feed `<name>/fed`, fetch
 * `<name>/set`.
 */
export function addSetter(graph: Graph, variable: Variable, copy?: Variable) {
  const { name, shape } = variable;
  const fed = placeholder(graph, `${name}/fed`, { dtype: "float32", shape });
  identityAfter(`${name}/set`, constant(graph, 0), [
    ...[variable, ...copy ? [copy] : []].map((each) => assign(each, fed)),
  ]);
}

/** An update by stochastic gradient descent with momentum; the rate is a scalar tensor. */
export interface MomentumUpdate {
  readonly gradient: Tensor;
  readonly rate: Tensor;
  readonly momentum: number;
  /** Lambda of 0.5 lambda |w|^2. */
  readonly decay: number;
  /** Caffe's if absent. */
  readonly form?: "caffe" | "pytorch" | undefined;
}

/**
 * Adds an update. In Caffe's form: v <- momentum v - rate (gradient + decay w), w <- w + v; in
 * PyTorch's: v <- momentum v + gradient + decay w, w <- w - rate v. They differ where the rate changes.
 */
export function applyMomentum(weights: Variable, velocity: Variable, update: MomentumUpdate): Node {
  const { gradient, rate, momentum, decay, form = "caffe" } = update;
  const graph = gradient.node.graph;
  const total = decay === 0 ? gradient : add(gradient, scale(weights.value, decay));
  const factor = constant(graph, momentum, { dtype: "float32" });
  return graph.node(
    form === "caffe" ? "ResourceApplyKerasMomentum" : "ResourceApplyMomentum",
    [
      weights.handle,
      velocity.handle,
      rate,
      total,
      factor,
    ],
    {},
    { attrs: { T: attr.type("float32"), use_locking: attr.bool(false) } },
  ).node;
}
