/**
 * ReaL's labels of ILSVRC-2012's validation images ("Are we done with ImageNet?", arXiv 2006.07159): the
 * file real.json lists the right classes of each image, in the order of the images' names. Images without
 * any are left out; a guess is right if it is in its image's list.
 *
 * @module
 */
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { count, formatNumber } from "../../numbers.ts";
import { exists } from "../../system/files.ts";
import { parseJson } from "../../system/json.ts";

/** Name of the file. */
const REAL_FILE = "real.json";

/** Where its authors publish it. */
const SOURCE = "github.com/google-research/reassessed-imagenet";

/** The right classes of each validation image, in the order of names. */
export type RealLabels = readonly (readonly number[])[];

/**
 * The file, in one of these folders.
 *
 * @returns its path, or why there is none
 */
export function findReal(
  folders: readonly string[],
): { readonly file: string } | { readonly missing: string } {
  const file = folders.map((folder) => join(folder, REAL_FILE)).find((file) => exists(file));
  if (file !== undefined) return { file };
  return {
    missing:
      `Cannot find ReaL's labels: "${REAL_FILE}" is not in "${folders[0]}"; put the file of ` +
      `${SOURCE} there`,
  };
}

/**
 * Reads the file.
 *
 * @param labels ILSVRC-2012's own labels, in the order of names
 * @throws {UserError} It cannot be read, has another number of images, or is of other classes or images.
 */
export function readReal(
  file: string,
  { classes, labels }: { readonly classes: number; readonly labels: readonly number[] },
): RealLabels {
  const lists = parsed(file);
  if (!Array.isArray(lists)) {
    throw new UserError(`Cannot use "${file}": it is not a list; ${GET_AGAIN}`);
  }
  if (lists.length !== labels.length) {
    throw new UserError(
      `Cannot use "${file}": it has the labels of ${count(lists.length, "image")}, and there are ` +
        `${
          formatNumber(labels.length)
        } validation images; take both whole, the file from ${SOURCE}`,
    );
  }
  const isClass = (value: unknown) =>
    Number.isInteger(value) && value as number >= 0 && value as number < classes;
  for (const [i, list] of lists.entries()) {
    if (Array.isArray(list) && list.every(isClass)) continue;
    throw new UserError(
      `Cannot use "${file}": its entry ${i} is ${short(list)}, not a list of classes of 0 to ` +
        `${classes - 1}; ${GET_AGAIN}`,
    );
  }
  const real = lists.map((list: number[]) => [...new Set(list)]);
  mustFit(real, labels, file);
  return real;
}

/**
 * Refuses labels that are of other images, or in another order: ReaL's lists have most images' own
 * classes, and lists that are mixed up have one in a thousand.
 */
function mustFit(real: RealLabels, labels: readonly number[], file: string) {
  const listed = [...real.keys()].filter((i) => real[i]!.length > 0);
  const agreeing = listed.filter((i) => real[i]!.includes(labels[i]!)).length;
  if (agreeing > listed.length / 2) return;
  throw new UserError(
    `Cannot use "${file}": ${formatNumber(agreeing)} of its ${
      count(listed.length, "list")
    } have the class that ` +
      `ILSVRC-2012 gives the image, so it is of another set, or in another order; ${GET_AGAIN}`,
  );
}

/** The way out. */
const GET_AGAIN = `get it again from ${SOURCE}`;

function parsed(file: string): unknown {
  try {
    return parseJson(Deno.readTextFileSync(file));
  } catch (error) {
    throw new UserError(`Cannot read "${file}": ${(error as Error).message}; ${GET_AGAIN}`, {
      cause: error,
    });
  }
}

/** A value in a message. */
function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
