/**
 * Image folders that the project makes itself. A folder has its name only when it is whole: it is
 * filled under another name, and an interrupted making goes on where it stopped.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { cacheFolder } from "../system/cache_folder.ts";
import { UserError } from "../errors.ts";
import { flush, flushTree, ifThere } from "../system/files.ts";

/** Where `writeWhole` keeps files that are being written, inside the unfinished folder. */
const DESK = ".writing";

/**
 * Makes `folder` unless it is there. `fill` gets the unfinished folder, which may hold files of an
 * earlier, interrupted call: each of them is whole if it was written by `writeWhole`.
 *
 * Two processes may make the same folder at once as long as both would write the same bytes.
 */
export async function makeFolder(folder: string, fill: (unfinished: string) => Promise<void>) {
  if (exists(folder)) return;
  const unfinished = `${folder}.unfinished`;
  try {
    await Deno.mkdir(join(unfinished, DESK), { recursive: true });
  } catch (error) {
    throw noPlace(folder, error);
  }
  try {
    await fill(unfinished);
    await flushTree(unfinished);
    await Deno.rename(unfinished, folder);
    await Deno.remove(join(folder, DESK), { recursive: true });
  } catch (error) {
    if (exists(folder)) { // another process was faster
      return await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    }
    throw isNoPlace(error) ? noPlace(folder, error) : error;
  }
}

/**
 * Writes files, somewhere below `unfinished`, so that each is there wholly or not at all, after a
 * power failure too. They are flushed together, which takes less time than one by one.
 */
export async function writeWhole(
  files: readonly (readonly [file: string, bytes: Uint8Array])[],
  unfinished: string,
) {
  const drafts = files.map(([file, bytes]) => {
    const draft = join(unfinished, DESK, crypto.randomUUID());
    Deno.writeFileSync(draft, bytes);
    return { draft, file };
  });
  await flush(drafts.map(({ draft }) => draft));
  for (const { draft, file } of drafts) {
    if (ifThere(() => (Deno.renameSync(draft, file), true))) continue;
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.renameSync(draft, file);
  }
}

/**
 * `folder` itself if it can be written, else its place in the user's cache folder. Whichever it is
 * is made.
 */
export async function writablePlaceFor(folder: string): Promise<string> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".verydeep-" }));
    return folder;
  } catch {
    const place = cachePlaceFor(folder);
    await Deno.mkdir(place, { recursive: true });
    return place;
  }
}

/** Where in the user's cache folder lies what belongs to a folder that cannot be written. */
export function cachePlaceFor(folder: string): string {
  const name = createHash("sha256").update(resolve(folder)).digest("hex").slice(0, 12);
  return join(cacheFolder(), "data", name);
}

/** Whether there is a file or folder of this name. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether an error says that a place is full, closed or only to be read. */
function isNoPlace(error: unknown): boolean {
  return error instanceof Error && /read-only|space left|permission denied/i.test(error.message);
}

function noPlace(folder: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(
    `Cannot write "${folder}": ${reason}; name a folder that can be written with --data DIR`,
  );
}
