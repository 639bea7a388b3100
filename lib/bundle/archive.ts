/**
 * Zip archives of uncompressed entries, which can be read in place. The last entry lists the SHA-256
 * of every other entry in the format of sha256sum.
 *
 * Archives may come from strangers: nothing is unpacked, and headers are checked before use.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import * as yazl from "yazl";
import { UserError } from "../errors.ts";
import { cannotRead, isOfSystem, reading, systemReason } from "../system/file_errors.ts";
import {
  draftOf,
  flushFolder,
  PIECE,
  readAt,
  removeIfPossible,
  writeAll,
} from "../system/files.ts";
import { storedEntries, type StoredEntry } from "../system/zip.ts";

/** Name of the entry with the hashes of the others. */
export const SUMS = "SHA256SUMS";

/** Valid names of entries: safe on every file system and terminal, and no two ways to the same file. */
const NAME = /^([\w.,=+-]*[\w,=+-]\/)*[\w.,=+-]*[\w,=+-]$/;

/** Longest entry that is read as text, bytes. */
const LONGEST_TEXT = 2 ** 28;

/** An entry to write. */
export interface ArchiveContent {
  readonly name: string;
  /** Makes its bytes, in parts, when the entry is written. */
  readonly parts: () => Iterable<Uint8Array>;
}

/**
 * Writes an archive of `contents`, sorted by name, completely or not at all. Equal contents give
 * equal bytes.
 *
 * @returns SHA-256 of the list of hashes, which identifies the whole content
 * @throws {UserError} The file cannot be written.
 */
export async function writeArchive(
  file: string,
  contents: readonly ArchiveContent[],
): Promise<string> {
  const zip = new ZipFile();
  const sums: string[] = [];
  // Zip files store local times: one fixed time makes the bytes independent of clock and time zone.
  const mtime = new Date(2000, 0, 1);
  const fail = (error: Error) => void zip.outputStream.destroy(error);
  zip.on("error", fail);
  function add(name: string, parts: () => Iterable<Uint8Array>) {
    const options = { mtime, mode: 0o100644, compress: false, forceDosTimestamp: true };
    zip.addReadStreamLazy(name, options, (give) => {
      const stream = Readable.from(parts(), { objectMode: false });
      stream.on("error", fail);
      give(null, stream);
    });
  }

  for (const { name, parts } of contents.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    add(name, function* () {
      const hash = createHash("sha256");
      for (const part of parts()) {
        hash.update(part);
        yield part;
      }
      sums.push(`${hash.digest("hex")}  ${name}\n`);
    });
  }
  add(SUMS, () => [new TextEncoder().encode(sums.join(""))]);
  zip.end();

  const draft = draftOf(file);
  try {
    {
      using handle = Deno.openSync(draft, { write: true, createNew: true });
      for await (const piece of zip.outputStream) writeAll(handle, piece);
      handle.syncSync();
    }
    Deno.renameSync(draft, file);
    flushFolder(dirname(file));
  } catch (error) {
    removeIfPossible(draft);
    if (error instanceof UserError) throw error;
    throw new UserError(
      `Cannot write "${file}": ${systemReason(error)}; free some space, or name another file`,
      { cause: error },
    );
  }
  return createHash("sha256").update(sums.join("")).digest("hex");
}

/** An archive, open for reading. */
export interface OpenArchive extends Disposable {
  readonly file: string;
  /** Offset and size of each entry, by its name. */
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** An entry as text. @throws {UserError} It is missing or too long. */
  text(name: string): string;
  /** SHA-256 of an entry, hexadecimal. `onBytes` is called for every piece. */
  hash(name: string, onBytes?: (count: number) => void): string;
}

/**
 * Opens an archive.
 *
 * @throws {UserError} The file cannot be opened, is not an archive of `writeArchive`, or is damaged.
 */
export async function openArchive(file: string): Promise<OpenArchive> {
  let entries: ReadonlyMap<string, StoredEntry>;
  const handle = opened(file);
  try {
    if (!reading(file, () => handle.statSync()).isFile) throw new Error("it is not a file");
    entries = await storedEntries(handle, { isExact: true });
    const seen = new Map<string, string>();
    for (const name of entries.keys()) {
      if (!NAME.test(name)) throw new Error(`an entry is called ${JSON.stringify(name)}`);
      // one file where the disk does not tell letters' cases apart
      const other = seen.get(name.toLowerCase());
      if (other !== undefined) throw new Error(`there are entries "${other}" and "${name}"`);
      seen.set(name.toLowerCase(), name);
    }
  } catch (error) {
    handle.close();
    if (error instanceof UserError) throw error;
    if (isOfSystem(error)) throw cannotRead(file, error);
    throw new UserError(`Cannot read "${file}" as a bundle: ${(error as Error).message}`);
  }

  function* pieces(name: string): Iterable<Uint8Array<ArrayBuffer>> {
    const { at, size } = entries.get(name)!;
    for (let from = 0; from < size; from += PIECE) {
      const piece = reading(file, () => readAt(handle, at + from, Math.min(PIECE, size - from)));
      if (piece === undefined) throw new UserError(`Cannot read "${file}": "${name}" is cut off`);
      yield piece;
    }
  }

  return {
    file,
    entries,
    text(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw new UserError(`Cannot read "${file}": "${name}" is missing`);
      if (entry.size > LONGEST_TEXT) {
        throw new UserError(`Cannot read "${file}": "${name}" is too long for a text`);
      }
      // a byte order mark is a part of the text
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const parts = [...pieces(name)].map((piece) => decoder.decode(piece, { stream: true }));
      return parts.join("") + decoder.decode();
    },
    hash(name, onBytes) {
      const hash = createHash("sha256");
      for (const piece of pieces(name)) {
        hash.update(piece);
        onBytes?.(piece.length);
      }
      return hash.digest("hex");
    },
    [Symbol.dispose]: () => handle.close(),
  };
}

function opened(file: string): Deno.FsFile {
  try {
    return Deno.openSync(file);
  } catch (error) {
    throw new UserError(
      `Cannot open "${file}": ${systemReason(error)}; name a file that deno task bundle wrote`,
      { cause: error },
    );
  }
}

/** The types of the part of the package that is used here; the package has no types. */
const { ZipFile } = yazl as unknown as {
  ZipFile: new () => {
    readonly outputStream: Readable;
    on(event: "error", listener: (error: Error) => void): void;
    addReadStreamLazy(
      name: string,
      options: object,
      open: (give: (error: null, stream: Readable) => void) => void,
    ): void;
    end(): void;
  };
};
