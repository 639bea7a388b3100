/**
 * `fashion-mnist`: 70,000 grey pictures of clothes, 28 by 28 pixels, ten classes (Xiao, Rasul and
 * Vollgraf 2017). Small and without scale, but real: a test of the whole path.
 *
 * @module
 */
import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import { readIdx } from "./raw_images/idx.ts";
import { exists } from "../system/files.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "./dataset.ts";
import type { RawImages } from "./raw_images/images.ts";
import { describeRaw, openRaw, type RawFiles } from "./raw_images/mod.ts";

/** Where Debian's package dataset-fashion-mnist puts the files. */
const DEBIAN = "/usr/share/datasets/fashion-mnist";

/** The files, each as it is or with .gz at the end. Those of t10k become validation images. */
const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** By the number in the label files. */
const CLASSES = [
  "t-shirt-top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle-boot",
] as const;

const LICENSE = "Fashion-MNIST: Copyright (c) 2017 Zalando SE; MIT License.";

/**
 * Opens Fashion-MNIST from IDX files in the folder of `--data`, in fashion-mnist/ below it, or
 * where Debian's package puts them. The first time its images are saved as PNG files.
 *
 * @throws {UserError} where the files are not found, or are not what they should be.
 */
export async function openFashionMnist(options: DatasetOptions): Promise<Dataset> {
  return { ...await openRaw(sourceIn(options), options), credits: LICENSE };
}

/**
 * Describes what `openFashionMnist` would open; no image is saved.
 *
 * @throws {UserError} where the files are not found, or are not what they should be.
 */
export async function describeFashionMnist(options: DatasetOptions): Promise<DatasetInfo> {
  return await describeRaw(sourceIn(options), options);
}

function sourceIn({ folder }: DatasetOptions): RawFiles {
  const files = find([folder, join(folder, "fashion-mnist"), DEBIAN]);
  return {
    name: "fashion-mnist",
    files,
    classes: CLASSES,
    read(split, contents) {
      const at = split === "train" ? 0 : 2;
      return readSplit([contents[at]!, contents[at + 1]!], [files[at]!, files[at + 1]!]);
    },
  };
}

/** The four files, from the first folder that has one of them. */
function find(folders: readonly string[]): string[] {
  for (const folder of folders) {
    const found = FILES.map((name) =>
      [name, `${name}.gz`].map((file) => join(folder, file)).find((file) => exists(file))
    );
    const missing = FILES.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return found as string[];
    if (missing.length === FILES.length) continue;
    throw new UserError(
      `Cannot open fashion-mnist in "${folder}": ${missing.join(" and ")} (or .gz) ` +
        `${missing.length === 1 ? "is" : "are"} missing; put all four files there`,
    );
  }
  throw new UserError(
    `Cannot find fashion-mnist: ${FILES[0]} and its three companions (or .gz) are not in ` +
      `"${folders.join('", "')}"; install Debian's package with ` +
      "apt install dataset-fashion-mnist, or name the files' folder with --data DIR",
  );
}

type ImagesAndLabels<Item> = readonly [images: Item, labels: Item];

/** Images and labels of a split, checked against each other. */
function readSplit(
  contents: ImagesAndLabels<Uint8Array>,
  files: ImagesAndLabels<string>,
): RawImages {
  const images = readIdx(contents[0], { file: files[0], rank: 3 });
  const labels = readIdx(contents[1], { file: files[1], rank: 1 });
  const [count = 0, height = 0, width = 0] = images.shape;
  if (count !== labels.values.length) {
    throw new UserError(
      `Cannot read "${files[0]}": it has ${count} images, but ` +
        `"${basename(files[1])}" has ${labels.values.length} labels; get both again`,
    );
  }
  if (count === 0 || height === 0 || width === 0) {
    throw new UserError(`Cannot read "${files[0]}": it has no pixels; get the file again`);
  }
  const stray = labels.values.findIndex((label) => label >= CLASSES.length);
  if (stray >= 0) {
    throw new UserError(
      `Cannot read "${files[1]}": label ${stray} is ${labels.values[stray]}, ` +
        `but the classes are 0 to ${CLASSES.length - 1}; get the file again`,
    );
  }
  return { width, height, channels: 1, pixels: images.values, labels: labels.values };
}
