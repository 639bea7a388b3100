/**
 * `ilsvrc2012`: the paper's own data set, ImageNet's 1,000 classes, in its archives or unpacked from
 * them (`ilsvrc2012/layout.ts`). Nothing is unpacked or converted.
 *
 * Images are decoded as Caffe decoded them: EXIF's orientation is ignored, CMYK is converted to RGB
 * without a profile, and a PNG may have the name of a JPEG.
 *
 * @module
 */
import { parse } from "node:path";
import { firstOf, quote, UserError } from "../../errors.ts";
import { count } from "../../numbers.ts";
import { type ClassList, type Devkit, readDevkit } from "./devkit.ts";
import type { SplitIndex } from "./index_file.ts";
import { CLASSES, imagesOf, type LoadedSplits, NAME, REAL_NAME, usable } from "./images.ts";
import { numberIn, publishedNumberIn } from "./names.ts";
import { readKaggle } from "./kaggle.ts";
import { findLayout, type IlsvrcLayout, missingIn, TRAINING_IMAGES } from "./layout.ts";
import { findReal, readReal } from "./real.ts";
import { doubtOfLabels } from "./published.ts";
import { openSplits } from "./split.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "../dataset.ts";

/** What is assumed where nothing is found: the number of images, and their usual size. */
const TRAINING = { length: 1_281_167 };
const VALIDATION = { images: 50_000, width: 500, height: 375 };

/**
 * Opens the data set in the folder of `--data`, or in ilsvrc2012/ or ILSVRC2012/ below it. The first
 * time the headers of all images are read. Validation images are enough to test nets.
 *
 * @throws {UserError} A part is missing, damaged, or not of this data set.
 */
export async function openIlsvrc2012(options: DatasetOptions): Promise<Dataset> {
  const layout = findLayout(options.folder);
  if (missingIn(layout).length > 0) throw new UserError(missing(layout, options));
  return { ...imagesOf(await loadSplits(layout, options), options), ...untrainable(layout) };
}

/**
 * Describes what `openIlsvrc2012` would open. Where parts are missing, the published facts of the data
 * set are assumed, so that the paper's experiments can be planned without it.
 *
 * @throws {UserError} What is there is damaged, or not of this data set.
 */
export async function describeIlsvrc2012(options: DatasetOptions): Promise<DatasetInfo> {
  const layout = findLayout(options.folder);
  if (missingIn(layout).length === 0) {
    const seen = await loadSplits(layout, options);
    const { name, classes, val, test, fingerprint } = imagesOf(seen, options, ["val", "test"]);
    const train = { length: seen.train ? usable(seen.train).length : 0 };
    return {
      ...{ name, classes, train, val, fingerprint, made: true },
      ...test && { test },
      ...untrainable(layout),
    };
  }
  const { images, width, height } = VALIDATION;
  return {
    name: NAME,
    classes: Array.from({ length: CLASSES }, (_, label) => `class ${label}`),
    train: TRAINING,
    val: new Array(images).fill({ width, height }),
    fingerprint: "",
    made: false,
    missing: missing(layout, options),
  };
}

/**
 * Opens the validation images with ReaL's labels: `ilsvrc2012-real`. Nets that were trained elsewhere are
 * tested on them; their own training images belong to `ilsvrc2012`.
 *
 * @throws {UserError} A part is missing, damaged, or not of this data set.
 */
export async function openIlsvrc2012Real(options: DatasetOptions): Promise<Dataset> {
  const layout = validationAlone(options);
  if (missingIn(layout).length > 0) {
    throw new UserError(missing(layout, options, { training: false }));
  }
  const found = findReal(realPlaces(layout, options));
  if ("missing" in found) throw new UserError(found.missing);
  const loaded = withReal(await loadSplits(layout, options), found.file);
  return { ...imagesOf(loaded, options), untrainable: NO_TRAINING };
}

/**
 * Describes what `openIlsvrc2012Real` would open; see `describeIlsvrc2012`.
 *
 * @throws {UserError} What is there is damaged, or not of this data set.
 */
export async function describeIlsvrc2012Real(options: DatasetOptions): Promise<DatasetInfo> {
  const layout = validationAlone(options);
  const found = findReal(realPlaces(layout, options));
  if (missingIn(layout).length === 0 && "file" in found) {
    const { name, classes, train, val, fingerprint } = await openIlsvrc2012Real(options);
    return { name, classes, train, val, fingerprint, made: true, untrainable: NO_TRAINING };
  }
  return {
    ...await describeIlsvrc2012(options),
    ...{ name: REAL_NAME, train: [], fingerprint: "", made: false, untrainable: NO_TRAINING },
    missing: "missing" in found && missingIn(layout).length === 0
      ? found.missing
      : missing(layout, options, { training: false }),
  };
}

/** Why nothing is trained under ReaL's labels. */
const NO_TRAINING =
  "ReaL's labels are of validation images alone; train with --dataset ilsvrc2012, and test the net's " +
  "file with --labels real --weights FILE";

/** The layout of the data set without other images than those for validation. */
function validationAlone({ folder }: DatasetOptions): IlsvrcLayout {
  const { train: _, test: __, ...layout } = findLayout(folder);
  return layout;
}

