/**
 * The layouts of ILSVRC-2012 on a disk: the archives of ImageNet's site, folders as they are unpacked
 * from them or from Kaggle's archive, and validation images sorted into folders of classes, as
 * torchvision wants them.
 *
 * @module
 */
import { basename, join } from "node:path";
import { UserError } from "../../errors.ts";
import { count } from "../../numbers.ts";
import { foldersAmong, imagesAmong } from "../folder/listing.ts";
import { reading } from "../../system/file_errors.ts";
import { entriesIn, isThere, listed } from "../../system/files.ts";
import { DEVKIT } from "./devkit.ts";
import { KAGGLE, type KaggleFiles } from "./kaggle.ts";

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
  /** The label files that Kaggle distributes, where there is no development kit. */
  readonly kaggle?: KaggleFiles;
}

/** The archives of each split, by their names. */
export const ARCHIVES: Readonly<Record<Split, readonly string[]>> = {
  train: ["ILSVRC2012_img_train.tar"],
  val: ["ILSVRC2012_img_val.tar"],
  test: ["ILSVRC2012_img_test_v10102019.tar", "ILSVRC2012_img_test.tar"],
};

/** Folders below the one of `--data` that are searched, too. */
const PLACES = ["", "ilsvrc2012", "ILSVRC2012", "ILSVRC/Data/CLS-LOC"];

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
  const devkit = isThere(archive)
    ? archive
    : isThere(unpacked, "isDirectory")
    ? unpacked
    : undefined;
  const forms = (["train", "val", "test"] as const).flatMap((split) => {
    const form = formOf(split, place);
    return form ? [[split, form] as const] : [];
  });
  const kaggle = devkit === undefined ? kaggleFilesFor(place) : undefined;
  return {
    place,
    ...Object.fromEntries(forms),
    ...devkit !== undefined && { devkit },
    ...kaggle && { kaggle },
  };
}

/** Kaggle's label files beside the images, or beside the folder ILSVRC/ that holds them. */
function kaggleFilesFor(place: string): KaggleFiles | undefined {
  const folders = [place, ...basename(place) === "CLS-LOC" ? [join(place, "../../..")] : []];
  return folders
    .map((folder) => ({
      solution: join(folder, KAGGLE.solution),
      mapping: join(folder, KAGGLE.mapping),
    }))
    .find(({ solution, mapping }) => isThere(solution) && isThere(mapping));
}

function formOf(split: Split, place: string): SplitLocation | undefined {
  const archive = ARCHIVES[split].map((name) => join(place, name)).find((file) => isThere(file));
  if (archive !== undefined) return { kind: "archive", path: archive, byClass: split === "train" };
  const path = join(place, split);
  if (!isThere(path, "isDirectory")) return undefined;
  const folders = split === "test" ? [] : classFoldersIn(path);
  if (folders.length > 0) refuseMixture(path, folders.length);
  return { kind: "folder", path, byClass: split === "train" || folders.length > 0 };
}

/** Refuses images beside folders of classes: sorting them was interrupted, or is wanted. */
export function refuseMixture(path: string, folders: number) {
  const images = imagesAmong(entriesIn(path));
  if (images.length === 0) return;
  throw new UserError(
    `Cannot use "${path}": it has ${count(images.length, "image")} beside ` +
      `${
        count(folders, "folder")
      } of classes; put every image into the folder of its class, or all of ` +
      "them into one folder",
  );
}

/** The folders of classes in a folder, sorted. */
export function classFoldersIn(folder: string): string[] {
  return foldersAmong(reading(folder, () => listed(folder)), folder);
}

/** What a layout lacks for training. */
export const TRAINING_IMAGES = `the training images (${ARCHIVES.train[0]} or train/<wnid>/*.JPEG)`;

/** What a layout lacks for testing, each with the files that are searched for. */
export function missingIn({ val, devkit, kaggle }: IlsvrcLayout): string[] {
  return [
    ...val ? [] : [`the validation images (${ARCHIVES.val[0]}, val/*.JPEG or val/<wnid>/*.JPEG)`],
    ...(val?.byClass ?? false) || devkit !== undefined || kaggle !== undefined ? [] : [
      `the classes of val/*.JPEG (${DEVKIT.archive} or ${DEVKIT.folder}/data/, or Kaggle's ` +
      `${KAGGLE.solution} and ${KAGGLE.mapping})`,
    ],
  ];
}
