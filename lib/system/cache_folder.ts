/** The user's cache folder: what all clones of the project share. */
import { join } from "node:path";
import { UserError } from "../errors.ts";

/**
 * `$VERYDEEP_CACHE`, else verydeep in the system's place for caches (`$XDG_CACHE_HOME` or
 * `~/.cache`, on macOS `~/Library/Caches`). It may not be there yet.
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
