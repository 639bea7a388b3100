/**
 * Compares the classes and labels of a copy of ILSVRC-2012 with the published ones, by their hashes. A list
 * of labels in another order has the right length and the right number of images of each class; only nets at
 * chance would tell.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { quote } from "../../errors.ts";
import { count, formatNumber } from "../../numbers.ts";
import { numberIn } from "./names.ts";

/** Hashes of what is published: SHA-256 of lists that have a line for each entry. */
export interface PublishedFacts {
  readonly images: number;
  /** Of the WNIDs, sorted. */
  readonly wnids: string;
  /** Of the WNIDs in the order of ILSVRC2012_ID. */
  readonly byId: string;
  /** Of the WNID of each validation image, in the order of the images' numbers. */
  readonly labels: string;
  /** Of the same list with the classes numbered from 0 on as they first appear. */
  readonly pattern: string;
}

/**
 * Computed from four copies, which agree: the development kit (a ground truth with the MD5
 * 1cfce2418d86c664c2e10863eecd0aa3, and its meta.mat), Kaggle's LOC_val_solution.csv, validation_labels.txt of
 * tensorflow-datasets 4.9.10, and a list of names with labels. Caffe's val.txt begins as they do: 65, 970, 230,
 * 809, 516.
 */
const PUBLISHED: PublishedFacts = {
  images: 50_000,
  wnids: "70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15",
  byId: "e85e4969a881deb8a8ba329357d033f7a664de8f1e099f593ad723bcf79bbfe5",
  labels: "313fc3f23c864dde9183c9a368809065765dd1b657a6904fded44e3e46d34604",
  pattern: "5a138198427358c86500aeeefc7bf634dfb4ecd6eafdbdddf77064f2af68a9c6",
};

/** Whether WNIDs, sorted, are those of ILSVRC-2012's classes. */
export function areIlsvrcClasses(wnids: readonly string[], { wnids: known } = PUBLISHED): boolean {
  return hashOf(wnids) === known;
}

/** Classes and labels of a copy. */
export interface LabelledCopy {
  /** Sorted; a label is an index. */
  readonly wnids: readonly string[];
  /** ILSVRC2012_ID by label, if there is a development kit. */
  readonly ids?: readonly number[] | undefined;
  /** Names of the validation images, with a label each. */
  readonly names: readonly string[];
  readonly labels: readonly number[];
  /** The file or folder that the labels come from. */
  readonly place: string;
}

/**
 * Why classes or labels of a copy are not the published ones, as a sentence with the likely cause. A copy with
 * another number of validation images is not compared: it departs from the paper anyway, and tables say so.
 */
export function doubtOfLabels(
  { wnids, ids, names, labels, place }: LabelledCopy,
  published: PublishedFacts = PUBLISHED,
): string | undefined {
  if (names.length !== published.images) return undefined;
  if (!areIlsvrcClasses(wnids, published)) {
    return `The ${formatNumber(wnids.length)} classes of "${place}" are not those of ` +
      "ILSVRC-2012, so its errors are of another task, such as that of 2010.";
  }
  const numbers = names.map((name) => numberIn(name) ?? 0);
  const inOrder = [...names.keys()].sort((a, b) => numbers[a]! - numbers[b]!);
  // images with names of somebody's own, sorted into folders, have no number to compare them by
  if (inOrder.some((i, place) => numbers[i] !== place + 1)) return undefined;
  const ordered = inOrder.map((i) => labels[i]!);
  if (hashOf(ordered.map((label) => wnids[label]!)) !== published.labels) {
    return `The classes of the ${
      formatNumber(names.length)
    } validation images, from "${place}", are ` +
      `not the published ones: ${
        causeOf(ordered, wnids, published)
      }. Get them again; the errors of a ` +
      "good net would be wrong.";
  }
  if (ids === undefined) return undefined;
  const byId = [...wnids.keys()].sort((a, b) => ids[a]! - ids[b]!).map((label) => wnids[label]!);
  if (hashOf(byId) === published.byId) return undefined;
  return `"${place}" numbers its classes otherwise than the published kit (ILSVRC2012_ID in meta.mat), so ` +
    "a file for the test server would name other classes. Get the kit again.";
}

/** The likely cause of labels, in the order of images, that are not the published ones. */
function causeOf(
  labels: readonly number[],
  wnids: readonly string[],
  published: PublishedFacts,
): string {
  const each = labels.length / wnids.length;
  const found = Map.groupBy(labels, (label) => label);
  const odd = wnids.findIndex((_, label) => (found.get(label)?.length ?? 0) !== each);
  if (odd >= 0) {
    return `${quote(wnids[odd]!)} has ${count(found.get(odd)?.length ?? 0, "image")}, not ${each}`;
  }
  const first = new Map<number, number>();
  const pattern = labels.map((label) => {
    if (!first.has(label)) first.set(label, first.size);
    return first.get(label)!;
  });
  return hashOf(pattern) === published.pattern
    ? "the right images are together, under the classes of others, as when ranks of WordNet IDs stand " +
      "in place of ILSVRC2012_IDs, or a list is of another year's kit"
    : "each class has as many images as it should, so they are in another order, or of other images";
}

function hashOf(lines: readonly (string | number)[]): string {
  return createHash("sha256").update(lines.map((line) => `${line}\n`).join("")).digest("hex");
}
