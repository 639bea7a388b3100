/** What a file of weights gives: named tensors, and a net's weights in this project's layout. Types only. */

import type { NumberType } from "./numbers.ts";

/** Shapes by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Named tensors in a file, as they are. */
export interface TensorFile extends Disposable {
  readonly shapes: Shapes;
  readonly types: ReadonlyMap<string, NumberType>;
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The values of a tensor, row after row; as float32 where they are of any type of that kind. */
  read(name: string): Float32Array | Int32Array;
}

/**
 * A net's weights: a kernel `[size, size, inputs, outputs]` and a bias `[outputs]` for each layer,
 * `conv1_1.kernel` and on. The input is red, green and blue, of 0 to 255.
 */
export interface WeightsFile extends Disposable {
  /** Whose names, order of axes and scale of the input the file has; ours if absent. */
  readonly layout?: "keras" | "torchvision";
  readonly shapes: Shapes;
  /** The values of a tensor, row after row. */
  read(name: string): Float32Array;
  /** What is subtracted from the input; nothing where it is the training images' own mean. */
  readonly mean?: readonly number[];
  /** What the file says of the training that made it, as JSON; nothing where it says nothing. */
  readonly recipe?: string;
}

/** A net to be written in another layout. */
export interface NetWeights {
  /** As a store has them, layer after layer, kernel before bias. */
  readonly tensors: ReadonlyMap<string, {
    readonly shape: readonly number[];
    readonly values: Float32Array;
  }>;
  /** The input is (pixel - mean) * inputScale; red, green and blue. */
  readonly mean: readonly number[];
  readonly inputScale: number;
  /** What the file is to say of the training. */
  readonly recipe: string;
}
