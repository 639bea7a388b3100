/**
 * Final training losses. If a deeper net has a higher test error than a shallower one and a higher
 * training loss, too, it was trained too little: it can represent the same function (He et al. 2015,
 * Section 1). Its test error then says nothing about depth.
 *
 * @module
 */
import { displayName, formatS, type Row, type TrainRun } from "../experiment.ts";
import { isDeeperForm } from "../vgg/configs.ts";
import type { LogEntry } from "../vgg/checkpoint.ts";

/** The last part of a training over which losses are averaged, as single log lines are noisy. */
const END = 1 / 10;

/** Mean cross-entropy over a training's last tenth; undefined for an empty log. */
export function finalLoss(log: readonly Pick<LogEntry, "step" | "loss">[]): number | undefined {
  const last = log.at(-1)?.step ?? 0;
  return meanLoss(log, log.findIndex(({ step }) => step > last * (1 - END)));
}

/** Mean cross-entropy from a line of a log to its end; undefined if there is no such line. */
export function meanLoss(
  log: readonly Pick<LogEntry, "step" | "loss">[],
  first: number,
): number | undefined {
  if (first < 0) return undefined;
  let [steps, sum] = [0, 0];
  for (let line = first; line < log.length; line++) {
    const { step, loss } = log[line]!;
    const since = step - (log[line - 1]?.step ?? 0); // the loss in a line is a mean over these steps
    steps += since;
    sum += since * loss;
  }
  return sum / steps;
}

/** Lines of a log before and after a division of the rate that are compared, and a rise that is one. */
const [LINES, RISE] = [3, 1.15];

/** Lines of a log before which the learning rate was divided. */
export function dropsIn<Line extends Pick<LogEntry, "learningRate">>(
  log: readonly Line[],
): Line[] {
  return log.filter(({ learningRate }, i) => i > 0 && learningRate < log[i - 1]!.learningRate / 2);
}

/** The loss around a division of the learning rate. */
export interface LossRise {
  readonly before: number;
  readonly after: number;
}

/** The largest rise of the loss where the learning rate was divided; undefined if it rose nowhere. */
export function riseAtDrop(
  log: readonly Pick<LogEntry, "loss" | "learningRate">[],
): LossRise | undefined {
  const mean = (lines: readonly Pick<LogEntry, "loss">[]) =>
    lines.reduce((sum, { loss }) => sum + loss, 0) / lines.length;
  const found = dropsIn(log).map((line) => log.indexOf(line)).map((at) => ({
    before: mean(log.slice(Math.max(0, at - LINES), at)),
    after: mean(log.slice(at, at + LINES)),
  })).filter(({ before, after }) => after > RISE * before);
  return found.sort((a, b) => b.after / b.before - a.after / a.before)[0];
}

/** A net's final training loss, mean over seeds; undefined if it is not known. */
export type LossOf = (net: TrainRun) => number | undefined;

/** A comparison of the training losses of two rows. */
export interface LossComparison {
  /** Whether the deeper net has the higher training loss, too. */
  readonly underTrained: boolean;
  readonly words: string;
}

/**
 * Compares the training losses of two rows of one net each; the first has the higher test error.
 * Undefined if the nets are equal or a loss is unknown. Losses are compared to two decimals.
 */
export function compareLosses(worse: Row, better: Row, lossOf: LossOf): LossComparison | undefined {
  const [one, other] = [trainedNet(worse, lossOf), trainedNet(better, lossOf)];
  if (one === undefined || other === undefined || one.key === other.key) return undefined;
  if (one.S !== other.S) {
    const words = "training losses are not comparable: their crops have different S";
    return { underTrained: false, words };
  }
  const losses = `final training losses: ${one.name} ${one.loss}, ${other.name} ${other.loss}`;
  if (Number(one.loss) <= Number(other.loss)) {
    return { underTrained: false, words: `${losses}; not under-trained` };
  }
  if (!isDeeperForm(one.net, other.net)) return { underTrained: false, words: losses };
  return {
    underTrained: true,
    words: `${losses}; the deeper net is under-trained, so this says nothing against depth`,
  };
}

/** The net of a row with a single net, if its loss is known. */
function trainedNet({ title: own, evaluations }: Row, lossOf: LossOf) {
  const nets = new Map(evaluations.map(({ net }) => [JSON.stringify(net), net]));
  const [[key, net] = []] = nets;
  const loss = nets.size === 1 && net !== undefined ? lossOf(net) : undefined;
  if (key === undefined || net === undefined || loss === undefined) return undefined;
  return {
    key,
    S: formatS(net.S),
    name: own ?? displayName(net),
    net,
    loss: loss.toFixed(2),
  };
}
