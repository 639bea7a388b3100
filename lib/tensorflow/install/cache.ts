/**
 * Folders in the user's cache folder that are whole or absent: each is made beside its place,
 * stamped with what it holds, flushed and renamed, so that no interruption leaves half of one.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { statSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { flush } from "../../system/files.ts";
import { makeWholeFolder } from "../../system/whole_folder.ts";
import { diskFull } from "../../system/subprocess.ts";

/** What a folder holds. It is written last, so a folder without it is not whole. */
interface Stamp {
  /** Names the contents: versions, platform, checksum. */
  readonly content: string;
  /** Size in bytes of each file, by its path in the folder. */
  readonly files: Readonly<Record<string, number>>;
}

const STAMP = "stamp.json";

/**
 * Whether `folder` is whole: stamped with `content`, each of its files there in its full size.
 *
 * @throws {UserError} A file is a link into a cache that this user cannot read.
 */
export function intact(folder: string, content: string): boolean {
  const stamp = readStamp(folder);
  if (stamp?.content !== content) return false;
  return Object.entries(stamp.files).every(([path, size]) => sizeOf(join(folder, path)) === size);
}

function sizeOf(file: string): number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size;
  } catch (error) {
    if ((error as { code?: string }).code !== "EACCES") throw error;
    throw new UserError(
      `Cannot use "${file}": it is a link into a folder that you may not read; whoever installed ` +
        "TensorFlow can do so for all users with VERYDEEP_CACHE=DIR deno task install",
      { cause: error },
    );
  }
}

/** What the stamp of `folder` says that it holds. */
export function contentOf(folder: string): string | undefined {
  return readStamp(folder)?.content;
}

function readStamp(folder: string): Stamp | undefined {
  try {
    const { content, files } = JSON.parse(Deno.readTextFileSync(join(folder, STAMP)));
    if (typeof content === "string" && files && typeof files === "object") {
      return { content, files };
    }
  } catch {
    // There is no stamp, or it is damaged: the folder is not whole.
  }
  return undefined;
}

/** Stamps `folder` as whole with these files, which may be links. */
export async function stamp(folder: string, content: string, files: readonly string[]) {
  const sizes = files.map((path) => [path, statSync(join(folder, path)).size]);
  const text = JSON.stringify({ content, files: Object.fromEntries(sizes) }, null, 2);
  await replaceAtomically(join(folder, STAMP), (path) => Deno.writeTextFile(path, text + "\n"));
}

/** Makes the file or link `path` by way of a neighbour, so that nobody ever sees half of it. */
export async function replaceAtomically(path: string, make: (neighbour: string) => Promise<void>) {
  const neighbour = newNeighbour(path);
  await make(neighbour);
  await flush([neighbour]);
  await Deno.rename(neighbour, path);
}

/**
 * Makes `folder` with the files that `build` writes, and stamps it, unless it is intact. What a failed
 * build left is removed.
 */
export async function makeStampedFolder(
  folder: string,
  content: string,
  build: (folder: string) => Promise<void>,
): Promise<void> {
  const neighbour = newNeighbour(folder);
  try {
    await makeWholeFolder(folder, {
      draft: neighbour,
      isWhole: () => intact(folder, content),
      async fill(draft) {
        await build(draft);
        await stamp(draft, content, await Array.fromAsync(filesIn(draft)));
      },
    });
  } finally {
    await Deno.remove(neighbour, { recursive: true }).catch(unless(Deno.errors.NotFound));
  }
}

const newNeighbour = (path: string) => `${path}.${crypto.randomUUID().slice(0, 8)}.new`;

/** Error handler that lets one class of errors pass. */
function unless(expected: new (message?: string) => Error): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof expected)) throw error;
  };
}

/** Paths of all files below `folder`, relative to it. */
export async function* filesIn(folder: string, below = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = join(below, entry.name);
    if (entry.isDirectory) yield* filesIn(folder, path);
    else yield path;
  }
}

/** Interval between two attempts to get the lock, ms. */
const LOCK_INTERVAL = 200;

/**
 * Does `work` while no other process does any in the same cache. What earlier ones left half-done
 * is removed first. Where the file system has no locks, work goes on without.
 *
 * @param onWait called where another process has to be waited for
 * @param stop ends the waiting: its reason is thrown then
 */
export async function withLock<T>(
  cache: string,
  { onWait, work, stop }: {
    onWait: () => void;
    work: () => Promise<T>;
    stop?: AbortSignal | undefined;
  },
): Promise<T> {
  await Deno.mkdir(cache, { recursive: true });
  using file = await Deno.open(join(cache, "lock"), { create: true, write: true });
  const isLocked = async () => {
    try {
      return await file.tryLock(true);
    } catch {
      // Some network file systems cannot lock: then every process makes its own copy.
    }
  };
  let locked = await isLocked();
  if (locked === false) onWait();
  while (locked === false) {
    stop?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOCK_INTERVAL));
    locked = await isLocked();
  }
  if (locked) {
    for await (const { name } of Deno.readDir(cache)) {
      if (name.endsWith(".new")) await Deno.remove(join(cache, name), { recursive: true });
    }
  }
  return await work();
}

/** Turns what a file system refuses into an error that names the folder and the way out. */
export function explainFileError(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  if (/No space left|os error 28|ENOSPC/.test(error.message)) return diskFull("install TensorFlow");
  const refused = error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.AlreadyExists ||
    /Read-only file system|os error 30|EROFS/.test(error.message);
  if (!refused) return error;
  return new UserError(
    `Cannot write to "${folder}" (${error.message}); ` +
      (folder.includes("node_modules")
        ? `make "${dirname(folder)}" writable`
        : "set VERYDEEP_CACHE to a folder that you may write to"),
  );
}
