/**
 * Weights in this project's own layout, as a store keeps them: safetensors with a kernel
 * `[size, size, inputs, outputs]` and a bias `[outputs]` for each layer, `conv1_1.kernel` and on.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { LayoutFile } from "./weights_file.ts";
import { notesOf } from "./notes.ts";
import type { OpenSafetensors } from "./safetensors.ts";

/** What to do about a file that cannot be read. */
export const OWN_REMEDY =
  "name a whole safetensors file of float32 (F32) tensors, or one of PyTorch or Keras";

/**
 * A file of weights in our own layout, which is closed with it.
 *
 * @throws {UserError} It holds other types than float32; it is closed then.
 */
export function fromOwn(open: OpenSafetensors, file: string): LayoutFile {
  for (const [name, type] of open.types) {
    if (type === "F32") continue;
    open[Symbol.dispose]();
    throw new UserError(`Cannot read "${file}": "${name}" has the type ${type}; ${OWN_REMEDY}`);
  }
  return {
    shapes: open.shapes,
    read: (name) => open.read(name) as Float32Array,
    notes: notesOf(open.metadata),
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}
