/** Where a training stands between two steps, and what it logs: types alone, so that a store depends on no trainer. */

import type { Errors } from "../experiment.ts";
import type { Plateau } from "./schedule.ts";

/** Tensors by name, float32. */
export type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly values: Float32Array }
>;

/** Where a training stands between two steps. */
export interface Checkpoint {
  /** Updates done. */
  readonly step: number;
  readonly plateau: Plateau;
  /** Weights, and velocities as `<name>.velocity`. */
  readonly tensors: Tensors;
  /** Losses since the log's last line, where there are any. */
  readonly losses?: Losses;
  /** Whether the validation after this step is still to be done. */
  readonly due?: true;
  /** Whether the training had begun again. */
  readonly again?: true;
}

/** Losses that no line of the log has yet. */
export interface Losses {
  readonly sum: number;
  readonly count: number;
}

/** A line of a training's log. */
export interface LogEntry {
  readonly step: number;
  /** Passes over the training images so far. */
  readonly epoch: number;
  /** Mean cross-entropy since the last line, without the weight decay's term. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Errors on the setup's validation images, whole, at one scale, without flips. */
  readonly validation?: Errors;
}

/** Where a training diverged first, before it began again. */
export interface Divergence {
  /** As in "the loss is NaN". */
  readonly what: string;
  readonly step: number;
  readonly rate: number;
}
