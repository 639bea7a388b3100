/**
 * Lists a folder of images, train/<class>/* and val/<class>/*: names, sizes in bytes and modification
 * times. No file is opened.
 *
 * @module
 */
import { join } from "node:path";
import { firstOf, quote, UserError } from "../../errors.ts";

/** A file as the folder lists it. */
export interface ListedFile {
  /** Below the folder: `train/fox/00001.jpg`. */
  readonly path: string;
  /** Index of its class. */
  readonly label: number;
  readonly bytes: number;
  /** Milliseconds since 1970; 0 for a broken link. */
  readonly changed: number;
}

/** The files of a folder. */
export interface FolderListing {
  readonly classes: readonly string[];
  /** The first of each class, then the second of each, and so on; so is `val`. */
  readonly train: readonly ListedFile[];
  readonly val: readonly ListedFile[];
}

/**
 * Lists the images of `folder`. Hidden files are left out.
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
export function listClasses(folder: string): string[] {
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
      `Cannot train on "${folder}": "${train[0]}" is its only class; a net needs two at least`,
    );
  }
  return train;
}

/** Names of the classes of a split, sorted by code point. */
function classesOf(folder: string, split: string): string[] {
  const place = join(folder, split);
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(place)];
  } catch {
    if (!statIfThere(folder)?.isDirectory) {
      throw new UserError(
        `Cannot open the images in "${folder}": there is no such folder; name one that has ` +
          "train/<class>/ and val/<class>/ with --data DIR",
      );
    }
    throw new UserError(
      `Cannot open the images in "${folder}": there is no folder ${split}/; ` +
        "put images into train/<class>/ and val/<class>/, or name another folder with --data DIR",
    );
  }
  const classes = foldersAmong(entries, place);
  if (classes.length > 0) return classes;
  throw new UserError(
    `Cannot open the images in "${folder}": ${split}/ has no classes; ` +
      `put the images of each class into a folder ${split}/<class>/`,
  );
}

/** Names of the folders among the entries of `place`, without hidden ones, sorted by code point. */
export function foldersAmong(entries: Iterable<Deno.DirEntry>, place: string): string[] {
  return [...entries].filter((entry) => isVisibleFolder(place, entry))
    .map(({ name }) => name).sort();
}

function isVisibleFolder(place: string, { name, isDirectory, isSymlink }: Deno.DirEntry): boolean {
  if (name.startsWith(".")) return false;
  return isDirectory || (isSymlink && statIfThere(join(place, name))?.isDirectory === true);
}

/** The files of a split, classes interleaved. */
function filesOf(folder: string, split: string, classes: readonly string[]): ListedFile[] {
  const rows = classes.map((name, label) => {
    const files = [];
    for (const entry of Deno.readDirSync(join(folder, split, name))) {
      if (entry.isDirectory || entry.name.startsWith(".")) continue;
      const path = `${split}/${name}/${entry.name}`;
      const stat = statIfThere(`${folder}/${path}`);
      if (stat?.isDirectory) continue;
      files.push({ path, label, bytes: stat?.size ?? 0, changed: stat?.mtime?.getTime() ?? 0 });
    }
    return files.sort((a, b) => a.path < b.path ? -1 : 1);
  });
  const empty = classes.filter((_, label) => rows[label]!.length === 0);
  if (empty.length > 0) {
    throw new UserError(
      `Cannot train on "${folder}": ${split}/ has no images of ${firstOf(empty.map(quote))}; ` +
        "add some, or remove the class from train/ and val/",
    );
  }
  return takingTurns(rows);
}

/** The first of each row, then the second of each, until the longest row ends. */
export function takingTurns<Item>(rows: readonly (readonly Item[])[]): Item[] {
  const items: Item[] = [];
  let longest = 0;
  for (const row of rows) longest = Math.max(longest, row.length);
  for (let turn = 0; turn < longest; turn++) {
    for (const row of rows) if (turn < row.length) items.push(row[turn]!);
  }
  return items;
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
