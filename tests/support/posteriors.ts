/** Posteriors that are written down. */
import { inMemory, type Posteriors } from "../../lib/score.ts";

/** Posteriors of images, a row each. */
export function posteriors(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
): Posteriors {
  return inMemory({
    name: "made up",
    classes: rows[0]!.length,
    values: Float32Array.from(rows.flat()),
    labels: Int32Array.from(labels),
  });
}
