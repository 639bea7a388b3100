/**
 * IDX files, the format of MNIST and similar data sets: a magic number, the sides of an array, its
 * values.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { UserError } from "../../errors.ts";

/** An array of bytes. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/**
 * Reads an IDX file of bytes with `rank` dimensions, packed by gzip or not. `file` is for messages.
 *
 * ```ts
 * import { readIdx } from "./idx.ts";
 *
 * const bytes = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]);
 * const { shape, values } = readIdx(bytes, { file: "labels", rank: 1 });
 * if (shape[0] !== 2 || values[1] !== 7) throw new Error("two labels, 5 and 7");
 * ```
 *
 * @throws {UserError} where the magic number is another, or there are more or fewer bytes.
 */
export function readIdx(
  content: Uint8Array,
  { file, rank }: { readonly file: string; readonly rank: number },
): IdxArray {
  const bytes = unpackIdx(content, file);
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw unreadable(file, `it has ${bytes.length} bytes, fewer than its header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0), expected = 0x0800 | rank; // 08: unsigned bytes
  if (magic !== expected) {
    throw unreadable(
      file,
      `it begins with ${hex(magic)} instead of ${
        hex(expected)
      }, so it is not an IDX file of bytes ` +
        `with ${rank === 1 ? "one dimension" : `${rank} dimensions`}`,
    );
  }
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const promised = shape.reduce((product, side) => product * side, 1);
  const values = bytes.subarray(start);
  if (values.length !== promised) {
    throw unreadable(
      file,
      `it has ${values.length} values where its header says ${shape.join(" x ")} = ${promised}`,
    );
  }
  return { shape, values };
}

/** The bytes of an IDX file without gzip's compression. @throws {UserError} It is damaged. */
export function unpackIdx(content: Uint8Array, file: string): Uint8Array {
  if (content[0] !== 0x1F || content[1] !== 0x8B) return content;
  try {
    return gunzipSync(content);
  } catch {
    throw unreadable(file, "it is packed by gzip, but cut off or damaged");
  }
}

function unreadable(file: string, reason: string): UserError {
  return new UserError(`Cannot read "${file}": ${reason}; get the file again`);
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}
