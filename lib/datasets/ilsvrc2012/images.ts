/** ILSVRC-2012 as a data set: its images in their order, with their labels. */
import { createHash } from "node:crypto";
import { firstOf, quote, UserError } from "../../errors.ts";
import { count } from "../../numbers.ts";
import { interleaved } from "../folder/listing.ts";
import type { Colours, Dataset, DatasetOptions, LabelledImage } from "../dataset.ts";
import { factsOf, type SplitIndex } from "./index_file.ts";
import { numberIn } from "./names.ts";
import type { IlsvrcLayout, Split, SplitLocation } from "./layout.ts";
import type { RealLabels } from "./real.ts";

/** Name of the data set. */
export const NAME = "ilsvrc2012";

/** Its name with ReaL's labels, which are a protocol of their own. */
export const REAL_NAME = `${NAME}-real`;

/** Classes that it has. */
export const CLASSES = 1000;

/**
 * Mean and covariance of the training images' colours: the mean that the paper's authors released
 * their nets with, and the eigenvalues and eigenvectors of Krizhevsky's code, P diag(l) P^T.
 */
export const COLOURS: Colours = {
  mean: [123.68, 116.779, 103.939],
  covariance: covarianceOf({
    values: [0.2175, 0.0188, 0.0045],
    rows: [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]],
  }),
};

/** What was read of the data set: its splits and classes. */
export interface LoadedSplits {
  readonly train?: SplitIndex | undefined;
  readonly val: SplitIndex;
  readonly test?: SplitIndex | undefined;
  readonly layout: IlsvrcLayout;
  readonly wnids: readonly string[];
  /** Synonyms of each class with commas between, where they are known. */
  readonly words?: readonly string[] | undefined;
  /** Labels of the validation images, by place in their index. */
  readonly labels: readonly number[];
  /** ReaL's labels of these in their place, if they are asked for. */
  readonly real?: RealLabels;
}

/** The splits as a data set, or only some of them. */
export function imagesOf(
  { train, val, test, layout, wnids, words, labels, real }: LoadedSplits,
  options: DatasetOptions,
  only: readonly Split[] = ["train", "val", "test"],
): Dataset {
  for (const [split, index] of Object.entries({ train, val, test })) {
    if (index) refuseFaults(index, layout[split as Split]!, options);
    for (const doubt of index?.doubts ?? []) options.onWarning?.(doubt);
  }
  if (train) warnOfLeaks(train, val, options);
  const names = val.names();
  const print = createHash("sha256");
  if (train) print.update(train.digest);
  const byName = [...names.keys()].sort((a, b) => names[a]! < names[b]! ? -1 : 1);
  const labelsOf = real ?? labels;
  print.update(byName.map((i) => factsOf(`${names[i]}\t${labelsOf[i]}`, i, val)).join(""));
  return {
    name: real ? REAL_NAME : NAME,
    classes: wnids.map((wnid, i) => [wnid, ...words?.[i]?.split(",", 1) ?? []].join(" ")),
    train: train && only.includes("train") ? trainingImages(train, layout.train!) : [],
    val: validationImages(val, layout.val!, { labels: labelsOf, byName }),
    ...test && {
      test: {
        images: inOrder(test).map((i) => imageAt(i, -1, located(test, layout.test!))),
        unreadable: Object.keys(test.faults).length,
        fingerprint: test.digest.slice(0, 12),
      },
    },
    fingerprint: print.digest("hex").slice(0, 12),
    colours: COLOURS,
  };
}

/** Warns of validation images that are training images, as far as sizes and both ends of files tell. */
function warnOfLeaks(train: SplitIndex, val: SplitIndex, { onWarning }: DatasetOptions) {
  if (onWarning === undefined) return;
  // numbers of 53 bits: of the digest, of which 64 are known
  const printOf = ({ digests }: SplitIndex, i: number) =>
    digests[2 * i]! * 2 ** 21 + (digests[2 * i + 1]! >>> 11);
  const places = new Map(usable(val).map((i) => [printOf(val, i), i]));
  const found = new Map<number, number>();
  for (let i = 0; i < train.bytes.length; i++) {
    const place = places.get(printOf(train, i));
    if (place !== undefined && train.bytes[i] === val.bytes[place]) found.set(place, i);
  }
  const [first] = found;
  if (first === undefined) return;
  const [place, i] = first;
  onWarning(
    `${found.size} of ${count(val.bytes.length, "validation image")} ${
      found.size === 1 ? "is a training image" : "are training images"
    }, as their sizes and ends say: ${quote(val.names()[place]!)} is ${
      quote(train.names()[i]!)
    }. Errors on them say nothing about new images.`,
  );
}

