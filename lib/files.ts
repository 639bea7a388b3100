/** Files: written wholly or not at all, and read in parts. */
import { UserError } from "./errors.ts";

/**
 * Writes a file beside its place, flushes it to the disk and renames it, so that a crash leaves the
 * old file or the new one, never a part. Missing folders are made.
 *
 * @throws UserError where the place is full, or cannot be written
 */
export function writeAtomically(file: string, content: string | readonly Uint8Array[]) {
  const parts = typeof content === "string" ? [new TextEncoder().encode(content)] : content;
  const draft = `${file}.${Deno.pid}.${drafts++}.part`;
  try {
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    try {
      using handle = Deno.openSync(draft, { write: true, create: true, truncate: true });
      for (const part of parts) {
        for (let at = 0; at < part.length;) at += handle.writeSync(part.subarray(at));
      }
      handle.syncSync();
    } catch (error) {
      removeIfThere(draft);
      throw error;
    }
    Deno.renameSync(draft, file);
  } catch (error) {
    throw new UserError(
      `Cannot write "${file}": ${(error as Error).message}; free some space, or name a folder ` +
        "that can be written with --results DIR",
      { cause: error },
    );
  }
}

/** Files written by this thread so far, so that two drafts never share a name. */
let drafts = 0;

/** Reads a text file, or nothing where there is none. */
export function readIfThere(file: string): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Bytes `at` to `at + length` of an open file; nothing where it ends before. */
export function readAt(
  handle: Deno.FsFile,
  at: number,
  length: number,
): Uint8Array<ArrayBuffer> | undefined {
  const part = new Uint8Array(length);
  handle.seekSync(at, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = handle.readSync(part.subarray(done));
    if (count === null) return undefined;
    done += count;
  }
  return part;
}

/** Bytes that are read at once, where what is read is not kept. */
export const PIECE = 2 ** 20;

/** The bytes of a file, piece by piece. */
export function* piecesOf(file: string): Iterable<Uint8Array> {
  using handle = Deno.openSync(file);
  for (;;) {
    const piece = new Uint8Array(PIECE);
    const count = handle.readSync(piece);
    if (count === null) return;
    yield piece.subarray(0, count);
  }
}

/** Removes a file, or does nothing where there is none. */
export function removeIfThere(file: string) {
  try {
    Deno.removeSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
