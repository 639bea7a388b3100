/**
 * The safetensors format: an 8-byte length, a JSON header with each tensor's type, shape and offsets,
 * then the bytes (github.com/huggingface/safetensors, "Format").
 *
 * Files written here have a checksum as the first entry of their metadata: SHA-256 of the whole file
 * with zeros in place of its own 64 digits. Files of other programs have no checksum.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { reading } from "../system/file_errors.ts";
import { piecesIn, readAt, readInto, renameIfThere, writeAtomically } from "../system/files.ts";
import type { StoredEntry } from "../system/zip.ts";
import { floatsOf, type NumberType, sizeOf, WIDTHS } from "./numbers.ts";

/** A tensor: its shape and its values, row after row. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** A file's content. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longest header that a reader accepts, bytes; the reference implementation's limit. */
const LONGEST_HEADER = 100_000_000;

interface TensorHeader {
  readonly dtype: NumberType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/** What to do about a damaged file of this project. */
const MAKE_AGAIN = "remove it; what it held is then made again";

/** Length of a file's first field, which has the header's length, bytes. */
const FIRST = 8;
/** How the header of a file with a checksum begins, before its digits. */
const CHECKSUM_START = new TextEncoder().encode('{"__metadata__":{"checksum":"sha256:');
/** Digits of SHA-256, and their placeholder while it is computed. */
const DIGITS = 64;
const ZEROS = "0".repeat(DIGITS);

/**
 * Writes a file atomically, and verifies it before it replaces an older one, which is kept under the
 * name `keep` if that is given.
 */
export function writeSafetensors(
  file: string,
  content: Safetensors,
  { keep }: { readonly keep?: string } = {},
) {
  writeAtomically(file, safetensorsBytes(content), {
    check(draft) {
      verifyChecksum(draft);
      if (keep !== undefined) renameIfThere(file, keep);
    },
  });
}

/** Bytes read at a time for a checksum: few enough to stay in a core's cache. */
const ROOM = 2 ** 18;

/**
 * Compares a file with its own checksum.
 *
 * @param remedy what to do about a damaged file, for the message
 * @returns whether it has a checksum
 * @throws {UserError} The checksum is another one, or the file cannot be read.
 */
export function verifyChecksum(file: string, remedy = MAKE_AGAIN): boolean {
  return reading(file, () => matchesChecksum(file, remedy));
}

function matchesChecksum(file: string, remedy: string): boolean {
  const [begin, end] = [FIRST + CHECKSUM_START.length, FIRST + CHECKSUM_START.length + DIGITS];
  using handle = Deno.openSync(file);
  const head = readAt(handle, 0, end);
  if (head === undefined || !CHECKSUM_START.every((byte, i) => head[FIRST + i] === byte)) {
    return false;
  }
  const hash = createHash("sha256");
  let at = 0;
  const room = Math.min(ROOM, Math.max(end, handle.statSync().size));
  for (const piece of piecesIn(handle, new Uint8Array(room))) {
    piece.fill(0x30, Math.max(0, begin - at), Math.max(0, end - at)); // the digit 0
    hash.update(piece);
    at += piece.length;
  }
  if (hash.digest("hex") === new TextDecoder().decode(head.subarray(begin))) return true;
  throw new UserError(
    `Cannot read "${file}": its checksum does not match its content; ${remedy}`,
  );
}

/** The bytes of a file with its checksum, in parts: float32 as F32, int32 as I32. */
export function safetensorsBytes({ tensors, metadata }: Safetensors): Uint8Array[] {
  let at = 0;
  const entries = [...tensors].map(([name, { shape, values }]): [string, TensorHeader] => {
    const begin = at;
    at += values.byteLength;
    const dtype = values instanceof Float32Array ? "F32" : "I32";
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  });
  const texts = { checksum: `sha256:${ZEROS}`, ...metadata };
  const text = JSON.stringify({ __metadata__: texts, ...Object.fromEntries(entries) });
  const header = new TextEncoder().encode(text);
  // spaces, so that the tensors begin at a multiple of eight
  const padded = new Uint8Array(Math.ceil(header.length / 8) * 8).fill(0x20);
  padded.set(header);
  const length = new Uint8Array(FIRST);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  const bytes = [...tensors.values()].map(({ values }) =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  );
  const hash = createHash("sha256");
  for (const part of [length, padded, ...bytes]) hash.update(part);
  padded.set(new TextEncoder().encode(hash.digest("hex")), CHECKSUM_START.length);
  return [length, padded, ...bytes];
}

/**
 * Reads a whole file.
 *
 * @throws UserError where the file is damaged: cut off, or not what its header or checksum says
 */
export function readSafetensors(file: string): Safetensors {
  verifyChecksum(file);
  using open = openSafetensors(file);
  return contentOf(open);
}

/** The whole content of an open file. */
export function contentOf(open: OpenSafetensors): Safetensors {
  const tensors = [...open.shapes].map(([name, shape]): [string, NamedTensor] => {
    return [name, { shape, values: open.read(name) }];
  });
  return { tensors: new Map(tensors), metadata: open.metadata };
}

/** A file that is read in parts. */
export interface OpenSafetensors extends Disposable {
  /** Texts by name, without the checksum. */
  readonly metadata: Safetensors["metadata"];
  /** The checksum that it names, as in `sha256:...`; absent in files of other programs. */
  readonly checksum?: string;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly types: ReadonlyMap<string, NumberType>;
  /**
   * The values of a tensor, or those from index `from` to index `to`, row after row; int32 where they
   * are that, else float32. Longer integers cannot be read.
   */
  read(name: string, from?: number, to?: number): NamedTensor["values"];
  /** Fills an array with the values of a float32 tensor, from one place on. */
  readInto(name: string, from: number, values: Float32Array): void;
}

/** Types of numbers in files of this project. */
const OUR_TYPES: readonly NumberType[] = ["F32", "I32"];

/**
 * Opens a file, or a section of one, and reads its header.
 *
 * @param remedy what to do about a damaged file, for the message
 * @param types that tensors may have
 * @throws UserError where the file is damaged (cut off, or its header does not fit its bytes) or cannot
 * be read
 */
export function openSafetensors(
  file: string,
  { section, remedy = MAKE_AGAIN, types = OUR_TYPES }: {
    readonly section?: Pick<StoredEntry, "name" | "at" | "size">;
    readonly remedy?: string;
    readonly types?: readonly NumberType[];
  } = {},
): OpenSafetensors {
  const handle = reading(file, () => Deno.openSync(file));
  const damaged = (what: string) =>
    new UserError(
      section === undefined
        ? `Cannot read "${file}": ${what}; ${remedy}`
        : `Cannot read "${section.name}" in "${file}": ${what}`,
    );
  const { at: offset, size } = section ??
    { at: 0, size: reading(file, () => handle.statSync().size) };
  function bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    const part = reading(file, () => readAt(handle, offset + at, length));
    if (part === undefined) throw damaged("it is cut off");
    return part;
  }

