/** State and log of a training: types only, so that the store does not depend on the trainer. */

import type { Errors } from "../experiment.ts";
import type { Plateau } from "./schedule.ts";

/** Tensors by name, float32. */
export type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly values: Float32Array }
>;

/** State of a training between two steps. */
export interface Checkpoint {
  /** Updates done. */
  readonly step: number;
  readonly plateau: Plateau;
  /** Weights, and velocities as `<name>.velocity`. */
  readonly tensors: Tensors;
  /** Losses since the log's last line, if there are any. */
  readonly losses?: Losses;
  /** Whether the validation after this step is still missing. */
  readonly due?: true;
  /** Whether the training was restarted after it diverged. */
  readonly again?: true;
}

/** Losses that are not in a line of the log yet. */
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

/** Where a training diverged the first time, before it was restarted. */
export interface Divergence {
  /** As in "the loss is NaN". */
  readonly what: string;
  readonly step: number;
  readonly rate: number;
}
