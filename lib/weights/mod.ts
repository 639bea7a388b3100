/**
 * Files of a net's weights: this project's own, Keras's and torchvision's. Whatever wrote a file, its
 * tensors come out of it under this project's names and in its layout, and with the mean colour that
 * the net takes from its input. What a file is follows from its content, not from what it is called.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { readAt } from "../files.ts";
import type { NumberType } from "./numbers.ts";
import { fromOwn, OWN_REMEDY } from "./own.ts";
import { openSafetensors } from "./safetensors.ts";
import { LEGACY_START, openTorch } from "./torch.ts";
import { fromTorchvision, isTorchvision } from "./torchvision.ts";

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

/** How files begin. */
const ZIP_START = [0x50, 0x4b, 0x03, 0x04];
const HDF5_START = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Types that tensors of a foreign safetensors file may have. */
const TYPES: readonly NumberType[] = ["F64", "F32", "F16", "BF16", "I64", "I32"];

/**
 * Opens a file of weights.
 *
 * @throws {UserError} It is none that is known, or damaged, or of another net than the paper's.
 */
export async function openWeights(file: string): Promise<WeightsFile> {
  const start = startOf(file);
  const begins = (bytes: readonly number[]) => bytes.every((byte, i) => start[i] === byte);
  if (begins(HDF5_START)) return await (await import("./keras.ts")).openKeras(file);
  const isLegacy = begins(LEGACY_START);
  if (isLegacy || begins(ZIP_START)) return fromTorchvision(await openTorch(file, isLegacy), file);
  const tensors = openSafetensors(file, { remedy: OWN_REMEDY, types: TYPES });
  return isTorchvision(tensors) ? fromTorchvision(tensors, file) : fromOwn(tensors, file);
}

/** A file's first bytes, as many as tell it from others, or all that it has. */
function startOf(file: string): Uint8Array {
  try {
    using handle = Deno.openSync(file);
    const { size } = handle.statSync();
    return readAt(handle, 0, Math.min(size, LEGACY_START.length)) ?? new Uint8Array();
  } catch (error) {
    throw new UserError(`Cannot open "${file}": ${(error as Error).message}`, { cause: error });
  }
}
