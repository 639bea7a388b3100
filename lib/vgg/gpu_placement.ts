/**
 * The graphs of all runs, and where a GPU's kernels put their operations. Loads no TensorFlow.
 *
 * @module
 */
import type { Method } from "../experiment.ts";
import { PRECISIONS, type TrainSetup } from "../setup.ts";
import type { Graph } from "../tensorflow/graph.ts";
import { type KernelCatalogue, kernelsOf } from "../tensorflow/kernels.ts";
import {
  type Crossing,
  type GraphPlacement,
  HOST_MEMORY,
  opsOf,
  placementOf,
} from "../tensorflow/placement.ts";
import { ALL_NETS } from "./configs.ts";
import { GRID } from "./images.ts";
import { evaluationGraph, gpuNames, trainingGraph } from "./model.ts";

/** A graph of a run, in words, and the nodes that each of its steps fetches. */
export interface RunGraph {
  readonly name: string;
  readonly graph: Graph;
  /** What is fetched together, run after run, in a step. */
  readonly fetches: readonly (readonly string[])[];
  /** What is fetched before the steps, and between them. */
  readonly besides: readonly (readonly string[])[];
}

/** What a training fetches before its steps, and for a validation. */
const BESIDES = [["initialise"], ["crops/start"], ["images/start"], ["posteriors/upright"]];

/** Classes of the graphs; their number changes no operation. */
const CLASSES = 1000;

/** An archive, which changes how crops are read; nothing opens it. */
const ARCHIVE = { file: "/images.tar", bytes: 512 };

/**
 * The graphs of all trainings and evaluations: each net, both precisions, crops from the image cache,
 * from files and from archives, whole batches and micro-batches, one tower and several, one GPU and four.
 */
export function* runGraphs(setup: TrainSetup): Generator<RunGraph> {
  for (const config of ALL_NETS) {
    for (const precision of PRECISIONS) {
      const of = { setup: { ...setup, precision }, classes: CLASSES };
      const net = { config, S: 256, init: "random" } as const;
      for (const source of ["cache", "files", "archives"] as const) {
        for (const parts of [1, 2]) {
          for (const [towers, gpus] of [[1, 1], [4, 1], [1, 4]] as const) {
            const isPlain = parts === 1 && towers === 1 && gpus === 1;
            if (source === "archives" && !isPlain) continue; // these change nothing there
            const { graph } = trainingGraph(net, {
              ...{ ...of, microBatch: setup.batch / parts, towers, devices: gpuNames(gpus) },
              source: source === "cache" ? "cache" : "files",
              ...source === "archives" && { archives: { train: ARCHIVE, val: ARCHIVE } },
            });
            const ways = [
              ...[precision, `crops from ${source === "cache" ? "the image cache" : source}`],
              ...parts > 1 ? [`${parts} micro-batches`] : [],
              ...towers > 1 ? [`${towers} towers`] : [],
              ...gpus > 1 ? [`${gpus} GPUs`] : [],
            ];
            const step = parts > 1 ? [...Array(parts).fill(["part"]), ["update"]] : [["step"]];
            yield {
              ...{ name: `train ${config} (${ways.join(", ")})`, graph },
              fetches: step,
              besides: isPlain ? BESIDES : [],
            };
          }
        }
      }
      for (const method of Object.keys(GRID) as Method[]) {
        const evaluation = { ...of, evaluate: EVALUATE, devices: gpuNames(4) };
        const { graph } = evaluationGraph({ net, method }, evaluation);
        const name = `evaluate ${config} (${precision}, ${method}`;
        const besides = [["images/start"], ["posteriors/upright"]];
        yield { name: `${name})`, graph, fetches: [["posteriors"]], besides };
        const several = [["devices/posteriors/upright"]];
        yield {
          name: `${name}, 4 GPUs)`,
          graph,
          fetches: [["devices/posteriors"]],
          besides: several,
        };
      }
    }
  }
}

