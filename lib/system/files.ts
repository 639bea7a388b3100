/** Reads files in parts, and writes them atomically. */
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";
import {
  cannotWrite,
  type FolderOption,
  isFailingDisk,
  reading,
  systemReason,
  unreadable,
} from "./file_errors.ts";

/**
 * Writes a draft beside the file, flushes it to the disk and renames it, so that a crash leaves the old
 * file or the new one, never a part. Missing folders are created.
 *
 * @param check verifies the draft before it replaces the file; if it throws, the old file stays
 * @param option the option that chooses its folder
 * @throws {UserError} The disk is full, or the file cannot be written.
 */
export function writeAtomically(
  file: string,
  content: string | readonly Uint8Array[],
  { check, option }: {
    readonly check?: (draft: string) => void;
    readonly option?: FolderOption;
  } = {},
) {
  const parts = typeof content === "string" ? [new TextEncoder().encode(content)] : content;
  try {
    for (let attempt = 1; !writeOnce(file, parts, check, attempt === ATTEMPTS); attempt++);
  } catch (error) {
    throw cannotWrite(file, error, option);
  }
}

/** Attempts to write a file whose draft another process removes. */
const ATTEMPTS = 3;

/** Writes a file atomically. @returns false if its draft was removed meanwhile, unless it is the last attempt */
function writeOnce(
  file: string,
  parts: readonly Uint8Array[],
  check: ((draft: string) => void) | undefined,
  isLast: boolean,
): boolean {
  const draft = draftOf(file);
  makeFolder(dirname(file));
  try {
    {
      using handle = Deno.openSync(draft, { write: true, createNew: true });
      for (const piece of gathered(parts)) writeAll(handle, piece);
      handle.syncSync();
    }
    check?.(draft);
    Deno.renameSync(draft, file);
    flushFolder(dirname(file));
    return true;
  } catch (error) {
    removeIfPossible(draft);
    // one that was suspended while it began the same run removes the drafts that it finds
    if (error instanceof Deno.errors.NotFound && !isLast) return false;
    throw error;
  }
}

/** Bytes from which a part is written by itself. */
const LARGE = 2 ** 18;

/** Parts, with the small ones between large ones joined: a net has many small tensors. */
function* gathered(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  for (const part of parts) {
    if (part.length < LARGE) small.push(part);
    else {
      yield Buffer.concat(small);
      yield part;
      small = [];
    }
  }
  yield Buffer.concat(small);
}

/**
 * A new name for a file's draft, `FILE.(random).part`. It is random because processes in different
 * containers may have the same ID.
 */
export function draftOf(file: string): string {
  return `${file}.${crypto.randomUUID()}.part`;
}

/**
 * Appends a line to a text file and flushes it to the disk. A crash may leave only part of the line; the
 * next one then begins on a line of its own.
 *
 * @throws {UserError} The disk is full, or the file cannot be written.
 */
