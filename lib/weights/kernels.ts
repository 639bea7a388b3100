/** Kernels in another order of axes. */

/** Sides of a kernel: `places` are the positions of its window, row after row. */
export interface KernelSides {
  readonly places: number;
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * Converts a kernel `[outputs, inputs, places]`, as PyTorch keeps it, to our order `[places, inputs,
 * outputs]`. A fully connected layer over maps is such a kernel: its columns go channel by channel.
 */
export function fromOutputsFirst(theirs: Float32Array, sides: KernelSides): Float32Array {
  const ours = new Float32Array(theirs.length);
  eachPair(sides, (there, here) => ours[here] = theirs[there]!);
  return ours;
}

/** The inverse of `fromOutputsFirst`. */
export function toOutputsFirst(ours: Float32Array, sides: KernelSides): Float32Array {
  const theirs = new Float32Array(ours.length);
  eachPair(sides, (there, here) => theirs[there] = ours[here]!);
  return theirs;
}

/** Multiplies a kernel `[places, inputs, outputs]` by a factor for each input. */
export function scaled(
  kernel: Float32Array,
  factors: readonly number[],
  { inputs, outputs }: Pick<KernelSides, "inputs" | "outputs">,
): Float32Array {
  return kernel.map((value, i) => value * factors[Math.floor(i / outputs) % inputs]!);
}

/** Rows and columns of a tile, so that both orders stay in the processor's cache. */
const TILE = 64;

/** Calls `move` with each element's index in either order. */
function eachPair(
  { places, inputs, outputs }: KernelSides,
  move: (there: number, here: number) => void,
) {
  const columns = inputs * places;
  for (let firstColumn = 0; firstColumn < columns; firstColumn += TILE) {
    for (let first = 0; first < outputs; first += TILE) {
      const [lastColumn, last] = [
        Math.min(firstColumn + TILE, columns),
        Math.min(first + TILE, outputs),
      ];
      for (let column = firstColumn; column < lastColumn; column++) {
        const row = column % places * inputs + Math.floor(column / places);
        for (let output = first; output < last; output++) {
          move(output * columns + column, row * outputs + output);
        }
      }
    }
  }
}
