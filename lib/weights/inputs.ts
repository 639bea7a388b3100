/**
 * What nets expect as their input. Every program prepares images in its own way, and a file of weights
 * rarely says which one: layouts and inputs are independent of each other.
 *
 * @module
 */
import { type KernelSides, scaled } from "./kernels.ts";

/** How images are prepared for a net. */
export interface InputConvention {
  /** Whether the channels are blue, green, red. */
  readonly isBgr: boolean;
  /** Mean that is subtracted from red, green and blue of 0 to 255; the data set's if absent. */
  readonly mean?: readonly [r: number, g: number, b: number];
  /** What red, green and blue are divided by after that; the setup's `1 / inputScale` if absent. */
  readonly divisors?: readonly [r: number, g: number, b: number];
}

/** The deviation by which torchvision divides values in [0, 1]. */
export const DEVIATION = [0.229, 0.224, 0.225] as const;

/** Conventions by the name of the program that uses them. */
export const INPUTS = {
  /**
   * Blue, green and red of 0 to 255, minus the mean of ILSVRC-2012: the nets that the paper's authors
   * released, whatever file they are in, and Keras's `preprocess_input` (mode "caffe").
   */
  caffe: { isBgr: true, mean: [123.68, 116.779, 103.939], divisors: [1, 1, 1] },
  /** Values in [0, 1] minus 0.485, 0.456 and 0.406, divided by a deviation (`ImageClassification`). */
  torchvision: {
    isBgr: false,
    mean: [123.675, 116.28, 103.53],
    divisors: [255 * DEVIATION[0], 255 * DEVIATION[1], 255 * DEVIATION[2]],
  },
  /** This project's: red, green and blue minus the training images' mean, times the setup's scale. */
  own: { isBgr: false },
} as const satisfies Record<string, InputConvention>;

/** Conventions in words. */
export const INPUT_WORDS: Readonly<Record<InputName, string>> = {
  caffe: "Caffe's (blue, green and red of 0 to 255, minus ImageNet's mean)",
  torchvision:
    "torchvision's (red, green and blue of 0 to 1, minus ImageNet's mean, divided by its " +
    "deviation)",
  own:
    "this project's (red, green and blue of 0 to 255, minus the training images' mean, times the " +
    "setup's inputScale)",
};

/** Name of a convention. */
export type InputName = keyof typeof INPUTS;

/** Names of all conventions. */
export const INPUT_NAMES = Object.keys(INPUTS) as InputName[];

/**
 * Files with Caffe's input under the names of PyTorch's layers: VGG 16 and 19 of the paper's authors as
 * converted for PyTorch in 2017. Keys are the first digits of the file's SHA-256, which end its name
 * (`vgg16-00b39a1b.pth`, `vgg19-d01eb7cb.pth`).
 */
const KNOWN_FILES: Readonly<Record<string, InputName>> = {
  "00b39a1b": "caffe",
  "d01eb7cb": "caffe",
};

/** The input of a file that is known by its SHA-256 digest, whatever its layout suggests. */
export function knownInput(digest: string): InputName | undefined {
  return KNOWN_FILES[digest.slice(0, 8)];
}

/**
 * The kernel of the first layer, `[places, 3, outputs]`, for red, green and blue of 0 to 255 minus the
 * mean.
 */
export function firstKernel(
  kernel: Float32Array,
  { isBgr, divisors }: InputConvention,
  sides: Pick<KernelSides, "inputs" | "outputs">,
): Float32Array {
  const rgb = isBgr ? withInputsReversed(kernel, sides) : kernel;
  if (divisors === undefined || divisors.every((divisor) => divisor === 1)) return rgb;
  return scaled(rgb, divisors.map((divisor) => 1 / divisor), sides);
}

/** A kernel `[places, inputs, outputs]` with its input channels reversed. */
export function withInputsReversed(
  kernel: Float32Array,
  { inputs, outputs }: Pick<KernelSides, "inputs" | "outputs">,
): Float32Array {
  return kernel.map((_, i) => {
    const input = Math.floor(i / outputs) % inputs;
    return kernel[i + (inputs - 1 - 2 * input) * outputs]!;
  });
}

/** Below this root mean square a first kernel is too small for input of about unit variance. */
const SMALLEST = 0.03;

/**
 * Why a file's first kernel does not fit a convention; undefined where it may fit. Kernels of trained nets have a root mean square of about 0.2 where their input has unit
 * variance; one that was trained on values of 0 to 255 and read as one for [0, 1] may be 60 times
 * smaller. (The nets that the paper's authors released are an exception: their first kernels are as large
 * as torchvision's, so that only their errors tell.)
 */
export function inputDoubt(kernel: Float32Array, input: InputName): string | undefined {
  const size = Math.sqrt(kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length);
  if (input !== "torchvision" || !(size < SMALLEST)) return undefined;
  return `its first kernel is so small (root mean square ${
    size.toPrecision(2)
  }) that its input is ` +
    "probably 0 to 255, not 0 to 1";
}
