/** Prints a digest of a training's first 48 crops of a JPEG file of 100 by 75 pixels. */
import { createHash } from "node:crypto";
import { loadAddon } from "../../lib/tensorflow/addon.ts";
import { Graph } from "../../lib/tensorflow/graph.ts";
import { Session } from "../../lib/tensorflow/session.ts";
import { openCrops } from "../../lib/vgg/crops.ts";
import { cropsFromFiles } from "../../lib/vgg/pipeline.ts";
import { setup } from "./tiny.ts";

const graph = new Graph();
const { images } = cropsFromFiles(graph, { batch: 4, crop: setup.crop, inputScale: 1 });
const session = new Session(await loadAddon(), graph);
const image = { file: Deno.args[0]!, height: 75, width: 100, label: 0 };
const crops = openCrops(session, {
  run: { config: "A", S: [256, 512], init: "random" },
  ...{ setup, seed: 5, microBatch: 4 },
  dataset: {
    train: Array(20).fill(image),
    colours: { mean: [0, 0, 0], covariance: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
  },
});
crops.start(0, 48);
const digest = createHash("sha256");
for (let batch = 0; batch < 12; batch++) {
  digest.update(session.run({}, [images])[0]!.values as Float32Array);
}
console.log(digest.digest("hex"));
