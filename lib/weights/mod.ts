/**
 * Files of a net's weights: this project's own, Keras's and torchvision's. Tensors are read under this
 * project's names and in its layout, with the mean colour to subtract from the input. The format follows
 * from a file's content, not from its name.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { systemReason } from "../system/file_errors.ts";
import { readAt } from "../system/files.ts";
import type { NumberType } from "./numbers.ts";
import { fromOwn, OWN_REMEDY } from "./own.ts";
import { openSafetensors } from "./safetensors.ts";
import { isLegacyTorch, LEGACY_START, openTorch } from "./torch.ts";
import { isTorchVgg } from "./torch_names.ts";
import { fromTorchvision } from "./torchvision.ts";
import { firstKernel, type InputConvention, inputDoubt, type InputName, INPUTS } from "./inputs.ts";
import type { Layout, LayoutFile, WeightsFile } from "./weights_file.ts";

/** How files begin. */
const ZIP_START = [0x50, 0x4b, 0x03, 0x04];
const HDF5_START = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Types that tensors of a foreign safetensors file may have. */
const TYPES: readonly NumberType[] = ["F64", "F32", "F16", "BF16", "I64", "I32"];

/** The input that files of a layout have unless they are known to have another. */
export const USUAL_INPUT: Readonly<Record<Layout | "own", InputName>> = {
  keras: "caffe",
  torchvision: "torchvision",
  own: "own",
};

/**
 * Opens a file of weights.
 *
 * @param input what its net expects as its input; the usual input of its layout if absent
 * @throws {UserError} Its format is unknown, it is damaged, it holds another net than the paper's, or it
 * notes another input itself.
 */
export async function openWeights(
  file: string,
  { input }: { readonly input?: InputName | undefined } = {},
): Promise<WeightsFile> {
  const open = await openLayout(file);
  try {
    return withInput(open, { file, input });
  } catch (error) {
    open[Symbol.dispose]();
    throw error;
  }
}

async function openLayout(file: string): Promise<LayoutFile> {
  const start = startOf(file);
  const begins = (bytes: readonly number[]) => bytes.every((byte, i) => start[i] === byte);
  if (begins(HDF5_START)) return await (await import("./keras.ts")).openKeras(file);
  const isLegacy = isLegacyTorch(start);
  if (isLegacy || begins(ZIP_START)) return fromTorchvision(await openTorch(file, isLegacy), file);
  const tensors = openSafetensors(file, { remedy: OWN_REMEDY, types: TYPES });
  return isTorchVgg(tensors.shapes) ? fromTorchvision(tensors, file) : fromOwn(tensors, file);
}

/** Converts the first kernel of a file from its input to red, green and blue of 0 to 255. */
function withInput(
  open: LayoutFile,
  { file, input: asked }: { readonly file: string; readonly input: InputName | undefined },
): WeightsFile {
  const { layout, notes: { mean: noted, recipe }, shapes } = open;
  const usual = USUAL_INPUT[layout ?? "own"];
  const input = asked ?? usual;
  if (noted !== undefined && input !== usual) {
    throw new UserError(
      `Cannot read "${file}" with --input ${input}: it was written by this program and notes its own ` +
        `mean colour, ${noted.join(", ")}; leave --input out`,
    );
  }
  const convention: InputConvention = INPUTS[input];
  const mean = noted ?? convention.mean;
  const inputScale = convention.divisors ? 1 : inputScaleIn(recipe);
  const [, , inputs = 1, outputs = 1] = shapes.get(FIRST) ?? [];
  return {
    ...layout && { layout },
    ...{ input, shapes, notesMean: noted !== undefined },
    ...mean && { mean },
    ...inputScale !== undefined && { inputScale },
    ...recipe !== undefined && { recipe },
    read(name) {
      const values = open.read(name);
      return name === FIRST ? firstKernel(values, convention, { inputs, outputs }) : values;
    },
    doubt() {
      if (noted !== undefined || input !== usual) return undefined;
      const seen = shapes.has(FIRST) ? inputDoubt(open.read(FIRST), input) : undefined;
      return seen ?? open.doubt;
    },
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}

/** The kernel that sees the image. */
const FIRST = "conv1_1.kernel";

/** The scale of the input that a net was trained with here. */
function inputScaleIn(recipe: string | undefined): number | undefined {
  try {
    const { inputScale } = JSON.parse(recipe ?? "").train;
    return Number.isFinite(inputScale) && inputScale > 0 ? inputScale : undefined;
  } catch {
    return undefined;
  }
}

/** A file's first bytes, enough to identify its format. */
function startOf(file: string): Uint8Array {
  try {
    using handle = Deno.openSync(file);
    const { size } = handle.statSync();
    return readAt(handle, 0, Math.min(size, LEGACY_START)) ?? new Uint8Array();
  } catch (error) {
    throw new UserError(
      `Cannot open "${file}": ${systemReason(error)}; name a file of weights that can be read`,
      { cause: error },
    );
  }
}
