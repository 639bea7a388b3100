/**
 * `cifar10`: 60,000 coloured pictures of 32 by 32 pixels, ten classes (Krizhevsky 2009), from the
 * binary version of the data set.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { exists } from "../system/files.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "./dataset.ts";
import type { RawImages } from "./raw_images/images.ts";
import { describeRaw, openRaw, type RawFiles } from "./raw_images/mod.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;

/** A record is a label, then the red, the green and the blue of all pixels. */
const RECORD = 1 + 3 * PLANE;

const TRAIN = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);
const FILES = [...TRAIN, "test_batch.bin"];

/** By the number in the records; batches.meta.txt says the same. */
const CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

/**
 * Opens CIFAR-10 from its .bin files in the folder of `--data`, or in cifar-10-batches-bin/ or
 * cifar10/ below it. The test batch becomes validation images. The first time the images are saved
 * as PNG files.
 *
 * @throws {UserError} where files are missing, or are not what they should be.
 */
export async function openCifar10(options: DatasetOptions): Promise<Dataset> {
  return await openRaw(sourceIn(options), options);
}

/**
 * Describes what `openCifar10` would open; no image is saved.
 *
 * @throws {UserError} where files are missing, or are not what they should be.
 */
export async function describeCifar10(options: DatasetOptions): Promise<DatasetInfo> {
  return await describeRaw(sourceIn(options), options);
}

function sourceIn({ folder }: DatasetOptions): RawFiles {
  const places = ["", "cifar-10-batches-bin", "cifar10", "cifar10/cifar-10-batches-bin"];
  const files = find(places.map((place) => join(folder, place)), folder);
  return {
    name: "cifar10",
    files,
    classes: CLASSES,
    read(split, contents) {
      checkSizes(contents, files);
      const [from, to] = split === "train" ? [0, TRAIN.length] : [TRAIN.length, FILES.length];
      const batches = contents.slice(from, to);
      return together(batches.map((content, i) => readBatch(content, files[from + i]!)));
    },
    doubt: (contents) => doubtOf(contents, dirname(files[0]!)),
  };
}

/** Images of each class in the published training and test batches. */
const PUBLISHED = [5000, 1000] as const;

/** Compares the numbers of images with the published ones: variants have files of the same names. */
function doubtOf(contents: readonly Uint8Array[], folder: string): string | undefined {
  const splits = [contents.slice(0, TRAIN.length), contents.slice(TRAIN.length)];
  const isPublished = splits.every((batches, split) => {
    const counts = CLASSES.map(() => 0);
    for (const batch of batches) {
      for (let at = 0; at < batch.length; at += RECORD) counts[batch[at]!]! += 1;
    }
    return counts.every((count) => count === PUBLISHED[split]);
  });
  if (isPublished) return undefined;
  return `The files in "${folder}" are not the published CIFAR-10, which has 5,000 training images and ` +
    "1,000 test images of each class. Variants with fewer images or other labels have files of the " +
    "same names.";
}

/** The six files, from the first folder that has one of them. */
function find(folders: readonly string[], named: string): string[] {
  for (const folder of folders) {
    const missing = FILES.filter((name) => !exists(join(folder, name)));
    if (missing.length === 0) return FILES.map((name) => join(folder, name));
    if (missing.length === FILES.length) continue;
    throw new UserError(
      `Cannot open cifar10 in "${folder}": ${missing.join(", ")} ` +
        `${missing.length === 1 ? "is" : "are"} missing; unpack the binary version again`,
    );
  }
  throw new UserError(
    `Cannot find cifar10: data_batch_1.bin to data_batch_5.bin and test_batch.bin are not in ` +
      `"${named}" nor in cifar-10-batches-bin/ below it; unpack the data set's binary version ` +
      "(cifar-10-binary.tar.gz) there, or name its folder with --data DIR",
  );
}

/** Whole records only, and as many in each file as in the others. */
function checkSizes(contents: readonly Uint8Array[], files: readonly string[]) {
  for (const [i, { length }] of contents.entries()) {
    if (length === 0 || length % RECORD !== 0) {
      throw new UserError(
        `Cannot read "${files[i]}": ${length} bytes are not a whole number of records of ` +
          `${RECORD} bytes; get the file again`,
      );
    }
    if (length !== contents[0]!.length) {
      throw new UserError(
        `Cannot read "${files[i]}": it has ${length / RECORD} records, but "${FILES[0]}" has ` +
          `${contents[0]!.length / RECORD}; get both files again`,
      );
    }
  }
}

/** Labels, and pixels with their three colours side by side. */
function readBatch(content: Uint8Array, file: string): RawImages {
  const count = content.length / RECORD;
  const pixels = new Uint8Array(count * 3 * PLANE), labels = new Uint8Array(count);
  for (let i = 0, o = 0; i < count; i++) {
    const label = labels[i] = content[i * RECORD]!;
    if (label >= CLASSES.length) {
      throw new UserError(
        `Cannot read "${file}": record ${i} has label ${label}, ` +
          `but the classes are 0 to ${CLASSES.length - 1}; get the file again`,
      );
    }
    for (let red = i * RECORD + 1, end = red + PLANE; red < end; red++) {
      pixels[o++] = content[red]!;
      pixels[o++] = content[red + PLANE]!;
      pixels[o++] = content[red + 2 * PLANE]!;
    }
  }
  return { width: SIDE, height: SIDE, channels: 3, pixels, labels };
}

/** The batches as one. */
function together(batches: readonly RawImages[]): RawImages {
  const chain = (field: "pixels" | "labels") => {
    const parts = batches.map((batch) => batch[field]);
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
    return bytes;
  };
  return { ...batches[0]!, pixels: chain("pixels"), labels: chain("labels") };
}
