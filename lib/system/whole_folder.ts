/** Makes folders that are whole or absent, whatever interrupts the making. */
import { dirname } from "node:path";
import { exists, flushFolder, flushTree } from "./files.ts";

/**
 * Makes `folder` unless it is whole: `fill` fills the folder `draft`, which is flushed to the disk and
 * renamed. Where another process made the same folder meanwhile, that one is kept and the draft is
 * removed.
 *
 * @param draft where to fill it, on the same disk. It may exist already: with a fixed name `fill` can
 * continue an interrupted making. It is left there if `fill` fails.
 * @param isWhole whether an existing folder is whole; one that is not is replaced. If absent, every
 * existing folder is whole.
 */
export async function makeWholeFolder(
  folder: string,
  { draft, fill, isWhole }: {
    readonly draft: string;
    readonly fill: (draft: string) => Promise<void>;
    readonly isWhole?: () => boolean;
  },
) {
  const isDone = isWhole ?? (() => exists(folder, "isDirectory"));
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
