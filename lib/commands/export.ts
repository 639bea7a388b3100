/** `export`: writes a stored net in other layouts, with a card. */
import { basename } from "node:path";
import { UsageError, UserError } from "../errors.ts";
import { displayName, isEvaluation, isImported, type TrainRun } from "../experiment.ts";
import { isOfSystem, systemReason } from "../system/file_errors.ts";
import { writeAtomically } from "../system/files.ts";
import { progressBars } from "../system/progress.ts";
import { fold } from "../report/fold.ts";
import { meanOf } from "../vgg/colours.ts";
import { convsOf, isFullyConnected, layersOf, netShapeOf } from "../vgg/configs.ts";
import type { NetWeights } from "../weights/weights_file.ts";
import { DEVIATION } from "../weights/inputs.ts";
import { writeTorchvision } from "../weights/torchvision.ts";
import type { ExportLayout } from "../command_line/net_options.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import type { Study } from "../results/study.ts";
import { type Options, pathFrom } from "../command_line/options.ts";
import { describedStudy, runNamed } from "../command_line/known_runs.ts";
import { CODE, makeLayers, type Planned } from "./export_code.ts";
import { isFolder, mustBeCard, mustBeFree } from "./export_place.ts";

/**
 * Writes the net of a training to a file or, for TensorFlow, to a folder, and a card beside or in it.
 * Weights are float32 in every layout, also those of a net that was trained in bfloat16.
 *
 * @throws {UserError} There is no such training, it is not done, its images cannot be read for their mean,
 * or the file cannot be written.
 */
export async function exportNet(words: readonly string[], options: Options): Promise<number> {
  const [digits, word] = words;
  const layout = options.as;
  if (digits === undefined || word === undefined || layout === undefined) {
    throw new UsageError(
      "export needs a training's key, a file and --as: " +
        "deno task export 0123abcd d.h5 --as keras",
    );
  }
  if (options.raw && layout !== "onnx") {
    throw new UsageError(
      `--raw leaves parts of an ONNX file out; --as ${layout} has no such parts, so leave --raw out`,
    );
  }
  const file = pathFrom(word);
  await mustBeFree(file, layout);
  const card = isFolder(layout) ? `${file}/README.md` : `${file}.md`;
  const { cardOf, CARD_START } = await import("../report/card.ts");
  mustBeCard(card, CARD_START);
  const study = await describedStudy(options);
  const planned = trainingDone(digits, study);
  const { mean, credits } = await inputDataOf(planned, study, options);
  const { run, context } = planned;
  const net = {
    tensors: study.store.readWeights(planned),
    ...{ mean, inputScale: context.train.inputScale },
    recipe: JSON.stringify({ run, ...context }),
  };
  const { classes, name: data } = context.data === study.dataset.fingerprint
    ? study.dataset
    : { classes: undefined, name: undefined };
  await WRITE[layout](file, net, { planned, classes, data, raw: options.raw });
  console.error(`written: ${file}`);
  const input = inputInWords(layout, { ...net, raw: options.raw });
  const layers = layout === "torchvision" ? torchvisionsLayers(planned, net) : "";
  const library = READERS[layout];
  const code = CODE[layout]?.({
    ...{ file: basename(file), planned, layers: layersAndTests(planned, net).layers },
  });
  const text = cardOf({
    ...{ planned, study, credits },
    file: { library, input: `${input}${layers}`, ...code !== undefined && { code } },
  });
  written(card, () => writeAtomically(card, text));
  console.error(`written: ${card}`);
  console.log(fold(`${displayName(run)} for ${library}. ${input}${layers}`).join("\n"));
  return 0;
}

/** What reads a layout. */
const READERS: Readonly<Record<ExportLayout, string>> = {
  torchvision: "torchvision's VGG",
  keras: "Keras's VGG",
  savedmodel: "TensorFlow",
  onnx: "ONNX",
  page: "browsers",
};

/** Which net is written, and what else its file may say. */
interface Exported {
  readonly planned: Planned;
  /** Names of its classes, if they are known. */
  readonly classes: readonly string[] | undefined;
  /** Name of its data set, if that is known. */
  readonly data: string | undefined;
  readonly raw: boolean;
}

const WRITE: Readonly<
  Record<
    ExportLayout,
    (file: string, net: NetWeights, exported: Exported) => void | Promise<void>
  >
