/** Starts worker threads that execute runs. Does not load TensorFlow itself. */
import type { Device } from "../../system/device.ts";
import type { Bars } from "../../system/progress.ts";
import { startWorker } from "../../system/workers.ts";
import { ensureInstalled } from "../../tensorflow/install/mod.ts";
import type { ImageCache, ImageCacheContents } from "../../vgg/image_cache.ts";
import type { RunJob, WorkerAnswer, WorkerJob, WorkerNote, WorkerSettings } from "./worker.ts";

/** Called with the progress of a job. */
export type OnProgress = (done: number, total: number) => void;

/** A thread with TensorFlow; it does one job at a time. */
export interface RunWorker {
  /** The device that it computes on. */
  readonly device: Device;
  /** Reads all training images at some scales; undefined if it was stopped before the end. */
  readImages(contents: ImageCacheContents, onProgress: OnProgress): Promise<ImageCache | undefined>;
  /** Executes a run; false if it was stopped before the end. */
  run(job: RunJob, onProgress: OnProgress): Promise<boolean>;
  /** Makes the current run stop at its next step. */
  stopRun(): void;
  /** Ends the thread. */
  stop(): void;
}

/** How the threads of a plan come to be; a test may put others in their place. */
export interface RunThreads {
  /** Installs TensorFlow if it is missing. */
  prepare(bars: Bars): Promise<void>;
  /** Starts a thread and loads TensorFlow in it. `onNotice` gets messages for the user. */
  start: typeof startRunWorker;
}

/** Threads with TensorFlow. */
export const RUN_THREADS: RunThreads = { prepare: ensureInstalled, start: startRunWorker };

async function startRunWorker(
  settings: Omit<WorkerSettings, "stopRun">,
  onNotice: (message: string) => void,
): Promise<RunWorker> {
  const module = new URL("./worker.ts", import.meta.url);
  const stopRun = new SharedArrayBuffer(4);
  const isRunStopped = new Int32Array(stopRun);
  const worker = startWorker<WorkerJob, WorkerAnswer, WorkerNote>(module, { ...settings, stopRun });
  async function ask<Kind extends WorkerJob["kind"]>(
    job: WorkerJob & { readonly kind: Kind },
    onProgress: OnProgress = () => {},
  ) {
    const answer = await worker.ask(job, (note) => {
      if ("notice" in note) onNotice(note.notice);
      else onProgress(note.done, note.total);
    });
    return answer as WorkerAnswer & { readonly kind: Kind };
  }

  const { device } = await ask({ kind: "load" });
  return {
    device,
    async readImages(contents, onProgress) {
      return (await ask({ kind: "read images", contents }, onProgress)).images;
    },
    stopRun: () => Atomics.store(isRunStopped, 0, 1),
    async run(job, onProgress) {
      Atomics.store(isRunStopped, 0, 0);
      return (await ask({ kind: "run", ...job }, onProgress)).finished;
    },
    stop: worker.stop,
  };
}