/** Training images, classes interleaved. */
function trainingImages(train: SplitIndex, form: SplitLocation): LabelledImage[] {
  const list = located(train, form);
  let first = 0;
  const rows = train.containers.map(([, count], label) => {
    const row: LabelledImage[] = [];
    for (const end = first + count; first < end; first++) {
      if (!(first in train.faults)) row.push(imageAt(first, label, list));
    }
    return row;
  });
  const lost = train.containers.filter((_, label) => rows[label]!.length === 0);
  if (lost.length === 0) return interleaved(rows);
  throw new UserError(
    `Cannot train on "${form.path}": it has no images of ${
      firstOf(lost.map(([name]) => quote(name)))
    }; get ` +
      "it again",
  );
}

/**
 * Validation images, classes interleaved: in the same order from an archive and from folders. Those with
 * an empty list of labels are left out.
 */
export function validationImages(
  val: SplitIndex,
  form: SplitLocation,
  { labels, byName }: {
    readonly labels: readonly (number | readonly number[])[];
    readonly byName: readonly number[];
  },
): LabelledImage[] {
  const list = located(val, form);
  const rows = Array.from({ length: CLASSES }, (): LabelledImage[] => []);
  for (const i of byName) {
    const [label, ...alsoRight] = [labels[i]!].flat();
    if (i in val.faults || label === undefined) continue;
    rows[label]!.push({
      ...imageAt(i, label, list),
      ...alsoRight.length > 0 && { alsoRight },
    });
  }
  return interleaved(rows);
}

/** An index, and where its images are. */
type LocatedImages = SplitIndex & {
  readonly form: SplitLocation;
  readonly paths?: readonly string[];
};

function located(index: SplitIndex, form: SplitLocation): LocatedImages {
  if (form.kind === "archive") return { ...index, form };
  const names = index.names();
  let first = 0;
  const paths = index.containers.flatMap(([container, count]) => {
    const folder = container === "" ? form.path : `${form.path}/${container}`;
    return names.slice(first, first += count).map((name) => `${folder}/${name}`);
  });
  return { ...index, form, paths };
}

function imageAt(i: number, label: number, { form, paths, at, bytes, sides }: LocatedImages) {
  const image = { label, bytes: bytes[i]!, width: sides[2 * i]!, height: sides[2 * i + 1]! };
  return paths ? { file: paths[i]!, ...image } : { file: form.path, at: at[i]!, ...image };
}

/** Indices of the images that can be used. */
export function usable({ bytes, faults }: SplitIndex): number[] {
  return Array.from(bytes.keys()).filter((i) => !(i in faults));
}

/** The usable images of a split by the numbers in their names, which may have no zeros in front. */
function inOrder(test: SplitIndex): number[] {
  const numbers = test.names().map((name) => numberIn(name) ?? 0);
  return usable(test).sort((a, b) => numbers[a]! - numbers[b]!);
}

/** @throws {UserError} Some images of a split are damaged, and are not to be left out. */
export function refuseFaults(
  { faults, names }: SplitIndex,
  { path }: SplitLocation,
  options: DatasetOptions,
) {
  const found = Object.entries(faults);
  if (options.skipUnreadable || found.length === 0) return;
  const list = names();
  const shown = found.slice(0, 5).map(([i, fault]) => `"${list[Number(i)]}" ${fault}`).join(", ");
  throw new UserError(
    `Cannot use "${path}": ${shown}${found.length > 5 ? `, and ${found.length - 5} more` : ""}; ` +
      "get what is damaged again, or add --skip-unreadable",
  );
}

/** P diag(values) P^T of eigenvectors that are P's columns. */
function covarianceOf(
  { values, rows }: { values: readonly number[]; rows: readonly (readonly number[])[] },
) {
  return rows.map((a) =>
    rows.map((b) => values.reduce((sum, value, i) => sum + a[i]! * value * b[i]!, 0))
  );
}
