/** Spelling suggestions. */
import { distance } from "fastest-levenshtein";

/**
 * The one of `words` that is nearest to `word`, if it is near enough to be a typing error:
 * at most one edit for each three letters, and two in short words. Case does not count.
 *
 * ```ts
 * import { nearest } from "./did_you_mean.ts";
 *
 * if (nearest("tabel3", ["table1", "table2", "table3"]) !== "table3") throw new Error("a slip");
 * if (nearest("imagenet", ["scenes", "folder"]) !== undefined) throw new Error("no slip");
 * ```
 */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const edits = (other: string) => distance(word.toLowerCase(), other.toLowerCase());
  const [best] = words.map((other) => ({ other, edits: edits(other) }))
    .sort((a, b) => a.edits - b.edits);
  if (best === undefined) return undefined;
  const tolerated = Math.max(Math.min(2, word.length - 1), Math.floor(word.length / 3));
  return best.edits <= tolerated ? best.other : undefined;
}

/** ` Did you mean "small"?`, for the end of a message; empty if no word is near. */
export function didYouMean(word: string, words: readonly string[]): string {
  const meant = nearest(word, words);
  return meant === undefined ? "" : ` Did you mean "${meant}"?`;
}
