/**
 * On a GPU, no arithmetic of a training or an evaluation is left to the processor. The kernels are those
 * of TensorFlow's CUDA build, read from its own library; `gpu_kernels.json` has those that the graphs
 * use. Where the CUDA build is in the cache, `-- --update` writes it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setups } from "../../experiments/mod.ts";
import {
  crossingsInWords,
  kernelsFor,
  operationPlaces,
  placementsOf,
  runGraphs,
} from "../../lib/vgg/gpu_placement.ts";
import { DTYPES, Graph, HOST, placeholder } from "../../lib/tensorflow/graph.ts";
import { ensureInstalled, here, partsOf } from "../../lib/tensorflow/install/mod.ts";
import { type Kernel, type KernelCatalogue, kernelsOf } from "../../lib/tensorflow/kernels.ts";
import { relu } from "../../lib/tensorflow/layers.ts";
import { placementOf } from "../../lib/tensorflow/placement.ts";

const FIXTURE = new URL("./gpu_kernels.json", import.meta.url);
const LIBRARY = "libtensorflow_cc.so.2";
const [tensorflow] = Deno.build.os === "linux" && Deno.build.arch === "x86_64"
  ? partsOf("gpu", here())
  : [];
const cuda = join(tensorflow?.folder ?? "", "tensorflow", LIBRARY);

const stored = (): KernelCatalogue => JSON.parse(Deno.readTextFileSync(FIXTURE));
const graphs = [...runGraphs(setups.paper.train)];

/** The kernels that take types which the graphs have. */
function usable({ ops, kernels }: KernelCatalogue): KernelCatalogue {
  const used = new Map<string, Set<number>>();
  const use = (key: string, types: readonly number[]) => {
    used.set(key, new Set([...used.get(key) ?? [], ...types]));
  };
  for (const { graph } of graphs) {
    for (const { def: { op, attr } } of graph.nodes) {
      for (const [name, value] of Object.entries(attr)) {
        if ("type" in value) use(`${op} ${name}`, [value.type]);
        if ("list" in value) use(`${op} ${name}`, value.list.type ?? []);
      }
    }
  }
  for (const { op, defaults } of ops) {
    for (const [name, type] of Object.entries(defaults)) use(`${op} ${name}`, [type]);
  }
  const parts = kernels.flatMap((kernel): Kernel[] => {
    const types = Object.entries(kernel.types).map(([name, all]) => {
      return [name, all.filter((type) => used.get(`${kernel.op} ${name}`)?.has(type))] as const;
    });
    if (types.some(([, all]) => all.length === 0)) return [];
    return [{ ...kernel, types: Object.fromEntries(types) }];
  });
  return { ops, kernels: parts };
}

Deno.test({
  name: "the stored kernels are those of the CUDA build",
  ignore: !existsSync(cuda),
  async fn() {
    const found = usable(await kernelsFor(graphs, cuda));
    if (Deno.args.includes("--update")) {
      const lines = (all: readonly unknown[]) =>
        all.map((each) => JSON.stringify(each)).join(",\n");
      const text = `{"ops":[\n${lines(found.ops)}\n],"kernels":[\n${lines(found.kernels)}\n]}\n`;
      Deno.writeTextFileSync(FIXTURE, text);
    }
    assert.deepEqual(stored(), found);
  },
});

Deno.test("a GPU takes all arithmetic of every training and evaluation", () => {
  const catalogue = stored();
  const placed = graphs.map((each) => placementsOf(each, catalogue));
  const places = operationPlaces(placed.flatMap(({ step, besides }) => [...step, ...besides]));
  assert.deepEqual(places.filter(({ place }) => place === "processor"), []);
  // what a step leaves to the processor: places of crops; the loss and its gradient, whose order of sums
  // changes on GPUs; with several GPUs, cutting crops for each and joining their scores
  const steps = operationPlaces(placed.flatMap(({ step }) => step));
  const chosen = steps.filter(({ place }) => place === "processor, by choice");
  assert.deepEqual([...new Set(chosen.map(({ operation }) => operation))].sort(), [
    ...["Cast", "ConcatV2", "Const", "GatherNd", "Identity", "MatMul", "Mul", "Reshape"],
    ...["SparseSoftmaxCrossEntropyWithLogits", "Split", "SplitV"],
  ]);
  const kernels = new Set(places.map(({ operation, types }) => `${operation} ${types}`));
  for (const operation of ["Conv2D", "Conv2DBackpropFilter", "MatMul", "MaxPoolGrad"]) {
    for (const type of ["float32", "bfloat16"]) {
      assert.ok(kernels.has(`${operation} T=${type}`), `${operation} ${type}`);
    }
  }
  // TensorFlow has it in no other type on GPUs: the net casts (lib/vgg/network.ts)
  assert.ok(!kernels.has("LRN T=bfloat16"));
});

