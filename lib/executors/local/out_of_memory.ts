/** Repeats work with fewer images at once when memory runs out. */
import { UserError } from "../../errors.ts";
import { isOutOfMemory } from "../../tensorflow/session.ts";

/** The work that ran out of memory. */
export interface Attempt {
  /** For messages, as in `train D 256`. */
  readonly action: string;
  /** Images in memory at once. */
  readonly size: number;
  /** The next smaller number of images to try. */
  readonly smaller: number;
  /** Called with a message that the work continues with fewer images. */
  onNotice(message: string): void;
}

/**
 * The number of images at once to continue with after an attempt ran out of memory.
 *
 * @throws {UserError} There is not enough memory for one image. Any other `error` is rethrown.
 */
export function fewerImages(error: unknown, { action, size, smaller, onNotice }: Attempt): number {
  if (!isOutOfMemory(error)) throw error;
  if (size === 1) {
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
