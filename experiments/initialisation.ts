/** Section 3.1, beside ListedTable 3: what pre-initialisation from net A is worth. No published errors. */
import type { ConfigName, ListedTable, Row, TrainRun } from "../lib/experiment.ts";
import { evaluations, net, oneScale } from "./protocol.ts";

/** A net that starts from random weights alone. */
export function fromScratch(config: ConfigName): TrainRun {
  return { config, S: 256, init: "random" };
}

function row(title: string, run: TrainRun): Row {
  return { title, evaluations: evaluations(run, oneScale(run.S), "dense"), published: {} };
}

export default {
  name: "initialisation",
  caption: "Pre-initialisation from net A or random weights (Section 3.1)",
  help: {
    summary: "Side experiment of Section 3.1: pre-initialisation or random weights",
    about:
      "B and D initialised from net A and from random weights (Section 3.1). Not a part of reproduce-all.",
  },
  headings: ["config", "title"],
  rows: (["B", "D"] as const).flatMap((config) => [
    row("from net A", net(config, 256)),
    row("from random weights", fromScratch(config)),
  ]),
} satisfies ListedTable;
