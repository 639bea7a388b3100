/** The user's cache folder: what all clones of the project share. */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { UserError } from "../errors.ts";

/**
 * `$VERYDEEP_CACHE`, else verydeep in the system's place for caches (`$XDG_CACHE_HOME` or
 * `~/.cache`, on macOS `~/Library/Caches`). It may not exist yet.
 *
 * @throws {UserError} where no home folder is known
 */
export function cacheFolder(): string {
  const own = Deno.env.get("VERYDEEP_CACHE");
  if (own) return own;
  const xdg = Deno.env.get("XDG_CACHE_HOME");
  if (xdg) return join(xdg, "verydeep");
  const home = Deno.env.get("HOME");
  if (home) return join(home, Deno.build.os === "darwin" ? "Library/Caches" : ".cache", "verydeep");
  throw new UserError("Cannot find a cache folder: HOME is not set; set it, or VERYDEEP_CACHE");
}

/** The substitute in the user's cache folder for a folder that cannot be written. */
export function cacheFolderFor(folder: string): string {
  const name = createHash("sha256").update(resolve(folder)).digest("hex").slice(0, 12);
  return join(cacheFolder(), "data", name);
}

/** Where to look for what belongs to a folder: in it, and in its substitute. Nothing is made. */
export function foldersFor(folder: string): string[] {
  try {
    return [folder, cacheFolderFor(folder)];
  } catch (error) {
    if (error instanceof UserError) return [folder]; // there is no home folder
    throw error;
  }
}

/**
 * Returns `folder` if it can be written, else its substitute in the user's cache folder. Makes the one
 * that it returns.
 *
 * @throws {UserError} Neither can be written.
 */
export async function writableFolderFor(folder: string): Promise<string> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".verydeep-" }));
    return folder;
  } catch {
    const substitute = cacheFolderFor(folder);
    try {
      await Deno.mkdir(substitute, { recursive: true });
      return substitute;
    } catch (error) {
      throw new UserError(
        `Cannot write to "${folder}" nor, in its place, to "${substitute}" ` +
          `(${(error as Error).message}); set VERYDEEP_CACHE to a folder that you may write to`,
        { cause: error },
      );
    }
  }
}
