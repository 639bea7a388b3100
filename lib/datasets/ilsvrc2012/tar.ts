/**
 * Tar archives, read in place: names, offsets and sizes from headers alone. The usual dialects (ustar,
 * GNU, pax) are read; links, devices and the like are refused.
 *
 * @module
 */
import { Buffer } from "node:buffer";
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

/** Most zeros behind the last member: tar fills up a record, of 10 kB unless it is told otherwise. */
const LONGEST_END = 2 ** 20;

/** How compressed files begin: gzip, bzip2, xz, Zstandard, ZIP. */
const PACKED = [
  ...[{ by: "gzip", begin: [0x1F, 0x8B] }, { by: "bzip2", begin: [0x42, 0x5A, 0x68] }],
  ...[{ by: "xz", begin: [0xFD, 0x37, 0x7A] }, { by: "zstd", begin: [0x28, 0xB5, 0x2F, 0xFD] }],
  { by: "zip", begin: [0x50, 0x4B, 0x03, 0x04] },
];

/** Kinds of members, by their type flag (POSIX.1-1988; L, K: GNU; x, g: pax). */
const KINDS: Readonly<Record<string, string>> = {
  ...{ "1": "a link", "2": "a symbolic link", "3": "a device", "4": "a device", "6": "a pipe" },
  ...{ "S": "a sparse file", "M": "a part of a file", "V": "a volume's name" },
};

/** Members that say something of the next one, or of all: pax's and GNU's. */
const EXTENSIONS = ["x", "g", "L", "K"];

/** What is known of the next member before its header. */
interface Coming {
  readonly path?: string | undefined;
  readonly size?: number;
  /** Whether holes were left out of its bytes. */
  readonly isSparse?: true;
}

/**
 * The files of an archive, in its order.
 *
 * @throws {UserError} It is not a tar archive, is cut off, has a hole or more behind its end, or holds
 * links, devices or paths that lead out of it. The message says at which byte.
 */
export function* membersOf(tar: Bytes): Iterable<TarMember> {
  let coming: Coming = {};
  let ended = false;
  refusePacked(tar);
  for (let at = 0; at < tar.size;) {
    const header = read(tar, at, BLOCK, "a header");
    if (header.every((byte) => byte === 0)) { // two empty blocks are the end
      ended = true;
      mustEnd(tar, at);
      break;
    }
    const fields = fieldsOf(header, tar, at);
    const { kind } = fields;
    const size = EXTENSIONS.includes(kind) ? fields.size : coming.size ?? fields.size;
    const body = at + BLOCK, next = body + Math.ceil(size / BLOCK) * BLOCK;
    if (body + size > tar.size) {
      throw tarError(
        tar,
        at,
        `"${coming.path ?? fields.path}" has ${size} bytes, but the archive ends after ` +
          `${tar.size - body} of them: it is cut off`,
      );
    }
    if (EXTENSIONS.includes(kind)) {
      const bytes = read(tar, body, mustBeShort(tar, at, size), "a name");
      if (kind === "x") coming = { ...coming, ...paxFields(bytes, tar, at) };
      if (kind === "L") coming = { ...coming, path: decodeText(bytes) };
      if (kind === "g" && Object.keys(paxFields(bytes, tar, at)).length > 0) {
        throw tarError(tar, at, "it has a name or a size for all files together");
      }
    } else {
      const path = coming.path ?? fields.path;
      if (coming.isSparse) throw tarError(tar, at, `"${path}" is ${KINDS.S}, not a file`);
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

/**
 * Refuses anything but a few zeros behind an end mark. Programs that download reserve a file's place with
 * zeros, so that a missing piece looks like an end; `cat` joins archives that end twice.
 */
function mustEnd(tar: Bytes, from: number) {
  for (let at = from; at < tar.size; at += WINDOW) {
    const bytes = read(tar, at, Math.min(WINDOW, tar.size - at), "its end");
    const i = bytes.findIndex((byte) => byte !== 0);
    if (i >= 0) {
      throw tarError(
        tar,
        from,
        `it ends here, but has more at byte ${
          at + i
        }: a piece of it is missing, or it is several ` +
          "archives in one",
      );
    }
    if (at + bytes.length - from > LONGEST_END) {
      throw tarError(tar, from, `it has only zeros from here on: it is cut off`);
    }
  }
}

const WINDOW = 8192;

function refusePacked(tar: Bytes) {
  const begin = tar.read(0, Math.min(4, tar.size)) ?? new Uint8Array();
  const found = PACKED.find((packed) => packed.begin.every((byte, i) => begin[i] === byte));
  if (found === undefined) return;
  throw new UserError(
    `Cannot read "${tar.name}" at byte 0: it is packed by ${found.by}; unpack it, so that it is a tar ` +
      "archive",
  );
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

/**
 * Path, size and holes from pax records, each "length name=value\n". Only the length tells where a record
 * ends: values, such as comments and attributes, may have line breaks and zero bytes.
 */
function paxFields(bytes: Uint8Array, tar: Bytes, at: number): Coming {
  let found: Coming = {};
  for (let from = 0; from < bytes.length && bytes[from] !== 0;) {
    const [start = "", digits] = /^(\d+) /.exec(latin(bytes.subarray(from, from + 8))) ?? [];
    const end = from + Number(digits);
    const equals = bytes.indexOf(EQUALS, from);
    if (!(end <= bytes.length && bytes[end - 1] === LINE_BREAK && equals > from && equals < end)) {
      throw tarError(tar, at, "a pax record is damaged");
    }
    const name = latin(bytes.subarray(from + start.length, equals));
    const value = decodeText(bytes.subarray(equals + 1, end - 1));
    // without a value, a record says that the header's own counts
    if (name === "path") found = { ...found, path: value === "" ? undefined : value };
    if (/^(GNU\.sparse\.|SUN\.holesdata$)/.test(name)) found = { ...found, isSparse: true };
    if (name === "size" && value !== "") {
      const size = Number(value);
      if (!(/^\d+$/.test(value) && Number.isSafeInteger(size))) {
        throw tarError(tar, at, `a file's size is "${value}"`);
      }
      found = { ...found, size };
    }
    from = end;
  }
  return found;
}

const [EQUALS, LINE_BREAK] = [0x3D, 0x0A];

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

const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** Text up to its first zero byte: UTF-8, or else Latin-1, so that different names stay different. */
function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    return latin(text);
  }
}
