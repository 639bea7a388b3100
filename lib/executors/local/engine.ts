/** Computes runs with TensorFlow: trainings, evaluations, and a log's events for TensorBoard. */
import type { LabelledImage } from "../../datasets/dataset.ts";
import { actionLabel, type EvalRun } from "../../experiment.ts";
import type { Binding } from "../../tensorflow/addon.ts";
import { Session } from "../../tensorflow/session.ts";
import { openSummaries } from "../../tensorflow/summaries.ts";
import { countOf, deviceOf } from "../../system/device.ts";
import { imagesAtOnce } from "../../vgg/batches.ts";
import { meanOf } from "../../vgg/colours.ts";
import { posteriorsOf } from "../../vgg/evaluate.ts";
import { layersOf, netShapeOf } from "../../vgg/configs.ts";
import { pixels } from "../../vgg/images.ts";
import { evaluationGraph, gpuNames } from "../../vgg/model.ts";
import { archiveOf } from "../../vgg/sources.ts";
import { unlessStopped } from "../../vgg/stop.ts";
import { setTensors, train } from "../../vgg/train.ts";
import { fewerImages } from "./out_of_memory.ts";
import type { Engine, EvaluationTask, RunControl } from "./run.ts";

/** TensorFlow, once it is loaded. */
export function engineOf(binding: Binding): Engine {
  const device = deviceOf(binding.isUsingGpuDevice());
  const count = countOf(device);
  const devices = count > 1 ? gpuNames(count) : [];
  return {
    version: binding.TF_Version,
    device,
    train: (training, callbacks) =>
      train(binding, { ...training, ...count > 1 && { devices } }, callbacks),
    evaluate: (evaluation, control) => evaluate(binding, { ...evaluation, devices }, control),
    openSummaries: (folder) => openSummaries(binding, folder),
  };
}

function evaluate(
  binding: Binding,
  { run, context, dataset, images, weights, posteriors, devices }: EvaluationTask & {
    readonly devices: readonly string[];
  },
  control: RunControl,
): Float32Array | undefined {
  const { classes, colours } = dataset;
  const setup = context.train;
  const { graph } = evaluationGraph(run, {
    setup,
    evaluate: context.evaluate,
    classes: classes.length,
    archive: archiveOf(images),
    devices,
  });
  const session = new Session(binding, graph);
  try {
    setTensors(session, weights);
    const options = {
      method: run.method,
      side: pixels(run.Q, setup.crop),
      crop: setup.crop,
      oddSides: setup.oddSides,
      evaluate: context.evaluate,
      classes: classes.length,
      mean: meanOf(run.net, colours),
      layers: layersOf(run.net, netShapeOf(setup, classes.length)),
      devices: Math.max(1, devices.length),
      posteriors,
    };
    return posteriorsWithinMemory(session, images, { ...options, ...control, run });
  } finally {
    session.close();
  }
}

/** Posteriors, with as many images at once as memory holds; undefined if it was stopped. */
function posteriorsWithinMemory(
  session: Session,
  images: readonly LabelledImage[],
  { run, onNotice, ...options }: Parameters<typeof posteriorsOf>[2] & RunControl & {
    readonly run: EvalRun;
  },
) {
  for (let largest = imagesAtOnce(options);;) {
    try {
      return unlessStopped(
        options,
        (onProgress) => posteriorsOf(session, images, { ...options, largest, onProgress }),
      );
    } catch (error) {
      const smaller = Math.floor(largest / 2);
      largest = fewerImages(error, { action: actionLabel(run), size: largest, smaller, onNotice });
    }
  }
}
