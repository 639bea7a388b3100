/**
 * Where trainings ended. A deeper net that tests worse than a shallower one may have learned its
 * own training images worse, too: it could represent what the other did (He et al. 2015, Section
 * 1), so it was trained too little, and its test error says nothing of depth.
 *
 * @module
 */
import { formatS, type Row, title, type TrainRun } from "../experiment.ts";
import { isDeeperForm } from "../vgg/configs.ts";
import type { LogEntry } from "../vgg/checkpoint.ts";

/** The share of a training, at its end, whose losses are averaged: a line of a log is noisy. */
const END = 1 / 10;

/** Mean cross-entropy of a training's last tenth; nothing of an empty log. */
export function finalLoss(log: readonly Pick<LogEntry, "step" | "loss">[]): number | undefined {
  const last = log.at(-1)?.step ?? 0;
  return meanLoss(log, log.findIndex(({ step }) => step > last * (1 - END)));
}

/** Mean cross-entropy from a line of a log on; nothing where there is no such line. */
export function meanLoss(
  log: readonly Pick<LogEntry, "step" | "loss">[],
  first: number,
): number | undefined {
  if (first < 0) return undefined;
  let [steps, sum] = [0, 0];
  for (let line = first; line < log.length; line++) {
    const { step, loss } = log[line]!;
    const since = step - (log[line - 1]?.step ?? 0); // a line's loss is a mean over these steps
    steps += since;
    sum += since * loss;
  }
  return sum / steps;
}

/** A net's training loss at the end, mean over seeds; nothing where it is not known. */
export type LossOf = (net: TrainRun) => number | undefined;

/** What losses say of a row that tests worse than another. */
export interface LossComparison {
  /** Whether it is the deeper net and learned its own training images worse, too. */
  readonly underTrained: boolean;
  readonly words: string;
}

/**
 * What the losses say of two rows of one net each, of which the first tests worse. Nothing where
 * the nets are the same, or their losses unknown. Losses are told apart to two decimals.
 */
export function compareLosses(worse: Row, better: Row, lossOf: LossOf): LossComparison | undefined {
  const [one, other] = [trainedNet(worse, lossOf), trainedNet(better, lossOf)];
  if (one === undefined || other === undefined || one.key === other.key) return undefined;
  if (one.S !== other.S) {
    const words = "training losses do not compare: they are of crops of another S";
    return { underTrained: false, words };
  }
  const losses = `final training losses: ${one.name} ${one.loss}, ${other.name} ${other.loss}`;
  if (Number(one.loss) <= Number(other.loss)) {
    return { underTrained: false, words: `${losses}; so not for want of training` };
  }
  if (!isDeeperForm(one.config, other.config)) return { underTrained: false, words: losses };
  return {
    underTrained: true,
    words: `${losses}; the deeper net is under-trained, so no evidence against depth`,
  };
}

/** The net of a row that tests a single one, and its loss if that is known. */
function trainedNet({ title: own, evaluations }: Row, lossOf: LossOf) {
  const nets = new Map(evaluations.map(({ net }) => [JSON.stringify(net), net]));
  const [[key, net] = []] = nets;
  const loss = nets.size === 1 && net !== undefined ? lossOf(net) : undefined;
  if (key === undefined || net === undefined || loss === undefined) return undefined;
  return {
    key,
    S: formatS(net.S),
    name: own ?? title(net),
    config: net.config,
    loss: loss.toFixed(2),
  };
}
