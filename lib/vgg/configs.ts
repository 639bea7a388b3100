/** Table 1 of the paper as data, and the layers it describes (Section 2.1). */
import { INTERPRETATIONS, type OddSides, type TrainSetup } from "../setup.ts";
import type { BlockLayer, ConfigName, NetLayers } from "../experiment.ts";

/** A layer with weights: `conv<size>-<outputs>` in the paper's notation, or fully connected. */
export interface Conv {
  /** Tells it from layers without weights. */
  readonly kind: "conv";
  /**
   * Block and place, as in `conv3_2`; the fully-connected layers are `fc6`, `fc7` and `fc8`. The last is
   * `fc8`, however many there are.
   */
  readonly name: string;
  /** Side of the kernel; that of the first fully-connected layer covers a crop's last feature map. */
  readonly size: number;
  /** Channels of its input. */
  readonly inputs: number;
  /** Channels of its output. */
  readonly outputs: number;
  /** Set if its windows are two places apart, so that it halves its input; sides are rounded up. */
  readonly stride?: 2;
  /** Set if batch normalisation follows it. Its bias is then the normalisation's shift. */
  readonly normalised?: true;
}

/** One step of a net. A ReLU follows every conv but fc8. */
export type Layer =
  | Conv
  | { readonly kind: "maxpool"; readonly oddSides?: OddSides }
  | { readonly kind: "lrn" }
  /** The mean of the last map over all its places. */
  | { readonly kind: "avgpool" };

/** What differs between the paper's networks and smaller ones. */
export interface NetShape {
  /** Side of a training crop in pixels. */
  readonly crop: number;
  /** Number of classes. */
  readonly classes: number;
  /** Channels of the convolutions as a share of the paper's. */
  readonly width: number;
  /** Units of fc6 and fc7. */
  readonly fc: number;
  /** How half of an odd side is rounded; up if absent. */
  readonly oddSides?: OddSides;
}

/** The paper's networks: 224 pixels, 1000 classes, every channel. */
export const IMAGENET: NetShape = { crop: 224, classes: 1000, width: 1, fc: 4096 };

/** Shape of a setup's nets for a data set with `classes` classes. */
export function netShapeOf({ crop, width, fc, oddSides }: TrainSetup, classes: number): NetShape {
  return { crop, width, fc, classes, ...oddSides && { oddSides } };
}

// "64" is conv3-64, "1x256" is conv1-256, "|" a max-pooling.
const TABLE_1: Record<Exclude<ConfigName, "B-5x5">, string> = {
  "A": "64 | 128 | 256 256 | 512 512 | 512 512 |",
  "A-LRN": "64 lrn | 128 | 256 256 | 512 512 | 512 512 |",
  "B": "64 64 | 128 128 | 256 256 | 512 512 | 512 512 |",
  "C": "64 64 | 128 128 | 256 256 1x256 | 512 512 1x512 | 512 512 1x512 |",
  "D": "64 64 | 128 128 | 256 256 256 | 512 512 512 | 512 512 512 |",
  "E": "64 64 | 128 128 | 256 256 256 256 | 512 512 512 512 | 512 512 512 512 |",
};

/** Every net: those of Table 1, and B with one 5x5 conv in place of each pair of 3x3 (Section 4.1). */
const NETS: Record<ConfigName, string> = {
  ...TABLE_1,
  "B-5x5": "5x64 | 5x128 | 5x256 | 5x512 | 5x512 |",
};

/** The six configurations in the paper's order. */
export const CONFIGS = Object.keys(TABLE_1) as readonly (keyof typeof TABLE_1)[];

/** These and the shallow net. */
export const ALL_NETS = Object.keys(NETS) as readonly ConfigName[];

/** Side of a feature map after a pooling. */
export function halved(side: number, oddSides: OddSides = INTERPRETATIONS.train.oddSides): number {
  return oddSides === "up" ? Math.ceil(side / 2) : Math.floor(side / 2);
}

/** Poolings of the paper's nets. */
const POOLINGS = 5;

/** Side of a feature map after poolings; 0: nothing is left of so small an image. */
export function pooled(side: number, oddSides?: OddSides, poolings = POOLINGS): number {
  for (let pooling = 0; pooling < poolings; pooling++) side = halved(side, oddSides);
  return side;
}

