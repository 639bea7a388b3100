/**
 * Where TensorFlow puts the nodes of a graph, a processor or GPUs, by the kernels of a build and the
 * rules of its placer (core/common_runtime/placer.cc, colocation_graph.cc), and which tensors are
 * copied from one to another in a run. Loads no TensorFlow and needs no GPU.
 *
 * @module
 */
import { type Attr, DTYPES, type Graph, type Tensor, type WrittenNode } from "./graph.ts";
import type { Argument, Kernel, KernelCatalogue, OpArguments } from "./kernels.ts";

/** The memory of the processor. */
export const HOST_MEMORY = "host";

/** A node and where it runs. */
export interface PlacedNode {
  readonly node: WrittenNode;
  /** The types of its attributes: `T=bfloat16`. */
  readonly types: string;
  /** `CPU`, or `GPU:0` and so on. */
  readonly device: string;
  /** Whether the graph itself names the device. */
  readonly isNamed: boolean;
  /** Whether a build has a GPU kernel for it, wherever it runs. */
  readonly hasGpuKernel: boolean;
  /** Arguments that its kernel wants or leaves in the processor's memory. */
  readonly host: readonly string[];
}

/** A tensor that is copied in a run. */
export interface Crossing {
  readonly tensor: Tensor;
  /** `host`, or `GPU:0` and so on. */
  readonly from: string;
  readonly to: string;
  /** Undefined if its shape is known only when the graph runs. */
  readonly bytes?: number;
}

/** Where a graph's nodes run, and what is copied. */
export interface GraphPlacement {
  readonly nodes: readonly PlacedNode[];
  readonly crossings: readonly Crossing[];
}

/** Bytes of an element. Handles and strings do not count: their bytes stay where they are. */
const SIZES: Readonly<Record<number, number>> = {
  [DTYPES.float32]: 4,
  [DTYPES.int32]: 4,
  [DTYPES.uint8]: 1,
  [DTYPES.int64]: 8,
  [DTYPES.bool]: 1,
  [DTYPES.bfloat16]: 2,
};

/** A node while it is being placed. */
interface Candidate {
  readonly node: WrittenNode;
  readonly op: OpArguments;
  readonly types: ReadonlyMap<string, readonly number[]>;
  readonly kernels: Readonly<Partial<Record<"CPU" | "GPU", Kernel>>>;
}

/**
 * Places the nodes that a run with these fetches reaches.
 *
 * @param fetches names of nodes; what is fetched ends in the processor's memory
 * @param catalogue the kernels of the graph's operations
 * @throws {Error} The build has no kernel for a node, or none on the device that the graph names.
 */
export function placementOf(
  graph: Graph,
  fetches: readonly string[],
  catalogue: KernelCatalogue,
): GraphPlacement {
  const reached = nodesBehind(graph, fetches);
  const search = searchIn(catalogue);
  const candidates = new Map(reached.map((node) => [node.def.name, search(node)]));
  const devices = devicesOf([...candidates.values()]);
  const nodes = [...candidates.values()].map((each): PlacedNode => {
    const device = devices.get(each.node.def.name)!;
    const kernel = each.kernels[kindOf(device)];
    if (kernel === undefined) {
      throw new Error(`Cannot place ${each.node.def.name} (${each.node.def.op}) on ${device}`);
    }
    return {
      ...{ node: each.node, types: typesInWords(each.types), device },
      isNamed: each.node.def.device !== undefined,
      hasGpuKernel: each.kernels.GPU !== undefined,
      host: kernel.host,
    };
  });
  return { nodes, crossings: crossingsOf(nodes, candidates, fetches) };
}

/** Names of all operations of a graph's nodes. */
export function opsOf(graphs: Iterable<Graph>): string[] {
  const names = [...graphs].flatMap(({ nodes }) => nodes.map(({ def }) => def.op));
  return [...new Set(names)].sort();
}

/** The nodes that fetches depend on, in the graph's order. */
function nodesBehind(graph: Graph, fetches: readonly string[]): WrittenNode[] {
  const byName = new Map(graph.nodes.map((node) => [node.def.name, node]));
  const seen = new Set<string>();
  const open = [...fetches];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = byName.get(name);
    if (node === undefined) throw new Error(`Cannot place "${name}": the graph has no such node`);
    if (seen.has(name)) continue;
    seen.add(name);
    // "name:output" or "^name"
    open.push(...node.def.input.map((input) => input.replace(/^\^|:\d+$/g, "")));
  }
  return graph.nodes.filter(({ def }) => seen.has(def.name));
}

