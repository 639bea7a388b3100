/** Pictures of images that a page shows. */
import { basename } from "node:path";
import type { Dataset } from "../datasets/dataset.ts";
import type { Mistake } from "./mistakes.ts";

/** A mistake with its image; only the index of the image where its file is not there. */
export interface PicturedMistake extends Mistake {
  /** The image, small, as a data URI. */
  readonly picture?: string;
  /** Name of its file, without folders, where it has one of its own. */
  readonly file?: string;
}

/** Largest side of a picture, pixels. */
const SIDE = 144;

/** Finds the images of mistakes in the data set that they were made on, and makes them small. */
export async function withPictures(
  mistakes: readonly Mistake[],
  { val }: Pick<Dataset, "val">,
): Promise<PicturedMistake[]> {
  const { miniature } = await import("../datasets/pixels.ts");
  return await Promise.all(mistakes.map(async (mistake) => {
    const image = val[mistake.image];
    // Another order of images would show the wrong ones.
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
