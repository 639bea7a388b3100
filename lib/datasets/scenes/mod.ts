/**
 * `scenes`: pictures that the project makes itself, the default where ImageNet is not available.
 * An emoji of the class, by one of six artists, on a textured background with other things around.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { openFolder } from "../folder/mod.ts";
import { addColours, type ColourSums, NO_COLOURS } from "../folder/colours.ts";
import { indexMade } from "../folder/index_file.ts";
import { isThere } from "../../system/files.ts";
import { makeImageFolder, writeFiles } from "../generated.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "../dataset.ts";
import type { Scenes } from "../../setup.ts";
import { chunks, inParallel } from "../../system/workers.ts";
import { CREDITS } from "./credits.ts";
import { CLASSES, DESIGNS, MOST_PER_CLASS, type Recipe, VERSION } from "./recipe.ts";
import { sizeOf } from "./scene.ts";
import type { SceneJob, SceneSettings } from "./worker.ts";

/** Pictures that a worker draws between two reports. */
const AT_ONCE = 25;

/** Sizes of the small setup's data. */
const SMALL = { classes: 20, train: 1_000, val: 10_000 };

/**
 * Opens the scenes of `options.scenes`, drawing them first if they are not there.
 *
 * @throws {UserError} for an impossible number of classes or images.
 */
export async function openScenes(options: DatasetOptions): Promise<Dataset> {
  const recipe = recipeOf(options);
  const folder = join(options.folder, folderName(recipe));
  await makeImageFolder(folder, (unfinished) => drawScenes(unfinished, recipe, options));
  const dataset = await openFolder({ ...options, folder }, { isGenerated: true });
  return { ...dataset, name: "scenes", fingerprint: fingerprintFrom(recipe), credits: CREDITS };
}

/**
 * Describes what `openScenes` would open, from the recipe alone.
 *
 * @throws {UserError} for an impossible number of classes or images.
 */
export function describeScenes(options: DatasetOptions): Promise<DatasetInfo> {
  const recipe = recipeOf(options);
  const place = ({ file }: SceneJob) => `${basename(file)} ${dirname(file)}`;
  return Promise.resolve({
    name: "scenes",
    classes: CLASSES.slice(0, recipe.classes).sort(),
    train: { length: recipe.train },
    // as a listed folder has them: the first of each class by name, then the second
    val: scenesOf("val", recipe).sort((a, b) => place(a) < place(b) ? -1 : 1)
      .map((scene) => sizeOf(scene, recipe.seed)),
    fingerprint: fingerprintFrom(recipe),
    // asked when it is needed: stored results can be used without the disk that has the pictures
    get made() {
      return isThere(join(options.folder, folderName(recipe)), "isDirectory");
    },
  });
}

/**
 * Draws every scene that `folder` does not have yet, and writes its index. The bytes do not depend on
 * the number of workers.
 */
export async function drawScenes(
  folder: string,
  recipe: Recipe,
  { onProgress, workers }: Pick<DatasetOptions, "onProgress"> & { readonly workers?: number } = {},
) {
  // loaded here: existing data needs neither artwork nor an image library
  const { loadArtwork } = await import("./artwork.ts");
  const { makeSprite } = await import("./sprites.ts");
  const { objects, distractors } = await loadArtwork(recipe.classes);
  const assets = {
    seed: recipe.seed,
    objects: await Promise.all(objects.map((designs) => Promise.all(designs.map(makeSprite)))),
    distractors: await Promise.all(distractors.map(makeSprite)),
  };
  const scenes = [...scenesOf("train", recipe), ...scenesOf("val", recipe)];
  const jobs = chunks(scenes, AT_ONCE);
  const common: SceneSettings = { folder, assets };
  const worker = new URL("./worker.ts", import.meta.url);
  let colours = NO_COLOURS, done = 0;
  const work = inParallel<SceneJob[], ColourSums>(jobs, {
    worker,
    common,
    ...(workers === undefined ? {} : { workers }),
  });
  for await (const { index, answer } of work) {
    colours = addColours(colours, answer);
    onProgress?.("Drawing scenes", done += jobs[index]!.length, scenes.length);
  }
  await writeFiles([[join(folder, "CREDITS.txt"), new TextEncoder().encode(CREDITS)]], folder);
  const sizes = new Map(scenes.map((scene) => [scene.file, sizeOf(scene, recipe.seed)]));
  await indexMade(folder, { sizeOf: (path) => sizes.get(path)!, colours });
}

/** The scenes of a split, classes interleaved, so that they are as even as possible. */
function scenesOf(split: "train" | "val", recipe: Recipe): SceneJob[] {
  return Array.from({ length: recipe[split] }, (_, index) => {
    const number = String(Math.floor(index / recipe.classes)).padStart(5, "0");
    const file = join(split, CLASSES[index % recipe.classes]!, `${number}.jpg`);
    return { split, index, file };
  });
}

/** The fingerprint of the pictures of a recipe. */
function fingerprintFrom(recipe: Recipe): string {
  return fingerprintOf({ made: "scenes", version: VERSION, ...recipe });
}

/** `scenes-20x12000-2000-v1`; other seeds than 0 are named at the end. */
function folderName({ classes, train, val, seed }: Recipe): string {
  return `scenes-${classes}x${train}-${val}-v${VERSION}${seed === 0 ? "" : `-seed${seed}`}`;
}

/** The recipe that the options ask for. */
function recipeOf(options: DatasetOptions): Recipe {
  const { classes, train, val, seed = 0 }: Scenes = options.scenes ?? SMALL;
  const isCount = (n: number, least: number) => Number.isSafeInteger(n) && n >= least;
  if (!isCount(classes, 2) || classes > CLASSES.length) {
    throw new UserError(
      `Cannot make scenes of ${classes} classes: there is artwork for 2 to ${CLASSES.length}`,
    );
  }
  for (const [split, count] of [["train", train], ["val", val]] as const) {
    if (!isCount(count, classes)) {
      throw new UserError(
        `Cannot make ${count} scenes for ${split}: each of the ${classes} classes needs at least one`,
      );
    }
    if (count > classes * MOST_PER_CLASS) {
      throw new UserError(
        `Cannot make ${count} scenes for ${split}: the ${DESIGNS} designs of a class give variety ` +
          `for ${MOST_PER_CLASS} pictures, so ${classes} classes for ${
            classes * MOST_PER_CLASS
          }; ` +
          "ask for fewer, or for more classes",
      );
    }
  }
  if (!isCount(seed, 0)) {
    throw new UserError(`Cannot draw scenes from seed ${seed}: use a whole number, 0 or more`);
  }
  return { classes, train, val, seed }; // in the order of the fingerprint
}
