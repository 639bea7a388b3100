/** Nets of blocks of one's own, as files with tables make them. */
import type { NetLayers, TrainRun, TrainScale } from "../experiment.ts";
import { layersInCommon, layersOf } from "../vgg/configs.ts";

/**
 * A net of one's own at S: from random weights, or from every layer that another net has under the same
 * name in the same shape. Layers that it lacks are drawn at random.
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
 * ```
 */
export function ownNet(net: NetLayers, S: TrainScale, from?: TrainRun): TrainRun {
  if (from === undefined) return { ...net, S, init: "random" };
  return { ...net, S, init: { from, layers: layersInCommon(layersOf(from), layersOf(net)) } };
}
