/** Decoded training images that the runs of a plan share. */
import type { Dataset } from "../../datasets/dataset.ts";
import { IMAGE_CACHE_SHARE } from "../../estimates/memory.ts";
import { isEvaluation } from "../../experiment.ts";
import type { PlannedRun } from "../../plan.ts";
import { memory } from "../../system/machine.ts";
import type { Bars } from "../../system/progress.ts";
import {
  type ImageCache,
  imageCacheBytes,
  type ImageCacheContents,
  LARGEST_IMAGE_CACHE,
} from "../../vgg/image_cache.ts";
import { scalesOf } from "../../vgg/images.ts";
import type { RunWorker } from "./start_worker.ts";

/** One image cache for each list of scales, resize filter and number of images, kept while a run needs it. */
export class ImageCaches {
  readonly #dataset: Dataset;
  readonly #bars: Bars;
  readonly #caches = new Map<string, Promise<ImageCache | undefined>>();

  constructor({ dataset, bars }: { dataset: Dataset; bars: Bars }) {
    this.#dataset = dataset;
    this.#bars = bars;
  }

  /**
   * The image cache for a run; `worker` fills it if it does not exist yet. Undefined if memory is too
   * small; a promise of undefined if reading was stopped.
   */
  of(run: PlannedRun, worker: RunWorker): Promise<ImageCache | undefined> | undefined {
    const contents = contentsFor(run);
    const { scales, count } = contents;
    const images = this.#dataset.train.slice(0, count);
    const limit = Math.min(IMAGE_CACHE_SHARE * memory(), LARGEST_IMAGE_CACHE);
    if (imageCacheBytes(images, scales, limit) > limit) return undefined;
    const name = cacheName(contents);
    const present = this.#caches.get(name);
    if (present) return present;
    const bar = this.#bars.bar(`read images at ${scales.join()} pixels`, { unit: "images" });
    const filled = worker.readImages(contents, (done, total) => bar.update(done, total))
      .finally(() => bar.stop());
    this.#caches.set(name, filled);
    return filled;
  }

  /** Frees image caches that no run of `open` needs. */
  forget(open: readonly PlannedRun[]) {
    const needed = new Set(
      open.filter(({ run }) => !isEvaluation(run)).map((run) => cacheName(contentsFor(run))),
    );
    for (const name of this.#caches.keys()) if (!needed.has(name)) this.#caches.delete(name);
  }
}

function contentsFor({ run, context: { train } }: PlannedRun): ImageCacheContents {
  const { resize, trainingImages: count } = train;
  return { scales: isEvaluation(run) ? [] : scalesOf(run.S, train), resize, count };
}

const cacheName = ({ scales, resize, count }: ImageCacheContents) =>
  `${scales.join()} ${resize} ${count}`;
