/** Files of weights as torchvision and Keras write them, and the scores of the nets that they hold. */
import { paper, small } from "../../experiments/setups.ts";
import type { DatasetDescription } from "../../lib/datasets/dataset.ts";
import type { Setup } from "../../lib/setup.ts";
import type { Context } from "../../lib/experiment.ts";
import { importedNet, importNet, noteIn } from "../../lib/store/import.ts";
import { plannedRun } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import type { Binding } from "../../lib/tensorflow/addon.ts";
import { Graph, placeholder } from "../../lib/tensorflow/graph.ts";
import { float32, Session } from "../../lib/tensorflow/session.ts";
import { addSetter } from "../../lib/tensorflow/variables.ts";
import { meanOf } from "../../lib/vgg/colours.ts";
import { layersOf, netShapeOf } from "../../lib/vgg/configs.ts";
import { averageScores, forward, network, variablesOf } from "../../lib/vgg/network.ts";
import { setTensors } from "../../lib/vgg/train.ts";
import { type Hdf5Group, writeHdf5 } from "../../lib/weights/hdf5.ts";
import { type NamedTensor, writeSafetensors } from "../../lib/weights/safetensors.ts";
import { folderWith } from "../support/datasets.ts";
import { noises, noisyBytes } from "../support/formula.ts";

/** Configs that torchvision has: VGG 11, 13, 16 and 19. */
export type Released = "A" | "B" | "D" | "E";

/** Convolutions among the modules of torchvision's features, as its state_dicts have them. */
const FEATURES: Readonly<Record<Released, readonly number[]>> = {
  A: [0, 3, 6, 8, 11, 13, 16, 18],
  B: [0, 2, 5, 7, 10, 12, 15, 17, 20, 22],
  D: [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28],
  E: [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34],
};

/** Convolutions of each block. */
const DEPTHS: Readonly<Record<Released, readonly number[]>> = {
  A: [1, 1, 2, 2, 2],
  B: [2, 2, 2, 2, 2],
  D: [2, 2, 3, 3, 3],
  E: [2, 2, 4, 4, 4],
};

/** Nets of one size, and the images that they look at. */
export interface ReleasedNets {
  readonly setup: Setup;
  readonly dataset: Pick<DatasetDescription, "name" | "classes" | "fingerprint">;
  /** Heights and widths. */
  readonly looks: Readonly<Record<"crop" | "whole", readonly [height: number, width: number]>>;
}

/** `released.py`'s small nets, with a scale of the input that neither library has. */
export const SMALL: ReleasedNets = {
  setup: {
    ...small,
    train: { ...small.train, crop: 64, width: 1 / 16, fc: 64, inputScale: 1 / 64 },
  },
  dataset: { name: "made up", classes: [..."abcdefghij"], fingerprint: "made-up" },
  looks: { crop: [64, 64], whole: [71, 101] },
};

/** The paper's own. */
export const FULL: ReleasedNets = {
  setup: paper,
  dataset: {
    name: "made up",
    classes: Array.from({ length: 1000 }, (_, i) => `class ${i}`),
    fingerprint: "made-up",
  },
  looks: { crop: [224, 224], whole: [231, 261] },
};

interface ReleasedLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Side of its kernel. */
  readonly size: number;
}

/** The layers of a net, called as Keras does. */
function layersFor(config: Released): ReleasedLayer[] {
  let inputs = 3;
  const convs = DEPTHS[config].flatMap((depth, block) =>
    Array.from({ length: depth }, (_, place) => {
      const outputs = [4, 8, 16, 32, 32][block]!;
      const layer = { name: `block${block + 1}_conv${place + 1}`, inputs, outputs, size: 3 };
      inputs = outputs;
      return layer;
    })
  );
  return [
    ...convs,
    { name: "fc1", inputs, outputs: 64, size: 2 },
    { name: "fc2", inputs: 64, outputs: 64, size: 1 },
    { name: "predictions", inputs: 64, outputs: 10, size: 1 },
  ];
}

/** A layer's numbers, in whatever order a library keeps them. */
function numbersOf({ size, inputs, outputs }: ReleasedLayer, i: number) {
  const count = size * size * inputs;
  return {
    kernel: noises(count * outputs, { from: 2_000_000 * i, scale: Math.sqrt(6 / count) }),
    bias: noises(outputs, { from: 2_000_000 * i + 1_000_000, scale: 0.1 }),
  };
}