const EVALUATE = { scoreMap: "average-then-softmax" } as const;

/**
 * The kernels of a build for the operations of graphs.
 *
 * @param library path of TensorFlow's library
 * @throws {UserError} It does not open.
 */
export async function kernelsFor(
  graphs: readonly RunGraph[],
  library: string,
): Promise<KernelCatalogue> {
  return await kernelsOf(library, opsOf(graphs.map(({ graph }) => graph)));
}

/** Operations that read images or pass on what was fed: the processor does that, whatever computes. */
const INPUT = /Dataset|Iterator|^(Placeholder|StringJoin|ImmutableConst|VarHandleOp|Const)$/;

/** Where an operation with some types runs. */
export interface OperationPlace {
  readonly operation: string;
  readonly types: string;
  /**
   * `GPU`; `processor, by choice` where the graph says so; `processor, input` for images; or
   * `processor` for arithmetic that no GPU kernel takes.
   */
  readonly place: "GPU" | "processor, by choice" | "processor, input" | "processor";
  readonly gpuKernel: boolean;
  /** Arguments in the processor's memory, although a GPU computes. */
  readonly hostMemory: readonly string[];
}

/** The places of a graph's operations, each operation and its types once. */
export function operationPlaces(placements: Iterable<GraphPlacement>): OperationPlace[] {
  const found = new Map<string, OperationPlace>();
  for (const { nodes } of placements) {
    for (const { node: { def }, types, device, isNamed, hasGpuKernel, host } of nodes) {
      const isInput = INPUT.test(def.op);
      const place = device !== "CPU"
        ? "GPU"
        : isNamed
        ? "processor, by choice"
        : isInput
        ? "processor, input"
        : "processor";
      const hostMemory = place === "GPU" ? host : [];
      found.set([def.op, types, place].join(" "), {
        ...{ operation: def.op, types, place, gpuKernel: hasGpuKernel, hostMemory },
      });
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, place]) => place);
}

/** Tensors of which a step copies at most this number of bytes are not named. */
const SMALL = 1e5;

/** What a step copies between memories, in words. */
export function crossingsInWords(crossings: readonly Crossing[]): string {
  const ways = Map.groupBy(crossings, ({ from, to }) => `${from} to ${to}`);
  return [...ways].map(([way, all]) => {
    const byName = Map.groupBy(all, ({ tensor }) => tensor.name.replace(/:0$/, ""));
    const sizes = [...byName].map(([name, each]) => ({
      name,
      bytes: each.reduce((sum, { bytes = NaN }) => sum + bytes, 0),
    }));
    const known = sizes.filter(({ bytes }) => !Number.isNaN(bytes));
    const total = known.reduce((sum, { bytes }) => sum + bytes, 0);
    const named = [
      ...known.filter(({ bytes }) => bytes > SMALL).sort((a, b) => b.bytes - a.bytes)
        .map(({ name, bytes }) => `${name} ${megabytes(bytes)}`),
      ...sizes.filter(({ bytes }) => Number.isNaN(bytes))
        .map(({ name }) => `${name} in the size of its images`),
    ];
    return [
      way.replaceAll(HOST_MEMORY, "processor"),
      ...total > SMALL ? [`${megabytes(total)} MB`] : [],
      ...named.length > 0 ? [`(${named.join(", ")})`] : [],
    ].join(" ");
  }).join("; ");
}

const megabytes = (bytes: number) => (bytes / 1e6).toPrecision(3);

/** Places what a graph's step fetches, and what is fetched besides. */
export function placementsOf(
  { graph, fetches, besides }: Pick<RunGraph, "graph" | "fetches" | "besides">,
  catalogue: KernelCatalogue,
): { readonly step: GraphPlacement[]; readonly besides: GraphPlacement[] } {
  const placed = (each: readonly string[]) => placementOf(graph, each, catalogue);
  return { step: fetches.map(placed), besides: besides.map(placed) };
}
