/** This project as a contestant: the graphs of its own trainings, evaluations and pipelines. */
import { paper, small } from "../../../experiments/setups.ts";
import type { ConfigName, TrainRun } from "../../experiment.ts";
import { normal, uniform } from "../../statistics/random.ts";
import { errorsOf, scored } from "../../score.ts";
import { posteriorsIn } from "../../store/run_files.ts";
import { type Binding, loadAddon } from "../../tensorflow/addon.ts";
import { constant, Graph, placeholder } from "../../tensorflow/graph.ts";
import {
  cast,
  matMul,
  reduceSum,
  scale,
  statelessRandomNormal,
} from "../../tensorflow/operations.ts";
import { elements, float32, int32, Session } from "../../tensorflow/session.ts";
import { assign, identityAfter, variable } from "../../tensorflow/variables.ts";
import { type ImageCache, imageCacheBytes } from "../../vgg/image_cache.ts";
import { openCrops } from "../../vgg/crops.ts";
import { scalesOf } from "../../vgg/images.ts";
import { evaluationGraph, trainingGraph } from "../../vgg/model.ts";
import { cropsFromCache, cropsFromFiles } from "../../vgg/pipeline.ts";
import { openSafetensors } from "../../weights/safetensors.ts";
import type {
  Case,
  EvaluationCase,
  InputCase,
  MatmulCase,
  ScoringCase,
  TrainingCase,
} from "../cases.ts";
import { answerRequests, type Runner } from "../contestant.ts";

/** So small that the weights hardly change: speed must not depend on training. */
const RATE = float32([1e-6], []);
const MEAN = [127, 127, 127] as const;
/** A colour in [0, 1]; its value does not matter. */
const COVARIANCE = [[0.08, 0.06, 0.06], [0.06, 0.08, 0.06], [0.06, 0.06, 0.08]];
/** Pictures in memory, as many as the small setup's. */
const SCENES = small.scenes!.train;
/** Images that a training plans at a time. */
const SPAN = 16_000;
/** Period of the noise: a prime, so that rows differ. */
const PATTERN = 65_537;
const { evaluate } = paper;

function build(binding: Binding, what: Case): Runner {
  switch (what.kind) {
    case "training":
      return trainingOf(binding, what);
    case "evaluation":
      return evaluationOf(binding, what);
    case "input":
      return inputOf(binding, what);
    case "scoring":
      return scoringOf(what);
    case "matmul":
      return matmulOf(binding, what);
  }
}

/** Updates, with the same batch fed each time, or with crops from an image cache or from files. */
function trainingOf(binding: Binding, what: TrainingCase): Runner {
  const { setup, classes, batch, towers, crops: source } = what;
  const { crop } = setup;
  const { graph } = trainingGraph(runOf(what), {
    ...{ setup, classes, microBatch: batch, towers },
    source: source === "files" ? "files" : "cache",
  });
  const session = new Session(binding, graph);
  session.run({ "seed/weights": int32([0, 0]) }, ["initialise:0"]);
  // Fed values replace the pipeline, which then does not run.
  const fed = source !== "fed" ? {} : {
    "crops/pixels:0": session.hold(noise([batch, crop, crop, 3])),
    "crops/next:1": session.hold(
      float32(Array(batch).fill(MEAN).flat().map((m) => -m), [batch, 3]),
    ),
    "crops/next:2": session.hold(int32(Array.from({ length: batch }, (_, i) => i % classes))),
  };
  const crops = source === "fed" ? undefined : pictures(session, what);
  let count = 0;
  return {
    begin: (steps) => crops?.next(steps),
    step() {
      const draws = { rate: RATE, "seed/dropout": int32([0, count++]) };
      session.run({ ...draws, ...fed }, ["step:0"]);
    },
    close() {
      crops?.release();
      Object.values(fed).forEach((held) => session.release(held));
      session.close();
    },
  };
}

/** Posteriors of the same images, or crops of them, each time. */
function evaluationOf(binding: Binding, what: EvaluationCase): Runner {
  const { method, setup, classes, batch, looks, height, width } = what;
  const { graph, weights } = evaluationGraph({ net: runOf(what), method }, {
    ...{ setup, evaluate, classes },
  });
  const session = new Session(binding, graph);
  for (const { name, shape } of weights) {
    session.run({ [`${name}/fed`]: formula(shape) }, [`${name}/set:0`]);
  }
  const fed = {
    "images/next:0": session.hold(
      noise([batch, ...method === "dense" ? [] : [looks], height, width, 3]),
    ),
    "images/mean": session.hold(float32(MEAN)),
  };
  return {
    step: () => void session.run(fed, ["posteriors:0"]),
    close() {
      Object.values(fed).forEach((held) => session.release(held));
      session.close();
    },
  };
}

