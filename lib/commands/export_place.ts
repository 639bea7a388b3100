/** What `export` may replace: nothing but its own files. */
import { UnreadableError, UserError } from "../errors.ts";
import { reading } from "../system/file_errors.ts";
import { entriesIn, isThere, readAt, readIfThere } from "../system/files.ts";
import { openWeights } from "../weights/mod.ts";
import type { ExportLayout } from "../command_line/net_options.ts";

/**
 * Refuses to replace a file that is no card.
 *
 * @throws {UserError} There is one under the card's name, or a disk withholds whether there is.
 */
export function mustBeCard(card: string, start: string) {
  if (!isThere(card) || readIfThere(card)?.startsWith(start)) return;
  throw new UserError(
    `Cannot write "${card}": it exists, and is not a card that this command wrote; name another file, ` +
      "or move it away",
  );
}

/** Whether a layout is a folder of files. */
export function isFolder(layout: ExportLayout): boolean {
  return layout === "savedmodel" || layout === "page";
}

/**
 * Refuses to replace what is no net.
 *
 * @throws {UserError} There is something else under that name, or a disk withholds what there is.
 */
export async function mustBeFree(file: string, layout: ExportLayout) {
  const isNet = layout === "savedmodel"
    ? isThere(`${file}/saved_model.pb`)
    : layout === "page"
    ? await isOurPage(file)
    : layout === "onnx"
    ? await isOurOnnx(file)
    : await holdsNet(file);
  // drafts of an export that was killed count for nothing
  const isEmpty = isFolder(layout) && isThere(file, "isDirectory") &&
    entriesIn(file).every(({ name }) => UNFINISHED[layout]?.test(name));
  if (isNet || isEmpty || !(isThere(file) || isThere(file, "isDirectory"))) return;
  throw new UserError(
    `Cannot write "${file}": it exists, and is not a net that this command would replace; name ` +
      "another, or remove it",
  );
}

/** Files of an export that was killed before its last file. */
const UNFINISHED: Readonly<Partial<Record<ExportLayout, RegExp>>> = {
  savedmodel: /^saved_model\.pb\.[0-9a-f-]+\.part$/,
  page: /^(net-\d+|runtime)\.js(\.[0-9a-f-]+\.part)?$|^index\.html\.[0-9a-f-]+\.part$/,
};

/** Whether a folder is the page of a net. */
async function isOurPage(folder: string): Promise<boolean> {
  const { NET_PAGE_START } = await import("../report/net_page/mod.ts");
  return readIfThere(`${folder}/index.html`)?.startsWith(NET_PAGE_START) ?? false;
}

/** Whether a file has a net's weights. */
async function holdsNet(file: string): Promise<boolean> {
  if (!isThere(file)) return false;
  try {
    (await openWeights(file))[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof UserError && !(error instanceof UnreadableError)) return false;
    throw error;
  }
}

/** Whether a file is an ONNX model of this project. */
async function isOurOnnx(file: string): Promise<boolean> {
  if (!isThere(file)) return false;
  const { OUR_ONNX_START: start } = await import("../weights/onnx.ts");
  const found = reading(file, () => {
    using handle = Deno.openSync(file);
    return readAt(handle, 0, start.length);
  });
  return found !== undefined && start.every((byte, i) => found[i] === byte);
}