/** Folders where real.json is searched: beside the images, and in the folder that was named. */
function realPlaces({ place }: IlsvrcLayout, { folder }: DatasetOptions): string[] {
  return [...new Set([place, folder])];
}

/** Splits with ReaL's labels. */
function withReal(loaded: LoadedSplits, file: string): LoadedSplits {
  const { val, labels } = loaded;
  const names = val.names();
  // by number: names may have no zeros in front of it
  const numbers = names.map((name) => numberIn(name) ?? 0);
  const byName = [...names.keys()].sort((a, b) =>
    numbers[a]! - numbers[b]! || (names[a]! < names[b]! ? -1 : 1)
  );
  // ILSVRC2012_val_00000001.JPEG has the first list: an image that is missing would shift the others
  const odd = byName.findIndex((i, place) => (numberIn(names[i]!) ?? place + 1) !== place + 1);
  if (odd >= 0) {
    throw new UserError(
      `Cannot use "${file}": ${quote(names[byName[odd]!]!)} is image ${
        odd + 1
      } of the validation ` +
        `images, in the order of their names; ${GET_AGAIN}`,
    );
  }
  const lists = readReal(file, { classes: CLASSES, labels: byName.map((i) => labels[i]!) });
  const real: (readonly number[])[] = new Array(lists.length);
  for (const [place, i] of byName.entries()) real[i] = lists[place]!;
  return { ...loaded, real };
}

/**
 * ILSVRC2012_ID of each label, which the test server wants.
 *
 * @throws {UserError} There is no development kit.
 */
export function ilsvrcIds({ folder }: Pick<DatasetOptions, "folder">): readonly number[] {
  const { place, devkit } = findLayout(folder);
  if (devkit !== undefined) return readDevkit(devkit).ids;
  // Kaggle's files do not have them
  throw new UserError(
    `Cannot find the test server's class numbers: the development kit, ` +
      `ILSVRC2012_devkit_t12.tar.gz, is not in "${place}"; put it there`,
  );
}

function missing(
  layout: IlsvrcLayout,
  { folder }: DatasetOptions,
  { training = true } = {},
): string {
  const place = layout.train ?? layout.val ? layout.place : folder;
  const parts = [...layout.train || !training ? [] : [TRAINING_IMAGES], ...missingIn(layout)];
  return `Cannot find ${NAME} in "${place}": missing are ${parts.join(", ")}; ` +
    "say where they are with --data DIR";
}

function untrainable({ train, place }: IlsvrcLayout): { readonly untrainable?: string } {
  return train ? {} : {
    untrainable: `${TRAINING_IMAGES} are not in "${place}"; say where they are with --data DIR`,
  };
}

/** Reads the indices of the splits, or the headers of their images, and the kit. */
async function loadSplits(
  layout: IlsvrcLayout,
  { onProgress, onWarning }: DatasetOptions,
): Promise<LoadedSplits> {
  const wanted = (["train", "val", "test"] as const).flatMap((split) => {
    const form = layout[split];
    return form ? [{ split, form }] : [];
  });
  const splits = await openSplits(wanted, { place: layout.place, ...onProgress && { onProgress } });
  const [train, val] = [splits.get("train"), splits.get("val")!];
  const source = labelSource(layout);
  const containers = (index: SplitIndex) => index.containers.map(([name]) => name);
  const wnids = train ? containers(train) : source?.classes.wnids ?? containers(val);
  if (wnids.length !== CLASSES) {
    throw new UserError(
      `Cannot use "${(layout.train ?? layout.val)!.path}" as ${NAME}: it has ${wnids.length} ` +
        `classes, not ${CLASSES}; other images are opened with --dataset folder`,
    );
  }
  mustBeWnids(wnids, (layout.train ?? layout.val)!.path);
  if (source) mustHaveClasses(source.classes.wnids, wnids, source.place);
  if (layout.val!.byClass) mustHaveClasses(containers(val), wnids, layout.val!.path);
  const labels = layout.val!.byClass
    ? val.containers.flatMap(([, count], i) => Array<number>(count).fill(i))
    : source!.labelsOf(val.names(), layout.val!.path);
  if (layout.val!.byClass && source) mustAgree(val.names(), labels, source, layout.val!.path);
  const place = layout.val!.byClass ? layout.val!.path : source!.place;
  const doubt = doubtOfLabels({ wnids, ids: source?.ids, names: val.names(), labels, place });
  if (doubt !== undefined) onWarning?.(doubt);
  return {
    ...{ train, val, test: splits.get("test"), layout, wnids, labels },
    words: source?.classes.words,
  };
}

/** What says which classes there are, and which of them the validation images show. */
interface LabelSource {
  readonly place: string;
  readonly classes: ClassList;
  /** ILSVRC2012_IDs by label, where they are known. */
  readonly ids?: readonly number[];
  /** Labels of images by their names. @throws {UserError} They are not those that it knows. */
  labelsOf(names: readonly string[], images: string): number[];
  /** The label of an image by its name; undefined if it is not one of those that it knows. */
  labelOf(name: string): number | undefined;
}