Deno.test("a step of D copies its crops to the GPU as bytes, and its scores back", () => {
  const catalogue = stored();
  for (const source of ["the image cache", "files"]) {
    const name = `train D (bfloat16, crops from ${source})`;
    const { step: [step] } = placementsOf(
      graphs.find((each) => each.name === name)!,
      catalogue,
    );
    const { crossings } = step!;
    const bytes = (way: string) =>
      crossings.filter(({ from, to }) => `${from} ${to}` === way)
        .reduce((sum, { bytes }) => sum + bytes!, 0);
    const [pixels, scores] = [256 * 224 * 224 * 3, 256 * 1000 * 4];
    // beside the crops and the gradient: losses, seeds, the rate, and colours of 256 crops
    const small = bytes("host GPU:0") - pixels - scores;
    assert.ok(small > 0 && small < 10_000, `${small}`);
    // beside the scores: the loss, and the gradient of its sum
    assert.equal(bytes("GPU:0 host"), scores + 8);
    assert.match(crossingsInWords(crossings), /^processor to GPU:0 39\.6 MB \(.* 38\.5, /);
  }
});

Deno.test("four GPUs: weights and gradients cross in bfloat16, images go straight to their own", () => {
  const name = "train D (bfloat16, crops from files, 4 GPUs)";
  const { step: [step] } = placementsOf(graphs.find((each) => each.name === name)!, stored());
  const bytes = (from: RegExp, to: RegExp) =>
    step!.crossings.filter((crossing) => from.test(crossing.from) && to.test(crossing.to))
      .reduce((sum, { bytes }) => sum + bytes!, 0);
  const weights = 138_357_544;
  const crops = 64 * 224 * 224 * 3;
  for (const gpu of [/GPU:1/, /GPU:2/, /GPU:3/]) {
    // beside the weights: the parts of two dropout masks, float32
    assert.equal(bytes(/GPU:0/, gpu), 2 * weights + 2 * 64 * 4096 * 4);
    assert.equal(bytes(gpu, /GPU:0/), 2 * weights);
    const small = bytes(/host/, gpu) - crops - 64 * 1000 * 4;
    assert.ok(small >= 0 && small < 2000, `${small}`);
    assert.equal(bytes(gpu, /host/), 64 * 1000 * 4);
  }
  const convolutions = step!.nodes.filter(({ node }) => node.def.op === "Conv2D");
  assert.equal(new Set(convolutions.map(({ device }) => device)).size, 4);
  const updates = step!.nodes.filter(({ node }) => node.def.op.startsWith("ResourceApply"));
  assert.deepEqual(new Set(updates.map(({ device }) => device)), new Set(["GPU:0"]));
});

Deno.test("an operation without a GPU kernel is found", () => {
  const catalogue = stored();
  const kernels = catalogue.kernels.filter(({ op, device }) => op !== "LRN" || device === "CPU");
  const graph = graphs.find(({ name }) => name.startsWith("train A-LRN"))!;
  const { step } = placementsOf(graph, { ...catalogue, kernels });
  const wrong = operationPlaces(step).filter(({ place }) => place === "processor");
  assert.deepEqual(wrong.map(({ operation, types }) => `${operation} ${types}`), ["LRN T=float32"]);
  // its neighbours stay on the GPU: the maps of 256 images of 64 channels cross twice
  const maps = step[0]!.crossings.filter(({ bytes }) => bytes === 256 * 224 * 224 * 64 * 4);
  assert.deepEqual(maps.map(({ to }) => to).sort(), ["GPU:0", "GPU:0", "host"].slice(1));
});

Deno.test("a node goes where the graph says, and only with a kernel there", () => {
  const catalogue = stored();
  const graph = new Graph();
  const x = placeholder(graph, "x", { dtype: "float32", shape: [4] });
  const there = graph.on("/device:GPU:1", () => relu(x));
  const back = graph.on(HOST, () => relu(there));
  const { nodes, crossings } = placementOf(graph, [back.node.name], catalogue);
  assert.deepEqual(
    nodes.map(({ device, isNamed }) => [device, isNamed]),
    // what has no inputs follows its user
    [["GPU:1", false], ["GPU:1", true], ["CPU", true]],
  );
  assert.deepEqual(
    crossings.map(({ from, to, bytes }) => [from, to, bytes]),
    [["host", "GPU:1", 16], ["GPU:1", "host", 16]],
  );
  const bytes = placeholder(graph, "bytes", { dtype: "uint8", shape: [4] });
  const gathered = graph.on(
    "/device:GPU:0",
    () =>
      graph.op("ImmutableConst", [], { tensor: { dtype: "uint8", shape: [4] } }, {
        attrs: { dtype: { type: DTYPES.uint8 } },
      }),
  );
  assert.equal(bytes.dtype, gathered.dtype);
  assert.throws(
    () => placementOf(graph, [gathered.node.name], catalogue),
    /Cannot place ImmutableConst \(ImmutableConst\) on GPU:0/,
  );
});

Deno.test("a library lists its kernels in a process of its own", async () => {
  await ensureInstalled();
  const file = join(here().package, "deps", "lib", LIBRARY);
  const { ops, kernels } = await kernelsOf(file, ["Conv2D", "AddN"]);
  assert.deepEqual(ops.map(({ op, inputs }) => [op, inputs]), [
    ["AddN", [{ name: "inputs", count: "N" }]],
    ["Conv2D", [{ name: "input" }, { name: "filter" }]],
  ]);
  const takes = kernels.filter(({ op, device }) => op === "Conv2D" && device === "CPU")
    .flatMap(({ types }) => types.T);
  assert.ok(takes.includes(DTYPES.float32) && takes.includes(DTYPES.bfloat16), `${takes}`);
  await assert.rejects(kernelsOf("/nowhere.so", ["AddN"]), /Cannot list the kernels of "\/nowhere/);
});
