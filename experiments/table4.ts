/** Table 4: ConvNet performance at multiple test scales. */
import type { ConfigName, ListedTable, Row, TrainScale } from "../lib/experiment.ts";
import { evaluations, JITTERED, net, threeScales } from "./protocol.ts";

function row(config: ConfigName, S: TrainScale, top1: number, top5: number): Row {
  return {
    evaluations: evaluations(net(config, S), threeScales(S), "dense"),
    published: { top1, top5 },
  };
}

export default {
  name: "table4",
  caption: "ConvNet performance at multiple test scales",
  help: {
    summary: "Table 4: several test scales",
    about: "Each net at three test scales, whose posteriors are averaged (Section 4.2).",
  },
  headings: ["config", "S", "Q"],
  rows: [
    row("B", 256, 28.2, 9.6),
    row("C", 256, 27.7, 9.2),
    row("C", 384, 27.8, 9.2),
    row("C", JITTERED, 26.3, 8.2),
    row("D", 256, 26.6, 8.6),
    row("D", 384, 26.5, 8.6),
    row("D", JITTERED, 24.8, 7.5),
    row("E", 256, 26.9, 8.7),
    row("E", 384, 26.7, 8.6),
    row("E", JITTERED, 24.8, 7.5),
  ],
} satisfies ListedTable;
