/**
 * Data sets by name. Each is a list of image files with labels and sizes, which TensorFlow reads
 * from a folder or from an archive: JPEG or 8-bit PNG, upright, without alpha, RGB or grey.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { nearest } from "../did_you_mean.ts";
import { describeCifar10, openCifar10 } from "./cifar10.ts";
import { describeCifar100, openCifar100 } from "./cifar100.ts";
import { describeFashionMnist, openFashionMnist } from "./fashion_mnist.ts";
import { describeFolder, openFolder } from "./folder/mod.ts";
import {
  describeIlsvrc2012,
  describeIlsvrc2012Real,
  openIlsvrc2012,
  openIlsvrc2012Real,
} from "./ilsvrc2012/mod.ts";
import { describeImageNetV2, IMAGENET_V2, openImageNetV2 } from "./imagenet_v2.ts";
import { describeScenes, openScenes } from "./scenes/mod.ts";
import type { Dataset, DatasetDescription, DatasetInfo, DatasetOptions } from "./dataset.ts";

/** The two functions that every data set has. */
interface DatasetLoader {
  /** Opens the data set, making it first where that is possible. */
  open(options: DatasetOptions): Promise<Dataset>;
  /** Describes what `open` would open, and makes nothing. */
  describe(options: DatasetOptions): Promise<DatasetInfo>;
}

const LOADERS: Readonly<Record<string, DatasetLoader>> = {
  "scenes": { open: openScenes, describe: describeScenes },
  "folder": { open: openFolder, describe: describeFolder },
  "fashion-mnist": { open: openFashionMnist, describe: describeFashionMnist },
  "cifar10": { open: openCifar10, describe: describeCifar10 },
  "cifar100": { open: openCifar100, describe: describeCifar100 },
  "ilsvrc2012": { open: openIlsvrc2012, describe: describeIlsvrc2012 },
  "ilsvrc2012-real": { open: openIlsvrc2012Real, describe: describeIlsvrc2012Real },
  ...Object.fromEntries(IMAGENET_V2.map((name): [string, DatasetLoader] => [name, {
    open: (options) => openImageNetV2(name, options),
    describe: (options) => describeImageNetV2(name, options),
  }])),
};

/** Names that `openDataset` and `describeDataset` know. */
export const DATASET_NAMES: readonly string[] = Object.keys(LOADERS);

/**
 * Opens a data set by name, making it first where that is possible.
 *
 * @throws {UserError} for a name that is not known and for data that cannot be trained on.
 */
export async function openDataset(name: string, options: DatasetOptions): Promise<Dataset> {
  return await withDoubts(options, (options) => loaderOf(name).open(options));
}

/**
 * Describes what `openDataset` would open. Nothing is drawn or converted for that. The files of an
 * image folder are read once, as for opening.
 *
 * @throws {UserError} for a name that is not known and for data that is not found, except ImageNet.
 */
export async function describeDataset(name: string, options: DatasetOptions): Promise<DatasetInfo> {
  return await withDoubts(options, (options) => loaderOf(name).describe(options));
}

/** Opens a data set, and adds to it what its loader warns of. */
async function withDoubts<Description extends DatasetDescription>(
  options: DatasetOptions,
  open: (options: DatasetOptions) => Promise<Description>,
): Promise<Description> {
  const doubts: string[] = [];
  const description = await open({
    ...options,
    onWarning(doubt) {
      doubts.push(doubt);
      options.onWarning?.(doubt);
    },
  });
  return doubts.length === 0 ? description : { ...description, doubts };
}

function loaderOf(name: string): DatasetLoader {
  if (Object.hasOwn(LOADERS, name)) return LOADERS[name]!;
  const meant = nearest(name, DATASET_NAMES);
  throw new UserError(
    `Cannot open data set "${name}": the data sets are ${DATASET_NAMES.join(", ")}` +
      (meant ? `; did you mean ${meant}?` : ""),
  );
}
