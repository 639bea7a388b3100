/** Notes of this project in a file of weights, whatever its layout. */
import type { LayoutFile } from "./weights_file.ts";

/** Reads the notes among a file's texts; what is missing or malformed is left out. */
export function notesOf(
  { mean, recipe }: Readonly<Record<string, string | undefined>>,
): LayoutFile["notes"] {
  const parts = mean?.split(" ").map(Number) ?? [];
  return {
    ...parts.length === 3 && parts.every(Number.isFinite) && { mean: parts },
    ...recipe !== undefined && { recipe },
  };
}