> = {
  torchvision: (file, net, { planned: { run } }) => {
    mustBeTorchvisions(run);
    written(file, () => writeTorchvision(file, net));
  },
  keras: async (file, net, { planned: { run } }) => {
    mustBeKeras(run);
    const { writeKeras } = await import("../weights/keras.ts");
    await writeKeras(file, net);
  },
  savedmodel: async (file, net, { planned }) => {
    const { savedModelOf } = await import("../vgg/saved_model.ts");
    const bytes = savedModelOf({ ...net, ...layersAndTests(planned, net) });
    written(file, () => writeAtomically(`${file}/saved_model.pb`, [bytes]));
  },
  onnx: async (file, net, exported) => {
    const bytes = await onnxModelOf(net, exported);
    written(file, () => writeAtomically(file, [bytes]));
  },
  page: async (folder, net, exported) => {
    const { writeNetPage } = await import("../report/net_page/mod.ts");
    const { planned: { run, key, context }, classes, data } = exported;
    const model = await onnxModelOf(net, exported);
    const { layers } = layersAndTests(exported.planned, net);
    written(folder, () =>
      writeNetPage(folder, {
        ...{ name: displayName(run), key, model, layers, classes },
        ...{ crop: context.train.crop, S: run.S },
        words: [data === undefined ? "Its data set is not the one at hand." : `Its data: ${data}.`],
      }));
  },
};

/** The bytes of a net's ONNX model. */
async function onnxModelOf(
  net: NetWeights,
  { planned, classes, raw }: Exported,
): Promise<Uint8Array> {
  const { onnxOf } = await import("../vgg/onnx.ts");
  return onnxOf({
    ...{ ...net, ...layersAndTests(planned, net), raw },
    description: `${displayName(planned.run)}, ${planned.key}`,
    metadata: {
      ...{ key: planned.key, recipe: net.recipe },
      ...{ mean: net.mean.join(" "), inputScale: String(net.inputScale) },
      ...classes && { classes: JSON.stringify(classes) },
    },
  });
}

/** A net's layers, and how it is tested. */
function layersAndTests({ run, context }: Planned, { tensors }: NetWeights) {
  const [classes = 0] = tensors.get("fc8.bias")!.shape;
  const layers = layersOf(run, netShapeOf(context.train, classes));
  return { layers, evaluate: context.evaluate };
}

/** The input that an exported net expects. */
function inputInWords(
  layout: ExportLayout,
  { mean, inputScale, raw }: Pick<NetWeights, "mean" | "inputScale"> & Pick<Exported, "raw">,
): string {
  const rounded = (parts: readonly number[], digits: number) =>
    parts.map((part) => part.toFixed(digits)).join(", ");
  switch (layout) {
    case "torchvision":
      return `Its input: Normalize(mean=[${rounded(mean.map((part) => part / 255), 6)}], ` +
        `std=[${DEVIATION.join(", ")}]) of red, green and blue in [0, 1].`;
    case "keras":
      return `Its input: blue, green and red of 0 to 255, minus ${rounded(mean.toReversed(), 3)}.`;
    case "savedmodel":
      return "Its signature serving_default takes images (float32, [batch, height, width, 3], red, " +
        "green and blue of 0 to 255) of any size, and gives posteriors and scores.";
    case "onnx": {
      const input =
        "It takes images (float32, [batch, 3, height, width]) of any size: red, green and " +
        "blue of 0 to 255";
      return raw
        ? `${input}, minus ${
          rounded(mean, 3)
        }, times ${inputScale}. It gives scores and score_map; ` +
          "their soft-max is left to you."
        : `${input}. It gives posteriors, scores and score_map.`;
    }
    case "page":
      return "Open its index.html in a browser, from this disk or from any server, and drop a picture: " +
        "the page shows posteriors and the score map, and sends nothing anywhere.";
  }
}

/** The training whose key begins with `digits`. @throws {UserError} It is not a training, or not done. */
function trainingDone(digits: string, { store, contexts }: Study): Planned {
  const planned = runNamed(digits, { store, contexts });
  const { run, key, ancestor } = planned;
  if (isEvaluation(run)) {
    throw new UserError(
      `Cannot export ${key}: it is an evaluation, ${
        displayName(run)
      }; the training that it tests is ` +
        ancestor!.key,
    );
  }
  if (isImported(run.init) && run.init.classes !== undefined) {
    throw new UserError(
      `Cannot export ${key} (${
        displayName(run)
      }): it was imported without its last layer; name the ` +
        "net that was trained from it",
    );
  }
  if (store.isDone(planned)) return { ...planned, run };
  const { state } = store.status(planned);
  throw new UserError(
    `Cannot export ${key} (${displayName(run)}): it is ${state}; deno task train makes it`,
  );
}