/** Side of a layer's output for an input of `side`, before the fully-connected layers. */
export function sideAfter(layer: Layer, side: number, oddSides?: OddSides): number {
  switch (layer.kind) {
    case "maxpool":
      return halved(side, oddSides);
    case "conv":
      return layer.stride === 2 ? halved(side, "up") : side;
    case "lrn":
      return side;
    case "avgpool":
      return Math.min(side, 1); // a map without places has no mean
  }
}

/** Side of the map of an image or a crop that the first fully-connected layer gets. */
export function lastMapOf(layers: readonly Layer[], side: number, oddSides?: OddSides): number {
  return layers.filter((layer) => !isFullyConnected(layer))
    .reduce((side, layer) => sideAfter(layer, side, oddSides), side);
}

/** Whether a layer is fc6, fc7 or fc8. */
export function isFullyConnected(layer: Layer): boolean {
  return layer.kind === "conv" && layer.name.startsWith("fc");
}

/** The blocks of a config of the project. */
function blocksOf(config: ConfigName): BlockLayer[][] {
  return NETS[config].split("|").slice(0, -1).map((block) =>
    block.trim().split(" ").map((cell): BlockLayer => {
      if (cell === "lrn") return cell;
      const [channels, size] = cell.split("x").reverse().map(Number) as [number, number?];
      return size === undefined ? channels : { size, channels };
    })
  );
}

/** Fields of a net with blocks besides its name; the type makes the list complete. */
const OWN_FIELDS: Readonly<Record<Exclude<keyof NetLayers, "config">, true>> = {
  ...{ blocks: true, batchNorm: true, average: true, fc: true, dropout: true },
};

/** Names of these fields. */
export const OWN_FIELD_NAMES = Object.keys(OWN_FIELDS) as (keyof typeof OWN_FIELDS)[];

/** The fields of a net that say which layers it has, without those of its training. */
export function layersFields(net: NetLayers): NetLayers {
  const own = OWN_FIELD_NAMES.filter((field) => net[field] !== undefined);
  return { config: net.config, ...Object.fromEntries(own.map((field) => [field, net[field]])) };
}

/** A net of the paper with batch normalisation, such as torchvision's vgg16_bn: net D-BN. */
export function withBatchNorm(config: ConfigName): NetLayers {
  return { config: `${config}-BN`, blocks: blocksOf(config), batchNorm: true };
}

/** Whether a net is one of the project's, by its name. */
export function isConfig(name: string): name is ConfigName {
  return Object.hasOwn(NETS, name);
}

/**
 * The layers of a net, first to last: of a config of the project, or of blocks of one's own.
 *
 * @throws {RangeError} The net has no blocks, and no config of the project has its name.
 */
export function layersOf(net: ConfigName | NetLayers, shape: NetShape = IMAGENET): Layer[] {
  const { config, blocks: own, batchNorm, average, fc = average && [] }: NetLayers =
    typeof net === "string" ? { config: net } : net;
  const blocks = own ?? (isConfig(config) ? blocksOf(config) : undefined);
  if (blocks === undefined) throw new RangeError(`Cannot tell the layers of net "${config}"`);
  const layers: Layer[] = [];
  let inputs = 3;
  function conv(name: string, size: number, outputs: number, stride: 1 | 2 = 1) {
    layers.push({
      ...{ kind: "conv", name, size, inputs, outputs },
      ...stride === 2 && { stride },
      ...batchNorm !== undefined && !name.startsWith("fc") && { normalised: true },
    });
    inputs = outputs;
  }

  for (const [block, cells] of blocks.entries()) {
    let place = 1;
    for (const cell of cells) {
      if (cell === "lrn") {
        layers.push({ kind: "lrn" });
        continue;
      }
      const { size, channels, stride }: Exclude<BlockLayer, number | "lrn"> =
        typeof cell === "number" ? { size: 3, channels: cell } : cell;
      conv(`conv${block + 1}_${place++}`, size, channels * shape.width, stride);
    }
    const last = cells.findLast((cell) => cell !== "lrn");
    if (typeof last === "object" && last.stride === 2) continue;
    layers.push({ kind: "maxpool", ...shape.oddSides && { oddSides: shape.oddSides } });
  }
  if (average) layers.push({ kind: "avgpool" });
  const hidden = fc?.map((units) => units * shape.fc / IMAGENET.fc) ?? [shape.fc, shape.fc];
  const map = lastMapOf(layers, shape.crop, shape.oddSides);
  for (const [i, units] of [...hidden, shape.classes].entries()) {
    conv(i === hidden.length ? "fc8" : `fc${6 + i}`, i === 0 ? map : 1, units);
  }
  return layers;
}