export function appendLine(file: string, line: string) {
  try {
    using handle = Deno.openSync(file, { append: true, create: true, read: true });
    const { size } = handle.statSync();
    const isCutOff = size > 0 && readAt(handle, size - 1, 1)?.[0] !== LINE_BREAK;
    writeAll(handle, new TextEncoder().encode(`${isCutOff ? "\n" : ""}${line}\n`));
    handle.syncSync();
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** The byte `\n`. */
const LINE_BREAK = 10;

/** Writes all of these bytes to an open file; the system may take a part of them at a time. */
export function writeAll(handle: Deno.FsFile, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += handle.writeSync(bytes.subarray(at));
}

/** Creates a folder and its parents, and flushes them so that they survive a crash. */
function makeFolder(folder: string) {
  if (exists(folder, "isDirectory")) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  Deno.mkdirSync(folder, { recursive: true });
  flushFolder(parent);
}

/**
 * Flushes a folder's list of names to the disk, where the system can.
 *
 * @throws The disk fails, or is full.
 */
export function flushFolder(folder: string) {
  try {
    using handle = Deno.openSync(folder);
    handle.syncSync();
  } catch (error) {
    // Windows cannot open folders, and some file systems cannot flush them
    if (isDiskFault(error)) throw error;
  }
}

/** The same for a flush, which an intact disk does not forbid. */
function isDiskFault(error: unknown): boolean {
  return isFailingDisk(error) || /^Read-only/i.test((error as Error).message);
}

/**
 * Makes a network file system ask its server which names a folder has. Linux's NFS otherwise relies for up
 * to a minute on names that it has looked for before, found or missing; opening a folder asks (nfs(5),
 * "Close-to-open cache consistency" and "Directory entry caching").
 */
export function refreshFolder(folder: string) {
  try {
    Deno.openSync(folder).close();
  } catch {
    // it is missing, or the system cannot open folders: reading the file tells
  }
}

/** Files to flush at the same time: the file system then writes its journal once for many. */
const AT_ONCE = 64;

/** Flushes every file and folder below a folder to the disk. */
export async function flushTree(folder: string) {
  const paths = [folder];
  for (const path of paths) {
    if (!exists(path, "isDirectory")) continue;
    for await (const { name } of Deno.readDir(path)) paths.push(`${path}/${name}`);
  }
  await flush(paths);
}

/**
 * Flushes files and folders to the disk. Flush files before renaming them: otherwise a power failure
 * may leave the new name with only part of the content.
 */
export async function flush(paths: readonly string[]) {
  let next = 0;
  async function flushOthers() {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      try {
        using handle = await Deno.open(path);
        await handle.sync();
      } catch (error) {
        if (!needsNoFlush(path, error)) throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, flushOthers));
}

/**
 * Whether a failed flush is harmless: another process renamed or removed the path, or the system
 * cannot flush folders or read-only files.
 */
function needsNoFlush(path: string, error: unknown): boolean {
  const { NotFound, PermissionDenied } = Deno.errors;
  return error instanceof NotFound || error instanceof PermissionDenied ||
    exists(path, "isDirectory") && !isDiskFault(error);
}

/**
 * Returns the result of work on a file; `undefined` if the file does not exist. Checking its existence
 * first would be wrong: another process may rename or remove it in between.
 */
export function ifThere<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Reads a text file; `undefined` if there is no such file.
 *
 * @throws {UnreadableError} It is there and cannot be read.
 */
export function readIfThere(file: string): string | undefined {
  return ifThere(() => reading(file, () => Deno.readTextFileSync(file)));
}

/**
 * Whether a file, or a folder, exists. In contrast, `exists` returns false if that cannot be determined.
 *
 * @throws {UnreadableError} It cannot be determined.
 */
export function isThere(file: string, what: "isFile" | "isDirectory" = "isFile"): boolean {
  try {
    return ifThere(() => reading(file, () => Deno.statSync(file)[what])) ?? false;
  } catch (error) {
    // a part of the path is a file
    if ((error as Error).cause instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Bytes `at` to `at + length` of an open file; `undefined` if it is shorter. */
export function readAt(
  handle: Deno.FsFile,
  at: number,
  length: number,
): Uint8Array<ArrayBuffer> | undefined {
  return readInto(handle, at, new Uint8Array(length));
}

/** Fills an array with the bytes of an open file from `at`; `undefined` if the file is shorter. */
export function readInto<Buffer extends ArrayBufferLike>(
  handle: Deno.FsFile,
  at: number,
  part: Uint8Array<Buffer>,
): Uint8Array<Buffer> | undefined {
  const { length } = part;
  handle.seekSync(at, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = handle.readSync(part.subarray(done));
    if (count === null) return undefined;
    done += count;
  }
  return part;
}

/** Bytes to read at a time. */
export const PIECE = 2 ** 20;

/**
 * The bytes of a file, off the main thread's loop.
 *
 * @throws {UnreadableError} It is there and cannot be read.
 */
export async function readBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return await reading(file, () => Deno.readFile(file));
}

/**
 * The bytes of a file, piece by piece.
 *
 * @throws {UnreadableError} It is there and cannot be read.
 */
export function* piecesOf(file: string): Iterable<Uint8Array> {
  try {
    using handle = Deno.openSync(file);
    yield* piecesIn(handle);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * The bytes of an open file, piece by piece, even if it is renamed or replaced meanwhile. Pieces in
 * `room` are valid until the next one is read.
 */
export function* piecesIn(handle: Deno.FsFile, room?: Uint8Array): Iterable<Uint8Array> {
  handle.seekSync(0, Deno.SeekMode.Start);
  for (;;) {
    const piece = room ?? new Uint8Array(PIECE);
    const count = handle.readSync(piece);
    if (count === null) return;
    yield piece.subarray(0, count);
  }
}

/** Whether a file, or a folder, exists. */
export function exists(file: string, what: "isFile" | "isDirectory" = "isFile"): boolean {
  try {
    return Deno.statSync(file)[what];
  } catch {
    return false;
  }
}

/** Listings of a folder in which others make folders meanwhile. */
const LISTINGS = 3;

/**
 * `Deno.readDirSync` as an array. Where a disk withholds a part of a listing, Deno ends it there without a
 * word. This throws, as far as it can be told: most file systems count a folder's subfolders as its links.
 *
 * @throws {Error} The system's, also if subfolders are missing.
 */
export function listed(folder: string): Deno.DirEntry[] {
  for (let listing = 1;; listing++) {
    const entries = [...Deno.readDirSync(folder)];
    const subfolders = (Deno.statSync(folder).nlink ?? 0) - 2; // its name, and "." in it
    if (entries.length >= subfolders) return entries;
    if (listing === LISTINGS) throw new Error(`${WITHHELD}: readdir '${folder}'`);
  }
}

/** How Deno words EIO. */
const WITHHELD = "Input/output error (os error 5)";

/**
 * Contents of a folder, by name; empty if there is no such folder.
 *
 * @throws {UnreadableError} It is there and cannot be read.
 */
export function entriesIn(folder: string): Deno.DirEntry[] {
  try {
    return listed(folder).sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    const { NotADirectory, NotFound } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return [];
    throw unreadable(folder, error);
  }
}

/** Renames a file if it exists. @throws {UserError} It cannot be renamed. */
export function renameIfThere(file: string, name: string) {
  changing("rename", file, () => Deno.renameSync(file, name));
}

/** Removes a file if it exists. @throws {UserError} It cannot be removed. */
export function removeIfThere(file: string) {
  changing("remove", file, () => Deno.removeSync(file));
}

/**
 * Removes a file, or a folder with all that is in it, that is of no use, unless that fails: it may stay,
 * and `status` lists it.
 *
 * @returns whether it is gone
 */
export function removeIfPossible(file: string): boolean {
  try {
    Deno.removeSync(file, { recursive: true });
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function changing(what: string, file: string, change: () => void) {
  try {
    ifThere(change);
  } catch (error) {
    throw new UserError(
      `Cannot ${what} "${file}": ${
        systemReason(error)
      }; check its folder's permissions and its disk`,
      { cause: error },
    );
  }
}
