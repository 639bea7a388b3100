/** A thread that carries out runs, so that the main thread can draw progress and be interrupted. */
import type { Dataset } from "../../datasets/dataset.ts";
import { type Device, deviceOf } from "../../system/device.ts";
import { UserError } from "../../errors.ts";
import type { PlannedRun } from "../../plan.ts";
import { carryOut } from "./run.ts";
import { openStore } from "../../store/mod.ts";
import { loadAddon, type LoadOptions } from "../../tensorflow/addon.ts";
import { fillImageCache, type ImageCache, type ImageCacheContents } from "../../vgg/image_cache.ts";
import { unlessStopped } from "../../vgg/stop.ts";

/** What a worker is told once. */
export interface Opening {
  readonly dataset: Dataset;
  readonly storeFolder: string;
  readonly threads: LoadOptions;
  /** Parts of a batch that a training computes side by side. */
  readonly towers: number;
  /** One int32; not 0 means: stop at the next step. */
  readonly stop: SharedArrayBuffer;
}

/** What a worker is asked to do. */
export type Job =
  | { readonly kind: "open"; readonly opening: Opening }
  | { readonly kind: "bank"; readonly contents: ImageCacheContents }
  | {
    readonly kind: "run";
    readonly planned: PlannedRun;
    readonly ancestor?: PlannedRun;
    readonly bank?: ImageCache;
    readonly microBatch?: number;
  };

/** What a worker answers: progress and notices, as often as it likes, and one ending. */
export type Answer =
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  | { readonly kind: "notice"; readonly message: string }
  | { readonly kind: "ready"; readonly device: Device }
  | { readonly kind: "bank"; readonly bank?: ImageCache }
  | { readonly kind: "ran"; readonly finished: boolean }
  | { readonly kind: "failed"; readonly message: string; readonly stack?: string };

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Job>) => void;
  postMessage(answer: Answer): void;
};

let opening: Opening;
let device: Device;

/** Between two reports of progress, ms. */
const PAUSE = 100;

scope.onmessage = async ({ data: job }) => {
  try {
    scope.postMessage(await answer(job));
  } catch (error) {
    const { message, stack = "" } = error as Error;
    const defect = !(error instanceof UserError);
    scope.postMessage({ kind: "failed", message, ...defect && { stack } });
  }
};

async function answer(job: Job): Promise<Answer> {
  if (job.kind === "open") {
    opening = job.opening;
    const binding = await loadAddon(opening.threads);
    device = deviceOf(binding.isUsingGpuDevice());
    return { kind: "ready", device };
  }
  const { dataset, storeFolder, threads, towers } = opening;
  const stop = new Int32Array(opening.stop);
  const binding = await loadAddon(threads);
  const shouldStop = () => Atomics.load(stop, 0) !== 0;
  const onProgress = reporter();
  if (job.kind === "bank") {
    const { contents } = job;
    const bank = unlessStopped({ onProgress, shouldStop }, (onProgress) => {
      return fillImageCache(binding, dataset.train, { ...contents, onProgress });
    });
    return { kind: "bank", ...bank && { bank } };
  }
  const { planned, ancestor, bank, microBatch } = job;
  const finished = carryOut(planned, ancestor, {
    ...{ binding, device },
    dataset,
    store: openStore(storeFolder),
    ...bank && { bank },
    ...microBatch !== undefined && { microBatch },
    // a GPU shares its own work out
    towers: device.kind === "gpu" ? 1 : towers,
    ...threads.intraOpThreads !== undefined && { threads: threads.intraOpThreads },
    onProgress,
    onNotice: (message) => scope.postMessage({ kind: "notice", message }),
    shouldStop,
  });
  return { kind: "ran", finished };
}

/** Reports progress now and then. */
function reporter() {
  let last = -Infinity;
  return (done: number, total: number) => {
    const now = performance.now();
    if (now - last < PAUSE && done < total) return;
    last = now;
    scope.postMessage({ kind: "progress", done, total });
  };
}