/** Batches of crops without a net. */
function inputOf(binding: Binding, what: InputCase): Runner {
  const { setup: { crop, inputScale }, batch, source } = what;
  const graph = new Graph();
  const { images, labels } = (source === "cache" ? cropsFromCache : cropsFromFiles)(graph, {
    ...{ batch, crop, inputScale },
  });
  // the pixels stay in TensorFlow: JavaScript does not need them
  const made = identityAfter("made", labels, [images.node]);
  const session = new Session(binding, graph);
  const crops = pictures(session, what);
  return {
    begin: (steps) => crops.next(steps),
    step: () => void session.run({}, [made]),
    close() {
      crops.release();
      session.close();
    },
  };
}

/** Errors of an ensemble, from files to two numbers. */
function scoringOf({ files }: ScoringCase): Runner {
  return {
    step() {
      using open = new DisposableStack();
      errorsOf(scored(files.map((file) => open.use(posteriorsIn(openSafetensors(file), file)))));
    },
    close() {},
  };
}

/** Products of a matrix with itself, whose values stay as large as they are. */
function matmulOf(binding: Binding, { precision, side, products }: MatmulCase): Runner {
  const graph = new Graph();
  const seed = placeholder(graph, "seed", { dtype: "int32", shape: [2] });
  const matrix = variable(graph, "matrix", [side, side]);
  const draws = scale(statelessRandomNormal(matrix.shape, seed), 1 / Math.sqrt(side));
  identityAfter("initialise", constant(graph, 0), [assign(matrix, draws)]);
  const factor = cast(matrix.value, precision);
  let product = factor;
  for (let i = 0; i < products; i++) product = matMul(product, factor);
  identityAfter("sum", reduceSum(cast(product, "float32"), [0, 1]));
  const session = new Session(binding, graph);
  session.run({ seed: int32([0, 0]) }, ["initialise:0"]);
  return {
    step: () => void session.run({}, ["sum:0"]),
    close: () => session.close(),
  };
}

/** A training's crops of made-up pictures: files, or noise in memory. */
function pictures(session: Session, what: TrainingCase | InputCase) {
  const { setup, batch } = what;
  const { files = [] } = what;
  const train = files.length > 0
    ? files.map((file) => ({ file, label: 0, height: 375, width: 500 }))
    : Array.from({ length: SCENES }, (_, i) => ({
      ...{ file: "", label: i % 20, height: 128, width: 128 + 16 * (i % 5) },
    }));
  const S = what.kind === "input" ? what.S : 256;
  const scales = scalesOf(S, setup);
  const imageCache: ImageCache | undefined = files.length > 0
    ? undefined
    : { scales, bytes: noiseBytes(imageCacheBytes(train, scales)) };
  const crops = openCrops(session, {
    ...{ run: { config: "A", S, init: "random" }, setup, seed: 0, microBatch: batch },
    dataset: { train, colours: { mean: MEAN, covariance: COVARIANCE } },
    ...imageCache && { imageCache },
  });
  const span = Math.ceil(SPAN / batch);
  let [position, planned] = [0, 0];
  return {
    /** Prepares the crops of the next steps. */
    next(steps: number) {
      if (what.kind === "training" && position + steps * batch <= planned) {
        position += steps * batch;
        return;
      }
      // A training plans many steps ahead. Without a training exactly `steps` are planned, so that no
      // work remains after the turn.
      planned = position + (what.kind === "training" ? Math.max(span, steps) : steps) * batch;
      crops.start(position, planned);
      position += steps * batch;
    },
    release: crops.release,
  };
}

const runOf = ({ config }: { config: ConfigName }): TrainRun => ({
  ...{ config, S: 256, init: "random" },
});

/** Random pixels. */
function noise(shape: readonly number[]) {
  const values = noiseBytes(elements(shape));
  return { dtype: "uint8", shape, values } as const;
}

function noiseBytes(size: number): Uint8Array<SharedArrayBuffer> {
  const draw = uniform(0);
  const pattern = Uint8Array.from({ length: PATTERN }, () => 256 * draw());
  const bytes = new Uint8Array(new SharedArrayBuffer(size));
  for (let at = 0; at < size; at += PATTERN) bytes.set(pattern.subarray(0, size - at), at);
  return bytes;
}

/** Random weights with He's deviation; biases are 0. */
function formula(shape: readonly number[]) {
  const values = new Float32Array(elements(shape));
  if (shape.length > 1) {
    const draw = uniform(1);
    const deviation = Math.sqrt(2 / elements(shape.slice(0, -1)));
    const pattern = Float32Array.from({ length: PATTERN }, () => deviation * normal(draw));
    for (let at = 0; at < values.length; at += PATTERN) {
      values.set(pattern.subarray(0, values.length - at), at);
    }
  }
  return float32(values, shape);
}

const binding = await loadAddon();
await answerRequests(
  `TensorFlow ${binding.TF_Version}, Deno ${Deno.version.deno}`,
  (what) => build(binding, what),
);
