/** Sizes of images from the first bytes of their files: JPEG and PNG, told apart by content. */
import { createHash } from "node:crypto";
import type { ImageSize } from "../dataset.ts";
import { systemReason } from "../../system/file_errors.ts";
import { type Bytes, openBytes } from "./bytes.ts";

/** An image's size, or why it is not an image, as the end of a sentence that begins with its name. */
export type SizeOrFault = ImageSize | { readonly fault: string };

/** How much of a file's end is searched for its end mark; some cameras write notes behind it. */
const TAIL = 2048;

/** Bytes at either end of a file that its digest covers. */
const ENDS = 1024;

/** How images begin, and how they end: JPEG's SOI and EOI, PNG's signature and IEND. */
const JPEG = { begin: [0xFF, 0xD8], end: [0xFF, 0xD9] };
const PNG = { begin: [0x89, 0x50, 0x4E, 0x47], end: [0x49, 0x45, 0x4E, 0x44] };

/**
 * The size of an image as it is stored: EXIF's orientation is ignored. Only headers and the end are
 * read.
 */
export function sizeIn(file: Bytes): SizeOrFault {
  if (file.size === 0) return { fault: "is empty" };
  const begins = (bytes: readonly number[]) => holds(file.read(0, bytes.length), 0, bytes);
  const [size, { end }] = begins(JPEG.begin)
    ? [jpegSize(file), JPEG]
    : begins(PNG.begin)
    ? [pngSize(file), PNG]
    : [undefined, { end: [] }];
  if (size === undefined) return { fault: end.length > 0 ? "is cut off" : "is not an image" };
  if (size.width === 0 || size.height === 0) return { fault: "has no pixels" };
  const tail = Math.min(TAIL, file.size);
  const last = file.read(file.size - tail, tail);
  return last && lastIndexOf(last, end) >= 0 ? size : { fault: "is cut off" };
}

/** What is read of an image's file. */
export interface ScannedFile {
  readonly bytes: number;
  readonly seen: SizeOrFault;
  /**
   * 64 bits of the SHA-256 of its first and last 1,024 bytes, as two numbers; zeros where it cannot be
   * opened.
   */
  readonly digest: readonly [number, number];
}

/** Reads the header and the ends of an image in a file of its own. */
export function scanFile(path: string): ScannedFile {
  try {
    using file = openBytes(path);
    return scanned(file);
  } catch (error) {
    const fault = !(error instanceof Deno.errors.NotFound)
      ? `cannot be read (${systemReason((error as Error).cause ?? error)})`
      : path.includes("\uFFFD")
      ? "has a name that is not UTF-8"
      : "is a broken link";
    return { bytes: 0, seen: { fault }, digest: [0, 0] };
  }
}

/** Reads the header and the ends of an image. */
export function scanned(file: Bytes): ScannedFile {
  const length = Math.min(ENDS, file.size);
  const hash = createHash("sha256");
  // each end is in the window that finding the size reads anyway
  hash.update(file.read(0, length) ?? new Uint8Array());
  const seen = sizeIn(file);
  hash.update(file.read(file.size - length, length) ?? new Uint8Array());
  const digest = hash.digest();
  return { bytes: file.size, seen, digest: [digest.readUInt32LE(0), digest.readUInt32LE(4)] };
}

/** Why an image cannot be used. Its sides and its size must fit the index's types. */
export function faultOf(seen: SizeOrFault, bytes: number): string | undefined {
  if ("fault" in seen) return seen.fault;
  return Math.max(seen.width, seen.height) >= 2 ** 16 || bytes >= 2 ** 31
    ? "is too large"
    : undefined;
}

/** From a JPEG's frame header, behind segments that state their length (ITU T.81, Annex B). */
function jpegSize(file: Bytes): ImageSize | undefined {
  for (let at = 2;;) {
    const bytes = file.read(at, 4);
    if (bytes === undefined || bytes[0] !== 0xFF) return undefined;
    const marker = bytes[1]!;
    if (marker === 0xFF) { // a filling byte
      at++;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xD0 && marker <= 0xD8)) { // without a length
      at += 2;
      continue;
    }
    if (marker >= 0xC0 && marker <= 0xCF && ![0xC4, 0xC8, 0xCC].includes(marker)) {
      const frame = file.read(at + 5, 4);
      return frame &&
        { height: frame[0]! << 8 | frame[1]!, width: frame[2]! << 8 | frame[3]! };
    }
    const length = bytes[2]! << 8 | bytes[3]!;
    if (length < 2 || marker === 0xDA || marker === 0xD9) return undefined;
    at += 2 + length;
  }
}

/** From a PNG's first chunk. */
function pngSize(file: Bytes): ImageSize | undefined {
  const bytes = file.read(16, 8);
  if (bytes === undefined) return undefined;
  const sides = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return { width: sides.getUint32(0), height: sides.getUint32(4) };
}

/** Index of a pattern's last occurrence; -1 if there is none. */
function lastIndexOf(bytes: Uint8Array, pattern: readonly number[]): number {
  let at = bytes.length - pattern.length;
  while (at >= 0 && !holds(bytes, at, pattern)) at--;
  return at;
}

function holds(bytes: Uint8Array | undefined, at: number, pattern: readonly number[]): boolean {
  return bytes !== undefined && pattern.every((byte, i) => bytes[at + i] === byte);
}
