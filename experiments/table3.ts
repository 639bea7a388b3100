/** Table 3: ConvNet performance at a single test scale. */
import type { ConfigName, ListedTable, Row, TrainScale } from "../lib/experiment.ts";
import { evaluations, JITTERED, net, oneScale } from "./protocol.ts";

function row(config: ConfigName, S: TrainScale, top1: number, top5: number): Row {
  return {
    evaluations: evaluations(net(config, S), oneScale(S), "dense"),
    published: { top1, top5 },
  };
}

export default {
  name: "table3",
  caption: "ConvNet performance at a single test scale",
  help: {
    summary: "Table 3: train and test at a single scale",
    about: "Each net at one test scale, on whole images (Section 4.1).",
  },
  headings: ["config", "S", "Q"],
  note:
    "B, C, D and E start from a trained net A, so they were trained more often than the A above. " +
    "deno task initialisation has the control: net A trained again from net A.",
  rows: [
    row("A", 256, 29.6, 10.4),
    row("A-LRN", 256, 29.7, 10.5),
    row("B", 256, 28.7, 9.9),
    row("C", 256, 28.1, 9.4),
    row("C", 384, 28.1, 9.3),
    row("C", JITTERED, 27.3, 8.8),
    row("D", 256, 27.0, 8.8),
    row("D", 384, 26.8, 8.7),
    row("D", JITTERED, 25.6, 8.1),
    row("E", 256, 27.3, 9.0),
    row("E", 384, 26.9, 8.7),
    row("E", JITTERED, 25.5, 8.0),
  ],
} satisfies ListedTable;
