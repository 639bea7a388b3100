/** ILSVRC-2012 in small, in each of its forms: 1,000 classes, an image or two of each. */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { folderWith, solidPng } from "../datasets.ts";

/** A file, or something else, to be put into a tar. */
export interface TarEntry {
  readonly name: string;
  readonly bytes?: Uint8Array;
  /** Type flag; a file if absent. */
  readonly kind?: string;
  /** What the header says of the size; the truth if absent. */
  readonly size?: number;
}

/** A tar as POSIX has it (ustar), with an end mark. */
export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap(({ name, bytes = new Uint8Array(), kind = "0", size }) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write("0000644\0", 100);
    header.write(`${(size ?? bytes.length).toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(kind, 156);
    header.write("ustar\x0000", 257);
    header.write(`${sumOf(header).toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, new Uint8Array((512 - bytes.length % 512) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const sumOf = (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0);

/** ILSVRC2012_IDs of the classes, and their WNIDs by the formula of `meta.py`. */
export const IDS = Array.from({ length: 1000 }, (_, i) => i + 1);
export const wnidOf = (id: number) => `n${String(1_000_000 + id * 7919 % 10007).padStart(8, "0")}`;

/** The class of the i-th validation image, from 1 on: another order than that of the IDs. */
export const idOfVal = (i: number) => i * 7 % 1000 + 1;

/** The development kit's list of classes; see `meta.py`. */
export const META = Deno.readFileSync(new URL("meta.mat", import.meta.url));
export const TRUTH = IDS.map((i) => `${idOfVal(i)}\n`).join("");

/** Name of the i-th image of a split that is not sorted into classes. */
export const nameOf = (split: "val" | "test", i: number) =>
  `ILSVRC2012_${split}_${String(i).padStart(8, "0")}.JPEG`;

/** An image whose sides tell its number; PNG under the name of a JPEG, as one in ImageNet is. */
const image = (i: number, blue = 200) =>
  solidPng(i % 256, 100, blue, 1 + i % 50, 1 + Math.floor(i / 50));

/** Training images by class: two of the first ID, one of each other. */
const TRAIN = IDS.map((id) => ({
  wnid: wnidOf(id),
  files: (id === 1 ? [1, 20] : [1]).map((n) => ({
    name: `${wnidOf(id)}_${n}.JPEG`,
    bytes: image(id + n - 1),
  })),
}));
const VAL = IDS.map((i) => ({
  name: nameOf("val", i),
  bytes: image(i, 150),
  wnid: wnidOf(idOfVal(i)),
}));
const TEST = [3, 1, 2].map((i) => ({ name: `test/${nameOf("test", i)}`, bytes: image(i) }));

const KIT = "ILSVRC2012_devkit_t12/data";
/** The files of a development kit whose ground truth is `truth`. */
export const kitOf = (truth: string): TarEntry[] => [
  { name: `${KIT}/`, kind: "5" },
  { name: `${KIT}/meta.mat`, bytes: META },
  { name: `${KIT}/ILSVRC2012_validation_ground_truth.txt`, bytes: Buffer.from(truth) },
];

/** The words of a class by its ID; Kaggle's are those of the kit. */
const wordsOf = (id: number) => `word ${id}, other word`;

/** Kaggle's label files, in no order of IDs or names. */
export function kaggleFiles(): Record<string, Uint8Array> {
  const boxOf = (i: number) => wnidOf(idOfVal(i));
  const solution = IDS.toReversed().map((i) =>
    `${nameOf("val", i).replace(".JPEG", "")},${boxOf(i)} 1 2 3 4 ${boxOf(i)} 5 6 7 8 \n`
  );
  const mapping = IDS.map((id) => `${wnidOf(id)} ${wordsOf(id)}\n`);
  return {
    "LOC_val_solution.csv": Buffer.from(`ImageId,PredictionString\n${solution.join("")}`),
    "LOC_synset_mapping.txt": Buffer.from(mapping.join("")),
  };
}

/** Which forms the parts have. */
export interface Forms {
  readonly train: "archive" | "folder" | "none";
  readonly val: "archive" | "flat" | "by class" | "none";
  readonly devkit: "archive" | "folder" | "none";
  readonly test?: "archive";
  /** Lines of the ground truth; those of `idOfVal` if absent. */
  readonly truth?: string;
  /** More entries of the training images' archive. */
  readonly more?: readonly TarEntry[];
}

/** A folder with the data set in these forms. */
export function madeIlsvrc({ train, val, devkit, test, truth = TRUTH, more = [] }: Forms): string {
  const files: Record<string, Uint8Array> = {};
  const add = (place: string, entries: readonly TarEntry[]) => {
    for (const { name, bytes } of entries) if (bytes) files[`${place}${name}`] = bytes;
  };
  if (train === "folder") { for (const { wnid, files } of TRAIN) add(`train/${wnid}/`, files); }
  if (train === "archive") {
    // not in the order of their names, as nothing says that they are
    const classes = TRAIN.map(({ wnid, files }) => (
      { name: `${wnid}.tar`, bytes: tarOf(files.toReversed()) }
    ));
    files["ILSVRC2012_img_train.tar"] = tarOf([...classes, ...more]);
  }
  if (val === "archive") files["ILSVRC2012_img_val.tar"] = tarOf(VAL.toReversed());
  if (val === "flat") add("val/", VAL);
  if (val === "by class") { for (const each of VAL) add(`val/${each.wnid}/`, [each]); }
  if (devkit === "folder") add("", kitOf(truth));
  if (devkit === "archive") {
    files["ILSVRC2012_devkit_t12.tar.gz"] = gzipSync(tarOf(kitOf(truth)));
  }
  if (test) files["ILSVRC2012_img_test_v10102019.tar"] = tarOf(TEST);
  return folderWith(files);
}
