/** Nets of blocks of one's own, as files with tables make them. */
import { createHash } from "node:crypto";
import type { BlockLayer, NetLayers, TrainRun, TrainScale } from "../experiment.ts";
import { layersInCommon, layersOf } from "../vgg/configs.ts";

/** The layers of a net without a name, which then is named after them: `64-128-256x2`. */
export type UnnamedLayers = Omit<NetLayers, "config" | "blocks"> & {
  /** See `NetLayers`. */
  readonly blocks: NonNullable<NetLayers["blocks"]>;
};

/**
 * A net of one's own at S: from random weights, or from every layer that another net has under the same
 * name in the same shape. Layers that it lacks are drawn at random. A net without a name is named after
 * its layers.
 *
 * ```ts
 * import { ownNet } from "./own_net.ts";
 *
 * const F = { config: "F", blocks: [[64], [128], [256, 256], [512, 512], [512, 512], [512]] };
 * const A = { config: "A", S: 256, init: "random" } as const;
 * const { init } = ownNet(F, 256, A);
 * if (typeof init !== "object" || !("layers" in init)) throw new Error("it starts from A");
 * // fc6 covers a smaller map after a sixth pooling, and the sixth block is not in A
 * if (init.layers.includes("fc6") || init.layers.length !== 10) throw new Error("8 convs, fc7, fc8");
 * const { config } = ownNet({ blocks: [[64], [128, 128]], batchNorm: true }, 256);
 * if (config !== "64-128x2-bn") throw new Error(config);
 * ```
 */
export function ownNet(
  layers: NetLayers | UnnamedLayers,
  S: TrainScale,
  from?: TrainRun,
): TrainRun {
  const net = namedLayers(layers);
  if (from === undefined) return { ...net, S, init: "random" };
  return { ...net, S, init: { from, layers: layersInCommon(layersOf(from), layersOf(net)) } };
}

/** The longest name of layers; longer ones end with a digest. */
const LONGEST = 40;

/** Layers with a name: their own, or one that says what they are. */
export function namedLayers(net: NetLayers | UnnamedLayers): NetLayers {
  if ("config" in net) return net;
  const { blocks, batchNorm, average, fc, dropout } = net;
  const name = [
    ...blocks.map(blockName),
    ...batchNorm === undefined ? [] : [`bn${batchNorm === true ? "" : batchNorm}`],
    ...average ? ["avg"] : [],
    ...fc === undefined ? [] : [`fc${fc.length === 0 ? "0" : fc.join(".")}`],
    ...dropout === undefined ? [] : [`drop${dropout}`],
  ].join("-");
  if (name.length <= LONGEST) return { config: name, ...net };
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return { config: `${name.slice(0, LONGEST)}-${digest}`, ...net };
}

/** The layers of a block, equal neighbours once: `256x2`, `64.1c32s2`, `64.lrn`. */
function blockName(block: readonly BlockLayer[]): string {
  const names = block.map((layer) => {
    if (typeof layer !== "object") return String(layer);
    const { size, channels, stride = 1 } = layer;
    return `${size}c${channels}${stride === 1 ? "" : `s${stride}`}`;
  });
  const runs: { name: string; count: number }[] = [];
  for (const name of names) {
    const last = runs.at(-1);
    if (last?.name === name) last.count++;
    else runs.push({ name, count: 1 });
  }
  return runs.map(({ name, count }) => count === 1 ? name : `${name}x${count}`).join(".");
}

/** A value of JSON in which nets with blocks and without a name have one. */
export function withNames(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withNames);
  const named = Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [field, withNames(inner)]),
  );
  return isUnnamed(named) ? namedLayers(named) : named;
}

/** Whether a value has blocks that a name can be made of, and no name; what else it is, is checked later. */
function isUnnamed(value: object): value is UnnamedLayers {
  const { blocks } = value as { readonly blocks?: unknown };
  return !("config" in value) && Array.isArray(blocks) && blocks.every(Array.isArray) &&
    blocks.flat().every((layer) => layer !== null) &&
    (!("fc" in value) || Array.isArray(value.fc));
}
