/**
 * Lists a folder of images, train/<class>/* and val/<class>/*: names, sizes in bytes and modification
 * times. No file is opened.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { firstOf, quote, UserError } from "../../errors.ts";
import { count } from "../../numbers.ts";
import { cannotRead, isOfSystem, systemReason } from "../../system/file_errors.ts";
import { listed } from "../../system/files.ts";
import { CANNOT_OPEN } from "./formats.ts";

/** A file as the folder lists it. */
export interface ListedFile {
  /** Below the folder: `train/fox/00001.jpg`. */
  readonly path: string;
  /** Index of its class. */
  readonly label: number;
  readonly bytes: number;
  /** When its content last changed, ms since 1970; 0 where it cannot be reached. Programs that copy set it. */
  readonly changed: number;
  /** When its state last changed, such as its content, name or permissions. No program sets that. */
  readonly altered: number;
  /** Why the file cannot be reached, as the end of a sentence that begins with its name. */
  readonly fault?: string;
}

/** The files of a folder. */
export interface FolderListing {
  readonly classes: readonly string[];
  /** The first of each class, then the second of each, and so on; so is `val`. */
  readonly train: readonly ListedFile[];
  readonly val: readonly ListedFile[];
}

/**
 * Lists the images of `folder`. A class has the files in its folder and in all folders below it, as in
 * torchvision's `ImageFolder`. Hidden files are left out, and those of other systems (`isForeign`).
 *
 * @throws {UserError} where train/ or val/ is missing, a class is empty, the only one, or in one
 * of the two alone.
 */
export function listFolder(folder: string): FolderListing {
  const classes = listClasses(folder);
  return {
    classes,
    train: filesOf(folder, "train", classes),
    val: filesOf(folder, "val", classes),
  };
}

/**
 * Lists the classes of `folder`, sorted by code point.
 *
 * @throws {UserError} where train/ or val/ is missing, a class is the only one, or in one of the
 * two alone.
 */
function listClasses(folder: string): string[] {
  const train = classesOf(folder, "train"), val = classesOf(folder, "val");
  const missing = train.filter((name) => !val.includes(name));
  const extra = val.filter((name) => !train.includes(name));
  if (missing.length > 0 || extra.length > 0) {
    const differences = [
      ...missing.length > 0 ? [`only train/ has ${firstOf(missing.map(quote))}`] : [],
      ...extra.length > 0 ? [`only val/ has ${firstOf(extra.map(quote))}`] : [],
    ];
    throw new UserError(
      `Cannot train on "${folder}": train/ and val/ need the same classes, but ` +
        differences.join(" and "),
    );
  }
  if (train.length < 2) {
    throw new UserError(
      `Cannot train on "${folder}": "${train[0]}" is its only class; a net needs at least two`,
    );
  }
  return train;
}

/** Names of the classes of a split, sorted by code point. */
function classesOf(folder: string, split: string): string[] {
  const place = join(folder, split);
  let entries: Deno.DirEntry[];
  try {
    entries = listed(place);
  } catch (error) {
    if (isOfSystem(error) && !isMissing(error)) throw cannotRead(place, error);
    if (!statIfThere(folder)?.isDirectory) {
      throw new UserError(
        `Cannot open the images in "${folder}": the folder does not exist; name one that has ` +
          "train/<class>/ and val/<class>/ with --data DIR",
      );
    }
    throw new UserError(
      `Cannot open the images in "${folder}": it has no folder ${split}/; ` +
        "put images into train/<class>/ and val/<class>/, or name another folder with --data DIR",
    );
  }
  const classes = foldersAmong(entries, place);
  const odd = classes.find((name) => name.includes("\uFFFD") && !statIfThere(join(place, name)));
  if (odd !== undefined) {
    throw new UserError(
      `Cannot open the images in "${folder}": the name of the class ${
        quote(odd)
      } in ${split}/ is not ` +
        "UTF-8; rename its folder",
    );
  }
  const images = imagesAmong(entries);
  if (classes.length > 0 && images.length > 0) {
    throw new UserError(
      `Cannot open the images in "${folder}": ${split}/ has ${
        count(images.length, "image")
      } beside its ` +
        `folders of classes, such as ${
          quote(images[0]!)
        }; move each into the folder of its class, or away`,
    );
  }
  if (classes.length > 0) return classes;
  throw new UserError(
    `Cannot open the images in "${folder}": ${split}/ has no classes; ` +
      `put the images of each class into a folder ${split}/<class>/`,
  );
}

/** Names of the folders among the entries of `place`, without hidden ones, sorted by code point. */
export function foldersAmong(entries: Iterable<Deno.DirEntry>, place: string): string[] {
  return [...entries].filter((entry) => isVisibleFolder(place, entry))
    .map(({ name }) => name).sort(byCodePoint);
}

