/** Worker threads as functions that return promises. Loads no TensorFlow itself. */
import type { Device } from "../../system/device.ts";
import { UserError } from "../../errors.ts";
import type { PlannedRun } from "../../plan.ts";
import type { ImageCache, ImageCacheContents } from "../../vgg/image_cache.ts";
import type { Answer, Job, Opening } from "./worker.ts";

/** Told how much of a job is done. */
export type OnProgress = (done: number, total: number) => void;

/** A thread with TensorFlow; it does one job at a time. */
export interface Hand {
  /** What it computes on. */
  readonly device: Device;
  /** Reads all training images at some scales; nothing where it was stopped on the way. */
  bank(contents: ImageCacheContents, onProgress: OnProgress): Promise<ImageCache | undefined>;
  /** Carries out a run; false where it was stopped on the way. */
  run(job: RunJob, onProgress: OnProgress): Promise<boolean>;
  /** Ends the thread. */
  dismiss(): void;
}

/** A run with what it needs. */
export interface RunJob {
  readonly planned: PlannedRun;
  readonly ancestor?: PlannedRun;
  readonly bank?: ImageCache;
  readonly microBatch?: number;
}

/** Starts a thread. `onNotice` is told what a user should know. */
export async function hire(
  opening: Opening,
  onNotice: (message: string) => void,
): Promise<Hand> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

  function ask(job: Job, onProgress?: OnProgress): Promise<Answer> {
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data: answer }: MessageEvent<Answer>) => {
        if (answer.kind === "progress") onProgress?.(answer.done, answer.total);
        else if (answer.kind === "notice") onNotice(answer.message);
        else if (answer.kind === "failed") reject(failure(answer));
        else resolve(answer);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(job);
    });
  }

  const { device } = await ask({ kind: "open", opening }) as Answer & { kind: "ready" };
  return {
    device,
    async bank(contents, onProgress) {
      const answer = await ask({ kind: "bank", contents }, onProgress);
      return (answer as Answer & { kind: "bank" }).bank;
    },
    async run(job, onProgress) {
      const answer = await ask({ kind: "run", ...job }, onProgress);
      return (answer as Answer & { kind: "ran" }).finished;
    },
    dismiss: () => worker.terminate(),
  };
}

/** The error of a thread, as an error of this one. */
function failure({ message, stack }: Answer & { kind: "failed" }): Error {
  if (stack === undefined) return new UserError(message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}
