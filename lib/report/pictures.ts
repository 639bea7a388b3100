/** Pictures of images that a page shows. */
import { basename } from "node:path";
import type { Dataset } from "../datasets/dataset.ts";
import type { Mistake } from "./mistakes.ts";

/** A mistake with its image, if the file of the image is present. */
export interface PicturedMistake extends Mistake {
  /** A thumbnail of the image as a data URI. */
  readonly picture?: string;
  /** The name of its file without folders, if the image has a file of its own. */
  readonly file?: string;
}

/** Larger side of a thumbnail, pixels. */
const SIDE = 144;

/** Adds thumbnails to mistakes, from the data set on which they were made. */
export async function withPictures(
  mistakes: readonly Mistake[],
  { val }: Pick<Dataset, "val">,
): Promise<PicturedMistake[]> {
  const { miniature } = await import("../datasets/pixels.ts");
  return await Promise.all(mistakes.map(async (mistake) => {
    const image = val[mistake.image];
    // With images in another order the wrong ones would be shown.
    if (image?.label !== mistake.label) return mistake;
    const bytes = await miniature(image, SIDE).catch(() => undefined);
    if (bytes === undefined) return mistake;
    return {
      ...mistake,
      picture: `data:image/jpeg;base64,${bytes.toBase64()}`,
      ...image.at === undefined && { file: basename(image.file) },
    };
  }));
}