/** Mean colour of a net's input, and the data's credits; opens the data set if only that knows it. */
async function inputDataOf(
  { run, context }: Planned,
  { dataset }: Study<DatasetInfo>,
  options: Options,
): Promise<{ readonly mean: readonly number[]; readonly credits?: string | undefined }> {
  const unknown: readonly number[] = [];
  const own = meanOf(run, { mean: unknown });
  if (own !== unknown) return { mean: own };
  if (context.data === dataset.fingerprint && dataset.made) {
    const { openData } = await import("../reproduce.ts");
    const bars = progressBars();
    try {
      const { colours, credits } = await openData(options, bars);
      return { mean: colours.mean, credits };
    } finally {
      bars.stop();
    }
  }
  throw new UserError(
    `Cannot export ${
      displayName(run)
    }: its input is minus the mean colour of its training images, ` +
      "which were not found; name their folder with --data DIR, and their --dataset",
  );
}

/** Other libraries' nets lack A-LRN's normalisation: with its weights they would give wrong scores. */
function mustHaveNoLrn(run: TrainRun) {
  if (!layersOf(run).some(({ kind }) => kind === "lrn")) return;
  throw new UserError(
    `Cannot export ${run.config} for torchvision or Keras: their VGG has no local response normalisation; ` +
      "choose --as savedmodel or --as onnx, which have it",
  );
}

/** The names of Keras's layers are those of the paper's nets. */
function mustBeKeras(run: TrainRun) {
  mustHaveNoLrn(run);
  if (run.blocks === undefined) return;
  throw new UserError(
    `Cannot export ${run.config} for Keras: it makes no VGG of other blocks; choose --as torchvision, ` +
      "--as savedmodel or --as onnx",
  );
}

/** torchvision makes a VGG of any blocks of 3x3 convolutions, with two hidden fully-connected layers. */
function mustBeTorchvisions(run: TrainRun) {
  mustHaveNoLrn(run);
  const hidden = run.fc?.length ?? (run.average ? 0 : 2);
  if (hidden !== 2) {
    throw new UserError(
      `Cannot export ${run.config} for torchvision: its VGG has two hidden fully-connected layers, ` +
        `this one ${hidden}; choose --as savedmodel or --as onnx`,
    );
  }
  const odd = convsOf(layersOf(run)).find((layer) =>
    !isFullyConnected(layer) && (layer.size !== 3 || layer.stride === 2)
  );
  if (odd === undefined) return;
  throw new UserError(
    `Cannot export ${run.config} for torchvision: its make_layers has 3x3 convolutions of stride 1 ` +
      `only, and ${odd.name} is ${odd.size}x${odd.size}` +
      `${odd.stride === 2 ? " of stride 2" : ""}; choose --as savedmodel or --as onnx`,
  );
}

/** How torchvision makes a net of one's own, as a sentence; nothing for the paper's nets. */
function torchvisionsLayers({ run, context: { train } }: Planned, { tensors }: NetWeights): string {
  if (run.blocks === undefined) return "";
  const [size, , channels] = tensors.get("fc6.kernel")!.shape;
  const [classes = 0] = tensors.get("fc8.bias")!.shape;
  const cells = makeLayers(layersOf(run, netShapeOf(train, classes)));
  return ` Its layers: torchvision.models.vgg.make_layers([${cells.join(", ")}]` +
    `${run.batchNorm === undefined ? "" : ", batch_norm=True"})` +
    `${
      train.oddSides === "down" ? "" : ", each MaxPool2d with ceil_mode=True"
    }; its classifier gets ` +
    `${channels} channels of ${size} by ${size} places.`;
}

/** Writes a file; the error of a failure names it. */
function written(file: string, write: () => void) {
  try {
    write();
  } catch (error) {
    const { cause } = error as Error;
    if (!isOfSystem(cause)) throw error;
    throw new UserError(
      `Cannot write "${file}": ${systemReason(cause)}; free some space, or name another file`,
      { cause },
    );
  }
}
