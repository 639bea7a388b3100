/**
 * `scenes`: pictures that the project makes itself, the default where ImageNet is not at hand.
 * An emoji of the class, by one of six artists, on a textured background with other things around.
 *
 * @module
 */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { openFolder } from "./folder.ts";
import { makeFolder } from "./made.ts";
import type { Dataset, DatasetOptions } from "./mod.ts";
import { inParallel, pieces } from "./parallel.ts";
import { CREDITS } from "./scenes/credits.ts";
import { CLASSES, type Recipe, VERSION } from "./scenes/recipe.ts";
import type { SceneJob, SceneWork } from "./scenes/worker.ts";

/** Pictures that a worker draws between two reports. */
const AT_ONCE = 25;

/** Sizes of the small setup's data. */
const SMALL = { classes: 20, train: 12_000, val: 2_000 };

/**
 * Opens the scenes of `options.scenes` and `options.seed`, drawing them first if they are not there.
 *
 * @throws {UserError} for a number of classes or images that cannot be.
 */
export async function openScenes(options: DatasetOptions): Promise<Dataset> {
  const recipe = { ...options.scenes ?? SMALL, seed: options.seed ?? 0 };
  check(recipe);
  const folder = join(options.folder, folderName(recipe));
  await makeFolder(folder, (unfinished) => drawScenes(unfinished, recipe, options));
  const dataset = await openFolder({ ...options, folder });
  if (dataset.train.length !== recipe.train || dataset.val.length !== recipe.val) {
    throw new UserError(
      `Cannot use "${folder}": it has ${dataset.train.length} + ${dataset.val.length} pictures ` +
        `instead of ${recipe.train} + ${recipe.val}; remove it, and it is made again`,
    );
  }
  const fingerprint = fingerprintOf({ made: "scenes", version: VERSION, ...recipe });
  return { ...dataset, name: "scenes", fingerprint, credits: CREDITS };
}

/** Draws every scene that `folder` does not have yet. The bytes do not depend on the workers. */
export async function drawScenes(
  folder: string,
  recipe: Recipe,
  { onProgress, workers }: Pick<DatasetOptions, "onProgress"> & { readonly workers?: number } = {},
) {
  // Loaded here: data that is there already needs neither artwork nor an image library.
  const { loadArtwork } = await import("./scenes/artwork.ts");
  const { makeSprite } = await import("./scenes/sprites.ts");
  const { objects, distractors } = await loadArtwork(recipe.classes);
  const stage = {
    seed: recipe.seed,
    objects: await Promise.all(objects.map((designs) => Promise.all(designs.map(makeSprite)))),
    distractors: await Promise.all(distractors.map(makeSprite)),
  };
  const jobs = pieces(scenesOf(recipe), AT_ONCE);
  const common: SceneWork = { folder, stage };
  const worker = new URL("./scenes/worker.ts", import.meta.url);
  let done = 0;
  const work = inParallel<SceneJob[], number>(jobs, {
    worker,
    common,
    ...(workers === undefined ? {} : { workers }),
  });
  for await (const { answer: count } of work) {
    onProgress?.("Drawing scenes", done += count, recipe.train + recipe.val);
  }
  await Deno.writeTextFile(join(folder, "CREDITS.txt"), CREDITS);
}

/** Every scene of a recipe: classes take turns, so that they are as equal as they can be. */
function scenesOf({ classes, train, val }: Recipe): SceneJob[] {
  const scene = (split: "train" | "val", index: number): SceneJob => {
    const number = String(Math.floor(index / classes)).padStart(5, "0");
    return { split, index, file: join(split, CLASSES[index % classes]!, `${number}.jpg`) };
  };
  return [
    ...Array.from({ length: train }, (_, index) => scene("train", index)),
    ...Array.from({ length: val }, (_, index) => scene("val", index)),
  ];
}

/** `scenes-20x12000-2000-v1`; other seeds than 0 are named at the end. */
function folderName({ classes, train, val, seed }: Recipe): string {
  return `scenes-${classes}x${train}-${val}-v${VERSION}${seed === 0 ? "" : `-seed${seed}`}`;
}

function check({ classes, train, val, seed }: Recipe) {
  const isCount = (n: number, least: number) => Number.isSafeInteger(n) && n >= least;
  if (!isCount(classes, 2) || classes > CLASSES.length) {
    throw new UserError(
      `Cannot make scenes of ${classes} classes: there is artwork for 2 to ${CLASSES.length}`,
    );
  }
  for (const [split, count] of [["train", train], ["val", val]] as const) {
    if (isCount(count, classes)) continue;
    throw new UserError(
      `Cannot make ${count} scenes for ${split}: each of the ${classes} classes needs one at least`,
    );
  }
  if (!isCount(seed, 0)) {
    throw new UserError(`Cannot draw scenes from seed ${seed}: use a whole number, 0 or more`);
  }
}
