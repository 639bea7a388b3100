/**
 * A data set in numbers, and a contact sheet of its pictures, to look at before training.
 *
 * @module
 */
import { join } from "node:path";
import { writableFolderFor } from "../system/cache_folder.ts";
import { reading, writing } from "../system/file_errors.ts";
import type { Dataset, LabelledImage } from "./dataset.ts";
import { contactSheet } from "./pixels.ts";

/** Rows and columns of a contact sheet at most. */
const [ROWS, COLUMNS] = [50, 12];

/** The number of images of a class. */
export interface ClassCount {
  readonly class: string;
  readonly label: number;
  readonly train: number;
  readonly val: number;
}

/** A data set in numbers. */
export interface DatasetStatistics {
  readonly classes: readonly ClassCount[];
  /** Smallest and largest sides, pixels. */
  readonly width: readonly [min: number, max: number];
  readonly height: readonly [min: number, max: number];
  /** Share of the images that are higher than wide. */
  readonly portrait: number;
  /** Red, green, blue, 0 to 255. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Size of all image files. */
  readonly bytes: number;
}

/** Counts, sizes and colours of a data set. */
export function statisticsOf({ classes, train, val, colours }: Dataset): DatasetStatistics {
  const images = [...train, ...val];
  const counts = (images: readonly LabelledImage[]) => {
    const counts = new Uint32Array(classes.length);
    for (const { label } of images) counts[label]!++;
    return counts;
  };
  const range = (side: "width" | "height"): [number, number] => {
    let [min, max] = [Infinity, 0];
    for (const image of images) {
      [min, max] = [Math.min(min, image[side]), Math.max(max, image[side])];
    }
    return [min, max];
  };
  const [ofTrain, ofVal] = [counts(train), counts(val)];
  return {
    classes: classes.map((name, label) => (
      { class: name, label, train: ofTrain[label]!, val: ofVal[label]! }
    )),
    width: range("width"),
    height: range("height"),
    portrait: images.filter(({ width, height }) => height > width).length / images.length,
    mean: colours.mean,
    deviation: colours.covariance.map((row, i) => 255 * Math.sqrt(row[i]!)),
    bytes: images.reduce(
      (sum, { file, bytes }) => sum + (bytes ?? reading(file, () => Deno.statSync(file).size)),
      0,
    ),
  };
}

/**
 * Writes a contact sheet as PNG into `folder`, or into the user's cache folder where that cannot be
 * written. Each class has a row with its first training images, or validation images where there are
 * no training images. Only the first 50 classes are shown.
 *
 * @returns the file
 * @throws {UserError} It cannot be written.
 */
export async function writeSheet(dataset: Dataset, folder: string): Promise<string> {
  const rows = dataset.classes.slice(0, ROWS).map((label) => ({
    label,
    images: [] as LabelledImage[],
  }));
  let missing = rows.length * COLUMNS;
  for (const image of dataset.train.length > 0 ? dataset.train : dataset.val) {
    const images = rows[image.label]?.images;
    if (!images || images.length === COLUMNS) continue;
    images.push(image);
    if (--missing === 0) break;
  }
  const place = await writableFolderFor(folder);
  const sheet = join(place, `${dataset.name}-${dataset.fingerprint}.png`);
  const bytes = await contactSheet(rows);
  await writing(sheet, () => Deno.writeFile(sheet, bytes), "--data");
  return sheet;
}
