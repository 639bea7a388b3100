/** Repeats work with fewer images at once when memory runs out. */
import { UserError } from "../../errors.ts";
import { isOutOfMemory } from "../../tensorflow/session.ts";

/** The work that ran out of memory. */
export interface Attempt {
  /** For messages, as in `train D 256`. */
  readonly action: string;
  /** Images in memory at once. */
  readonly size: number;
  /** The next smaller number of images to try; absent where batch normalisation says how many. */
  readonly smaller?: number;
  /** Called with a message that the work continues with fewer images. */
  onNotice(message: string): void;
}

/**
 * The number of images at once to continue with after an attempt ran out of memory.
 *
 * @throws {UserError} There is not enough memory for one image, or for a net's batch normalisation. Any other `error` is rethrown.
 */
export function fewerImages(error: unknown, { action, size, smaller, onNotice }: Attempt): number {
  if (!isOutOfMemory(error)) throw error;
  if (smaller === undefined) {
    throw new UserError(
      `Cannot ${action}: its batch normalisation takes ${size} images at once, which memory does not ` +
        'hold; give the net fewer, as in "batchNorm": 32',
    );
  }
  if (smaller === size || smaller === 0) {
    throw new UserError(
      `Cannot ${action}: not enough memory for a single image; stop other programs that use ` +
        "memory, or choose --device cpu, --workers 1 or --precision bfloat16",
    );
  }
  onNotice(
    `${action}: not enough memory for ${size} images at once; continuing with ${smaller}; ` +
      "results stay the same except for rounding",
  );
  return smaller;
}
