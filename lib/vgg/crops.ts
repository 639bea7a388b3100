/** Crops of a training: turns samples into feeds of the input pipeline. */
import type { Dataset } from "../datasets/dataset.ts";
import type { TrainSetup } from "../setup.ts";
import type { TrainRun } from "../experiment.ts";
import { float32, type HeldTensor, int32, type Session } from "../tensorflow/session.ts";
import { type ImageCache, imageCacheOffsets } from "./image_cache.ts";
import { meanOf, shiftAxes } from "./colours.ts";
import { cropWindowOf, rescale, type Sample, sampler, scalesOf } from "./images.ts";
import { pixelStrides } from "./pipeline.ts";
import { feedOf } from "./sources.ts";

/** What determines a training's crops. */
export interface CropSource {
  readonly run: TrainRun;
  readonly setup: TrainSetup;
  readonly seed: number;
  readonly dataset: Pick<Dataset, "train" | "colours">;
  /** Source of the pixels; image files if absent. */
  readonly imageCache?: ImageCache;
  readonly microBatch: number;
}

/** Crops by position in the training, from any position on. */
export interface Crops {
  /** The next batches are those of positions `from` to `to`, a multiple of the batch apart. */
  start(from: number, to: number): void;
  /** Frees what is held for the session. */
  release(): void;
}

/** Opens the crops of a training for its session; see `cropsFromCache` and `cropsFromFiles`. */
export function openCrops(session: Session, source: CropSource): Crops {
  const { run, setup, seed, dataset: { train, colours }, imageCache, microBatch } = source;
  const { crop, rgbShift } = setup;
  const scales = scalesOf(run.S, setup);
  const axes = shiftAxes(colours.covariance, rgbShift.by);
  const mean = meanOf(run, colours);
  const sampleAt = sampler({ images: train, scales, crop, seed, axes, sigma: rgbShift.sigma });
  const offsets = imageCache && imageCacheOffsets(train, scales);

  let held: HeldTensor | undefined;
  const bytes = ({ bytes: values }: ImageCache) =>
    held ??= session.hold({ dtype: "uint8", shape: [values.length / 3, 3], values });

  function place(sample: Sample): number[] {
    const { image, side } = sample;
    const first = offsets?.[image * scales.length + scales.indexOf(side)] ?? 0;
    return pixelStrides(sample, rescale(train[image]!, side), crop, first);
  }

  return {
    start(from, to) {
      const samples = Array.from({ length: to - from }, (_, i) => sampleAt(from + i));
      const rows = imageCache ? [samples.length / microBatch, microBatch] : [samples.length];
      const table = {
        "crops/offsets": float32(
          samples.flatMap(({ shift }) => shift.map((part, i) => part - mean[i]!)),
          [...rows, 3],
        ),
        "crops/labels": int32(samples.map(({ image }) => train[image]!.label), rows),
      };
      const pixels = imageCache
        ? {
          "crops/cache": bytes(imageCache),
          "crops/strides": int32(samples.flatMap(place), [...rows, 3]),
        }
        : filesOf(samples);
      session.run({ ...table, ...pixels }, ["crops/start:0"]);
    },
    release() {
      if (held) session.release(held);
    },
  };

  function filesOf(samples: readonly Sample[]) {
    const count = samples.length;
    const sections = samples.map((sample) => cropWindowOf(train[sample.image]!, sample, setup));
    return {
      ...feedOf(samples.map(({ image }) => train[image]!), "crops"),
      "crops/windows": int32(sections.flatMap(({ window }) => window), [count, 4]),
      "crops/factors": float32(sections.flatMap(({ factors }) => factors), [count, 2]),
      "crops/moves": float32(sections.flatMap(({ moves }) => moves), [count, 2]),
      "crops/flips": int32(samples.map(({ flip }) => flip ? 1 : 0)),
    };
  }
}
