/** Work that goes on with fewer images at once where memory does not suffice. */
import { UserError } from "../../errors.ts";
import { isOutOfMemory } from "../../tensorflow/session.ts";

/** What is done, and who is told. */
export interface Attempt {
  /** As in `train D 256`. */
  readonly action: string;
  /** Images at once, to begin with. */
  readonly most: number;
  /** A smaller number of images, for any above 1. */
  smaller(size: number): number;
  /** Told when it goes on with fewer. */
  onNotice(message: string): void;
}

/**
 * Does some work with as many images at once as memory holds.
 *
 * @throws {UserError} Memory does not suffice for one. What else the work throws passes.
 */
export function withinMemory<Result>(
  { action, most, smaller, onNotice }: Attempt,
  work: (size: number) => Result,
): Result {
  for (let size = most;; size = smaller(size)) {
    try {
      return work(size);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      if (size === 1) {
        throw new UserError(
          `Cannot ${action}: memory does not suffice for a single image; stop what else uses it, ` +
            "or choose --device cpu, --workers 1 or --precision bfloat16",
        );
      }
      onNotice(
        `${action}: memory does not suffice for ${size} images at once, so it goes on with ` +
          `${smaller(size)}; results stay what they are, but for roundings`,
      );
    }
  }
}
