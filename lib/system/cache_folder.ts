/** The user's cache folder, which all clones of the project share. */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { UnreadableError, UserError } from "../errors.ts";
import { cannotWrite, isFailingDisk, systemReason } from "./file_errors.ts";
import { ifThere, isThere, removeIfPossible } from "./files.ts";

/**
 * `$VERYDEEP_CACHE`, or else `verydeep` in the system's cache folder (`$XDG_CACHE_HOME` or `~/.cache`,
 * on macOS `~/Library/Caches`). It may not exist yet.
 *
 * @throws {UserError} The home folder is unknown.
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
function cacheFolderFor(folder: string): string {
  const name = createHash("sha256").update(resolve(folder)).digest("hex").slice(0, 12);
  return join(cacheFolder(), "data", name);
}

/** A folder and its substitute, as the places to look for its files. Creates neither. */
export function foldersFor(folder: string): string[] {
  try {
    return [folder, cacheFolderFor(folder)];
  } catch (error) {
    if (error instanceof UserError) return [folder]; // the home folder is unknown
    throw error;
  }
}

/**
 * Returns `folder` if it may be written, or else its substitute in the user's cache folder. Creates the
 * folder that it returns.
 *
 * @throws {UserError} Neither may be written, or the disk of `folder` fails or is full.
 */
export async function writableFolderFor(folder: string): Promise<string> {
  const tryOut = async (folder: string) => {
    if (!isThere(folder, "isDirectory")) await Deno.mkdir(folder, { recursive: true });
    const probe = join(folder, ".verydeep-probe");
    try {
      Deno.writeFileSync(probe, new Uint8Array());
      ifThere(() => Deno.removeSync(probe)); // another process may probe, too
    } catch (error) {
      removeIfPossible(probe);
      throw error;
    }
    return folder;
  };
  try {
    return await tryOut(folder);
  } catch (error) {
    // a folder in another place would hide the fault, and remain
    if (error instanceof UnreadableError && isFailingDisk(error.cause)) throw error;
    if (isFailingDisk(error)) throw cannotWrite(folder, error, "--data");
    const substitute = cacheFolderFor(folder);
    try {
      return await tryOut(substitute);
    } catch (error) {
      throw new UserError(
        `Cannot write to "${folder}" nor, in its place, to "${substitute}" ` +
          `(${systemReason(error)}); set VERYDEEP_CACHE to a folder that you may write to`,
        { cause: error },
      );
    }
  }
}
