/**
 * MATLAB's level 5 MAT-files, as far as data sets use them: numbers, text, structs and cells,
 * compressed or not. A file is not trusted: no array is allocated that its bytes cannot fill.
 *
 * Layout: "MAT-File Format", The MathWorks, chapter 1.
 *
 * @module
 */
import { inflateSync } from "node:zlib";
import { UserError } from "../../errors.ts";

/** An array of a MAT-file: numbers or cells in column order, text, or structs. */
export type MatValue = readonly number[] | string | readonly MatStruct[] | readonly MatValue[];

/** A struct, by its fields' names. */
export type MatStruct = { readonly [field: string]: MatValue };

const HEADER = 128;

/** Types of elements (mi...). */
const [INT8, UINT8, INT16, UINT16, INT32, UINT32, SINGLE, DOUBLE] = [1, 2, 3, 4, 5, 6, 7, 9];
const [INT64, UINT64, MATRIX, COMPRESSED, UTF8, UTF16] = [12, 13, 14, 15, 16, 17];

/** Classes of arrays (mx...); the higher ones are numbers. */
const [CELL, STRUCT, CHAR, FIRST_NUMBER, LAST_NUMBER] = [1, 2, 4, 6, 15];

/** Most bytes of all compressed parts together, and most levels of nested arrays. */
const [LARGEST, DEEPEST] = [2 ** 26, 16];

/**
 * Reads the variables of a MAT-file.
 *
 * @throws {UserError} It is not a MAT-file, is damaged, or holds an array of another kind.
 */
export function readMat(file: Uint8Array, name: string): Map<string, MatValue> {
  try {
    return variablesIn(file);
  } catch (error) {
    if (!(error instanceof MatError)) throw error;
    throw new UserError(`Cannot read "${name}" as a MAT-file: ${error.message}; get it again`);
  }
}

/** Why a file cannot be read. */
class MatError extends Error {}

function variablesIn(file: Uint8Array): Map<string, MatValue> {
  if (file.length < HEADER) throw new MatError("it is cut off");
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const [order, version] = [String.fromCharCode(file[126]!, file[127]!), view.getUint16(124, true)];
  if (order === "MI") throw new MatError("its numbers are big-endian");
  if (order !== "IM") throw new MatError("its header is damaged");
  if (version !== 0x0100) throw new MatError("it is of version 7.3, not 5; save it with -v7");
  const variables = new Map<string, MatValue>();
  let room = LARGEST;
  for (const { type, bytes } of elementsIn(file.subarray(HEADER))) {
    const plain = type === COMPRESSED ? inflated(bytes, room) : undefined;
    room -= plain?.length ?? 0;
    const elements = plain ? elementsIn(plain) : [{ type, bytes }];
    for (const element of elements) {
      if (element.type !== MATRIX) continue;
      const { name, value } = arrayIn(element.bytes, 0);
      variables.set(name, value);
    }
  }
  return variables;
}

function inflated(bytes: Uint8Array, room: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, room) });
  } catch (error) {
    throw new MatError(`a compressed part cannot be read (${(error as Error).message})`);
  }
}

/** A data element: its type and its bytes. */
interface MatElement {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** The elements that follow each other in bytes. */
function* elementsIn(bytes: Uint8Array): Generator<MatElement, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) throw new MatError("it is cut off");
    const tag = view.getUint32(at, true);
    const small = tag >>> 16; // of four bytes at most, behind half a tag
    const [from, length] = small > 0 ? [at + 4, small] : [at + 8, view.getUint32(at + 4, true)];
    if (small > 4 || from + length > bytes.length) {
      throw new MatError("a part is longer than the file");
    }
    const type = small > 0 ? tag & 0xFFFF : tag;
    yield { type, bytes: bytes.subarray(from, from + length) };
    const end = from + length;
    at = small > 0 ? at + 8 : type === COMPRESSED ? end : Math.ceil(end / 8) * 8;
  }
}

