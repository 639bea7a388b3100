/**
 * The index of an image folder: what was found in every file. It is stored beside the images, so that
 * files are read once, and read again when a name, a size or a modification time differs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UnreadableError, UserError } from "../../errors.ts";
import type { ColourSums } from "./colours.ts";
import { CANNOT_OPEN } from "./formats.ts";
import { type FolderListing, type ListedFile, listFolder } from "./listing.ts";
import type { ProbedFile } from "./worker.ts";
import { reading, writing } from "../../system/file_errors.ts";
import {
  entriesIn,
  exists,
  flushTree,
  readIfThere,
  removeIfPossible,
  writeAtomically,
} from "../../system/files.ts";
import { verifyChecksum, withChecksum } from "../../system/checksums.ts";
import { foldersFor, writableFolderFor } from "../../system/cache_folder.ts";
import type { ImageSize } from "../dataset.ts";

/** What is known of a folder's files: training files first, as listed, then validation files. */
export interface FolderIndex {
  readonly files: readonly ProbedFile[];
  readonly colours: ColourSums;
  /** SHA-256 of what was read of all usable files. */
  readonly content: string;
  /** Why the images are doubtful, as sentences. */
  readonly doubts: readonly string[];
}

/** Version of the stored index; raised with every change of its content. */
const VERSION = 4;
interface StoredIndex {
  readonly version: number;
  /** SHA-256 of the listing that it belongs to. */
  readonly listing: string;
  /** Width and height of each file; 0 and 0 where there is a fault. */
  readonly sizes: readonly number[];
  /** By position in the list: why a file is not an image. */
  readonly faults: Readonly<Record<number, string>>;
  /** By position in the list: the file to read instead. */
  readonly upright: Readonly<Record<number, string>>;
  /** Sums are whole numbers beyond 2^53, so they are text. */
  readonly colours: readonly string[];
  readonly content: string;
  readonly doubts: readonly string[];
}

/**
 * The folder for an image folder's index and upright pictures: `.verydeep` inside it, or, where
 * that cannot be written, one in the user's cache folder.
 */
export async function indexFolderOf(folder: string): Promise<string> {
  const place = join(await writableFolderFor(folder), ".verydeep");
  await makeUpright(place);
  return place;
}

/** Creates the folder of upright pictures. @throws {UserError} It cannot be created. */
async function makeUpright(place: string) {
  const upright = join(place, "upright");
  await writing(upright, () => Deno.mkdir(upright, { recursive: true }), "--data");
}

/** An index and the folder that has it, beside the images or in the user's cache folder. */
export interface FoundIndex {
  readonly place: string;
  readonly index: FolderIndex;
}

/**
 * Looks for an image folder's index. Nothing is written, so that a read-only installation is enough.
 *
 * @param listing its files' digest; if absent, indices that may be older count, too
 */
export async function findIndex(
  folder: string,
  listing: string | undefined,
): Promise<FoundIndex | undefined> {
  for (const place of foldersFor(folder).map((folder) => join(folder, ".verydeep"))) {
    const index = await readIndex(place, listing);
    if (index) return { place, index };
  }
  return undefined;
}

/** SHA-256 of a listing: changes with any file's path, size or times. */
export function listingDigest({ train, val }: FolderListing): string {
  const hash = createHash("sha256");
  for (const files of [train, val]) {
    const lines = files.map(({ path, bytes, changed, altered }) =>
      `${path}\t${bytes}\t${changed}\t${altered}\n`
    );
    for (let i = 0; i < lines.length; i += 10_000) hash.update(lines.slice(i, i + 10_000).join(""));
  }
  return hash.digest("hex");
}

/** The stored index of this listing, or of any; undefined where it must be made. */
export async function readIndex(
  place: string,
  listing: string | undefined,
): Promise<FolderIndex | undefined> {
  let stored: unknown;
  try {
    stored = verifyChecksum(JSON.parse(await Deno.readTextFile(join(place, "index.json"))));
  } catch {
    return undefined; // missing or damaged: it is made again
  }
  if (!isStoredIndex(stored) || stored.listing !== (listing ?? stored.listing)) return undefined;
  const { sizes, faults, upright } = stored;
  for (const file of Object.values(upright)) {
    if (!exists(join(place, "upright", file))) return undefined;
  }
  const files = Array.from({ length: sizes.length / 2 }, (_, i): ProbedFile => {
    const fault = faults[i], turned = upright[i];
    if (fault !== undefined) return { fault };
    const size = { width: sizes[2 * i]!, height: sizes[2 * i + 1]! };
    return turned === undefined ? size : { ...size, upright: turned };
  });
  const colours = stored.colours.map(BigInt) as unknown as ColourSums;
  const { content, doubts } = stored;
  return { files, colours, content, doubts };
}

function isStoredIndex(value: unknown): value is StoredIndex {
  if (typeof value !== "object" || value === null) return false;
  const { version, sizes, faults, upright, colours, content, doubts } = value as Record<
    keyof StoredIndex,
    unknown
  >;
  const isList = (list: unknown, isPart: (part: unknown) => boolean) =>
    Array.isArray(list) && list.every(isPart);
  const holdsTexts = (record: unknown) =>
    typeof record === "object" && record !== null && !Array.isArray(record) &&
    Object.values(record).every((part) => typeof part === "string");
  return version === VERSION && typeof content === "string" && holdsTexts(faults) &&
    holdsTexts(upright) && isList(doubts, (doubt) => typeof doubt === "string") &&
    isList(sizes, (side) => Number.isSafeInteger(side) && side as number >= 0) &&
    isList(colours, (sum) => typeof sum === "string" && /^\d+$/.test(sum));
}

