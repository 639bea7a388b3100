/** A thread that executes runs, so that the main thread can show progress and handle signals. */
import type { Dataset } from "../../datasets/dataset.ts";
import type { PlannedRun } from "../../plan.ts";
import { openStore } from "../../store/mod.ts";
import { type Device, towersOn } from "../../system/device.ts";
import { answerJobs } from "../../system/workers.ts";
import { loadAddon, type LoadOptions } from "../../tensorflow/addon.ts";
import { fillImageCache, type ImageCache, type ImageCacheContents } from "../../vgg/image_cache.ts";
import { unlessStopped } from "../../vgg/stop.ts";
import { engineOf } from "./engine.ts";
import { type Engine, runOne } from "./run.ts";

/** Settings of all jobs of a worker. */
export interface WorkerSettings {
  readonly dataset: Dataset;
  readonly storeFolder: string;
  readonly threads: LoadOptions;
  /** Parts of a batch that a training computes in parallel. */
  readonly towers: number;
  /** One int32; not 0 means: stop at the next step. */
  readonly stop: SharedArrayBuffer;
  /** The same, for this worker's current run only. */
  readonly stopRun: SharedArrayBuffer;
}

/** A run and its resources. */
export interface RunJob {
  readonly planned: PlannedRun;
  readonly images?: ImageCache;
  readonly microBatch?: number;
}

/** A request to a worker. */
export type WorkerJob =
  | { readonly kind: "load" }
  | { readonly kind: "read images"; readonly contents: ImageCacheContents }
  | { readonly kind: "run" } & RunJob;

/** The answer at the end of a job of the same kind. */
export type WorkerAnswer =
  | { readonly kind: "load"; readonly device: Device }
  | { readonly kind: "read images"; readonly images?: ImageCache }
  | { readonly kind: "run"; readonly finished: boolean };

/** A message during a job. */
export type WorkerNote =
  | { readonly done: number; readonly total: number }
  | { readonly notice: string };

/** Shortest interval between two reports of progress, ms. */
const PAUSE = 100;

/** Made once: a GPU's name costs a call of nvidia-smi. */
let engine: Engine | undefined;

answerJobs(async (
  job: WorkerJob,
  { dataset, storeFolder, threads, towers, stop: shared, stopRun }: WorkerSettings,
  send: (note: WorkerNote) => void,
): Promise<WorkerAnswer> => {
  const { kind } = job;
  const binding = await loadAddon(threads);
  engine ??= engineOf(binding);
  const { device } = engine;
  if (kind === "load") return { kind, device };
  const stop = new Int32Array(shared);
  const shouldStop = () => Atomics.load(stop, 0) !== 0;
  const onProgress = throttled(send);
  if (kind === "read images") {
    const images = unlessStopped({ onProgress, shouldStop }, (onProgress) => {
      return fillImageCache(binding, dataset.train, { ...job.contents, onProgress });
    });
    return { kind, ...images && { images } };
  }
  const { planned, images, microBatch } = job;
  const isRunStopped = new Int32Array(stopRun);
  const finished = runOne(planned, {
    ...{ engine, dataset, onProgress },
    shouldStop: () => shouldStop() || Atomics.load(isRunStopped, 0) !== 0,
    store: openStore(storeFolder),
    ...images && { images },
    ...microBatch !== undefined && { microBatch },
    towers: towersOn(device, towers),
    ...threads.intraOpThreads !== undefined && { threads: threads.intraOpThreads },
    onNotice: (notice) => send({ notice }),
  });
  return { kind, finished };
});

/** Limits reports of progress to one every `PAUSE`, but always reports the end. */
function throttled(send: (note: WorkerNote) => void) {
  let last = -Infinity;
  return (done: number, total: number) => {
    const now = performance.now();
    if (now - last < PAUSE && done < total) return;
    last = now;
    send({ done, total });
  };
}
