/** Python that loads the files that `export` writes. */
import type { TrainRun } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { convsOf, depthOf, isFullyConnected, type Layer } from "../vgg/configs.ts";
import { PAPER_CROP } from "../vgg/images.ts";
import type { ExportLayout } from "../command_line/net_options.ts";

/** A training that is exported. */
export type Planned = PlannedRun & { readonly run: TrainRun };

/** What the code depends on. */
export interface CodeInput {
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly planned: Planned;
  /** The net's layers, with their own numbers of channels. */
  readonly layers: readonly Layer[];
}

const TORCHVISION = ["import torchvision", "from safetensors.torch import load_file", ""];

/** Python that loads a file in each layout; a page needs none. */
export const CODE: Readonly<Partial<Record<ExportLayout, (input: CodeInput) => string>>> = {
  torchvision: (input) =>
    lines([
      ...isTheirs(input, ["A", "B", "D", "E"])
        ? [
          ...TORCHVISION,
          `net = torchvision.models.vgg${depthOf(input.planned.run)}(num_classes=${
            classes(input)
          })`,
        ]
        : ["import torch", ...TORCHVISION, ...torchvisionsNet(input)],
      `net.load_state_dict(load_file(${JSON.stringify(input.file)}))`,
      "net.eval()",
      `posteriors = net(images).softmax(1)  # images: [batch, 3, ${sides(input)}]`,
    ]),
  keras: (input) =>
    lines([
      "import keras",
      "",
      ...isTheirs(input, ["D", "E"])
        ? [
          `net = keras.applications.VGG${depthOf(input.planned.run)}(weights=None, classes=${
            classes(input)
          })`,
        ]
        : kerasNet(input),
      `net.load_weights(${JSON.stringify(input.file)})`,
      `posteriors = net(images)  # images: [batch, ${sides(input)}, 3]`,
    ]),
  savedmodel: ({ file }) =>
    lines([
      "import tensorflow as tf",
      "",
      `net = tf.saved_model.load(${JSON.stringify(file)}).signatures["serving_default"]`,
      'posteriors = net(images=images)["posteriors"]',
    ]),
  onnx: ({ file }) =>
    lines([
      "import onnxruntime",
      "",
      `session = onnxruntime.InferenceSession(${JSON.stringify(file)})`,
      "names = [output.name for output in session.get_outputs()]",
      'found = dict(zip(names, session.run(names, {"images": images})))',
    ]),
};

/** Whether a library has the net under a name of its own: with the paper's channels and crops. */
function isTheirs(
  { planned: { run, context: { train } }, layers }: CodeInput,
  configs: readonly string[],
): boolean {
  const [first] = convsOf(layers);
  const [fc6, fc7] = fullyConnected(layers);
  return run.blocks === undefined && configs.includes(run.config) && train.crop === PAPER_CROP &&
    first?.outputs === 64 && fc6?.outputs === 4096 && fc7?.outputs === 4096;
}

/** torchvision's class with other numbers of channels, whose parts are replaced where they are fixed. */
function torchvisionsNet({ planned: { run, context: { train } }, layers }: CodeInput): string[] {
  const cells = makeLayers(layers).join(", ");
  const normalised = run.batchNorm === undefined ? "" : ", batch_norm=True";
  const full = fullyConnected(layers);
  return [
    `features = torchvision.models.vgg.make_layers([${cells}]${normalised})`,
    ...train.oddSides === "down" ? [] : [
      "for module in features:",
      "    if isinstance(module, torch.nn.MaxPool2d):",
      "        module.ceil_mode = True  # of odd sides",
    ],
    "net = torchvision.models.VGG(features, init_weights=False)",
    `net.avgpool = torch.nn.AdaptiveAvgPool2d(${full[0]!.size})`,
    ...full.map(({ size, inputs, outputs }, i) =>
      `net.classifier[${3 * i}] = torch.nn.Linear(${size ** 2 * inputs}, ${outputs})`
    ),
  ];
}

/** What torchvision's make_layers takes: channels of convolutions, and "M" for a pooling. */
export function makeLayers(layers: readonly Layer[]): string[] {
  return layers.flatMap((layer) =>
    layer.kind === "maxpool"
      ? ['"M"']
      : layer.kind === "conv" && !isFullyConnected(layer)
      ? [String(layer.outputs)]
      : []
  );
}

/** A net of the paper's in Keras, layer by layer. */
function kerasNet(input: CodeInput): string[] {
  const { planned: { context: { train } }, layers } = input;
  const blocks = Map.groupBy(
    convsOf(layers).filter((layer) => !isFullyConnected(layer)),
    ({ name }) => name.slice(0, name.indexOf("_")),
  );
  const pairs = [...blocks.values()].map((convs) =>
    `[${convs.map(({ outputs, size }) => `(${outputs}, ${size})`).join(", ")}]`
  );
  const [fc6, fc7] = fullyConnected(layers);
  return [
    `net = keras.Sequential([keras.Input((${sides(input)}, 3))])`,
    "# channels and sizes of each block",
    `for block, convs in enumerate([${pairs.join(", ")}], 1):`,
    "    for place, (channels, size) in enumerate(convs, 1):",
    '        name = f"block{block}_conv{place}"',
    "        net.add(",
    '            keras.layers.Conv2D(channels, size, padding="same", activation="relu", name=name)',
    "        )",
    `    net.add(keras.layers.MaxPooling2D(padding="${
      train.oddSides === "down" ? "valid" : "same"
    }"))`,
    "net.add(keras.layers.Flatten())",
    `net.add(keras.layers.Dense(${fc6!.outputs}, activation="relu", name="fc1"))`,
    `net.add(keras.layers.Dense(${fc7!.outputs}, activation="relu", name="fc2"))`,
    `net.add(keras.layers.Dense(${classes(input)}, activation="softmax", name="predictions"))`,
  ];
}

const fullyConnected = (layers: readonly Layer[]) => convsOf(layers).filter(isFullyConnected);

const classes = ({ layers }: CodeInput) => convsOf(layers).at(-1)!.outputs;

const sides = ({ planned: { context: { train: { crop } } } }: CodeInput) => `${crop}, ${crop}`;

const lines = (all: readonly string[]) => all.join("\n");
