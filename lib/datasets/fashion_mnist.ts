/**
 * `fashion-mnist`: 70,000 grey pictures of clothes, 28 by 28 pixels, ten classes (Xiao, Rasul and
 * Vollgraf 2017). Small and without scale, but real: a test of the whole path.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { firstOf, quote, UserError } from "../errors.ts";
import { readIdx, unpackIdx } from "./raw_images/idx.ts";
import { entriesIn, isThere } from "../system/files.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "./dataset.ts";
import type { RawImages } from "./raw_images/images.ts";
import { describeRaw, openRaw, type RawFiles } from "./raw_images/mod.ts";

/** Where Debian's package dataset-fashion-mnist puts the files. */
const DEBIAN = "/usr/share/datasets/fashion-mnist";

/** The files: training images and labels, then those of t10k, which become validation images. */
const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** SHA-256 of the unpacked files, from Debian's package dataset-fashion-mnist. */
const PUBLISHED = [
  "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
  "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
  "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
  "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
] as const;

/**
 * How often each digit occurs in MNIST's two label files, which have the same names and sizes as these.
 * Fashion-MNIST has 6,000 and 1,000 images of each class.
 */
const DIGITS = [
  [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
  [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
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
  let unpacked: Uint8Array[] | undefined;
  const unpack = (contents: readonly Uint8Array[]) =>
    unpacked ??= contents.map((content, i) => unpackIdx(content, files[i]!));
  return {
    name: "fashion-mnist",
    files,
    classes: CLASSES,
    read(split, contents) {
      const [at, unpacked] = [split === "train" ? 0 : 2, unpack(contents)];
      return readSplit([unpacked[at]!, unpacked[at + 1]!], [files[at]!, files[at + 1]!]);
    },
    doubt: (contents) => doubtOf(unpack(contents), files),
  };
}

/** Compares files with the published ones, as MNIST and others have files of the same names. */
function doubtOf(unpacked: readonly Uint8Array[], files: readonly string[]): string | undefined {
  for (const [split, digits] of DIGITS.entries()) {
    const [labels, file] = [unpacked[2 * split + 1]!, files[2 * split + 1]!];
    const counts = digits.map(() => 0);
    for (const label of labels.subarray(8)) counts[label]! += 1;
    if (counts.every((count, label) => count === digits[label])) {
      throw new UserError(
        `Cannot open "${file}" as fashion-mnist: its labels are those of MNIST's digits, whose files ` +
          "have the same names; name the folder of Fashion-MNIST with --data DIR",
      );
    }
  }
  const other = unpacked.findIndex((bytes, i) => sha256(bytes) !== PUBLISHED[i]);
  if (other < 0) return undefined;
  return `"${
    basename(files[other]!)
  }" is not the published file of Fashion-MNIST. Other data sets, such as ` +
    "MNIST's digits, have files of the same names: then the classes' names are wrong.";
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The four files, from the first folder that has one of them. Each may be packed (.gz), have a dot in the
 * place of a hyphen (train-images.idx3-ubyte), or be in a folder of its own name, as Kaggle unpacks it.
 */
function find(folders: readonly string[]): string[] {
  for (const folder of folders) {
    const found = FILES.map((name) => {
      const dotted = name.replace("-idx", ".idx");
      return [name, dotted].flatMap((
        file,
      ) => [file, `${file}.gz`, `${file}/${name}`, `${file}/${file}`])
        .map((file) => join(folder, file)).find((file) => isThere(file));
    });
    const missing = FILES.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return found as string[];
    const similar = entriesIn(folder).map(({ name }) => name).filter((name) =>
      /idx[13]/.test(name)
    );
    if (missing.length === FILES.length && similar.length === 0) continue;
    const others = missing.length < FILES.length ? [] : similar;
    throw new UserError(
      `Cannot open fashion-mnist in "${folder}": ${missing.join(" and ")} (or .gz) ` +
        `${missing.length === 1 ? "is" : "are"} missing` +
        (others.length > 0 ? `, but there is ${firstOf(others.map(quote))}` : "") +
        "; put all four files there under these names",
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
