/** Table 5: dense and multi-crop evaluation, and both averaged. S and Q as the last rows of Table 4. */
import type { ConfigName, ListedTable, Method, Row } from "../lib/experiment.ts";
import { evaluations, JITTERED, net, threeScales } from "./protocol.ts";

function row(config: ConfigName, methods: readonly Method[], top1: number, top5: number): Row {
  return {
    evaluations: evaluations(net(config, JITTERED), threeScales(JITTERED), ...methods),
    published: { top1, top5 },
  };
}

export default {
  name: "table5",
  caption: "ConvNet evaluation techniques comparison",
  help: {
    summary: "Table 5: dense and multi-crop evaluation",
    about: "Whole images compared with 150 crops of each, and both averaged (Section 4.3).",
  },
  headings: ["config", "method"],
  rows: [
    row("D", ["dense"], 24.8, 7.5),
    row("D", ["multi-crop"], 24.6, 7.5),
    row("D", ["multi-crop", "dense"], 24.4, 7.2),
    row("E", ["dense"], 24.8, 7.5),
    row("E", ["multi-crop"], 24.6, 7.4),
    row("E", ["multi-crop", "dense"], 24.4, 7.1),
  ],
} satisfies ListedTable;
