/** Reverse-mode differentiation: walks a graph from a loss back to its variables. */
import type { Node, Tensor } from "./graph.ts";
import { addN, cast, scalarLike } from "./operations.ts";

/**
 * Adds to the graph the gradient of a scalar with respect to each of `values`. What a node adds to it
 * runs where the node does; parts that meet are added there, in one order.
 *
 * @throws {Error} There is no differentiable path from the loss to a value.
 */
export function gradients(loss: Tensor, values: readonly Tensor[]): Tensor[] {
  const learns = learning(loss, values);
  const arriving = new Map<string, [Tensor, ...Tensor[]]>([[loss.name, [scalarLike(loss, 1)]]]);
  const byOrder = [...nodesBehind(loss)].sort((a, b) => b.order - a.order);
  for (const node of byOrder) {
    const parts = arriving.get(`${node.name}:0`);
    const { gradient } = node;
    if (parts === undefined || gradient === undefined || !learns.has(node)) continue;
    const needed = node.inputs.map((input) => learns.has(input.node));
    const flowing = node.graph.on(node.device, () => gradient(addN(parts), needed));
    for (const [i, input] of node.inputs.entries()) {
      const part = flowing[i];
      if (part === undefined || !needed[i]) continue;
      const others = arriving.get(input.name);
      arriving.set(input.name, others === undefined ? [part] : [...others, part]);
    }
  }
  return values.map((value) => {
    const parts = arriving.get(value.name);
    if (parts === undefined) {
      throw new Error(`Cannot differentiate ${loss.name} by ${value.name}: no path leads there`);
    }
    return value.node.graph.on(value.node.device, () => cast(addN(parts), value.dtype));
  });
}

/** A tensor's node and all nodes that it depends on. */
function nodesBehind(tensor: Tensor): Set<Node> {
  const seen = new Set<Node>();
  const open = [tensor.node];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    open.push(...node.inputs.map((input) => input.node));
  }
  return seen;
}

/** Nodes on a path from one of the values to the loss. */
function learning(loss: Tensor, values: readonly Tensor[]): Set<Node> {
  const learns = new Set(values.map((value) => value.node));
  for (const node of [...nodesBehind(loss)].sort((a, b) => a.order - b.order)) {
    if (node.inputs.some((input) => learns.has(input.node))) learns.add(node);
  }
  return learns;
}