/** The layers that have weights. */
export function convsOf(layers: readonly Layer[]): Conv[] {
  return layers.filter((layer) => layer.kind === "conv");
}

/** Weight layers of a configuration: what the paper calls its depth, 11 in A to 19 in E. */
export function depthOf(net: ConfigName | NetLayers): number {
  return convsOf(layersOf(net)).length;
}

/** Names of the tensors of a layer's batch normalisation besides its bias, the shift. */
export const NORM_TENSORS = ["scale", "mean", "variance"] as const;

/** What batch normalisation adds to a variance: PyTorch's default. */
export const NORM_EPSILON = 1e-5;

/**
 * Shapes of a net's weights by name: kernels `[size, size, inputs, outputs]`, biases `[outputs]`, and the
 * same for the scale of batch normalisation and its running averages.
 */
export function weightShapes(layers: readonly Layer[]): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { name, size, inputs, outputs, normalised } of convsOf(layers)) {
    shapes.set(`${name}.kernel`, [size, size, inputs, outputs]).set(`${name}.bias`, [outputs]);
    if (normalised) NORM_TENSORS.forEach((tensor) => shapes.set(`${name}.${tensor}`, [outputs]));
  }
  return shapes;
}

/** Names of the layers that two nets share: equal in name, size, inputs, outputs and normalisation. */
export function layersInCommon(one: readonly Layer[], other: readonly Layer[]): string[] {
  const of = (layers: readonly Layer[]) =>
    new Map(convsOf(layers).map((conv) => [conv.name, conv]));
  const others = of(other);
  return [...of(one)].filter(([name, conv]) => {
    const { size, inputs, outputs, normalised } = others.get(name) ?? {};
    return size === conv.size && inputs === conv.inputs && outputs === conv.outputs &&
      normalised === conv.normalised;
  }).map(([name]) => name);
}

/**
 * Whether depth is the only difference of two nets: one has every layer of the other, in one shape,
 * and more convolutions.
 */
export function isDeeperForm(one: NetLayers, other: NetLayers): boolean {
  const [deep, shallow] = [layersOf(one), layersOf(other)];
  const lrn = (layers: readonly Layer[]) => layers.filter(({ kind }) => kind === "lrn").length;
  const strides = (layers: readonly Layer[]) =>
    String(convsOf(layers).filter(({ stride }) => stride === 2).map(({ name }) => name));
  return lrn(deep) === lrn(shallow) && strides(deep) === strides(shallow) &&
    depthOf(one) > depthOf(other) &&
    layersInCommon(shallow, deep).length === depthOf(other);
}

/** Number of weights and biases, as in Table 2, and of scales of batch normalisation. */
export function countParameters(layers: readonly Layer[]): number {
  return convsOf(layers)
    .map(({ size, inputs, outputs, normalised }) =>
      (size * size * inputs + (normalised ? 2 : 1)) * outputs
    )
    .reduce((a, b) => a + b);
}

/**
 * Multiplications and additions of one forward pass over an image of `height` by `width` pixels,
 * a multiply-add counted once. Convs of stride 1 keep the size of their maps; fully-connected layers slide over the
 * last.
 */
export function countMultiplyAdds(layers: readonly Layer[], height: number, width = height) {
  let [h, w, total] = [height, width, 0];
  for (const layer of layers) {
    const { oddSides } = layer.kind === "maxpool" ? layer : {};
    [h, w] = [sideAfter(layer, h, oddSides), sideAfter(layer, w, oddSides)];
    if (layer.kind !== "conv") continue;
    const { size, inputs, outputs } = layer;
    if (isFullyConnected(layer)) [h, w] = [h - size + 1, w - size + 1];
    total += h * w * size * size * inputs * outputs;
  }
  return total;
}
