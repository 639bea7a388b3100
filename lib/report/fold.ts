/** Text in lines that fit on a terminal of 80 columns. */
import { unicodeWidth } from "@std/cli/unicode-width";

/**
 * Breaks a paragraph between words into lines of at most `width` columns. A longer word gets its
 * own line.
 *
 * ```ts
 * import { fold } from "./fold.ts";
 *
 * if (fold("one two three", 7).join("|") !== "one two|three") throw new Error("folded");
 * ```
 */
export function fold(paragraph: string, width = 78): string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && unicodeWidth(`${line} ${word}`) <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** A text of at most `most` characters, for a place that has no room for more: a longer one ends in `…`. */
export function truncated(text: string, most = 24): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
