/** Errors by class, confusions, and the most confident mistakes of a row's nets. */
import type { RowResult, TableResult } from "../results/row_result.ts";
import type { Table } from "../experiment.ts";
import type { Scores } from "../score.ts";
import { type Interval, wilson } from "../statistics/mod.ts";

/** How often images of a class were misclassified (top-1), over all seeds. */
export interface ClassErrors {
  readonly label: number;
  readonly images: number;
  readonly misses: number;
  /** Share of misses in per cent, and its interval at 95 % (Wilson). */
  readonly error: number;
  readonly interval: Interval;
}

/** How often one class was predicted for another, over all seeds. */
export interface Confusion {
  readonly label: number;
  readonly predicted: number;
  readonly images: number;
  /** Of the images of the true class, 0 to 1. */
  readonly share: number;
}

/** A misclassified image. */
export interface Mistake {
  /** Index among the validation images. */
  readonly image: number;
  readonly label: number;
  readonly predicted: number;
  /** Posterior of the predicted class. */
  readonly confidence: number;
}

/** The row with the lowest measured top-1 error (the first of several), its table and number. */
export function bestRow(
  results: readonly TableResult[],
): { readonly result: RowResult; readonly table: Table; readonly row: number } | undefined {
  const rows = results.flatMap(({ table, rows }) =>
    rows.map((result, i) => ({ result, table, row: i + 1 }))
  ).filter(({ result }) => result.scores.length > 0);
  const least = Math.min(...rows.map(({ result }) => result.measured!.top1));
  return rows.find(({ result }) => result.measured!.top1 === least);
}

/** Errors of every class that has images, worst first. */
export function classErrors(seeds: readonly Scores[]): ClassErrors[] {
  const images = new Map<number, number>(), misses = new Map<number, number>();
  for (const { labels, ranks } of seeds) {
    for (const [image, label] of labels.entries()) {
      images.set(label, (images.get(label) ?? 0) + 1);
      if (ranks[image]! > 0) misses.set(label, (misses.get(label) ?? 0) + 1);
    }
  }
  return [...images].map(([label, count]) => {
    const missed = misses.get(label) ?? 0;
    // Seeds share the same images, so more seeds do not narrow the interval. Of an image with several
    // right classes, each seed may take another, so that a mean over seeds need not be whole.
    const own = count / seeds.length;
    const { low, high } = wilson(missed / count * own, own);
    return {
      ...{ label, images: count, misses: missed, error: 100 * missed / count },
      interval: { low: 100 * low, high: 100 * high },
    };
  }).sort((a, b) => b.error - a.error || a.label - b.label);
}

/** Pairs of true and predicted class that occur, equal classes included, most frequent first. */
export function confusions(seeds: readonly Scores[]): Confusion[] {
  const counts = new Map<string, number>(), totals = new Map<number, number>();
  for (const { labels, predicted } of seeds) {
    for (const [image, label] of labels.entries()) {
      const pair = `${label} ${predicted[image]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
      totals.set(label, (totals.get(label) ?? 0) + 1);
    }
  }
  return [...counts].map(([pair, images]) => {
    const [label, predicted] = pair.split(" ").map(Number) as [number, number];
    return { label, predicted, images, share: images / totals.get(label)! };
  }).sort((a, b) => b.images - a.images || a.label - b.label || a.predicted - b.predicted);
}

/** The mistakes with the highest posteriors, highest first. */
export function mostConfidentMistakes(
  { labels, predicted, confidence }: Scores,
  most: number,
): Mistake[] {
  const wrong = [...labels.keys()].filter((image) => predicted[image] !== labels[image]);
  return wrong.sort((a, b) => confidence[b]! - confidence[a]! || a - b).slice(0, most)
    .map((image) => ({
      image,
      label: labels[image]!,
      predicted: predicted[image]!,
      confidence: confidence[image]!,
    }));
}
