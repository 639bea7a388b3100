/**
 * Where a graph reads images: in separate files, or in an archive that contains all of them. In both
 * cases TensorFlow's threads read them.
 *
 * @module
 */
import { quote, UserError } from "../errors.ts";
import { BLOCK, mapFile, type MappedFile, readFile, readPart } from "../tensorflow/files.ts";
import { type Graph, placeholder, stringPlaceholder, type Tensor } from "../tensorflow/graph.ts";
import { type FeedValue, int32 } from "../tensorflow/session.ts";
import { reading } from "../system/file_errors.ts";
import { ifThere } from "../system/files.ts";
import type { Sides } from "./images.ts";

/** An image and its sides, in pixels. */
export interface ImageFile extends Sides {
  /** Path of its file, or of the archive that contains it. */
  readonly file: string;
  /** In an archive: its first byte, a multiple of 512. */
  readonly at?: number;
  /** Its number of bytes when its sides were read. */
  readonly bytes?: number;
}

/** Images as a column of a graph's table, and how a function that maps its rows reads one. */
export interface ImageColumn {
  readonly column: Tensor;
  /** Tensors that the function must capture. */
  readonly captured: readonly Tensor[];
  /** Adds reading an image: the bytes of its file, a string. */
  read(row: Tensor, captured: readonly Tensor[]): Tensor;
}

/**
 * Adds a column of images that `feedOf` fills: `<name>/files` (string `[images]`) or, if they
 * are in an archive, `<name>/parts` (int32 `[images, 2]`; see `readPart`).
 */
export function addImageColumn(graph: Graph, name: string, archive?: MappedFile): ImageColumn {
  if (archive === undefined) {
    const column = stringPlaceholder(graph, `${name}/files`, [null]);
    return { column, captured: [], read: readFile };
  }
  return {
    column: placeholder(graph, `${name}/parts`, { dtype: "int32", shape: [null, 2] }),
    captured: [mapFile(graph, archive)],
    read: (part, [bytes]) => readPart(bytes!, part),
  };
}

/**
 * The archive that contains images, if they are in one.
 *
 * @throws {TypeError} They are in several archives.
 */
export function archiveOf(images: readonly ImageFile[]): MappedFile | undefined {
  const [first] = images;
  if (first?.at === undefined) return undefined;
  let end = 0;
  for (const { file, at = NaN, bytes = NaN } of images) {
    if (file !== first.file || !(at >= 0)) throw new TypeError(`Cannot read "${file}" by parts`);
    end = Math.max(end, at + bytes);
  }
  return { file: first.file, bytes: end };
}

/**
 * Feeds of the column that `addImageColumn` adds.
 *
 * @throws {UserError} A file has another size than when its sides were read.
 */
export function feedOf(images: readonly ImageFile[], name: string): Record<string, FeedValue> {
  const count = images.length;
  if (images[0]?.at === undefined) {
    for (const image of images) mustBeAsListed(image);
    const values = images.map(({ file }) => file);
    return { [`${name}/files`]: { dtype: "string", shape: [count], values } };
  }
  const parts = images.flatMap(({ at, bytes }) => [at! / BLOCK, bytes!]);
  return { [`${name}/parts`]: int32(parts, [count, 2]) };
}

/**
 * Refuses a file that was replaced after its sides were read: it would be rescaled to sides that are not
 * its own.
 */
function mustBeAsListed({ file, bytes }: ImageFile) {
  if (bytes === undefined) return;
  // a file that is missing is named by TensorFlow
  const size = ifThere(() => reading(file, () => Deno.statSync(file).size)) ?? bytes;
  if (size === bytes) return;
  throw new UserError(
    `Cannot use ${
      quote(file)
    }: it has ${size} bytes, and had ${bytes} when it was listed, so that its ` +
      "sides are not known; remove the folder .verydeep of its data set, and start again",
  );
}
