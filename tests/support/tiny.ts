/** The least that can be trained: images by formula, and nets of a few channels. */
import { join } from "node:path";
import { smoke } from "../../experiments/setups.ts";
import type { Dataset } from "../../lib/datasets/dataset.ts";
import type { TrainSetup } from "../../lib/setup.ts";
import type { Context } from "../../lib/experiment.ts";
import { folderWith, png } from "./datasets.ts";
import { noisyBytes } from "./formula.ts";

/** A PNG of noise; its bytes are `noisyBytes(height * width * 3, { from })`. */
export function noisyPng(height: number, width: number, from = 0): Uint8Array {
  const bytes = noisyBytes(height * width * 3, { from });
  const rows = Array.from(
    { length: height },
    (_, y) => [...bytes.subarray(y * width * 3, (y + 1) * width * 3)],
  );
  return png({ width, bits: 8, kind: 2, rows });
}

/** A setup of two channels and more, whose scales are 32 and 48 and whose crops are 28 pixels. */
export const setup: TrainSetup = {
  ...smoke.train,
  width: 1 / 32,
  fc: 16,
  batch: 4,
  schedules: {
    first: { learningRate: 0.01, images: 48, drops: { rule: "steps", at: [0.5] } },
    finer: { learningRate: 0.001, images: 24, drops: { rule: "steps", at: [] } },
    jittered: { learningRate: 0.01, images: 48, drops: { rule: "steps", at: [] } },
  },
};

/** What a tiny run depends on. */
export const context: Context = {
  train: setup,
  evaluate: { scoreMap: "average-then-softmax" },
  seed: 1,
  data: "tiny",
};

/** Twelve training images and four for validation, in two classes and several shapes. */
export function tinyDataset(): Dataset & Disposable {
  const sides = [[32, 40], [44, 33], [36, 36]] as const;
  const image = (split: string, i: number) => {
    const [height, width] = sides[i % 3]!;
    return { path: `${split}/${i}.png`, label: i % 2, height, width };
  };
  const images = [
    ...Array.from({ length: 12 }, (_, i) => image("train", i)),
    ...Array.from({ length: 4 }, (_, i) => image("val", i)),
  ];
  const folder = folderWith(Object.fromEntries(
    images.map(({ path, height, width }, i) => [path, noisyPng(height, width, 10_000 * i)]),
  ));
  const split = (name: string) =>
    images.filter(({ path }) => path.startsWith(name))
      .map(({ path, ...image }) => ({ ...image, file: join(folder, path) }));
  return {
    name: "tiny",
    classes: ["even", "odd"],
    train: split("train"),
    val: split("val"),
    fingerprint: "tiny",
    colours: {
      mean: [128, 127, 126],
      covariance: [[0.08, 0.02, 0.01], [0.02, 0.08, 0.03], [0.01, 0.03, 0.08]],
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}
