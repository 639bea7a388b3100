/**
 * Files of weights in this project's own layout, as a store keeps them: safetensors with a kernel
 * `[size, size, inputs, outputs]` and a bias `[outputs]` for each layer, `conv1_1.kernel` and on.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { openSafetensors } from "./safetensors.ts";

/** Shapes by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** A file of weights under this project's names, whatever layout it has itself. */
export interface WeightsFile extends Disposable {
  readonly shapes: Shapes;
  /** The values of a tensor, row after row. */
  read(name: string): Float32Array;
  /** What the file says of the training that made it, as JSON; nothing where it says nothing. */
  readonly recipe?: string;
}

const REMEDY = "name a whole safetensors file of float32 (F32) tensors";

/**
 * Opens a file of weights.
 *
 * @throws {UserError} It is no safetensors file, or holds other numbers than float32.
 */
export function openOwn(file: string): WeightsFile {
  const open = openSafetensors(file, { remedy: REMEDY });
  for (const name of open.shapes.keys()) {
    if (open.read(name, 0, 0) instanceof Float32Array) continue;
    open[Symbol.dispose]();
    throw new UserError(`Cannot read "${file}": "${name}" has the type I32; ${REMEDY}`);
  }
  const { recipe } = open.metadata;
  return {
    shapes: open.shapes,
    read: (name) => open.read(name) as Float32Array,
    ...recipe !== undefined && { recipe },
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}
