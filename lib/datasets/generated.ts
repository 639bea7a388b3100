/**
 * Image folders that the project generates. A folder has its name only when it is whole: it is filled
 * under another name, and an interrupted call is continued by the next.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { exists, flush, ifThere } from "../system/files.ts";
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
  if (exists(folder, "isDirectory")) return;
  try {
    await makeWholeFolder(folder, {
      draft: `${folder}.unfinished`,
      async fill(draft) {
        await Deno.mkdir(join(draft, DRAFTS), { recursive: true });
        await fill(draft);
      },
    });
    // only now: another process may write the same folder's files there until it has its name
    await Deno.remove(join(folder, DRAFTS), { recursive: true }).catch(() => {});
  } catch (error) {
    throw isDiskError(error) ? cannotWrite(folder, error) : error;
  }
}

/**
 * Writes files below `folder`, each completely or not at all, even after a power failure. They are
 * flushed together, which is faster than one by one.
 */
export async function writeFiles(
  files: readonly (readonly [file: string, bytes: Uint8Array])[],
  folder: string,
) {
  const drafts = files.map(([file, bytes]) => {
    const draft = join(folder, DRAFTS, crypto.randomUUID());
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

/** Whether the disk is full, or the folder is read-only, closed or below a file. */
function isDiskError(error: unknown): error is Error {
  const { AlreadyExists, NotADirectory, PermissionDenied } = Deno.errors;
  return error instanceof AlreadyExists || error instanceof NotADirectory ||
    error instanceof PermissionDenied ||
    (error instanceof Error && /read-only|space left/i.test(error.message));
}

function cannotWrite(folder: string, { message }: Error): UserError {
  return new UserError(
    `Cannot write "${folder}": ${message}; name a folder that can be written with --data DIR`,
  );
}