/** What was found for a kind of node in a catalogue. */
type KernelChoice = Omit<Candidate, "node">;

/** A catalogue has hundreds of kernels, and graphs have thousands of nodes, which are much alike. */
const searches = new WeakMap<KernelCatalogue, (node: WrittenNode) => KernelChoice>();

/** Finds the operation, types and kernels of nodes. */
function searchIn(catalogue: KernelCatalogue): (node: WrittenNode) => Candidate {
  const search = searches.get(catalogue) ?? newSearch(catalogue);
  searches.set(catalogue, search);
  return (node) => ({ node, ...search(node) });
}

function newSearch({ ops, kernels }: KernelCatalogue): (node: WrittenNode) => KernelChoice {
  const byOp = new Map(ops.map((each) => [each.op, each]));
  const kernelsByOp = Map.groupBy(kernels, ({ op }) => op);
  const known = new Map<string, KernelChoice>();
  return ({ def: { op: kind, name, attr } }) => {
    const op = byOp.get(kind);
    if (op === undefined) throw new Error(`Cannot place ${name}: no operation is called ${kind}`);
    const given = Object.entries(attr).flatMap(([key, value]): [string, readonly number[]][] => {
      const types = typesIn(value);
      return types === undefined ? [] : [[key, types]];
    });
    const defaults = Object.entries(op.defaults).map(([key, type]): [string, number[]] => {
      return [key, [type]];
    });
    const types = new Map([...defaults, ...given]);
    const key = `${kind} ${typesInWords(types)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const fitting = (device: Kernel["device"]) =>
      kernelsByOp.get(kind)?.find((kernel) => kernel.device === device && takes(kernel, types));
    const [CPU, GPU] = (["CPU", "GPU"] as const).map((device) => {
      return fitting(device) ?? fitting("DEFAULT");
    });
    if (CPU === undefined && GPU === undefined) {
      throw new Error(`Cannot place ${name}: no kernel of ${kind} takes ${typesInWords(types)}`);
    }
    const found = { op, types, kernels: { ...CPU && { CPU }, ...GPU && { GPU } } };
    known.set(key, found);
    return found;
  };
}

/** The types in an attribute: one, or a list. */
function typesIn(value: Attr): readonly number[] | undefined {
  if ("type" in value) return [value.type];
  return "list" in value ? value.list.type : undefined;
}

/** Whether a kernel takes a node's types. */
function takes(kernel: Kernel, types: Candidate["types"]): boolean {
  return Object.entries(kernel.types).every(([attribute, allowed]) =>
    types.get(attribute)?.every((type) => allowed.includes(type)) ?? false
  );
}

const NAMES = new Map(Object.entries(DTYPES).map(([name, number]) => [number as number, name]));

function typesInWords(types: Candidate["types"]): string {
  return [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([attribute, list]) =>
    `${attribute}=${[...new Set(list)].map((type) => NAMES.get(type) ?? type).join("+")}`
  ).join(" ");
}

const kindOf = (device: string) => device === "CPU" ? "CPU" : "GPU";

/** Operations that only look at a tensor's shape; they run where the tensor is. */
const METADATA = ["Shape", "ShapeN", "Size", "Rank"];

/**
 * The device of each node: what the graph names; else the best for all nodes that share a resource;
 * else a GPU where it has a kernel. A node without inputs follows its users, one that looks at a shape
 * its input.
 */
function devicesOf(candidates: readonly Candidate[]): Map<string, string> {
  const groups = resourceGroups(candidates);
  const users = new Map<string, string[]>();
  for (const { node } of candidates) {
    for (const { node: { name } } of node.inputs) {
      const others = users.get(name);
      if (others === undefined) users.set(name, [node.def.name]);
      else others.push(node.def.name);
    }
  }
  const devices = new Map<string, string>();
  for (const each of candidates) {
    const group = groups.get(each.node.def.name)!;
    devices.set(each.node.def.name, namedDevice(group) ?? bestFor(group));
  }
  const follow = (each: Candidate, device: string) => {
    if (each.kernels[kindOf(device)]) devices.set(each.node.def.name, device);
  };
  for (const each of candidates) {
    const { def, inputs, outputs } = each.node;
    if (def.device !== undefined || groups.get(def.name)!.length > 1) continue;
    if (METADATA.includes(def.op)) follow(each, devices.get(inputs[0]!.node.name)!);
    if (inputs.length > 0 || outputs.length !== 1) continue;
    const wanted = new Set((users.get(def.name) ?? []).map((user) => devices.get(user)!));
    const [only] = wanted;
    if (wanted.size === 1) follow(each, only!);
  }
  return devices;
}

/** Nodes that must be on one device, because a resource goes from one to another. */
function resourceGroups(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const groups = new Map(candidates.map((each) => [each.node.def.name, [each]]));
  for (const { node } of candidates) {
    for (const input of node.inputs) {
      if (input.dtype !== "resource") continue;
      const [one, other] = [groups.get(input.node.name)!, groups.get(node.def.name)!];
      if (one === other) continue;
      const joined = [...one, ...other];
      for (const each of joined) groups.set(each.node.def.name, joined);
    }
  }
  return groups;
}

/** The device that a node of the group names, as `CPU` or `GPU:1`. */
function namedDevice(group: readonly Candidate[]): string | undefined {
  const [name] = group.flatMap(({ node: { def } }) => def.device ?? []);
  if (name === undefined) return undefined;
  return name.replace("/device:", "").replace(/^CPU:\d+$/, "CPU");
}

/** The device whose kernels have the highest priority; a GPU among equals. */
function bestFor(group: readonly Candidate[]): string {
  const priority = (device: "CPU" | "GPU") =>
    group.every(({ kernels }) => kernels[device])
      ? Math.max(...group.map(({ kernels }) => kernels[device]!.priority))
      : -Infinity;
  return priority("GPU") >= priority("CPU") ? "GPU:0" : "CPU";
}

/** What is copied from where to where. A tensor goes to each other memory once. */
function crossingsOf(
  nodes: readonly PlacedNode[],
  candidates: ReadonlyMap<string, Candidate>,
  fetches: readonly string[],
): Crossing[] {
  const memory = new Map(nodes.flatMap(({ node, device, host }) => {
    const { op } = candidates.get(node.def.name)!;
    const hosted = spread(op.outputs, node, node.outputs.length).map((name) => host.includes(name));
    // what is fed comes from the processor
    const isFed = node.def.op === "Placeholder";
    return node.outputs.map((output, i): [string, string] => {
      return [output.name, device === "CPU" || isFed || hosted[i] ? HOST_MEMORY : device];
    });
  }));
  const crossings = new Map<string, Crossing>();
  const send = (tensor: Tensor, to: string) => {
    const from = memory.get(tensor.name)!;
    const size = SIZES[DTYPES[tensor.dtype]];
    if (from === to || size === undefined) return;
    const bytes = tensor.shape.reduce<number>((product, side) => product * (side ?? NaN), size);
    crossings.set(`${tensor.name} ${to}`, {
      ...{ tensor, from, to },
      ...Number.isNaN(bytes) ? {} : { bytes },
    });
  };
  for (const { node, device, host } of nodes) {
    const { op } = candidates.get(node.def.name)!;
    const names = spread(op.inputs, node, node.inputs.length);
    for (const [i, input] of node.inputs.entries()) {
      send(input, device === "CPU" || host.includes(names[i]!) ? HOST_MEMORY : device);
    }
    if (fetches.includes(node.def.name)) {
      for (const output of node.outputs) send(output, HOST_MEMORY);
    }
  }
  return [...crossings.values()];
}

/** The argument of each tensor of a node: arguments that are lists are as long as an attribute says. */
function spread(args: readonly Argument[], { def }: WrittenNode, total: number): string[] {
  return args.flatMap(({ name, count }) => {
    if (count === undefined) return [name];
    const value = def.attr[count]!;
    const length = "i" in value ? value.i : typesIn(value)?.length ?? total;
    return Array<string>(length).fill(name);
  });
}
