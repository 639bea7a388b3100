/** The types of files of weights: named tensors, and a net's weights in this project's layout. */

import type { InputName } from "./inputs.ts";
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

/** Which program's names and order of axes a file of weights has; this project's if absent. */
export type Layout = "keras" | "torchvision";

/**
 * A net's weights as a file has them, under this project's names and in its order of axes: a kernel
 * `[size, size, inputs, outputs]` and a bias `[outputs]` for each layer, `conv1_1.kernel` and on.
 */
export interface LayoutFile extends Disposable {
  readonly layout?: Layout;
  readonly shapes: Shapes;
  /** The values of a tensor, row after row. The first kernel is for the input of the file's program. */
  read(name: string): Float32Array;
  /** Why the usual input of its layout is doubtful, as the end of a sentence. */
  readonly doubt?: string;
  /** Notes of this project in the file. */
  readonly notes: {
    /** The mean to subtract from red, green and blue of 0 to 255. */
    readonly mean?: readonly number[];
    /** What the training that made it depended on, as JSON. */
    readonly recipe?: string;
  };
}

/** Such a net with a first kernel for (pixel - mean) * inputScale, red, green and blue of 0 to 255. */
export interface WeightsFile extends Omit<LayoutFile, "notes" | "doubt"> {
  /** What the file's net expects as its input. */
  readonly input: InputName;
  /** The mean to subtract; absent where it is that of the training images. */
  readonly mean?: readonly number[];
  /** Whether the file notes it itself. */
  readonly notesMean: boolean;
  /** The factor after that; absent where it is the setup's. */
  readonly inputScale?: number;
  /** Why the file's input is doubtful, if it is. Reads the first kernel. */
  doubt(): string | undefined;
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
