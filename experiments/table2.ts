/** Table 2: number of parameters. Needs no run: the counts follow from Table 1. */
import type { ConfigName, NetLayers } from "../lib/experiment.ts";
import { countParameters, layersOf } from "../lib/vgg/configs.ts";

/** Networks that share a column of Table 2. */
export interface ParameterColumn {
  readonly configs: readonly ConfigName[];
  /** Published, in millions. */
  readonly published: number;
}

const columns: readonly ParameterColumn[] = [
  { configs: ["A", "A-LRN"], published: 133 },
  { configs: ["B"], published: 133 },
  { configs: ["C"], published: 134 },
  { configs: ["D"], published: 138 },
  { configs: ["E"], published: 144 },
];

/** A network: its weights and biases at 224 pixels and 1000 classes, and the paper's millions. */
export interface ParameterRow {
  readonly config: string;
  readonly parameters: number;
  /** Absent where the paper has no such net. */
  readonly published?: number;
}

/** The row of a net: of the paper's, or of blocks of one's own. */
export function rowOf(net: NetLayers): ParameterRow {
  const parameters = countParameters(layersOf(net));
  const { published } = net.blocks !== undefined
    ? {}
    : columns.find(({ configs }) => configs.some((config) => config === net.config)) ?? {};
  return { config: net.config, parameters, ...published !== undefined && { published } };
}

const rows: readonly ParameterRow[] = columns.flatMap(({ configs }) => configs)
  .map((config) => rowOf({ config }));

export default { name: "table2", caption: "Number of parameters", rows };
