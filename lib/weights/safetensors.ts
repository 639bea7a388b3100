/**
 * The safetensors format: an 8-byte length, a JSON header with each tensor's type, shape and place,
 * then the bytes (github.com/huggingface/safetensors, "Format").
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { writeAtomically } from "../files.ts";

/** A tensor: its sides and its values, row after row. */
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

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/** Writes a file, atomically: float32 as F32, int32 as I32. */
export function writeSafetensors(file: string, { tensors, metadata }: Safetensors) {
  let at = 0;
  const entries = [...tensors].map(([name, { shape, values }]): [string, Entry] => {
    const begin = at;
    at += values.byteLength;
    const dtype = values instanceof Float32Array ? "F32" : "I32";
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  });
  const text = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = new TextEncoder().encode(text);
  // spaces, so that the tensors begin at a multiple of eight
  const padded = new Uint8Array(Math.ceil(header.length / 8) * 8).fill(0x20);
  padded.set(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  const bytes = [...tensors.values()].map(({ values }) =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  );
  writeAtomically(file, [length, padded, ...bytes]);
}

/**
 * Reads a whole file.
 *
 * @throws UserError where the file is damaged: cut off, or its header does not fit its bytes
 */
export function readSafetensors(file: string): Safetensors {
  const bytes = Deno.readFileSync(file);
  const damaged = (what: string) =>
    new UserError(
      `Cannot read "${file}": ${what}; remove it, and what it held is made again`,
    );
  if (bytes.length < 8) throw damaged("it is cut off");
  const view = new DataView(bytes.buffer);
  const length = Number(view.getBigUint64(0, true));
  if (length > LONGEST_HEADER || 8 + length > bytes.length) throw damaged("its header is cut off");
  const { __metadata__: metadata, ...entries } = headerOf(bytes.subarray(8, 8 + length), damaged);
  const tensors = new Map<string, NamedTensor>();
  const start = 8 + length;
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(entries)) {
    const count = shape.reduce((product, side) => product * side, 1);
    if (dtype !== "F32" && dtype !== "I32") throw damaged(`"${name}" has the type ${dtype}`);
    if (!(end - begin === 4 * count)) throw damaged(`"${name}" does not fit its shape`);
    if (begin < 0 || start + end > bytes.length) throw damaged(`"${name}" is cut off`);
    const own = bytes.slice(start + begin, start + end).buffer;
    const values = dtype === "F32" ? new Float32Array(own) : new Int32Array(own);
    tensors.set(name, { shape, values });
  }
  return { tensors, metadata: metadata ?? {} };
}

function headerOf(
  bytes: Uint8Array,
  damaged: (what: string) => Error,
): Record<string, Entry> & { __metadata__?: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw damaged("its header is no JSON");
  }
  const fits = typeof header === "object" && header !== null && !Array.isArray(header) &&
    Object.entries(header).every(([name, entry]) => name === "__metadata__" || isEntry(entry));
  if (!fits) throw damaged("its header is not of safetensors");
  return header as Record<string, Entry>;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data_offsets } = value as Record<string, unknown>;
  const whole = (list: unknown) =>
    Array.isArray(list) && list.every((side) => Number.isSafeInteger(side) && side >= 0);
  return typeof dtype === "string" && whole(shape) && whole(data_offsets) &&
    (data_offsets as unknown[]).length === 2;
}