/** A named array: flags, sides, name, and the values of its class. */
function arrayIn(bytes: Uint8Array, depth: number): { name: string; value: MatValue } {
  if (bytes.length === 0) return { name: "", value: [] };
  if (depth > DEEPEST) throw new MatError("its arrays are nested too deep");
  const elements = elementsIn(bytes);
  const next = () => {
    const { value } = elements.next();
    if (value === undefined) throw new MatError("an array lacks a part");
    return value;
  };
  const [kind = 0] = next().bytes;
  const sides = numbersIn(next());
  const name = textIn(next());
  const count = sides.reduce((product, side) => product * side, 1);
  // each member takes at least a tag
  const members = (each: number) => {
    if (count >= 0 && count * Math.max(1, each) * 8 <= bytes.length) return count;
    throw new MatError(`"${name}" has more members than bytes`);
  };
  const member = () => {
    const element = next();
    if (element.type !== MATRIX) throw new MatError(`a member of "${name}" is not an array`);
    return arrayIn(element.bytes, depth + 1).value;
  };

  if (kind === CHAR) return { name, value: count === 0 ? "" : textIn(next()) };
  if (kind >= FIRST_NUMBER && kind <= LAST_NUMBER) {
    return { name, value: count === 0 ? [] : numbersIn(next()) };
  }
  if (kind === CELL) return { name, value: Array.from({ length: members(1) }, member) };
  if (kind !== STRUCT) throw new MatError(`"${name}" is an array of a kind that is not understood`);
  const [longest = 0] = numbersIn(next());
  const fields = namesIn(next().bytes, longest);
  const structs = Array.from({ length: members(fields.length) }, () => {
    return Object.fromEntries(fields.map((field) => [field, member()]));
  });
  return { name, value: structs };
}

/** Field names, each filled up with zeros to `longest` bytes. */
function namesIn(bytes: Uint8Array, longest: number): string[] {
  if (!(Number.isInteger(longest) && longest > 0 && bytes.length % longest === 0)) {
    throw new MatError("a struct's fields are damaged");
  }
  return Array.from(
    { length: bytes.length / longest },
    (_, i) => textIn({ type: INT8, bytes: bytes.subarray(i * longest, (i + 1) * longest) }),
  );
}

/** Text up to its first zero. */
function textIn({ type, bytes }: MatElement): string {
  const encoding = type === UINT16 || type === UTF16 ? "utf-16le" : "utf-8";
  if (![INT8, UINT8, UINT16, UTF8, UTF16].includes(type)) {
    throw new MatError("a text has another type");
  }
  const text = new TextDecoder(encoding).decode(bytes);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** Numbers, which MATLAB stores in the smallest type that holds them. */
function numbersIn({ type, bytes }: MatElement): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [size, read] = NUMBERS.get(type) ?? [];
  if (size === undefined || bytes.length % size !== 0) {
    throw new MatError("numbers have another type");
  }
  return Array.from({ length: bytes.length / size }, (_, i) => read!(view, i * size));
}

/** Bytes of a number by its type, and how it is read. */
const NUMBERS = new Map<number, readonly [size: number, (view: DataView, at: number) => number]>([
  [INT8, [1, (view, at) => view.getInt8(at)]],
  [UINT8, [1, (view, at) => view.getUint8(at)]],
  [INT16, [2, (view, at) => view.getInt16(at, true)]],
  [UINT16, [2, (view, at) => view.getUint16(at, true)]],
  [INT32, [4, (view, at) => view.getInt32(at, true)]],
  [UINT32, [4, (view, at) => view.getUint32(at, true)]],
  [SINGLE, [4, (view, at) => view.getFloat32(at, true)]],
  [DOUBLE, [8, (view, at) => view.getFloat64(at, true)]],
  [INT64, [8, (view, at) => Number(view.getBigInt64(at, true))]],
  [UINT64, [8, (view, at) => Number(view.getBigUint64(at, true))]],
]);
