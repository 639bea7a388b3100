/** Hands a training its crops: turns samples into what the input pipeline is fed with. */
import type { Dataset } from "../datasets/mod.ts";
import type { TrainRun, TrainSetup } from "../experiment.ts";
import { float32, type Held, int32, type Session } from "../tensorflow/session.ts";
import { type Bank, bankOffsets } from "./bank.ts";
import { meanOf, shiftAxes } from "./colours.ts";
import { rescale, type Sample, sampler, scalesOf } from "./images.ts";
import { placeOf } from "./pipeline.ts";
import { feedOf } from "./sources.ts";

/** What decides a training's crops. */
export interface CropSource {
  readonly run: TrainRun;
  readonly setup: TrainSetup;
  readonly seed: number;
  readonly dataset: Pick<Dataset, "train" | "colours">;
  /** Where pixels come from; image files if absent. */
  readonly bank?: Bank;
  readonly microBatch: number;
}

/** Crops by position in the training, from any position on. */
export interface Crops {
  /** Makes the next batches those of positions `from` to `to`, a multiple of the batch apart. */
  start(from: number, to: number): void;
  /** Frees what is held for the session. */
  release(): void;
}

/** Opens the crops of a training for its session; see `cropsFromBank` and `cropsFromFiles`. */
export function openCrops(session: Session, source: CropSource): Crops {
  const { run, setup, seed, dataset: { train, colours }, bank, microBatch } = source;
  const { crop, rgbShift } = setup;
  const scales = scalesOf(run.S, setup);
  const axes = shiftAxes(colours.covariance, rgbShift.by);
  const mean = meanOf(run, colours);
  const sampleAt = sampler({ images: train, scales, crop, seed, axes, sigma: rgbShift.sigma });
  const offsets = bank && bankOffsets(train, scales);

  let held: Held | undefined;
  const bytes = ({ bytes: values }: Bank) =>
    held ??= session.hold({ dtype: "uint8", shape: [values.length / 3, 3], values });

  function place(sample: Sample): number[] {
    const { image, side } = sample;
    const first = offsets?.[image * scales.length + scales.indexOf(side)] ?? 0;
    return placeOf(sample, rescale(train[image]!, side), crop, first);
  }

  return {
    start(from, to) {
      const samples = Array.from({ length: to - from }, (_, i) => sampleAt(from + i));
      const rows = bank ? [samples.length / microBatch, microBatch] : [samples.length];
      const table = {
        "crops/offsets": float32(
          samples.flatMap(({ shift }) => shift.map((part, i) => part - mean[i]!)),
          [...rows, 3],
        ),
        "crops/labels": int32(samples.map(({ image }) => train[image]!.label), rows),
      };
      session.run(
        bank
          ? {
            ...{ ...table, "crops/bank": bytes(bank) },
            "crops/places": int32(samples.flatMap(place), [...rows, 3]),
          }
          : { ...table, ...filesOf(samples) },
        ["crops/start:0"],
      );
    },
    release() {
      if (held) session.release(held);
    },
  };

  function filesOf(samples: readonly Sample[]) {
    const sides = samples.flatMap(({ image, side }) => {
      const { height, width } = rescale(train[image]!, side);
      return [height, width];
    });
    return {
      ...feedOf(samples.map(({ image }) => train[image]!), "crops"),
      "crops/sides": int32(sides, [samples.length, 2]),
      "crops/corners": int32(
        samples.flatMap(({ top, left, flip }) => [top, left, flip ? 1 : 0]),
        [samples.length, 3],
      ),
    };
  }
}
