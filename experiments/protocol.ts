/** How the paper trains and tests (Section 3): policy, separate from the engine. */
import type { ConfigName, EvalRun, Init, Method, TrainRun, TrainScale } from "../lib/experiment.ts";
import { middleOf } from "../lib/vgg/images.ts";

/** Nets that start from random weights: no kernel of net A's fits the 5x5 net. */
const FIRST: readonly ConfigName[] = ["A", "A-LRN", "B-5x5"];

/** S drawn for each image (3.1). */
export const JITTERED: TrainScale = [256, 512];

/**
 * The network that the paper calls `config`, trained at S, with the chain it was initialised from:
 * A from random weights, the deeper nets from A; S = 384 from S = 256; jittered S from S = 384.
 * Other scales start as S = 384 or as the paper's jittered S.
 */
export function net(config: ConfigName, S: TrainScale): TrainRun {
  if (S === 256) {
    return { config, S, init: FIRST.includes(config) ? "random" : initFrom(net("A", 256), config) };
  }
  return { config, S, init: initFrom(net(config, typeof S === "number" ? 256 : 384), config) };
}

/**
 * How a net of `config` starts from an earlier one: with all layers of a net of the same config, else
 * with the layers of the setup's `transfer`.
 */
export function initFrom(from: TrainRun, config: ConfigName): Extract<Init, { from: TrainRun }> {
  return { from, layers: from.config === config ? "all" : "transfer" };
}

/** Q = S, or the middle of the range for a jittered S (4.1). */
export function oneScale(S: TrainScale): number[] {
  return [middleOf(S)];
}

/** {S - 32, S, S + 32}, or both ends and the middle of the range for a jittered S (4.2). */
export function threeScales(S: TrainScale): number[] {
  return typeof S === "number" ? [S - 32, S, S + 32] : [S[0], middleOf(S), S[1]];
}

/** One evaluation for each test scale and method. */
export function evaluations(
  net: TrainRun,
  Qs: readonly number[],
  ...methods: readonly Method[]
): EvalRun[] {
  return methods.flatMap((method) => Qs.map((Q) => ({ net, Q, method })));
}
