/** The types of files of weights: named tensors, and a net's weights in this project's layout. */

import type { NumberType } from "./numbers.ts";

/** Shapes by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Named tensors in a file, unchanged. */
export interface TensorFile extends Disposable {
  readonly shapes: Shapes;
  readonly types: ReadonlyMap<string, NumberType>;
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The values of a tensor, row after row; all floating-point types as float32. */
  read(name: string): Float32Array | Int32Array;
}

/**
 * A net's weights: a kernel `[size, size, inputs, outputs]` and a bias `[outputs]` for each layer,
 * `conv1_1.kernel` and on. The input is red, green and blue, of 0 to 255.
 */
export interface WeightsFile extends Disposable {
  /** The library whose names, order of axes and scale of the input the file has; ours if absent. */
  readonly layout?: "keras" | "torchvision";
  readonly shapes: Shapes;
  /** The values of a tensor, row after row. */
  read(name: string): Float32Array;
  /** The mean to subtract from the input; absent where it is that of the training images. */
  readonly mean?: readonly number[];
  /** The file's note about the training that made it, as JSON, if it has one. */
  readonly recipe?: string;
}

/** A net to write in another layout. */
export interface NetWeights {
  /** As a store has them, layer after layer, kernel before bias. */
  readonly tensors: ReadonlyMap<string, {
    readonly shape: readonly number[];
    readonly values: Float32Array;
  }>;
  /** The input is (pixel - mean) * inputScale; red, green and blue. */
  readonly mean: readonly number[];
  readonly inputScale: number;
  /** The note about the training, as JSON. */
  readonly recipe: string;
}
