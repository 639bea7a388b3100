/**
 * The layouts of ILSVRC-2012 on a disk: the archives of ImageNet's site, folders as they are unpacked
 * from them, and validation images sorted into folders of classes, as torchvision wants them.
 *
 * @module
 */
import { join } from "node:path";
import { foldersAmong } from "../folder/listing.ts";
import { exists } from "../../system/files.ts";
import { DEVKIT } from "./devkit.ts";

/** A split of the data set. */
export type Split = "train" | "val" | "test";

/** Where a split is. */
export interface SplitLocation {
  /** A tar archive, or a folder. */
  readonly kind: "archive" | "folder";
  readonly path: string;
  /** Whether each class has a folder, or an archive inside, named by its WNID. */
  readonly byClass: boolean;
}

/** What was found in a folder. */
export interface IlsvrcLayout extends Readonly<Partial<Record<Split, SplitLocation>>> {
  readonly place: string;
  /** The development kit: its archive or its folder. */
  readonly devkit?: string;
}

/** The archives of each split, by their names. */
export const ARCHIVES: Readonly<Record<Split, readonly string[]>> = {
  train: ["ILSVRC2012_img_train.tar"],
  val: ["ILSVRC2012_img_val.tar"],
  test: ["ILSVRC2012_img_test_v10102019.tar", "ILSVRC2012_img_test.tar"],
};

/** Folders below the one of `--data` that are searched, too. */
const PLACES = ["", "ilsvrc2012", "ILSVRC2012"];

/**
 * Searches for the data set in `folder` and below it: the first place that has training or validation
 * images counts. Where a split is there twice, its archive is used, because it is whole.
 */
export function findLayout(folder: string): IlsvrcLayout {
  const layouts = PLACES.map((name) => layoutOf(join(folder, name)));
  return layouts.find(({ train, val }) => train ?? val) ?? layouts[0]!;
}

function layoutOf(place: string): IlsvrcLayout {
  const [archive, unpacked] = [join(place, DEVKIT.archive), join(place, DEVKIT.folder)];
  const devkit = exists(archive) ? archive : exists(unpacked, "isDirectory") ? unpacked : undefined;
  const forms = (["train", "val", "test"] as const).flatMap((split) => {
    const form = formOf(split, place);
    return form ? [[split, form] as const] : [];
  });
  return { place, ...Object.fromEntries(forms), ...devkit !== undefined && { devkit } };
}

function formOf(split: Split, place: string): SplitLocation | undefined {
  const archive = ARCHIVES[split].map((name) => join(place, name)).find((file) => exists(file));
  if (archive !== undefined) return { kind: "archive", path: archive, byClass: split === "train" };
  const path = join(place, split);
  if (!exists(path, "isDirectory")) return undefined;
  const byClass = split === "train" || (split === "val" && classFoldersIn(path).length > 0);
  return { kind: "folder", path, byClass };
}

/** The folders of classes in a folder, sorted. */
export function classFoldersIn(folder: string): string[] {
  return foldersAmong(Deno.readDirSync(folder), folder);
}

/** What a layout lacks for training. */
export const TRAINING_IMAGES = `the training images (${ARCHIVES.train[0]} or train/<wnid>/*.JPEG)`;

/** What a layout lacks for testing, each with the files that are searched for. */
export function missingIn({ val, devkit }: IlsvrcLayout): string[] {
  return [
    ...val ? [] : [`the validation images (${ARCHIVES.val[0]}, val/*.JPEG or val/<wnid>/*.JPEG)`],
    ...(val?.byClass ?? false) || devkit !== undefined
      ? []
      : [`the classes of val/*.JPEG (${DEVKIT.archive} or ${DEVKIT.folder}/data/)`],
  ];
}
