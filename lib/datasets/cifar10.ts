/**
 * `cifar10`: 60,000 coloured pictures of 32 by 32 pixels, ten classes (Krizhevsky 2009), from the
 * binary version of the data set.
 *
 * @module
 */
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { type Cifar, CREDITS, openCifar } from "./cifar.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "./dataset.ts";
import { describeRaw, openRaw } from "./raw_images/mod.ts";

const CIFAR_10: Cifar = {
  name: "cifar10",
  title: "CIFAR-10",
  archive: "cifar-10-binary.tar.gz",
  folder: "cifar-10-batches-bin",
  pythonFolder: "cifar-10-batches-py",
  train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  test: ["test_batch.bin"],
  labels: [{
    what: "label",
    names: "airplane automobile bird cat deer dog frog horse ship truck".split(" "),
  }],
  namesFile: "batches.meta.txt",
  published: [5000, 1000],
  checkSizes([first, ...others]) {
    const other = others.find(({ count }) => count !== first!.count);
    if (other === undefined) return;
    throw new UserError(
      `Cannot read "${other.file}": it has ${other.count} records, but "${
        basename(first!.file)
      }" ` +
        `has ${first!.count}; get both files again`,
    );
  },
};

/**
 * Opens CIFAR-10 from its .bin files in the folder of `--data`, or in cifar-10-batches-bin/ or
 * cifar10/ below it. The test batch becomes validation images. The first time the images are saved
 * as PNG files.
 *
 * @throws {UserError} where files are missing, or are not what they should be.
 */
export async function openCifar10(options: DatasetOptions): Promise<Dataset> {
  return { ...await openRaw(openCifar(CIFAR_10, options.folder), options), credits: CREDITS };
}

/**
 * Describes what `openCifar10` would open; no image is saved.
 *
 * @throws {UserError} where files are missing, or are not what they should be.
 */
export async function describeCifar10(options: DatasetOptions): Promise<DatasetInfo> {
  return await describeRaw(openCifar(CIFAR_10, options.folder), options);
}
