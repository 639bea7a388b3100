/**
 * Image folders that the project generates. A folder has its name only when it is whole: it is filled
 * under another name, and an interrupted call is continued by the next.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { cannotWrite, isOfSystem, writing } from "../system/file_errors.ts";
import { exists, flush, ifThere, removeIfPossible } from "../system/files.ts";
import { makeWholeFolder } from "../system/whole_folder.ts";

/** Where `writeFiles` keeps unfinished files, inside the unfinished folder. */
const DRAFTS = ".writing";

/**
 * Makes `folder` unless it exists. `fill` gets the unfinished folder, which may hold files of an
 * earlier, interrupted call: each of them is whole if it was written by `writeFiles`.
 *
 * Two processes may make the same folder at once as long as both would write the same bytes.
 *
 * @throws {UserError} The disk is full, or the folder cannot be written.
 */
export async function makeImageFolder(folder: string, fill: (draft: string) => Promise<void>) {
  const drafts = join(folder, DRAFTS);
  if (exists(folder, "isDirectory")) {
    // of a call that ended between giving the folder its name and this
    if (exists(drafts, "isDirectory")) removeIfPossible(drafts);
    return;
  }
  try {
    await makeWholeFolder(folder, {
      draft: `${folder}.unfinished`,
      async fill(draft) {
        await Deno.mkdir(join(draft, DRAFTS), { recursive: true });
        await fill(draft);
      },
    });
    // only now: another process may write the same folder's files there until it has its name
    removeIfPossible(drafts);
  } catch (error) {
    throw isOfSystem(error) ? cannotWrite(folder, error, "--data") : error;
  }
}

/**
 * Writes files below `folder`, each completely or not at all, even after a power failure. They are
 * flushed together, which is faster than one by one.
 *
 * @throws {UserError} The disk is full, or a file cannot be written.
 */
export async function writeFiles(
  files: readonly (readonly [file: string, bytes: Uint8Array])[],
  folder: string,
) {
  const drafts = files.map(([file, bytes]) => {
    const draft = join(folder, DRAFTS, crypto.randomUUID());
    writing(file, () => Deno.writeFileSync(draft, bytes), "--data");
    return { draft, file };
  });
  await writing(folder, () => flush(drafts.map(({ draft }) => draft)), "--data");
  for (const { draft, file } of drafts) writing(file, () => put(draft, file), "--data");
}

/** Gives a draft its name, in a folder that may not be there yet. */
function put(draft: string, file: string) {
  if (ifThere(() => (Deno.renameSync(draft, file), true))) return;
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.renameSync(draft, file);
}
