/**
 * `cifar100`: 60,000 coloured pictures of 32 by 32 pixels, a hundred classes (Krizhevsky 2009), from
 * the binary version of the data set. Each record has a coarse label, one of 20 superclasses, and a
 * fine label, which is the class.
 *
 * @module
 */
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { formatNumber } from "../numbers.ts";
import { type Cifar, CREDITS, openCifar, type RecordFile } from "./cifar.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "./dataset.ts";
import { describeRaw, openRaw } from "./raw_images/mod.ts";

/** The classes of each superclass, in the order of coarse_label_names.txt. */
const SUPERCLASSES = {
  "aquatic_mammals": "beaver dolphin otter seal whale",
  "fish": "aquarium_fish flatfish ray shark trout",
  "flowers": "orchid poppy rose sunflower tulip",
  "food_containers": "bottle bowl can cup plate",
  "fruit_and_vegetables": "apple mushroom orange pear sweet_pepper",
  "household_electrical_devices": "clock keyboard lamp telephone television",
  "household_furniture": "bed chair couch table wardrobe",
  "insects": "bee beetle butterfly caterpillar cockroach",
  "large_carnivores": "bear leopard lion tiger wolf",
  "large_man-made_outdoor_things": "bridge castle house road skyscraper",
  "large_natural_outdoor_scenes": "cloud forest mountain plain sea",
  "large_omnivores_and_herbivores": "camel cattle chimpanzee elephant kangaroo",
  "medium_mammals": "fox porcupine possum raccoon skunk",
  "non-insect_invertebrates": "crab lobster snail spider worm",
  "people": "baby boy girl man woman",
  "reptiles": "crocodile dinosaur lizard snake turtle",
  "small_mammals": "hamster mouse rabbit shrew squirrel",
  "trees": "maple_tree oak_tree palm_tree pine_tree willow_tree",
  "vehicles_1": "bicycle bus motorcycle pickup_truck train",
  "vehicles_2": "lawn_mower rocket streetcar tank tractor",
};
const COARSE = Object.keys(SUPERCLASSES);

/** By the number in the records: the alphabet, as in fine_label_names.txt. */
const FINE = Object.values(SUPERCLASSES).flatMap((names) => names.split(" ")).sort();

/** The superclass of each class, by numbers. */
const COARSE_OF = FINE.map((name) =>
  Object.values(SUPERCLASSES).findIndex((names) => names.split(" ").includes(name))
);

const CIFAR_100: Cifar = {
  name: "cifar100",
  title: "CIFAR-100",
  archive: "cifar-100-binary.tar.gz",
  folder: "cifar-100-binary",
  pythonFolder: "cifar-100-python",
  train: ["train.bin"],
  test: ["test.bin"],
  labels: [{ what: "coarse label", names: COARSE }, { what: "fine label", names: FINE }],
  namesFile: "fine_label_names.txt",
  published: [500, 100],
  doubtLabels,
};

/** Whether a condition on the two labels holds for every record of a file. */
function holds(
  { count, label }: RecordFile,
  condition: (coarse: number, fine: number) => boolean,
): boolean {
  for (let i = 0; i < count; i++) if (!condition(label(i, 0), label(i, 1))) return false;
  return true;
}

/** Compares the two labels of each record: published ones belong together. */
function doubtLabels(files: readonly RecordFile[]): string | undefined {
  for (const each of files) {
    if (holds(each, (coarse, fine) => COARSE_OF[fine] === coarse)) continue;
    if (holds(each, (coarse, fine) => COARSE_OF[coarse] === fine)) {
      throw new UserError(
        `Cannot read "${each.file}": its records have the fine label before the coarse one; ` +
          "get the published file, which has them the other way round",
      );
    }
    if (holds(each, (coarse, fine) => coarse === fine)) {
      throw new UserError(
        `Cannot read "${each.file}": its records have the coarse label in the place of the fine one, ` +
          "so the hundred classes are lost; get the published file",
      );
    }
  }
  const strangers = files.flatMap(({ file, count, label }) =>
    Array.from({ length: count }, (_, record) => record)
      .filter((record) => COARSE_OF[label(record, 1)] !== label(record, 0))
      .map((record) => ({ file, record, coarse: label(record, 0), fine: label(record, 1) }))
  );
  const [first] = strangers;
  if (first === undefined) return undefined;
  const { file, record, coarse, fine } = first;
  return `The files are not the published CIFAR-100: the two labels of ` +
    `${formatNumber(strangers.length)} records do not belong together, first those of record ` +
    `${record} of ${basename(file)}: fine label ${fine} (${FINE[fine]}), coarse label ${coarse} ` +
    `(${COARSE[coarse]}). The fine labels are used.`;
}

/**
 * Opens CIFAR-100 from train.bin and test.bin in the folder of `--data`, or in cifar-100-binary/ or
 * cifar100/ below it. Classes are those of the fine labels. The test file becomes validation images.
 * The first time the images are saved as PNG files.
 *
 * @throws {UserError} where files are missing, or are not what they should be.
 */
export async function openCifar100(options: DatasetOptions): Promise<Dataset> {
  return { ...await openRaw(openCifar(CIFAR_100, options.folder), options), credits: CREDITS };
}

/**
 * Describes what `openCifar100` would open; no image is saved.
 *
 * @throws {UserError} where files are missing, or are not what they should be.
 */
export async function describeCifar100(options: DatasetOptions): Promise<DatasetInfo> {
  return await describeRaw(openCifar(CIFAR_100, options.folder), options);
}
