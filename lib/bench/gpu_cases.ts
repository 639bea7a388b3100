/**
 * The cases of `bench gpu`: the paper's nets at their real size on one GPU, or tiny ones that try every
 * case on a processor.
 *
 * @module
 */
import { paper } from "../../experiments/setups.ts";
import { microBatchFor, shareFor } from "../estimates/memory.ts";
import type { ConfigName } from "../experiment.ts";
import { type Precision, PRECISIONS } from "../setup.ts";
import type { Device } from "../system/device.ts";
import { imagesAtOnce } from "../vgg/batches.ts";
import { countMultiplyAdds, layersOf, netShapeOf } from "../vgg/configs.ts";
import {
  type Case,
  evaluation,
  type EvaluationCase,
  type InputCase,
  type MatmulCase,
  multiCrop,
  type PeerName,
  reading,
  type Size,
  training,
  type TrainingCase,
} from "./cases.ts";

/** A case of this benchmark. */
export type GpuCase = MatmulCase | TrainingCase | EvaluationCase | InputCase;

/** How large the cases are. */
export interface GpuScale {
  /** Divides the paper's channels and the units of fc6 and fc7. */
  readonly divisor: number;
  readonly crop: number;
  /** Images in memory at once in a training. */
  batch(config: ConfigName, precision: Precision): number;
  /** Height and width of whole images. */
  readonly whole: readonly [number, number];
  readonly matmul: Pick<MatmulCase, "side" | "products">;
  /** JPEG files that are read again and again. */
  readonly photos: number;
}

/** Nets that are trained: the shallowest, the best known and the deepest. */
const TRAINED = ["A", "D", "E"] as const;

/**
 * The paper's sizes on a GPU: of its batch as many images at once as a training would take. A product
 * of matrices of 8192 by 8192 is 1.1e12 operations, ten of them 0.02 s on a GPU of the year 2022.
 */
export function fullScale(device: Device): GpuScale {
  return {
    ...{ divisor: 1, crop: paper.train.crop, whole: [256, 341], photos: 16 },
    matmul: { side: 8192, products: 10 },
    batch(config, precision) {
      const setup = { ...paper.train, precision };
      const layers = layersOf(config, netShapeOf(setup, 1000));
      return microBatchFor(layers, setup, shareFor(device, 1));
    },
  };
}

/** So small that a processor tries every case in a second; the times say nothing. */
export const TINY: GpuScale = {
  ...{ divisor: 64, crop: 32, batch: () => 4, whole: [40, 48], photos: 1 },
  matmul: { side: 64, products: 2 },
};

/** PyTorch, as it computes by default and through torch.compile. */
export const GPU_PEERS = ["PyTorch", "PyTorch, compiled"] as const satisfies PeerName[];

/** All cases in their order: what everything else is compared with comes first. */
export function gpuCases(
  { divisor, crop, batch, whole: [height, width], matmul }: GpuScale,
  files: readonly string[],
): GpuCase[] {
  const size = (config: ConfigName, precision: Precision): Size => ({
    ...{ config, divisor, crop, batch: batch(config, precision), precision },
  });
  const tested = (precision: Precision): EvaluationCase[] => {
    const [dense, crops] = (["dense", "multi-crop"] as const).map((method) => (
      { ...size("D", precision), batch: imagesAtOnce({ method, side: height, crop }) }
    )) as [Size, Size];
    return [evaluation(dense, height, width), multiCrop(crops)];
  };
  return [
    ...PRECISIONS.map((precision): MatmulCase => ({
      kind: "matmul",
      name: `multiply matrices of ${matmul.side} x ${matmul.side}, ${precision}`,
      ...{ precision, ...matmul, batch: 1, peers: ["PyTorch"] },
    })),
    // bfloat16 first: what runs are computed in on such a GPU
    ...PRECISIONS.toReversed().flatMap((precision) =>
      TRAINED.map((config): TrainingCase => ({
        ...trainingOnGpu(size(config, precision)),
        peers: GPU_PEERS,
      }))
    ),
    ...PRECISIONS.toReversed().flatMap(tested).map((what) => ({ ...what, peers: GPU_PEERS })),
    ...([256, [256, 512]] as const).map((S) => ({ ...reading(S, files), peers: [] })),
    waiting(size("D", "bfloat16"), files),
  ];
}

/** A GPU parallelises its own work. */
function trainingOnGpu(size: Size): TrainingCase {
  const { memory: _memory, ...what } = training(size);
  return { ...what, towers: 1 };
}

/** How long a training whose crops come from files waits for them. */
function waiting(size: Size, files: readonly string[]): TrainingCase {
  const what = trainingOnGpu(size);
  return { ...what, name: `wait for files, ${what.name}`, crops: "files", files, peers: [] };
}

/** Whether a case measures a share of time instead of a speed. */
export function isWaiting(what: GpuCase): what is TrainingCase {
  return what.kind === "training" && what.crops === "files";
}

/** Precision of a case's arithmetic; absent if it does none. */
export function precisionOf(what: Case): Precision | undefined {
  if (what.kind === "matmul") return what.precision;
  return what.kind === "training" || what.kind === "evaluation" ? what.setup.precision : undefined;
}

/**
 * Operations (additions and multiplications) of one image of a case, or of a matrix product's step.
 *
 * ```ts
 * import { operationsOf } from "./gpu_cases.ts";
 *
 * const what = { kind: "matmul", side: 10, products: 3 } as never;
 * if (operationsOf(what) !== 3 * 2 * 10 ** 3) throw new Error("2 n^3 each");
 * ```
 */
export function operationsOf(what: GpuCase): number {
  switch (what.kind) {
    case "matmul":
      return 2 * what.products * what.side ** 3;
    case "training":
      // forward, and backward to inputs and to weights
      return 2 * 3 * countMultiplyAdds(what.layers, what.setup.crop);
    case "evaluation":
      // upright and mirrored
      return 2 * 2 * what.looks * countMultiplyAdds(what.layers, what.height, what.width);
    case "input":
      return 0;
  }
}
