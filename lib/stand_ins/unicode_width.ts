/**
 * Columns of a text on a terminal: the part of JSR's `@std/cli` that this project uses, with the same
 * call, computed by npm's string-width. Where JSR can be reached, one line of deno.json brings in the
 * real one.
 *
 * @module
 */
import stringWidth from "string-width";

/**
 * Columns that a text takes: 2 for wide characters and most emoji, 0 for combining ones, else 1.
 *
 * ```ts
 * import { unicodeWidth } from "./unicode_width.ts";
 *
 * const widths = ["fox", "日本", "e\u0301"].map(unicodeWidth);
 * if (widths.join(" ") !== "3 4 1") throw new Error(widths.join(" "));
 * ```
 */
export function unicodeWidth(text: string): number {
  // most texts have narrow letters only
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}
