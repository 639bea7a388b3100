/**
 * Files of a net's weights: this project's own, Keras's and torchvision's. Tensors are read under this
 * project's names and in its layout, with the mean colour that the net subtracts from its input. The
 * format follows from a file's content, not from its name.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { readAt } from "../system/files.ts";
import type { NumberType } from "./numbers.ts";
import { fromOwn, OWN_REMEDY } from "./own.ts";
import { openSafetensors } from "./safetensors.ts";
import { LEGACY_START, openTorch } from "./torch.ts";
import { fromTorchvision, isTorchvision } from "./torchvision.ts";
import type { WeightsFile } from "./weights_file.ts";

/** How files begin. */
const ZIP_START = [0x50, 0x4b, 0x03, 0x04];
const HDF5_START = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Types that tensors of a foreign safetensors file may have. */
const TYPES: readonly NumberType[] = ["F64", "F32", "F16", "BF16", "I64", "I32"];

/**
 * Opens a file of weights.
 *
 * @throws {UserError} Its format is unknown, it is damaged, or it holds another net than the paper's.
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

/** A file's first bytes, enough to identify its format. */
function startOf(file: string): Uint8Array {
  try {
    using handle = Deno.openSync(file);
    const { size } = handle.statSync();
    return readAt(handle, 0, Math.min(size, LEGACY_START.length)) ?? new Uint8Array();
  } catch (error) {
    throw new UserError(`Cannot open "${file}": ${(error as Error).message}`, { cause: error });
  }
}
