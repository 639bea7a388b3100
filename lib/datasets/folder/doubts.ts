/** What makes a folder of images doubtful though every file can be read: words for warnings. */
import { firstOf, quote } from "../../errors.ts";
import { count } from "../../numbers.ts";
import type { Picture } from "../pixels.ts";
import type { ListedFile } from "./listing.ts";

/** Levels of 255 within which all values of a picture lie that shows nothing. */
const FLAT = 15;

/** Whether a picture shows one colour, or nearly so. */
export function isFlat({ pixels }: Pick<Picture, "pixels">): boolean {
  let low = 255, high = 0;
  for (const value of pixels) {
    if (value < low) low = value;
    if (value > high) high = value;
    if (high - low > FLAT) return false;
  }
  return true;
}

/** An image's file and class. */
type NamedImage = Pick<ListedFile, "path" | "label">;

/** What was found in a file, as far as it is doubtful. */
export interface SeenFile {
  /** SHA-256 of all its bytes; empty where they were not read. */
  readonly digest: Uint8Array;
  readonly isFlat: boolean;
  /** Whether it has more pages or frames than the one that is used; no if absent. */
  readonly isPaged?: boolean;
}

/**
 * Sentences on pictures that show nothing, or of which a part is used, on validation images that are training images, on pictures in
 * two classes, and on validation images that occur more than once.
 *
 * @param seen training files, then validation files, in the order of the listing
 */
export function doubtsOf(
  { train, val }: { readonly train: readonly NamedImage[]; readonly val: readonly NamedImage[] },
  seen: readonly SeenFile[],
): string[] {
  const all = [...train, ...val];
  const flat = all.filter((_, i) => seen[i]!.isFlat);
  const paged = all.filter((_, i) => seen[i]!.isPaged);
  const known = new Map<string, NamedImage>();
  const twice = (part: readonly NamedImage[], from: number) =>
    part.flatMap((file, i) => {
      const { digest } = seen[from + i]!;
      if (digest.length === 0) return [];
      const name = digest.toHex();
      const other = known.get(name);
      if (other === undefined) known.set(name, file);
      return other === undefined ? [] : [{ file, other }];
    });
  const inTraining = twice(train, 0);
  const trained = new Set(known.values());
  const inValidation = twice(val, train.length);
  const leaks = inValidation.filter(({ other }) => trained.has(other));
  const repeats = inValidation.filter(({ other }) => !trained.has(other));
  const contradictions = [...inTraining, ...inValidation]
    .filter(({ file, other }) => file.label !== other.label);
  const pairs = (found: readonly Pair[]) =>
    firstOf(found.map(({ file, other }) => `${quote(file.path)} is ${quote(other.path)}`), MOST);
  const names = (found: readonly NamedImage[]) =>
    firstOf(found.map(({ path }) => quote(path)), MOST);
  const images = count(val.length, "validation image");
  const occur = ({ length }: readonly unknown[]) => length === 1 ? "occurs" : "occur";
  return [
    ...leaks.length === 0 ? [] : [
      `${leaks.length} of ${images} ${
        leaks.length === 1 ? "is a training image" : "are training images"
      }, byte for byte: ${pairs(leaks)}. Errors on ` +
      "them say nothing about new images.",
    ],
    ...contradictions.length === 0 ? [] : [
      `${count(contradictions.length, "image")} ${occur(contradictions)} in two classes: ${
        pairs(contradictions)
      }.`,
    ],
    ...repeats.length === 0 ? [] : [
      `${repeats.length} of ${images} ${occur(repeats)} more than once: ${pairs(repeats)}.`,
    ],
    ...flat.length === 0 ? [] : [
      `${flat.length} of ${count(all.length, "image")} show one colour, or nearly so: ` +
      `${names(flat)}. Pictures with numbers of 10 or 12 bits in files of 16 become almost black.`,
    ],
    ...paged.length === 0 ? [] : [
      `${paged.length} of ${count(all.length, "image")} ${
        paged.length === 1 ? "has" : "have"
      } several pages or frames: ${names(paged)}. Only the first is used.`,
    ],
  ];
}

/** A file, and another one with the same bytes. */
interface Pair {
  readonly file: NamedImage;
  readonly other: NamedImage;
}

/** Names in a sentence at most. */
const MOST = 3;