  try {
    if (size < FIRST) throw damaged("its header is cut off");
    const length = Number(new DataView(bytes(0, FIRST).buffer).getBigUint64(0, true));
    const start = FIRST + length;
    if (length > LONGEST_HEADER || start > size) throw damaged("its header is cut off");
    const text = new TextDecoder().decode(bytes(FIRST, length));
    const header = headerOf(text, damaged);
    if (section !== undefined && text.trimEnd() !== JSON.stringify(header)) {
      // with a name twice, other programs may read the other one
      throw damaged("its header is not written as this program writes it");
    }
    const { __metadata__: metadata = {}, ...entries } = header;
    const { checksum } = metadata;
    const isChecked = /^sha256:[0-9a-f]{64}$/.test(checksum ?? "");
    if (isChecked) delete metadata.checksum;
    for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(entries)) {
      if (!types.includes(dtype)) {
        throw damaged(`"${name}" has the type ${dtype}`);
      }
      if (!(end - begin === WIDTHS[dtype] * sizeOf(shape))) {
        throw damaged(`"${name}" does not fit its shape`);
      }
      if (begin < 0 || start + end > size) throw damaged(`"${name}" is cut off`);
    }
    return {
      metadata,
      ...isChecked && { checksum: checksum! },
      shapes: new Map(Object.entries(entries).map(([name, { shape }]) => [name, shape])),
      types: new Map(Object.entries(entries).map(([name, { dtype }]) => [name, dtype])),
      read(name, from = 0, to) {
        const { dtype, data_offsets: [begin, end] } = entries[name]!;
        const width = WIDTHS[dtype];
        const [first, last] = [begin + width * from, to === undefined ? end : begin + width * to];
        const read = bytes(start + first, last - first);
        return dtype === "I32" ? new Int32Array(read.buffer) : floatsOf(read, dtype);
      },
      readInto(name, from, values) {
        const { dtype, data_offsets: [begin, end] } = entries[name]!;
        const at = begin + WIDTHS.F32 * from;
        if (dtype !== "F32" || at + values.byteLength > end) {
          throw new RangeError(`Cannot read ${values.length} float32 from ${from} on of "${name}"`);
        }
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        const read = reading(file, () => readInto(handle, offset + start + at, bytes));
        if (read === undefined) throw damaged("it is cut off");
      },
      [Symbol.dispose]: () => handle.close(),
    };
  } catch (error) {
    handle.close();
    throw error;
  }
}

function headerOf(
  text: string,
  damaged: (what: string) => Error,
): Record<string, TensorHeader> & { __metadata__?: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw damaged("its header is not JSON");
  }
  const fits = typeof header === "object" && header !== null && !Array.isArray(header) &&
    Object.entries(header).every(([name, entry]) =>
      name === "__metadata__" ? isTexts(entry) : isEntry(entry)
    );
  if (!fits) throw damaged("its header is not of safetensors");
  return header as Record<string, TensorHeader>;
}

function isTexts(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.values(value).every((text) => typeof text === "string");
}

function isEntry(value: unknown): value is TensorHeader {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data_offsets } = value as Record<string, unknown>;
  const whole = (list: unknown) =>
    Array.isArray(list) && list.every((side) => Number.isSafeInteger(side) && side >= 0);
  return typeof dtype === "string" && whole(shape) && whole(data_offsets) &&
    (data_offsets as unknown[]).length === 2;
}
