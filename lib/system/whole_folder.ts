/** Creates folders atomically: they are complete or absent, even after an interruption. */
import { dirname } from "node:path";
import { flushFolder, flushTree, isThere } from "./files.ts";

/**
 * Creates `folder` unless it is complete: `fill` fills the folder `draft`, which is flushed to the disk
 * and renamed. If another process has created the folder meanwhile, that folder is kept and the draft
 * is removed.
 *
 * @param draft the folder to fill, on the same disk. It may exist already: with a fixed name `fill` can
 * continue after an interruption. It stays if `fill` fails.
 * @param isWhole whether an existing folder is complete; an incomplete one is replaced. If absent, every
 * existing folder is complete.
 */
export async function makeWholeFolder(
  folder: string,
  { draft, fill, isWhole }: {
    readonly draft: string;
    readonly fill: (draft: string) => Promise<void>;
    readonly isWhole?: () => boolean;
  },
) {
  const isDone = isWhole ?? (() => isThere(folder, "isDirectory"));
  if (isDone()) return;
  const replaced = `${draft}.replaced`;
  try {
    await Deno.mkdir(draft, { recursive: true });
    await fill(draft);
    await flushTree(draft);
    if (isWhole && !isWhole()) await Deno.rename(folder, replaced).catch(ignoreNotFound);
    await Deno.rename(draft, folder);
  } catch (error) {
    if (!isDone()) throw error;
  }
  flushFolder(dirname(folder));
  for (const leftover of [draft, replaced]) {
    await Deno.remove(leftover, { recursive: true }).catch(ignoreNotFound);
  }
}

function ignoreNotFound(error: unknown) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
