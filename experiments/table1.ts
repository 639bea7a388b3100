/** Table 1: ConvNet configurations. Needs no run. */
import type { ConfigName } from "../lib/experiment.ts";
import { CONFIGS, convsOf, type Layer, layersOf } from "../lib/vgg/configs.ts";

/** A column of Table 1: one network, input to soft-max. */
export interface ConfigColumn {
  readonly config: ConfigName;
  /** Layers between the input image and the soft-max, first to last. */
  readonly layers: readonly Layer[];
  /** Layers that have weights, as the paper counts depth. */
  readonly depth: number;
}

const columns: readonly ConfigColumn[] = CONFIGS.map((config) => {
  const layers = layersOf(config);
  return { config, layers, depth: convsOf(layers).length };
});

export default { name: "table1", caption: "ConvNet configurations", columns };
