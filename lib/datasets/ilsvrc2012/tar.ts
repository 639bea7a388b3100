/**
 * Tar archives, read in place: names, offsets and sizes from headers alone. The usual dialects (ustar,
 * GNU, pax) are read; links, devices and the like are refused.
 *
 * @module
 */
import { UserError } from "../../errors.ts";
import type { Bytes } from "./bytes.ts";

/** A file in an archive. */
export interface TarMember {
  /** Its path, without a "./" in front. */
  readonly name: string;
  /** Offset of its first byte in the archive. */
  readonly at: number;
  readonly size: number;
}

export const BLOCK = 512;

/** Most bytes of a name or of pax records; an image's are shorter. */
const LONGEST = 2 ** 16;

/** Kinds of members, by their type flag (POSIX.1-1988; L, K: GNU; x, g: pax). */
const KINDS: Readonly<Record<string, string>> = {
  ...{ "1": "a link", "2": "a symbolic link", "3": "a device", "4": "a device", "6": "a pipe" },
  ...{ "S": "a sparse file", "M": "a part of a file", "V": "a volume's name" },
};

/**
 * The files of an archive, in its order.
 *
 * @throws {UserError} It is not a tar archive, is cut off, or holds links, devices or paths that lead
 * out of it. The message says at which byte.
 */
export function* membersOf(tar: Bytes): Iterable<TarMember> {
  let coming: { path?: string; size?: number } = {};
  let ended = false;
  for (let at = 0; at < tar.size;) {
    const header = read(tar, at, BLOCK, "a header");
    if (header.every((byte) => byte === 0)) { // two empty blocks are the end
      ended = true;
      break;
    }
    const fields = fieldsOf(header, tar, at);
    const size = coming.size ?? fields.size;
    const body = at + BLOCK, next = body + Math.ceil(size / BLOCK) * BLOCK;
    if (body + size > tar.size) {
      throw tarError(
        tar,
        at,
        `"${coming.path ?? fields.path}" has ${size} bytes, but the archive ends after ` +
          `${tar.size - body} of them: it is cut off`,
      );
    }
    const { kind } = fields;
    if (kind === "x" || kind === "L") {
      const text = decodeText(read(tar, body, mustBeShort(tar, at, size), "a name"));
      coming = kind === "x"
        ? { ...coming, ...paxFields(text, tar, at) }
        : { ...coming, path: text };
    } else if (kind !== "g" && kind !== "K") {
      const path = coming.path ?? fields.path;
      coming = {};
      if (["0", "\0", "7"].includes(kind) && !path.endsWith("/")) {
        yield { name: inside(path, tar, at), at: body, size };
      } else if (kind !== "5" && !path.endsWith("/")) {
        const what = KINDS[kind] ?? `of type "${kind}"`;
        throw tarError(tar, at, `"${path}" is ${what}, not a file`);
      }
    }
    at = next;
  }
  if (!ended) throw tarError(tar, tar.size, "it has no end mark: it is cut off");
}

/** The fields of a header that are used. */
function fieldsOf(header: Uint8Array, tar: Bytes, at: number) {
  const text = (from: number, length: number) => decodeText(header.subarray(from, from + length));
  const number = (from: number, length: number, what: string) => {
    const value = numberIn(header.subarray(from, from + length));
    if (value === undefined) throw tarError(tar, at, `a header has no ${what}`);
    return value;
  };
  // the sum of all bytes, where those of the sum itself count as spaces
  const sum = header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (sum !== number(148, 8, "checksum")) {
    throw tarError(tar, at, at === 0 ? "it is not a tar archive" : "a header is damaged");
  }
  const prefix = text(257, 5) === "ustar" && header[262] === 0 ? text(345, 155) : "";
  const name = text(0, 100);
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    size: number(124, 12, "size"),
    kind: String.fromCharCode(header[156]!),
  };
}

/** A number in octal digits, or, GNU's form for large ones, in bytes behind one of 128. */
function numberIn(bytes: Uint8Array): number | undefined {
  if (bytes[0] === 0x80) {
    const value = bytes.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(latin(bytes)) ?? [];
  return digits === undefined ? undefined : parseInt(digits, 8);
}

/** Path and size from pax records, each "length name=value\n". */
function paxFields(text: string, tar: Bytes, at: number): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (const [, name, value] of text.matchAll(/^\d+ ([^=\n]+)=(.*)$/gm)) {
    if (name === "path") found.path = value!;
    if (name === "size") {
      found.size = Number(value);
      if (!(Number.isSafeInteger(found.size) && found.size >= 0)) {
        throw tarError(tar, at, `a file's size is "${value}"`);
      }
    }
  }
  return found;
}

/** A path that stays inside the archive, or an error. */
function inside(path: string, tar: Bytes, at: number): string {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw tarError(tar, at, `"${path}" leads out of the archive`);
  }
  return path.replace(/^(\.\/)+/, "");
}

function mustBeShort(tar: Bytes, at: number, size: number): number {
  if (size <= LONGEST) return size;
  throw tarError(tar, at, `a name has ${size} bytes`);
}

function read(tar: Bytes, at: number, length: number, what: string): Uint8Array {
  const bytes = tar.read(at, length);
  if (bytes === undefined) throw tarError(tar, at, `it ends inside ${what}: it is cut off`);
  return bytes;
}

function tarError(tar: Bytes, at: number, reason: string): UserError {
  return new UserError(
    `Cannot read "${tar.name}" at byte ${at}: ${reason}; get the archive again`,
  );
}

const latin = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Text up to its first zero byte. */
function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
