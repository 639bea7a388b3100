/**
 * Unmodified TensorFlow.js as a contestant: the net and its training as a user of tfjs-layers writes
 * them, on the same TensorFlow with its default for oneDNN. It always computes in float32, its only
 * precision, and without weight decay, which would make it slower.
 *
 * @module
 */
import { turnsOneDnnOn, usesOneDnn } from "../../system/processor.ts";
import { loadStockTfjs } from "../../tensorflow/addon.ts";
import type { Case, TrainingCase } from "../cases.ts";
import { answerRequests, type Runner } from "../contestant.ts";

// Its output must not be mixed with the answers on standard output.
console.log = console.info = console.error;
const tf = await loadStockTfjs({ leavesOneDnn: true });
const oneDnn = usesOneDnn() ?? turnsOneDnnOn();

function build(what: Case): Runner {
  if (what.kind !== "training") {
    throw new Error(`it does not take part in "${what.name}"`);
  }
  const { batch, classes, setup: { crop, momentum } } = what;
  const net = netOf(what);
  const optimizer = tf.train.momentum(1e-6, momentum);
  const images = tf.randomNormal([batch, crop, crop, 3]) as ReturnType<typeof tf.tensor4d>;
  const labels = tf.oneHot(
    tf.range(0, batch, 1, "int32").mod(tf.scalar(classes, "int32")),
    classes,
  );
  return {
    step() {
      const loss = optimizer.minimize(() => {
        const scores = net.apply(images, { training: true }) as typeof images;
        return tf.losses.softmaxCrossEntropy(labels, scores);
      }, true);
      loss!.dataSync();
      loss!.dispose();
    },
    close() {
      tf.dispose([images, labels]);
      net.dispose();
      optimizer.dispose();
    },
  };
}

/** The net, layer by layer. */
function netOf({ layers, setup: { crop, dropout } }: TrainingCase) {
  const net = tf.sequential();
  net.add(tf.layers.inputLayer({ inputShape: [crop, crop, 3] }));
  for (const layer of layers) {
    if (layer.kind === "lrn" || layer.kind === "avgpool") {
      throw new Error(`it has no layer for ${layer.kind}`);
    }
    if (layer.kind === "maxpool") {
      net.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: "same" }));
    } else if (layer.name.startsWith("conv")) {
      const { outputs: filters, size: kernelSize } = layer;
      const options = {
        padding: "same",
        activation: "relu",
        kernelInitializer: "heNormal",
      } as const;
      net.add(tf.layers.conv2d({ filters, kernelSize, ...options }));
    } else {
      if (layer.name === "fc6") net.add(tf.layers.flatten());
      const hidden = layer.name !== "fc8";
      const { outputs: units } = layer;
      const activation = hidden ? "relu" : "linear";
      net.add(tf.layers.dense({ units, activation, kernelInitializer: "heNormal" }));
      if (hidden) net.add(tf.layers.dropout({ rate: dropout }));
    }
  }
  return net;
}

await answerRequests(
  `${tf.version["tfjs-node"] ?? tf.version_core}, oneDNN ${oneDnn ? "on" : "off"} by default`,
  build,
);
