/** Table 2: number of parameters. Needs no run: the counts follow from Table 1. */
import type { ConfigName } from "../lib/experiment.ts";
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

/** One row a network: weights and biases at 224 pixels and 1000 classes, and the paper's millions. */
const rows = columns.flatMap(({ configs, published }) =>
  configs.map((config) => ({ config, parameters: countParameters(layersOf(config)), published }))
);

export default { name: "table2", caption: "Number of parameters", rows };
