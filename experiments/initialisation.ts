/**
 * Section 3.1, beside Table 3: what pre-initialisation from net A is worth, and controls for it. The
 * paper has no errors of these.
 *
 * A net that starts from net A is trained twice. The controls are net A trained twice as well, so
 * that a second training is not mistaken for depth; with noise on its weights; and three times, which
 * takes about as many multiply-adds as net D after net A.
 */
import {
  type ConfigName,
  type Inherited,
  type ListedTable,
  PAPER_TRANSFER,
  type Row,
  type TrainRun,
} from "../lib/experiment.ts";
import { evaluations, net, oneScale } from "./protocol.ts";

/** A net that starts from random weights alone. */
export function fromScratch(config: ConfigName): TrainRun {
  return { config, S: 256, init: "random" };
}

/** A net that starts from another one of the same S, with some of its layers or all. */
function startingFrom(from: TrainRun, config: ConfigName, layers: Inherited): TrainRun {
  return { config, S: from.S, init: { from, layers } };
}

const A = net("A", 256);
const again = startingFrom(A, "A", "all");

function row(title: string, run: TrainRun): Row {
  return { title, evaluations: evaluations(run, oneScale(run.S), "dense"), published: {} };
}

/** The control of depth: deeper nets have to be better than net A that was trained as often. */
export const trainedAgain = row("again", again);

export default {
  name: "initialisation",
  caption: "Pre-initialisation from net A or random weights (Section 3.1), and controls",
  help: {
    summary: "Side experiment of Section 3.1: pre-initialisation or random weights",
    about:
      "B, D and E initialised from random weights, from net A as the paper does it, and as net A " +
      "with identities inserted; and controls: net A trained again from net A, with noise, and " +
      "twice (Section 3.1). Not a part of reproduce-all.",
  },
  headings: ["config", "title"],
  rows: [
    row("from random weights", A),
    trainedAgain,
    row("again, with noise", startingFrom(A, "A", "perturb")),
    row("again, twice", startingFrom(again, "A", "all")),
    ...(["B", "D", "E"] as const).flatMap((config) => [
      row("from random weights", fromScratch(config)),
      row("from net A, 7 layers", startingFrom(A, config, PAPER_TRANSFER)),
      row("from net A, deepened", startingFrom(A, config, "deepen")),
    ]),
  ],
} satisfies ListedTable;
