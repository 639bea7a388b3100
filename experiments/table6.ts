/** Table 6: multiple ConvNet fusion results. */
import type { ListedTable, Method, Published, Row, TrainRun } from "../lib/experiment.ts";
import { evaluations, JITTERED, net, threeScales } from "./protocol.ts";

/** The submission's jittered D: "fine-tuned only the fully-connected layers" (4.4). */
const submittedD: TrainRun = { ...net("D", JITTERED), update: "fc" };

const submission = [
  net("D", 256),
  net("D", 384),
  submittedD,
  net("C", 256),
  net("C", 384),
  net("E", 256),
  net("E", 384),
];
const best = [net("D", JITTERED), net("E", JITTERED)];

/** Each net at its own three test scales. */
function row(nets: readonly TrainRun[], methods: readonly Method[], published: Published): Row {
  const each = nets.flatMap((net) => evaluations(net, threeScales(net.S), ...methods));
  return { evaluations: each, published };
}

export default {
  name: "table6",
  caption: "Multiple ConvNet fusion results",
  help: {
    summary: "Table 6: several nets together",
    about: "Several nets together: their posteriors are averaged (Section 4.4).",
  },
  headings: ["nets", "method"],
  rows: [
    {
      title: "ILSVRC submission",
      ...row(submission, ["dense"], { top1: 24.7, top5: 7.5, testTop5: 7.3 }),
    },
    row(best, ["dense"], { top1: 24.0, top5: 7.1, testTop5: 7.0 }),
    row(best, ["multi-crop"], { top1: 23.9, top5: 7.2 }),
    row(best, ["multi-crop", "dense"], { top1: 23.7, top5: 6.8, testTop5: 6.8 }),
  ],
} satisfies ListedTable;