/** The development kit, or Kaggle's files in its place, if there are any. */
function labelSource({ devkit, kaggle }: IlsvrcLayout): LabelSource | undefined {
  if (devkit !== undefined) {
    const kit = readDevkit(devkit);
    return {
      place: devkit,
      classes: kit,
      ids: kit.ids,
      labelsOf: (names, images) => labelsByNumber(kit, names, { devkit, images }),
      labelOf: (name) => kit.validation[publishedNumberIn(name)! - 1],
    };
  }
  if (kaggle === undefined) return undefined;
  const labels = readKaggle(kaggle);
  const labelOf = (name: string) => labels.byName.get(parse(name).name);
  return {
    place: kaggle.mapping,
    classes: labels,
    labelOf,
    labelsOf(names, images) {
      const found = names.map((name) => {
        const label = labelOf(name);
        if (label !== undefined) return label;
        throw new UserError(
          `Cannot tell the class of ${quote(name)} in "${images}": "${kaggle.solution}" does not ` +
            `list it; ${GET_AGAIN}`,
        );
      });
      if (labels.byName.size === names.length) return found;
      throw new UserError(
        `Cannot use "${images}": it has ${names.length} images, but "${kaggle.solution}" lists ` +
          `${labels.byName.size}; ${GET_AGAIN}`,
      );
    },
  };
}

/** The way out where images and labels do not belong together. */
const GET_AGAIN = "get the one that is not whole again";

/** Refuses images in folders of other classes than the source of labels says. */
function mustAgree(
  names: readonly string[],
  labels: readonly number[],
  { labelOf, place }: LabelSource,
  images: string,
) {
  const odd = names.filter((name, i) => (labelOf(name) ?? labels[i]) !== labels[i]);
  if (odd.length === 0) return;
  throw new UserError(
    `Cannot use "${images}": ${count(odd.length, "image")} of ${names.length} ${
      odd.length === 1 ? "is" : "are"
    } in the folder of another class than "${place}" says, such as ${
      firstOf(odd.map(quote), 3)
    }; ` +
      "sort them again",
  );
}

/**
 * Labels of the kit, which lists them by the numbers in the files' names. The order of the names would be
 * another one where numbers have no zeros in front.
 */
function labelsByNumber(
  { validation }: Devkit,
  names: readonly string[],
  { devkit, images }: { readonly devkit: string; readonly images: string },
): number[] {
  const refuse = (reason: string) =>
    new UserError(`Cannot tell the classes of validation images: ${reason}; ${GET_AGAIN}`);
  if (validation.length !== names.length) {
    throw refuse(
      `"${devkit}" has ${validation.length}, but there are ${names.length} images in "${images}"`,
    );
  }
  const other = names.find((name) => /^ILSVRC\d{4}_/.test(name) && !/^ILSVRC2012_val_/.test(name));
  if (other !== undefined) {
    throw refuse(
      `${quote(other)} in "${images}" is not one of ILSVRC2012_val_00000001.JPEG and so on`,
    );
  }
  const numbers = names.map(numberIn);
  const known = new Set<number>();
  for (const [i, number] of numbers.entries()) {
    const name = quote(names[i]!);
    if (number === undefined) throw refuse(`${name} in "${images}" has no number in its name`);
    if (!(number >= 1 && number <= validation.length)) {
      throw refuse(
        `${name} in "${images}" has the number ${number}, not 1 to ${validation.length}`,
      );
    }
    if (known.has(number)) throw refuse(`"${images}" has image ${number} twice, as ${name}, too`);
    known.add(number);
  }
  return numbers.map((number) => validation[number! - 1]!);
}

/**
 * Refuses folders of classes with other names than WNIDs, whose order would not be that of labels: of 0 to 999,
 * 10 comes before 2.
 */
function mustBeWnids(wnids: readonly string[], place: string) {
  const odd = wnids.filter((name) => !/^n\d{8}$/.test(name));
  if (odd.length === 0) return;
  throw new UserError(
    `Cannot use "${place}" as ${NAME}: ${count(odd.length, "folder")} of classes ${
      odd.length === 1 ? "is" : "are"
    } not called by a WordNet ID such as n01440764, but ${
      firstOf(odd.map(quote), 3)
    }; their order ` +
      "would give other labels, so rename them, or put all images into one folder beside the " +
      "development kit",
  );
}

/** Refuses other classes than those of the training images. */
function mustHaveClasses(found: readonly string[], wnids: readonly string[], place: string) {
  const missing = wnids.filter((wnid) => !found.includes(wnid));
  const extra = found.filter((wnid) => !wnids.includes(wnid));
  if (missing.length === 0 && extra.length === 0) return;
  throw new UserError(
    `Cannot use "${place}" with these training images: they have ` +
      [
        ...missing.length > 0 ? [`${firstOf(missing.map(quote))}, which it lacks`] : [],
        ...extra.length > 0 ? [`not ${firstOf(extra.map(quote))}, which it has`] : [],
      ].join(", and ") + "; take both from ILSVRC-2012, tasks 1 and 2",
  );
}
