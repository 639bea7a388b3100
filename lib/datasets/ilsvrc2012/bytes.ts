/** Random access to bytes, in a file or in memory. */
import { reading } from "../../system/file_errors.ts";
import { readAt } from "../../system/files.ts";

/** Bytes with a name and a length. */
export interface Bytes {
  /** Their name in a message. */
  readonly name: string;
  readonly size: number;
  /** Bytes `at` to `at + length`; undefined beyond the end. Valid until the next call. */
  read(at: number, length: number): Uint8Array | undefined;
}

/** Bytes in memory. */
export function bytesInMemory(name: string, bytes: Uint8Array): Bytes {
  return {
    name,
    size: bytes.length,
    read: (at, length) => at + length <= bytes.length ? bytes.subarray(at, at + length) : undefined,
  };
}

/** Bytes of one read, so that small parts close to each other take one call. */
const WINDOW = 8192;

/**
 * Opens a file to read parts of it. A length beyond the end allocates nothing.
 *
 * @throws {UnreadableError} It is there and cannot be read; so do its parts.
 */
export function openBytes(file: string): Bytes & Disposable {
  const handle = reading(file, () => Deno.openSync(file));
  const { size } = reading(file, () => handle.statSync());
  let start = 0, window: Uint8Array = new Uint8Array();
  return {
    name: file,
    size,
    read(at, length) {
      if (at < 0 || at + length > size) return undefined;
      if (at < start || at + length > start + window.length) {
        const wanted = Math.min(Math.max(length, WINDOW), size - at);
        const read = reading(file, () => readAt(handle, at, wanted));
        if (read === undefined) return undefined;
        [start, window] = [at, read];
      }
      return window.subarray(at - start, at - start + length);
    },
    [Symbol.dispose]: () => handle.close(),
  };
}

/** A part of other bytes. */
export function partOf(bytes: Bytes, at: number, size: number, name = bytes.name): Bytes {
  return {
    name,
    size,
    read: (from, length) => from + length <= size ? bytes.read(at + from, length) : undefined,
  };
}
