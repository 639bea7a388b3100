/**
 * ImageNet-V2 (Recht et al. 2019, "Do ImageNet Classifiers Generalize to ImageNet?"): three sets of 10,000
 * images of ImageNet's 1,000 classes, collected anew, for testing nets of ILSVRC-2012. Each is a folder of
 * classes 0 to 999, which are numbers: in the order of the alphabet 10 comes before 2, and nearly every
 * image would have the label of another class. The folders of an older edition have WNIDs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { firstOf, quote, UserError } from "../errors.ts";
import { count, formatNumber } from "../numbers.ts";
import { exists } from "../system/files.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "./dataset.ts";
import { CLASSES, COLOURS, refuseFaults, validationImages } from "./ilsvrc2012/images.ts";
import { factsOf, type SplitIndex } from "./ilsvrc2012/index_file.ts";
import { classFoldersIn, refuseMixture, type SplitLocation } from "./ilsvrc2012/layout.ts";
import { areIlsvrcClasses } from "./ilsvrc2012/published.ts";
import { INDICES, openSplits } from "./ilsvrc2012/split.ts";

/** The sets by their archives' names. */
export const IMAGENET_V2 = [
  "imagenetv2-matched-frequency",
  "imagenetv2-threshold0.7",
  "imagenetv2-top-images",
] as const;

/** A set of ImageNet-V2. */
export type ImageNetV2 = typeof IMAGENET_V2[number];

/** Images of each class. */
const EACH = 10;

/** Why nothing is trained on it. */
const NO_TRAINING =
  "ImageNet-V2 has no training images; train with --dataset ilsvrc2012, and test " +
  "the net's file with --weights FILE";

/**
 * Opens a set in the folder of `--data`, in imagenetv2/ below it, or that folder itself. The first time the
 * headers of all images are read.
 *
 * @throws {UserError} It is missing, damaged, or its folders are not those of 1,000 classes.
 */
export async function openImageNetV2(name: ImageNetV2, options: DatasetOptions): Promise<Dataset> {
  const path = placeOf(name, options);
  const labels = labelsOf(foldersOf(path), path);
  const form: SplitLocation = { kind: "folder", path, byClass: true };
  const { onProgress } = options;
  const splits = await openSplits([{ split: "val", form }], {
    ...{ place: dirname(path), indices: join(INDICES, basename(path)) },
    ...onProgress && { onProgress },
  });
  const index = splits.get("val")!;
  refuseFaults(index, form, options);
  warnOfCounts(index, path, options);
  warnOfClasses([...labels.keys()], path, options);
  const names = index.names();
  const imageLabels = index.containers.flatMap(([name, images]) =>
    Array<number>(images).fill(labels.get(name)!)
  );
  const byName = [...names.keys()].sort((a, b) =>
    imageLabels[a]! - imageLabels[b]! || (names[a]! < names[b]! ? -1 : 1)
  );
  const facts = byName.map((i) => factsOf(`${names[i]}\t${imageLabels[i]}`, i, index));
  const folders = new Map([...labels].map(([folder, label]) => [label, folder]));
  return {
    name,
    classes: Array.from({ length: CLASSES }, (_, label) => {
      const folder = folders.get(label)!;
      return /^n/.test(folder) ? folder : `class ${label}`;
    }),
    train: [],
    val: validationImages(index, form, { labels: imageLabels, byName }),
    fingerprint: createHash("sha256").update(facts.join("")).digest("hex").slice(0, 12),
    colours: COLOURS,
    untrainable: NO_TRAINING,
  };
}

/**
 * Describes a set. What describes it is in the files, so it is opened.
 *
 * @throws {UserError} as opening does.
 */
export async function describeImageNetV2(
  set: ImageNetV2,
  options: DatasetOptions,
): Promise<DatasetInfo> {
  const { colours: _, ...description } = await openImageNetV2(set, options);
  return { ...description, made: true };
}

/** The folder of a set. @throws {UserError} There is none. */
function placeOf(name: ImageNetV2, { folder }: DatasetOptions): string {
  // as the archives unpack, now and at first
  const names = [`${name}-format-val`, `${name.replace("v2", "")}-format-val`, name];
  const itself = names.includes(basename(folder)) ? [folder] : [];
  const places = ["", "imagenetv2", "ImageNetV2"].flatMap((below) =>
    names.map((each) => join(folder, below, each))
  );
  const found = [...itself, ...places].find((place) => exists(place, "isDirectory"));
  if (found !== undefined) return found;
  throw new UserError(
    `Cannot find ${name} in "${folder}": it has no folder ${names[0]}/ with classes 0/ to 999/; ` +
      `unpack ${name}.tar.gz there, or say where it is with --data DIR`,
  );
}

/** The folders of classes. @throws {UserError} There are images beside them, whose class nobody knows. */
function foldersOf(path: string): string[] {
  const folders = classFoldersIn(path);
  refuseMixture(path, folders.length);
  return folders;
}

/**
 * Labels of the folders of classes: their numbers, or the rank of their WNIDs.
 *
 * @throws {UserError} They are not 1,000 numbers from 0 on, nor as many WNIDs.
 */
function labelsOf(folders: readonly string[], path: string): Map<string, number> {
  const refuse = (what: string) =>
    new UserError(
      `Cannot use "${path}" as ImageNet-V2: ${what}; unpack the archive again, with its folders 0 to ` +
        `${CLASSES - 1} unchanged`,
    );
  if (folders.every((name) => /^n\d{8}$/.test(name)) && folders.length > 0) {
    if (folders.length === CLASSES) return new Map(folders.map((name, label) => [name, label]));
    throw refuse(`it has ${count(folders.length, "folder")} of classes, not ${CLASSES}`);
  }
  const odd = folders.filter((name) => !/^(0|[1-9]\d*)$/.test(name) || Number(name) >= CLASSES);
  const missing = Array.from({ length: CLASSES }, (_, label) => String(label))
    .filter((name) => !folders.includes(name));
  if (odd.length === 0 && missing.length === 0) {
    return new Map(folders.map((name) => [name, Number(name)]));
  }
  throw refuse([
    ...missing.length > 0 ? [`it lacks ${firstOf(missing.map(quote), 3)}`] : [],
    ...odd.length > 0 ? [`it has ${firstOf(odd.map(quote), 3)}`] : [],
  ].join(", and "));
}

/** Warns of WNIDs that are not ILSVRC-2012's: their ranks are the labels of other classes. */
function warnOfClasses(folders: readonly string[], path: string, { onWarning }: DatasetOptions) {
  if (!folders[0]!.startsWith("n") || areIlsvrcClasses(folders)) return;
  onWarning?.(
    `The ${
      formatNumber(folders.length)
    } WordNet IDs in "${path}" are not those of ILSVRC-2012's classes, so ` +
      "its errors are of another task.",
  );
}

/** Warns of a set that is not whole, or an edition with other numbers of images. */
function warnOfCounts({ containers }: SplitIndex, path: string, { onWarning }: DatasetOptions) {
  const odd = containers.filter(([, images]) => images !== EACH);
  const [first] = odd;
  if (first === undefined) return;
  const [name, images] = first;
  onWarning?.(
    `"${path}" is not ImageNet-V2 as its authors publish it, ${EACH} images of each class: ` +
      `${
        formatNumber(odd.length)
      } of its classes have other numbers, such as ${images} in ${name}/.`,
  );
}
