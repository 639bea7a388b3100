/** Decoded training images that runs of a plan share. */
import { BANK_SHARE } from "../../estimates/memory.ts";
import type { Dataset } from "../../datasets/dataset.ts";
import { isEvaluation } from "../../experiment.ts";
import { memory } from "../../system/machine.ts";
import type { PlannedRun } from "../../plan.ts";
import type { Hand } from "./worker_pool.ts";
import type { Bars } from "../../system/progress.ts";
import {
  type ImageCache,
  imageCacheBytes,
  type ImageCacheContents,
  LARGEST_IMAGE_CACHE,
} from "../../vgg/image_cache.ts";
import { scalesOf } from "../../vgg/images.ts";

/** Decoded training images, one bank for each list of scales and filter, as long as a run needs it. */
export class Banks {
  readonly #dataset: Dataset;
  readonly #bars: Bars;
  readonly #banks = new Map<string, Promise<ImageCache | undefined>>();

  constructor({ dataset, bars }: { dataset: Dataset; bars: Bars }) {
    this.#dataset = dataset;
    this.#bars = bars;
  }

  /**
   * The bank for a run, made by `hand` unless it is there; none where memory is too small. It comes
   * to nothing where it was stopped on the way.
   */
  of(run: PlannedRun, hand: Hand): Promise<ImageCache | undefined> | undefined {
    const contents = contentsFor(run);
    const { scales } = contents;
    const limit = Math.min(BANK_SHARE * memory(), LARGEST_IMAGE_CACHE);
    if (imageCacheBytes(this.#dataset.train, scales, limit) > limit) return undefined;
    const name = nameOf(contents);
    const present = this.#banks.get(name);
    if (present) return present;
    const bar = this.#bars.bar(`read images at ${scales.join()} pixels`, { unit: "images" });
    const made = hand.bank(contents, (done, total) => bar.update(done, total))
      .finally(() => bar.stop());
    this.#banks.set(name, made);
    return made;
  }

  /** Gives back the memory of banks that no run needs any more. */
  forget(open: readonly PlannedRun[]) {
    const needed = new Set(
      open.filter(({ run }) => !isEvaluation(run)).map((run) => nameOf(contentsFor(run))),
    );
    for (const name of this.#banks.keys()) if (!needed.has(name)) this.#banks.delete(name);
  }
}

function contentsFor({ run, context: { train } }: PlannedRun): ImageCacheContents {
  return { scales: isEvaluation(run) ? [] : scalesOf(run.S, train), resize: train.resize };
}

const nameOf = ({ scales, resize }: ImageCacheContents) => `${scales.join()} ${resize}`;
