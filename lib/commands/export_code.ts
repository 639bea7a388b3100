/** Python that loads the files that `export` writes. */
import type { TrainRun } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { depthOf } from "../vgg/configs.ts";
import type { ExportLayout } from "../command_line/net_options.ts";

/** A training that is exported. */
export type Planned = PlannedRun & { readonly run: TrainRun };

/** Python that loads a file in each layout; a page needs none. */
export const CODE: Readonly<
  Partial<Record<ExportLayout, (file: string, planned: Planned) => string>>
> = {
  torchvision: (file, { run }) =>
    [
      "import torchvision",
      "from safetensors.torch import load_file",
      "",
      `weights = load_file(${JSON.stringify(file)})`,
      run.blocks === undefined
        ? `net = torchvision.models.vgg${
          depthOf(run)
        }()  # num_classes and layers as in the weights`
        : "net = torchvision.models.VGG(torchvision.models.vgg.make_layers([...]))  # see above",
      "net.load_state_dict(weights)",
      "net.eval()",
    ].join("\n"),
  keras: (file, { run }) =>
    [
      "import keras",
      "",
      `net = keras.applications.VGG${depthOf(run)}(weights=None)  # classes as in the weights`,
      `net.load_weights(${JSON.stringify(file)})`,
    ].join("\n"),
  savedmodel: (file) =>
    [
      "import tensorflow as tf",
      "",
      `net = tf.saved_model.load(${JSON.stringify(file)}).signatures["serving_default"]`,
      'posteriors = net(images=images)["posteriors"]',
    ].join("\n"),
  onnx: (file) =>
    [
      "import onnxruntime",
      "",
      `session = onnxruntime.InferenceSession(${JSON.stringify(file)})`,
      "names = [output.name for output in session.get_outputs()]",
      'found = dict(zip(names, session.run(names, {"images": images})))',
    ].join("\n"),
};
