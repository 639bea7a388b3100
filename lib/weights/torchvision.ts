/**
 * Weights of torchvision's VGG (torchvision/models/vgg.py): `features.N.weight`
 * `[outputs, inputs, size, size]`, `classifier.{0,3,6}.weight` `[outputs, inputs]`, where the columns
 * of the first go channel by channel, and a bias for each. In its vgg*_bn a batch normalisation follows
 * each convolution, whose bias it takes away: here its shift is the bias, and the other goes into the mean.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { fromOutputsFirst, type KernelSides, scaled, toOutputsFirst } from "./kernels.ts";
import type { LayoutFile, NetWeights, Shapes, TensorFile } from "./weights_file.ts";
import { INPUTS } from "./inputs.ts";
import { notesOf } from "./notes.ts";
import { isFloat, sizeOf } from "./numbers.ts";
import { hasDropoutFirst, torchvisionNames } from "./torch_names.ts";
import { type NamedTensor, writeSafetensors } from "./safetensors.ts";

/** Fully connected layers by their index among the classifier's modules. */
const CLASSIFIER = new Map([[0, "fc6"], [3, "fc7"], [6, "fc8"]]);

/** A layer's index among the modules of features or classifier, and the name of its tensor. */
const NAME =
  /^(features|classifier)\.(\d+)\.(weight|bias|running_mean|running_var|num_batches_tracked)$/;

const REMEDY = "name a state_dict of torchvision's vgg11, vgg13, vgg16 or vgg19";

/** A tensor in both layouts. */
interface TorchvisionTensor {
  /** Its name in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  /** A kernel's sides; absent for a bias. */
  readonly sides?: KernelSides;
  /** Of a running mean: the name of the convolution's bias, which is subtracted. */
  readonly minus?: string;
}

/**
 * Reads a file of a state_dict, which is closed with it.
 *
 * @throws {UserError} It holds another net; it is closed then.
 */
export function fromTorchvision(open: TensorFile, file: string): LayoutFile {
  try {
    const places = tensorsOf(open);
    return {
      layout: "torchvision",
      shapes: new Map([...places].map(([name, { shape }]) => [name, shape])),
      ...hasDropoutFirst([...open.shapes.keys()]) && {
        doubt: "its names are those of 2017, under which the nets of the paper's authors were " +
          "distributed for PyTorch",
      },
      notes: notesOf(open.metadata),
      read(name) {
        const { name: theirs, sides, minus } = places.get(name)!;
        const values = open.read(theirs) as Float32Array;
        if (minus !== undefined) {
          const biases = open.read(minus);
          return values.map((value, i) => value - biases[i]!);
        }
        return sides === undefined ? values : fromOutputsFirst(values, sides);
      },
      [Symbol.dispose]: () => open[Symbol.dispose](),
    };
  } catch (error) {
    open[Symbol.dispose]();
    throw new UserError(`Cannot read "${file}": ${(error as Error).message}; ${REMEDY}`);
  }
}

/** Tensors of a file by our names. @throws {Error} It holds another net. */
function tensorsOf(file: TensorFile): Map<string, TorchvisionTensor> {
  const { types } = file;
  const theirs = torchvisionNames(file.shapes);
  const shapes = new Map([...theirs].map(([name, own]) => [name, file.shapes.get(own)!]));
  const odd = shapes.keys().find((name) => !NAME.test(name));
  if (odd !== undefined) throw new Error(`it has ${JSON.stringify(odd)}, which is not part of VGG`);
  const isNormalised = shapes.keys().some((name) => name.endsWith(".running_mean"));
  const layers = layersIn(shapes, isNormalised);
  // the channels of the last map; fc6's columns go channel by channel
  const channels = [...layers].findLast(([name]) => name.startsWith("features"))?.[0] ?? "";
  const [inputs = 1] = shapes.get(`${channels}.weight`) ?? [];
  const places = new Map<string, TorchvisionTensor>();
  const tensorAt = (name: string) => {
    const own = theirs.get(name), shape = shapes.get(name);
    if (own === undefined || shape === undefined) throw new Error(`it has no ${name}`);
    const type = types.get(own)!;
    if (!isFloat(type)) throw new Error(`its ${own} has the type ${type}`);
    return { name: own, shape };
  };
  for (const [module, layer] of layers) {
    const kernel = tensorAt(`${module}.weight`);
    places.set(`${layer}.kernel`, {
      ...{ name: kernel.name, ...kernelOf(`${module}.weight`, kernel.shape, inputs) },
    });
    if (!isNormalised || !module.startsWith("features")) {
      places.set(`${layer}.bias`, tensorAt(`${module}.bias`));
      continue;
    }
    const norm = normAfter(module);
    // a convolution in front of a normalisation may have no bias
    const minus = theirs.has(`${module}.bias`) ? tensorAt(`${module}.bias`).name : undefined;
    places.set(`${layer}.bias`, tensorAt(`${norm}.bias`));
    places.set(`${layer}.scale`, tensorAt(`${norm}.weight`));
    places.set(`${layer}.mean`, { ...tensorAt(`${norm}.running_mean`), ...minus && { minus } });
    places.set(`${layer}.variance`, tensorAt(`${norm}.running_var`));
  }
  return places;
}

