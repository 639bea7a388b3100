/**
 * How a net's weights begin: the size of random kernels, and what is taken over from another net
 * (Section 3.1).
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { hasAncestor, inheritance, type TrainRun } from "../experiment.ts";
import type { KernelInit, TrainSetup } from "../setup.ts";
import type { Tensors } from "./checkpoint.ts";
import { type Conv, convsOf, type Layer, layersOf, type NetShape } from "./configs.ts";

/**
 * Standard deviation of a layer's random kernel.
 *
 * - `paper`: a variance of 1e-2, as the paper says (Section 3.1).
 * - `gaussian-0.01`: a deviation of 0.01, as in the tools of the paper's authors.
 * - `glorot`: variance 2 / (inputs + outputs) of a unit (Glorot and Bengio 2010, equation 12).
 * - `he`: variance 2 / inputs of a unit (He et al. 2015).
 *
 * A unit has `size * size * inputs` inputs. An input of a convolution reaches `size * size` units of
 * each output; an input of a fully-connected layer, such as a place of fc6's map, reaches one.
 */
export function deviation({ name, size, inputs, outputs }: Conv, init: KernelInit): number {
  const fanIn = size * size * inputs;
  const fanOut = name.startsWith("fc") ? outputs : size * size * outputs;
  switch (init) {
    case "paper":
      return 0.1;
    case "gaussian-0.01":
      return 0.01;
    case "glorot":
      return Math.sqrt(2 / (fanIn + fanOut));
    case "he":
      return Math.sqrt(2 / fanIn);
  }
}

/** What inherited weights are made from. */
export interface Inheriting {
  /** Weights of the net that a run starts from. */
  readonly ancestor: Tensors;
  /** Gives the run's own random weights, which noise is made from; called only if there is noise. */
  drawn(): Tensors;
  readonly setup: Pick<TrainSetup, "kernels" | "transfer" | "transferNoise">;
  readonly shape: NetShape;
}

/**
 * The weights that a run does not draw at random, by name.
 *
 * @throws {UserError} The net cannot be a deeper form of its ancestor; see `insertedLayers`.
 */
export function inherited(run: TrainRun, sources: Inheriting): Tensors {
  const { config, init } = run;
  if (!hasAncestor(init)) return new Map();
  const { ancestor, drawn, setup, shape } = sources;
  const { from, layers, noise = 0 } = inheritance(init, setup);
  if (typeof layers !== "string") {
    return new Map([...ancestor].filter(([name]) => layers.includes(name.split(".")[0]!)));
  }
  const net = layersOf(run, shape);
  const noisy = layers === "deepen"
    ? insertedLayers([from.config, layersOf(from, shape)], [config, net])
    : layers === "perturb"
    ? convsOf(net).filter(({ name }) => name.startsWith("conv"))
    : [];
  const own: Tensors = noisy.length > 0 ? drawn() : new Map();
  const tensors = new Map(ancestor);
  for (const layer of noisy) {
    const { name, size, inputs, outputs } = layer;
    const [kernel, bias] = [`${name}.kernel`, `${name}.bias`];
    const before = tensors.get(kernel)?.values ?? identityKernel(layer);
    const share = noise * deviation(layer, "he") / deviation(layer, setup.kernels);
    const random = own.get(kernel)!.values;
    const values = before.map((weight, i) => weight + share * random[i]!);
    tensors.set(kernel, { shape: [size, size, inputs, outputs], values });
    if (!tensors.has(bias)) {
      tensors.set(bias, { shape: [outputs], values: new Float32Array(outputs) });
    }
  }
  return tensors;
}

/**
 * The kernel `[size, size, n, n]` of a convolution that gives what it is given: 1 in the centre from
 * each channel to itself, else 0. Its ReLU changes nothing, as it follows another one.
 */
function identityKernel({ size, inputs, outputs }: Conv): Float32Array {
  const values = new Float32Array(size * size * inputs * outputs);
  const centre = Math.floor(size / 2) * (size + 1);
  for (let channel = 0; channel < outputs; channel++) {
    values[(centre * inputs + channel) * outputs + channel] = 1;
  }
  return values;
}

/** A configuration and its layers. */
type NamedLayers = readonly [config: string, layers: readonly Layer[]];

/**
 * The convolutions that a deeper net has and a shallower one lacks, where the deeper net can begin
 * as the shallower one with identities inserted.
 *
 * @throws {UserError} It cannot: the shallower net has a layer that the deeper one lacks or has in
 *   another shape, or an inserted layer has another number of inputs than of outputs.
 */
export function insertedLayers([from, theirs]: NamedLayers, [config, ours]: NamedLayers): Conv[] {
  const refuse = (why: string): never => {
    throw new UserError(
      `Cannot deepen ${from} into ${config}: ${why}; start from another net, list ` +
        "the layers to copy, or use --set transfer=paper",
    );
  };
  const mine = new Map(convsOf(ours).map((layer) => [layer.name, layer]));
  const lost = convsOf(theirs).filter(({ name }) => !mine.has(name)).map(({ name }) => name);
  if (lost.length > 0) refuse(`${config} has no ${lost.join(", ")}`);
  const odd = convsOf(theirs).filter(({ name, size, inputs, outputs }) => {
    const layer = mine.get(name)!;
    return layer.size !== size || layer.inputs !== inputs || layer.outputs !== outputs;
  });
  if (odd.length > 0) refuse(`${odd.map(({ name }) => name).join(", ")} have another shape there`);
  const strided = convsOf(ours).filter(({ name, stride }) =>
    stride !== convsOf(theirs).find((layer) => layer.name === name)?.stride
  );
  if (strided.length > 0) {
    refuse(`${strided.map(({ name }) => name).join(", ")} would halve maps in one of them alone`);
  }
  const averages = (layers: readonly Layer[]) => layers.some(({ kind }) => kind === "avgpool");
  if (averages(theirs) !== averages(ours)) refuse("one of them averages its last map");
  const normalised = ({ kind }: Layer) => kind === "lrn";
  if (theirs.filter(normalised).length !== ours.filter(normalised).length) {
    refuse("one of them has a response normalisation that the other lacks");
  }
  const isNormalised = (layers: readonly Layer[]) =>
    layers.some((layer) => layer.kind === "conv" && layer.normalised);
  if (isNormalised(theirs) || isNormalised(ours)) {
    refuse("batch normalisation makes something else of an identity");
  }
  const known = new Set(convsOf(theirs).map(({ name }) => name));
  const inserted = convsOf(ours).filter(({ name }) => !known.has(name));
  const uneven = inserted.filter(({ inputs, outputs }) => inputs !== outputs);
  if (uneven.length > 0) {
    refuse(
      `${
        uneven.map(({ name, inputs, outputs }) => `${name} makes ${outputs} channels of ${inputs}`)
          .join(", ")
      }` +
        ", which no identity does",
    );
  }
  return inserted;
}