/**
 * Stores an index in one piece, and removes upright pictures that it does not name.
 *
 * @throws {UserError} The disk is full, or the index cannot be written.
 */
export async function writeIndex(place: string, listing: string, index: FolderIndex) {
  const { files, colours, doubts } = index;
  const faults: Record<number, string> = {}, upright: Record<number, string> = {};
  for (const [i, file] of files.entries()) {
    if ("fault" in file) faults[i] = file.fault;
    else if (file.upright !== undefined) upright[i] = file.upright;
  }
  const stored: StoredIndex = {
    version: VERSION,
    listing,
    sizes: files.flatMap((file) => "fault" in file ? [0, 0] : [file.width, file.height]),
    faults,
    upright,
    colours: colours.map(String),
    content: index.content,
    doubts,
  };
  const pictures = join(place, "upright");
  // before an index says that they are there
  await writing(pictures, () => flushTree(pictures), "--data");
  const content = JSON.stringify(withChecksum(stored));
  writeAtomically(join(place, "index.json"), content, { option: "--data" });

  const named = new Set(Object.values(upright));
  for (const { name } of entriesIn(pictures)) {
    if (!named.has(name)) removeIfPossible(join(pictures, name));
  }
}

/** Beside the index of generated images: how many there are, and SHA-256 of their paths and bytes. */
const GENERATED = "generated.txt";

/** How a summary names the files' content; older versions noted their paths and sizes alone. */
const OF_CONTENT = "SHA-256 of their content";

/** Numbers of training and validation files, and SHA-256 of their paths, sizes and content. */
function summaryOf({ train, val }: FolderListing, content?: string): string {
  const hash = createHash("sha256");
  for (const { path, bytes } of [...train, ...val]) hash.update(`${path}\t${bytes}\n`);
  const name = content === undefined ? "SHA-256" : OF_CONTENT;
  return `${train.length} + ${val.length} files, ${name} ${
    hash.update(content ?? "").digest("hex")
  }`;
}

/**
 * Refuses a folder of generated images of which a disk withholds one: its size or its content, which are
 * unknown then, must not be taken for a change, nor be noted.
 *
 * @param faults what is wrong with each file, if anything is
 * @throws {UnreadableError} There is such a file.
 */
function mustBeReadable(
  folder: string,
  listed: readonly ListedFile[],
  faults: readonly (string | undefined)[],
) {
  const at = faults.findIndex((fault) => fault?.startsWith(CANNOT_OPEN));
  if (at < 0) return;
  const reason = faults[at]!.slice(CANNOT_OPEN.length).replace(/^ \((.*)\)$/, "$1");
  throw new UnreadableError(
    `Cannot read "${
      join(folder, listed[at]!.path)
    }": ${reason}; check its permissions and its disk`,
  );
}

/**
 * Compares generated images with their state when they were generated: they have the fingerprint of their
 * recipe, which knows nothing of changes.
 *
 * @throws {UserError} A file was changed, added or removed, or cannot be read.
 */
export function mustBeAsGenerated(
  { folder, place, listing, index: { files, content } }: {
    readonly folder: string;
    readonly place: string;
    readonly listing: FolderListing;
    /** What was read of all files. */
    readonly index: Pick<FolderIndex, "files" | "content">;
  },
) {
  const faults = files.map((file) => "fault" in file ? file.fault : undefined);
  mustBeReadable(folder, [...listing.train, ...listing.val], faults);
  const generated = readIfThere(join(place, GENERATED));
  const found = summaryOf(listing, generated?.includes(OF_CONTENT) ? content : undefined);
  if (generated === undefined || generated === found) return;
  const [before, now] = [generated, found].map((text) => text.split(" files")[0]);
  throw new UserError(
    `Cannot use "${folder}": its ${now} files are not the ${before} that were generated; remove the ` +
      "folder, and it is generated again, or open a copy of it with --dataset folder",
  );
}

/** SHA-256 of the digests of all files, in the order of a listing: training, then validation. */
export function contentOf(digests: Iterable<Uint8Array>): string {
  const content = createHash("sha256");
  for (const digest of digests) content.update(digest);
  return content.digest("hex");
}

/**
 * Writes the index of a folder that was just made. Its images are known and need not be decoded:
 * `sizeOf` gives their sizes by their paths, as in `train/fox/00001.jpg`.
 *
 * @throws {UserError} An image cannot be read, or the index cannot be written.
 */
export async function indexMade(
  folder: string,
  { sizeOf, colours }: {
    readonly sizeOf: (path: string) => ImageSize;
    readonly colours: ColourSums;
  },
) {
  const listing = listFolder(folder);
  const listed = [...listing.train, ...listing.val];
  mustBeReadable(folder, listed, listed.map(({ fault }) => fault));
  const paths = listed.map(({ path }) => path);
  const content = contentOf(
    paths.values().map((path) =>
      createHash("sha256").update(
        reading(join(folder, path), () => Deno.readFileSync(join(folder, path))),
      ).digest()
    ),
  );
  const place = join(folder, ".verydeep");
  await makeUpright(place);
  writeAtomically(join(place, GENERATED), summaryOf(listing, content), { option: "--data" });
  await writeIndex(place, listingDigest(listing), {
    ...{ files: paths.map(sizeOf), colours, content, doubts: [] },
  });
}
