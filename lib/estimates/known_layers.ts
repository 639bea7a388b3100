/** The layers of nets that are asked for again and again: a plan of a thousand rows has few nets. */
import { type Layer, layersFields, layersOf, type NetShape } from "../vgg/configs.ts";
import type { NetLayers } from "../experiment.ts";

const known = new Map<string, readonly Layer[]>();

/** The layers of a net, first to last, as `layersOf` has them; for equal nets the same list. */
export function knownLayersOf(net: NetLayers, shape: NetShape): readonly Layer[] {
  const name = JSON.stringify([layersFields(net), shape]);
  const layers = known.get(name) ?? layersOf(net, shape);
  known.set(name, layers);
  return layers;
}
