/** Table 1: ConvNet configurations. Needs no run. */
import type { ConfigName, NetLayers } from "../lib/experiment.ts";
import { CONFIGS, convsOf, type Layer, layersOf } from "../lib/vgg/configs.ts";

/** A column of Table 1: one network, input to soft-max. */
export interface ConfigColumn {
  readonly config: string;
  /** Layers between the input image and the soft-max, first to last. */
  readonly layers: readonly Layer[];
  /** Layers that have weights, as the paper counts depth. */
  readonly depth: number;
}

/** The column of a net: of the paper's, or of blocks of one's own. */
export function columnOf(net: ConfigName | NetLayers): ConfigColumn {
  const layers = layersOf(net);
  const { config } = typeof net === "string" ? { config: net } : net;
  return { config, layers, depth: convsOf(layers).length };
}

const columns: readonly ConfigColumn[] = CONFIGS.map(columnOf);

export default { name: "table1", caption: "ConvNet configurations", columns };
