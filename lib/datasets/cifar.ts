/**
 * What `cifar10` and `cifar100` share: files of records (Krizhevsky 2009, binary version). A record is
 * one label or two, then the red, the green and the blue of 32 by 32 pixels.
 *
 * @module
 */
import { join } from "node:path";
import { quote, UserError } from "../errors.ts";
import { formatNumber } from "../numbers.ts";
import { exists, isThere, readIfThere } from "../system/files.ts";
import type { RawImages } from "./raw_images/images.ts";
import type { RawFiles } from "./raw_images/mod.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;

/** One of the data sets: its files, its labels and what was published. */
export interface Cifar {
  readonly name: "cifar10" | "cifar100";
  /** Its name for people. */
  readonly title: string;
  /** The archive of its binary version, and the folder in it. */
  readonly archive: string;
  readonly folder: string;
  /** The folder of its Python version, which has other files. */
  readonly pythonFolder: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Labels of a record, in order; an image's class is the last one. */
  readonly labels: readonly CifarLabel[];
  /** The file that lists the classes; it may be missing. */
  readonly namesFile: string;
  /** Images of each class in the published training and test files. */
  readonly published: readonly [train: number, test: number];
  /**
   * Checks sizes of files, which are whole records.
   *
   * @throws {UserError} They do not fit together.
   */
  checkSizes?(files: readonly RecordFile[]): void;
  /**
   * Says why labels are not the published ones, if that shows in records alone.
   *
   * @throws {UserError} They are certainly not.
   */
  doubtLabels?(files: readonly RecordFile[]): string | undefined;
}

/** What tells the files of the other data set: its name, a file and the labels of a record. */
const OTHER = {
  cifar10: { name: "cifar100", title: "CIFAR-100", file: "train.bin", labels: 2 },
  cifar100: { name: "cifar10", title: "CIFAR-10", file: "data_batch_1.bin", labels: 1 },
} as const;

/** A label of a record. */
export interface CifarLabel {
  /** As messages call it: `label`, `coarse label`. */
  readonly what: string;
  /** Names by number. */
  readonly names: readonly string[];
}

/** A file of whole records. */
export interface RecordFile {
  readonly file: string;
  readonly count: number;
  /** A label of a record, unchecked. */
  label(record: number, which: number): number;
}

/** Who collected the pictures; those who publish results are asked to cite it. */
export const CREDITS =
  "CIFAR-10 and CIFAR-100: collected by Alex Krizhevsky, Vinod Nair and Geoffrey " +
  "Hinton. A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.";

/**
 * The files of a data set in a folder, or in the archive's or the data set's folder below it.
 *
 * @throws {UserError} Files are missing.
 */
export function openCifar(cifar: Cifar, folder: string): RawFiles {
  const { name, train, test, labels } = cifar;
  const { place, files } = find(cifar, folder);
  return {
    ...{ name, files, classes: labels.at(-1)!.names },
    read(split, contents) {
      const all = recordsOf(cifar, contents, files);
      checkLabels(cifar, all);
      const [from, to] = split === "train"
        ? [0, train.length]
        : [train.length, train.length + test.length];
      return imagesOf(all.slice(from, to), contents.slice(from, to));
    },
    doubt(contents) {
      const all = recordsOf(cifar, contents, files);
      const doubt = cifar.doubtLabels?.(all);
      checkLabels(cifar, all);
      return doubt ?? doubtNames(cifar, place) ?? doubtCounts(cifar, all);
    },
  };
}

/** The files, from the first folder that has one of them. */
function find(cifar: Cifar, folder: string): { place: string; files: string[] } {
  const { name, archive, train, test } = cifar;
  const names = [...train, ...test];
  const below = ["", cifar.folder, name, `${name}/${cifar.folder}`];
  for (const place of below.map((path) => join(folder, path))) {
    const missing = names.filter((name) => !isThere(join(place, name)));
    if (missing.length === 0) return { place, files: names.map((name) => join(place, name)) };
    if (missing.length === names.length) continue;
    throw new UserError(
      `Cannot open ${name} in "${place}": ${missing.join(", ")} ` +
        `${missing.length === 1 ? "is" : "are"} missing; unpack the binary version again`,
    );
  }
  const other = OTHER[name];
  const others = join(folder, other.file);
  const python = ["", name].map((path) => join(folder, path, cifar.pythonFolder))
    .find((place) => exists(place, "isDirectory"));
  const listed = train.length > 1
    ? `${train[0]} to ${train.at(-1)} and ${test[0]}`
    : names.join(" and ");
  throw new UserError(
    `Cannot find ${name}: ${listed} are not in "${folder}" nor in ${cifar.folder}/ below it` +
      (exists(others) ? `; "${others}" is a file of another data set, ${other.name}` : "") +
      (python === undefined ? "" : `; "${python}" is the Python version, which cannot be read`) +
      `; unpack the data set's binary version (${archive}) there, or name its folder with --data DIR`,
  );
}

