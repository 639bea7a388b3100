/** Section 3.1, beside Table 3: what pre-initialisation from net A is worth. No published errors. */
import type { ConfigName, Row, Table, TrainRun } from "../lib/experiment.ts";
import { evaluations, net, oneScale } from "./protocol.ts";

/** A net that starts from random weights alone. */
export function fromScratch(config: ConfigName): TrainRun {
  return { config, S: 256, init: "random" };
}

function row(title: string, run: TrainRun): Row {
  return { title, evaluations: evaluations(run, oneScale(run.S), "dense"), published: {} };
}

export default {
  name: "starts",
  caption: "Pre-initialisation from net A or random weights (Section 3.1)",
  headings: ["config", "title"],
  rows: (["B", "D"] as const).flatMap((config) => [
    row("from net A", net(config, 256)),
    row("from random weights", fromScratch(config)),
  ]),
} satisfies Table;