/**
 * Our names of the layers by theirs: a convolution is followed by its normalisation, if it has one, and a
 * ReLU, and a block by a pooling layer.
 */
function layersIn(shapes: Shapes, isNormalised: boolean): Map<string, string> {
  const numbers = (part: string) => {
    const found = shapes.keys().map((name) => NAME.exec(name)!).filter(([, is]) => is === part);
    return [...new Set(found.map(([, , number]) => Number(number)))]
      .filter((number) => !shapes.has(`${part}.${number}.running_mean`)).sort((a, b) => a - b);
  };
  const modules = isNormalised ? 3 : 2;
  const layers = new Map<string, string>();
  let [block, place, expected] = [1, 0, 0];
  for (const number of numbers("features")) {
    if (number === expected) place++;
    else if (number === expected + 1 && place > 0) [block, place] = [block + 1, 1];
    else throw new Error(`its features.${number} is where VGG has no convolution`);
    layers.set(`features.${number}`, `conv${block}_${place}`);
    expected = number + modules;
  }
  for (const number of numbers("classifier")) {
    const layer = CLASSIFIER.get(number);
    if (layer === undefined) throw new Error(`its classifier.${number} is not a layer of VGG`);
    layers.set(`classifier.${number}`, layer);
  }
  return layers;
}

/** A kernel's shape in our layout, and its sides. `channels` are those of the map before fc6. */
function kernelOf(name: string, shaped: readonly number[], channels: number) {
  const isFull = name.startsWith("classifier");
  // timm's fully connected layers are convolutions: the same numbers in the same order
  const shape = isFull && shaped.length === 4 ? [shaped[0]!, sizeOf(shaped.slice(1))] : shaped;
  const [outputs = 0, columns = 0, height = 1, width = 1] = shape;
  const isFc6 = name === "classifier.0.weight";
  const size = isFc6 ? Math.sqrt(columns / channels) : height;
  if (shape.length !== (isFull ? 2 : 4) || height !== width || !Number.isInteger(size)) {
    throw new Error(`its ${name} is [${shape.join(", ")}], which is not a kernel of VGG`);
  }
  const inputs = isFc6 ? channels : columns;
  return { shape: [size, size, inputs, outputs], sides: { places: size * size, inputs, outputs } };
}

/**
 * Writes a net as a state_dict for torchvision's VGG. Its input is (pixel / 255 - mean / 255) divided
 * by torchvision's deviation, with the net's own mean, which the file notes.
 */
export function writeTorchvision(file: string, net: NetWeights) {
  const tensors = new Map<string, NamedTensor>();
  const modules = modulesOf([...net.tensors.keys()]);
  for (const [name, { shape, values }] of net.tensors) {
    const [layer, part] = name.split(".") as [string, string];
    const module = modules.get(layer)!;
    const isNormalised = net.tensors.has(`${layer}.scale`);
    if (part !== "kernel") {
      const norm = isNormalised ? normAfter(module) : module;
      tensors.set(`${norm}.${THEIR_PARTS[part]}`, { shape, values });
      continue;
    }
    if (isNormalised) {
      const [outputs = 0] = net.tensors.get(`${layer}.bias`)!.shape;
      tensors.set(`${module}.bias`, { shape: [outputs], values: new Float32Array(outputs) });
    }
    const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
    const sides = { places: height * width, inputs, outputs };
    const factors = INPUTS.torchvision.divisors.map((divisor) => divisor * net.inputScale);
    const ours = layer === "conv1_1" ? scaled(values, factors, sides) : values;
    tensors.set(`${module}.weight`, {
      shape: layer.startsWith("fc")
        ? [outputs, inputs * height * width]
        : [outputs, inputs, height, width],
      values: toOutputsFirst(ours, sides),
    });
  }
  const metadata = { format: "pt", mean: net.mean.join(" "), recipe: net.recipe };
  writeSafetensors(file, { tensors, metadata });
}

/** The name of the normalisation behind a convolution, as in `features.1` behind `features.0`. */
function normAfter(module: string): string {
  return `features.${Number(module.slice("features.".length)) + 1}`;
}

/** torchvision's names of what a layer has besides its kernel. */
const THEIR_PARTS: Readonly<Record<string, string>> = {
  ...{ bias: "bias", scale: "weight", mean: "running_mean", variance: "running_var" },
};

/** torchvision's modules by our layers. */
function modulesOf(names: readonly string[]): Map<string, string> {
  const modules = new Map(
    [...CLASSIFIER].map(([number, layer]) => [layer, `classifier.${number}`]),
  );
  let [number, last] = [0, "1"];
  for (const layer of new Set(names.map((name) => name.split(".")[0]!))) {
    const [, block] = /^conv(\d+)_\d+$/.exec(layer) ?? [];
    if (block === undefined) continue;
    if (block !== last) number++; // the pooling
    modules.set(layer, `features.${number}`);
    [number, last] = [number + (names.includes(`${layer}.scale`) ? 3 : 2), block];
  }
  return modules;
}