/**
 * Compares texts by their code points, as Python does, whose `ImageFolder` gives the same classes the same
 * labels. JavaScript's own order is another one where a text has emoji or rare characters.
 */
function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)); // the order of UTF-8
}

function isVisibleFolder(place: string, { name, isDirectory, isSymlink }: Deno.DirEntry): boolean {
  if (isForeign(name)) return false;
  return isDirectory || (isSymlink && statIfThere(join(place, name))?.isDirectory === true);
}

/** Files and folders that Windows, macOS and network drives put beside images: thumbnails and notes. */
const FOREIGN = ["Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir", "#recycle", "lost+found"];

/** Whether a name in a folder of images is hidden, or that of another system's own files. */
export function isForeign(name: string): boolean {
  return name.startsWith(".") || FOREIGN.includes(name);
}

/** Ends of the names of images. */
const IMAGE = /\.(jpe?g|png|bmp|p[bgp]m|webp|gif|tiff?|avif|hei[cf])$/i;

/** Names of the images among the entries of a folder. */
export function imagesAmong(entries: readonly Deno.DirEntry[]): string[] {
  return entries.filter(({ name, isDirectory }) =>
    !isDirectory && IMAGE.test(name) && !isForeign(name)
  )
    .map(({ name }) => name);
}

/** The files of a split, classes interleaved. */
function filesOf(folder: string, split: string, classes: readonly string[]): ListedFile[] {
  const rows = classes.map((name, label) => {
    const files = [...filesBelow(folder, `${split}/${name}`, label)];
    return files.sort((a, b) => a.path < b.path ? -1 : 1);
  });
  const empty = classes.filter((_, label) => rows[label]!.length === 0);
  if (empty.length > 0) {
    throw new UserError(
      `Cannot train on "${folder}": ${split}/ has no images of ${firstOf(empty.map(quote))}; ` +
        "add some, or remove the class from train/ and val/",
    );
  }
  return interleaved(rows);
}

/** Most folders inside each other; more are a link that leads back. */
const DEEPEST = 16;

/** What a folder below `folder` has. */
function entriesOf(folder: string, below: string): Deno.DirEntry[] {
  try {
    return listed(join(folder, below));
  } catch (error) {
    throw new UserError(
      `Cannot open the images in "${folder}": ${quote(below)} cannot be listed ` +
        `(${systemReason(error)}); change its permissions, or move it away`,
      { cause: error },
    );
  }
}

/** The files in a folder and below it, in no particular order. */
function* filesBelow(folder: string, below: string, label: number): Iterable<ListedFile> {
  if (below.split("/").length > DEEPEST) {
    throw new UserError(
      `Cannot open the images in "${folder}": ${
        quote(below)
      } is more than ${DEEPEST} folders deep; ` +
        "remove links that lead back",
    );
  }
  for (const { name, isDirectory } of entriesOf(folder, below)) {
    if (isForeign(name)) continue;
    const path = `${below}/${name}`;
    const stat = seen(`${folder}/${path}`);
    if (typeof stat === "string") {
      const fault = `${CANNOT_OPEN} (${stat})`;
      yield { path, label, bytes: 0, changed: 0, altered: 0, fault };
    } else if (stat?.isDirectory) {
      yield* filesBelow(folder, path, label);
    } else if (stat) {
      const [changed = 0, altered = 0] = [stat.mtime, stat.ctime].map((time) => time?.getTime());
      yield { path, label, bytes: stat.size, changed, altered };
    } else {
      const isOdd = name.includes("\uFFFD");
      const fault = isOdd ? "has a name that is not UTF-8" : "is a broken link";
      if (!isDirectory || isOdd) yield { path, label, bytes: 0, changed: 0, altered: 0, fault };
    }
  }
}

/** The first of each row, then the second of each, until the longest row ends. */
export function interleaved<Item>(rows: readonly (readonly Item[])[]): Item[] {
  const items: Item[] = [];
  let longest = 0;
  for (const row of rows) longest = Math.max(longest, row.length);
  for (let turn = 0; turn < longest; turn++) {
    for (const row of rows) if (turn < row.length) items.push(row[turn]!);
  }
  return items;
}

/** A file's state; undefined where there is none, and the system's reason where it tells none. */
function seen(path: string): Deno.FileInfo | string | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (!isOfSystem(error) || isMissing(error)) return undefined;
    return systemReason(error);
  }
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  const stat = seen(path);
  return typeof stat === "string" ? undefined : stat;
}

/** Whether a path leads nowhere. */
function isMissing(error: unknown): boolean {
  const { FilesystemLoop, NotADirectory, NotFound } = Deno.errors;
  return error instanceof NotFound || error instanceof NotADirectory ||
    error instanceof FilesystemLoop;
}
