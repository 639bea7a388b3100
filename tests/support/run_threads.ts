/** Threads of a plan without TensorFlow, for tests. */
import type { RunThreads, RunWorker } from "../../lib/executors/local/start_worker.ts";
import type { ImageCache } from "../../lib/vgg/image_cache.ts";

/** Threads on a processor that carry out runs by a function, and that have nothing to read or to stop. */
export function threadsThat(run: RunWorker["run"]): RunThreads {
  return {
    prepare: () => Promise.resolve(),
    start: () =>
      Promise.resolve({
        device: { kind: "cpu" },
        readImages: () => Promise.resolve({} as ImageCache),
        ...{ run, stopRun() {}, stop() {} },
      }),
  };
}