/** A state_dict of torchvision's. */
export function stateDict(config: Released): Map<string, NamedTensor> {
  const modules = [
    ...FEATURES[config].map((number) => `features.${number}`),
    ...[0, 3, 6].map((number) => `classifier.${number}`),
  ];
  return new Map(
    layersFor(config).flatMap((layer, i): [string, NamedTensor][] => {
      const { inputs, outputs, size, name } = layer;
      const { kernel, bias } = numbersOf(layer, i);
      const shape = name.startsWith("block")
        ? [outputs, inputs, size, size]
        : [outputs, inputs * size * size];
      return [
        [`${modules[i]}.weight`, { shape, values: kernel }],
        [`${modules[i]}.bias`, { shape: [outputs], values: bias }],
      ];
    }),
  );
}

/** Writes a state_dict as safetensors. */
export function writeTorchvisions(file: string, config: Released) {
  writeSafetensors(file, { tensors: stateDict(config), metadata: { format: "pt" } });
}

/** Writes a file of Keras's, whose tensors have the names that Keras gave them first, or now. */
export async function writeKerases(file: string, config: Released, names: "first" | "now") {
  const layers = layersFor(config);
  const groups = layers.map((layer, i): [string, Hdf5Group] => {
    const { name, inputs, outputs, size } = layer;
    const { kernel, bias } = numbersOf(layer, i);
    const isConv = name.startsWith("block");
    const shape = isConv ? [size, size, inputs, outputs] : [size * size * inputs, outputs];
    const paths = names === "first"
      ? [`${name}_W_1:0`, `${name}_b_1:0`]
      : [`vgg/${name}/kernel`, `vgg/${name}/bias`];
    return [name, {
      attributes: { weight_names: paths },
      datasets: [
        { path: paths[0]!, shape, values: () => kernel },
        { path: paths[1]!, shape: [outputs], values: () => bias },
      ],
    }];
  });
  // layers without weights are named, too
  const poolings = DEPTHS[config].map((_, block): [string, Hdf5Group] => [
    `block${block + 1}_pool`,
    { attributes: { weight_names: [] }, datasets: [] },
  ]);
  const all = new Map([...groups, ...poolings]);
  await writeHdf5(file, { layer_names: [...all.keys()], backend: "tensorflow" }, all);
}

/** A folder for files, which goes with its user. */
export function place() {
  const folder = folderWith({});
  return { folder, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}

/** What a store has of a file, of which only what the file says is known. */
export async function broughtIn(file: string, { setup, dataset }: ReleasedNets = SMALL) {
  using results = place();
  const { config } = await noteIn(file);
  const net = await importedNet(file, { config: config!, S: 256, setup, dataset });
  const context: Context = { train: setup.train, evaluate: setup.evaluate, seed: 0, data: "" };
  const store = makeStore(results.folder);
  await importNet(net, { store, contexts: [context] });
  return { run: net.run, tensors: store.readWeights(plannedRun(net.run, context)) };
}

/** Scores of `released.py`'s image, `[classes]`, averaged over the score map. */
export async function scoresOf(
  binding: Binding,
  file: string,
  look: keyof ReleasedNets["looks"],
  size = SMALL,
): Promise<ArrayLike<number>> {
  const { run, tensors } = await broughtIn(file, size);
  const { setup, dataset, looks: { [look]: [height, width] } } = size;
  const graph = new Graph();
  const net = network(graph, layersOf(run, netShapeOf(setup.train, dataset.classes.length)));
  for (const variable of variablesOf(net)) addSetter(graph, variable);
  const shape = [1, height, width, 3];
  const images = placeholder(graph, "images", { dtype: "float32", shape });
  const scores = averageScores(forward(net, images));
  const session = new Session(binding, graph);
  try {
    setTensors(session, tensors);
    const mean = meanOf(run, { mean: [NaN, NaN, NaN] });
    const input = Float32Array.from(
      noisyBytes(height * width * 3),
      (byte, i) => (byte - mean[i % 3]!) * setup.train.inputScale,
    );
    return session.run({ images: float32(input, shape) }, [scores])[0]!.values;
  } finally {
    session.close();
  }
}
