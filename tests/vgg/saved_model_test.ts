/** A net as a SavedModel: here, and in Python's TensorFlow where there is one. */
import assert from "node:assert/strict";
import { answer, python } from "../../lib/system/subprocess.ts";
import { layersOf, netShapeOf } from "../../lib/vgg/configs.ts";
import { savedModelOf } from "../../lib/vgg/saved_model.ts";
import { gap, noisyBytes } from "../support/formula.ts";
import { broughtIn, place, SMALL, writeKerases } from "../parity/released.ts";
import expected from "../parity/released.json" with { type: "json" };
import { tensorflow } from "../support/run_graph.ts";

/** Writes Keras's net D of the parity tests into a folder, as a SavedModel. */
async function savedInto(folder: string) {
  await writeKerases(`${folder}/d.h5`, "D", "now");
  const { tensors } = await broughtIn(`${folder}/d.h5`);
  const { train, evaluate } = SMALL.setup;
  const bytes = savedModelOf({
    layers: layersOf("D", netShapeOf(train, 10)),
    ...{ tensors, evaluate, inputScale: train.inputScale },
    mean: [123.68, 116.779, 103.939],
  });
  Deno.writeFileSync(`${folder}/saved_model.pb`, bytes);
}

/** exp of each over their sum. */
function softmax(scores: readonly number[]): number[] {
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
}

Deno.test("a SavedModel takes bytes of any size and gives Keras's scores, and their soft-max", async () => {
  using here = place();
  await savedInto(here.folder);
  const binding = await tensorflow();
  const model = binding.loadSavedModel(here.folder, "serve");
  try {
    for (const look of ["crop", "whole"] as const) {
      const [height, width] = SMALL.looks[look];
      const pixels = Float32Array.from(noisyBytes(height * width * 3));
      const images = binding.createTensor([1, height, width, 3], 1, pixels); // 1 is float32
      const [scores, posteriors] = binding
        .runSavedModel(model, [images], "images", "scores:0,posteriors:0")
        .map(({ id }) => binding.tensorDataSync(id) as Float32Array);
      binding.deleteTensor(images);
      assert.ok(gap(scores!, expected.keras.D[look]) < 1e-4, look);
      assert.ok(gap(posteriors!, softmax(expected.keras.D[look])) < 1e-4, look);
    }
  } finally {
    binding.deleteSavedModel(model);
  }
});

const version = await answer([
  ...python(),
  "-c",
  "from importlib.util import find_spec as f; print('yes' if f('tensorflow') else exit(1))",
]);

if (version === undefined) {
  console.warn("Python has no tensorflow: opening a SavedModel there is left out");
}

Deno.test({
  name: "Python's TensorFlow opens it by its signature (where Python has tensorflow)",
  ignore: version === undefined,
  async fn() {
    using here = place();
    await savedInto(here.folder);
    const script = `
import json, sys, numpy, tensorflow as tf
bytes = numpy.frombuffer(sys.stdin.buffer.read(), "uint8").reshape(1, 71, 101, 3)
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
found = serve(images=tf.constant(bytes.astype("float32")))
print(json.dumps({name: values[0].numpy().tolist() for name, values in found.items()}))`;
    const [program = "", ...args] = python();
    const child = new Deno.Command(program, {
      args: [...args, "-c", script, here.folder],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(noisyBytes(71 * 101 * 3));
    await writer.close();
    const { stdout } = await child.output();
    const found = JSON.parse(new TextDecoder().decode(stdout));
    assert.ok(gap(found.scores, expected.keras.D.whole) < 1e-4);
    assert.ok(gap(found.posteriors, softmax(expected.keras.D.whole)) < 1e-4);
  },
});
