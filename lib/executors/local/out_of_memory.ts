/** Work that continues with fewer images at once where memory does not suffice. */
import { UserError } from "../../errors.ts";
import { isOutOfMemory } from "../../tensorflow/session.ts";

/** What was tried. */
export interface Attempt {
  /** As in `train D 256`. */
  readonly action: string;
  /** Images at once. */
  readonly size: number;
  /** The next smaller number of images. */
  readonly smaller: number;
  /** Told that the work continues with fewer. */
  onNotice(message: string): void;
}

/**
 * The number of images at once to continue with after an attempt failed.
 *
 * @throws {UserError} Memory does not suffice for one image. An error that is not about memory is
 * thrown as it is.
 */
export function fewerImages(error: unknown, { action, size, smaller, onNotice }: Attempt): number {
  if (!isOutOfMemory(error)) throw error;
  if (size === 1) {
    throw new UserError(
      `Cannot ${action}: memory does not suffice for a single image; stop other programs that use ` +
        "it, or choose --device cpu, --workers 1 or --precision bfloat16",
    );
  }
  onNotice(
    `${action}: memory does not suffice for ${size} images at once, so it continues with ` +
      `${smaller}; results stay the same, except for rounding`,
  );
  return smaller;
}
