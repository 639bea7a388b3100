/**
 * `ilsvrc2012`: the paper's own data set, ImageNet's 1,000 classes, as a folder of images.
 *
 * @module
 */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { describeFolder, openFolder } from "./folder.ts";
import { listClasses } from "./folder/listing.ts";
import { exists } from "./made.ts";
import type { Dataset, DatasetOptions, Sighting } from "./mod.ts";

const NAME = "ilsvrc2012";
const LAYOUT = "train/<wnid>/*.JPEG and val/<wnid>/*.JPEG with the 1,000 classes, as in " +
  "train/n01440764/n01440764_18.JPEG";

/** What is assumed where nothing is found: so many classes and images, and their usual size. */
const CLASSES = 1000;
const TRAINING = { length: 1_281_167 };
const VALIDATION = { images: 50_000, width: 500, height: 375 };

/**
 * Opens train/<wnid>/*.JPEG and val/<wnid>/*.JPEG in the folder of `--data`, or in ilsvrc2012/
 * below it.
 *
 * @throws {UserError} where there is no such folder, or it has another number of classes.
 */
export async function openIlsvrc2012(options: DatasetOptions): Promise<Dataset> {
  const folder = find(options);
  if (folder === undefined) throw new UserError(notFound(options));
  return { ...await openFolder({ ...options, folder }), name: NAME };
}

/**
 * Describes what `openIlsvrc2012` would open. Where nothing is found, what everybody knows of the
 * data set is assumed, so that the paper's experiments can be planned without it.
 *
 * @throws {UserError} where a folder is found that cannot be used.
 */
export async function describeIlsvrc2012(options: DatasetOptions): Promise<Sighting> {
  const folder = find(options);
  if (folder !== undefined) return { ...await describeFolder({ ...options, folder }), name: NAME };
  const { images, width, height } = VALIDATION;
  return {
    name: NAME,
    classes: Array.from({ length: CLASSES }, (_, label) => `class ${label}`),
    train: TRAINING,
    val: new Array(images).fill({ width, height }),
    fingerprint: "",
    made: false,
    missing: notFound(options),
  };
}

/** The folder that has train/ and val/, if there is one. */
function find({ folder: named }: DatasetOptions): string | undefined {
  const folder = [named, join(named, NAME)]
    .find((place) => exists(join(place, "train")) && exists(join(place, "val")));
  if (folder === undefined) return undefined;
  const { length } = listClasses(folder);
  if (length === CLASSES) return folder;
  throw new UserError(
    `Cannot use "${folder}" as ${NAME}: it has ${length} classes; needed is ${LAYOUT}; ` +
      "other images are opened with --dataset folder",
  );
}

function notFound({ folder }: DatasetOptions): string {
  return `Cannot find ${NAME} in "${folder}": needed is ${LAYOUT}; say where that is with ` +
    "--data DIR";
}
