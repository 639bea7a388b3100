/** From posteriors to errors. */
import type { Errors } from "./experiment.ts";

/** Class posteriors of a validation set under one evaluation. */
export interface Posteriors {
  readonly classes: number;
  /** `[images, classes]`, row after row. */
  readonly values: Float32Array;
  /** `[images]`. */
  readonly labels: Int32Array;
}

/**
 * The mean of several evaluations' posteriors: the paper's one way to combine test scales, methods
 * and nets (Sections 3.2, 4.2-4.4). Throws where they are not of the same images.
 */
export function meanPosteriors(evaluations: readonly Posteriors[]): Posteriors {
  const [first, ...others] = evaluations;
  if (first === undefined) throw new RangeError("Cannot average no posteriors: name an evaluation");
  for (const other of others) {
    const alike = other.classes === first.classes &&
      other.labels.length === first.labels.length &&
      other.labels.every((label, i) => label === first.labels[i]);
    if (!alike) throw new RangeError("Cannot average posteriors of different images or classes");
  }
  const values = first.values.map((_, i) =>
    evaluations.reduce((sum, { values }) => sum + values[i]!, 0) / evaluations.length
  );
  return { ...first, values };
}

/**
 * Top-1 and top-5 errors in per cent: the share of images whose label is not the highest, or not
 * among the five highest posteriors. A class that ties with the label counts as higher, so that a
 * net that says the same of all classes earns nothing.
 */
export function errorsOf({ classes, values, labels }: Posteriors): Errors {
  let [top1, top5] = [0, 0];
  for (const [image, label] of labels.entries()) {
    const row = values.subarray(image * classes, (image + 1) * classes);
    const own = row[label]!;
    let higher = -1; // the label itself
    for (const value of row) if (!(value < own)) higher++;
    if (higher >= 1) top1++;
    if (higher >= 5) top5++;
  }
  return { top1: 100 * top1 / labels.length, top5: 100 * top5 / labels.length };
}