const recordBytes = (labels: number) => labels + 3 * PLANE;

/** Files as records. @throws {UserError} One has a size that records cannot have. */
function recordsOf(
  cifar: Cifar,
  contents: readonly Uint8Array[],
  files: readonly string[],
): RecordFile[] {
  const bytes = recordBytes(cifar.labels.length);
  const all = contents.map((content, i): RecordFile => {
    const { length } = content;
    if (length === 0 || length % bytes !== 0) {
      throw new UserError(
        `Cannot read "${
          files[i]
        }": ${length} bytes are not a whole number of records of ${bytes} ` +
          `bytes${ofTheOther(cifar, length)}; get the file again`,
      );
    }
    return {
      ...{ file: files[i]!, count: length / bytes },
      label: (record, which) => content[record * bytes + which]!,
    };
  });
  cifar.checkSizes?.(all);
  return all;
}

/** Says so where a file has the size of the other data set's records. */
function ofTheOther({ name, title }: Cifar, length: number): string {
  const other = OTHER[name];
  const bytes = recordBytes(other.labels);
  if (length === 0 || length % bytes !== 0) return "";
  return `, as ${title} has them, but of records of ${bytes}, as ${other.title} has them`;
}

/** @throws {UserError} A label is out of range. */
function checkLabels({ labels }: Cifar, all: readonly RecordFile[]) {
  for (const { file, count, label } of all) {
    for (const [which, { what, names }] of labels.entries()) {
      for (let record = 0; record < count; record++) {
        const value = label(record, which);
        if (value < names.length) continue;
        const range = `the ${which === labels.length - 1 ? "classes" : `${what}s`} are 0 to ` +
          `${names.length - 1}`;
        throw new UserError(
          `Cannot read "${file}": record ${record} has ${what} ${value}, but ${range}; get the file ` +
            "again",
        );
      }
    }
  }
}

/** Compares the list of classes with the published one, if it is there. */
function doubtNames({ title, namesFile, labels }: Cifar, place: string): string | undefined {
  const file = join(place, namesFile);
  const { names } = labels.at(-1)!;
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const listed = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const other = names.findIndex((name, label) => listed[label] !== name);
  if (other < 0 && listed.length === names.length) return undefined;
  const difference = other < 0
    ? `it has ${listed.length} classes instead of ${names.length}`
    : `class ${other} is ${
      listed[other] === undefined ? "missing" : quote(listed[other])
    } instead ` +
      `of "${names[other]}"`;
  return `"${namesFile}" is not the published list of ${title}'s classes: ${difference}. Classes are ` +
    "called by the published names.";
}

/** Compares the numbers of images with the published ones: variants have files of the same names. */
function doubtCounts(
  { title, train, labels, published }: Cifar,
  all: readonly RecordFile[],
): string | undefined {
  const classes = labels.at(-1)!.names;
  const splits = [all.slice(0, train.length), all.slice(train.length)];
  const isPublished = splits.every((files, split) => {
    const counts = classes.map(() => 0);
    for (const { count, label } of files) {
      for (let i = 0; i < count; i++) counts[label(i, labels.length - 1)]! += 1;
    }
    return counts.every((count) => count === published[split]);
  });
  if (isPublished) return undefined;
  const [ofTrain, ofTest] = published.map((count) => formatNumber(count));
  return `The files are not the published ${title}, which has ${ofTrain} training ` +
    `images and ${ofTest} test images of each class. Variants with fewer images or other labels have ` +
    "files of the same names.";
}

/** Classes, and pixels with their three colours side by side, of files one after the other. */
function imagesOf(files: readonly RecordFile[], contents: readonly Uint8Array[]): RawImages {
  const total = files.reduce((sum, { count }) => sum + count, 0);
  const [pixels, labels] = [new Uint8Array(total * 3 * PLANE), new Uint8Array(total)];
  let at = 0, image = 0;
  for (const [file, { count, label }] of files.entries()) {
    const content = contents[file]!;
    const bytes = content.length / count;
    const own = bytes - recordBytes(0); // labels of a record
    for (let i = 0; i < count; i++) {
      labels[image++] = label(i, own - 1);
      for (let red = i * bytes + own, end = red + PLANE; red < end; red++) {
        pixels[at++] = content[red]!;
        pixels[at++] = content[red + PLANE]!;
        pixels[at++] = content[red + 2 * PLANE]!;
      }
    }
  }
  return { width: SIDE, height: SIDE, channels: 3, pixels, labels };
}
