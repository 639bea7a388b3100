/** The plan that simulated processes share, and what computes it in place of TensorFlow. */
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import type { Dataset, DatasetDescription } from "../../lib/datasets/dataset.ts";
import type { Engine } from "../../lib/executors/local/run.ts";
import { plannedRun } from "../../lib/plan.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";

export { smoke as setup };

/** The folder of results in the simulated file system. */
export const FOLDER = "/sim/store";

/** Steps of a training. */
export const STEPS = 5;

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "simulated" };
const image = { file: "/sim/image", width: 32, height: 32 };

/** Two classes, without an image that would be read. */
export const dataset: Dataset = {
  ...{ name: "simulated", classes: ["a", "b"], train: [], fingerprint: "simulated" },
  val: [{ ...image, label: 0 }, { ...image, label: 1 }],
  colours: { mean: [128, 127, 126], covariance: [] },
};

/** The same, as estimates take it. */
export const description: DatasetDescription = { ...dataset, train: { length: 0 } };

/** Two trainings, one that waits for the first, and two tests; ancestors first. */
export const runs = [
  net("A", 256),
  net("A-LRN", 256),
  net("B", 256),
  ...evaluations(net("A", 256), [256], "dense"),
  ...evaluations(net("B", 256), [256], "dense"),
].map((run) => plannedRun(run, context));

/**
 * An engine whose weights follow from the run, its steps and its ancestor's weights.
 *
 * @param step passes the time of a step, and tells whether to stop
 * @param onResume called with the steps that a checkpoint has, 0 without one
 */
export function simulatedEngine(step: () => boolean, onResume: (step: number) => void): Engine {
  return {
    version: "simulated",
    device: { kind: "cpu" },
    train({ run, checkpoint, ancestor }, { onLog, onCheckpoint }) {
      const before = (checkpoint?.tensors ?? ancestor)?.get("w")?.values ?? Float32Array.of(1, 2);
      const values = before.slice();
      const at = (step: number) => ({
        ...{ step, plateau: INITIAL_PLATEAU },
        tensors: new Map([["w", { shape: [values.length], values: values.slice() }]]),
      });
      let done = checkpoint?.step ?? 0;
      onResume(done);
      while (done < STEPS) {
        if (step()) return { finished: false, checkpoint: at(done) };
        done++;
        for (const i of values.keys()) values[i] = values[i]! / 2 + run.config.length * done + i;
        onLog({ step: done, epoch: done, loss: values[0]!, learningRate: 1, imagesPerSecond: 1 });
        if (done % 2 === 0) onCheckpoint(at(done));
      }
      return { finished: true, checkpoint: at(done) };
    },
    evaluate({ images, weights }) {
      if (step()) return undefined;
      const share = 1 / (1 + weights.get("w")!.values[0]!);
      return Float32Array.from(images.flatMap(() => [share, 1 - share]));
    },
    openSummaries: () => ({ write: () => {}, close: () => {} }),
  };
}
