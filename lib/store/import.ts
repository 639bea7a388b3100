/**
 * Imports weights from other programs into a store as finished trainings. A training's key contains
 * the SHA-256 digest of the weights' file. Does not load TensorFlow.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { INTERPRETATIONS, type Setup, type TrainSetup } from "../setup.ts";
import type { Shapes, WeightsFile } from "../weights/weights_file.ts";
import type { DatasetDescription } from "../datasets/dataset.ts";
import type { ConfigName, Context, Init, NetLayers, TrainRun, TrainScale } from "../experiment.ts";
import { meanOf } from "../vgg/colours.ts";
import { piecesOf } from "../system/files.ts";
import { planOf } from "../plan.ts";
import type { Store } from "./mod.ts";
import { ALL_NETS, layersOf, netShapeOf, weightShapes, withBatchNorm } from "../vgg/configs.ts";
import { firstNonFinite, shapeMismatch } from "../weights/fit.ts";
import { INPUT_WORDS, type InputName, knownInput } from "../weights/inputs.ts";
import { verifyChecksum } from "../weights/safetensors.ts";
import { openWeights, USUAL_INPUT } from "../weights/mod.ts";

/** A net with weights from a file. */
export interface ImportedNet {
  readonly file: string;
  readonly run: TrainRun;
  /** Why its numbers may not be what they are taken for: warnings, as sentences. */
  readonly doubts: readonly string[];
  /** The input that is assumed, as nothing names it: one sentence. */
  readonly assumption?: string;
}

/** What the weights must fit. */
export interface ImportTarget {
  /** A net of the paper by its name, or one of one's own. */
  readonly config: ConfigName | NetLayers;
  readonly S: TrainScale;
  readonly setup: Setup;
  readonly dataset: Pick<DatasetDescription, "name" | "classes" | "fingerprint">;
  /** The input that the file's net expects; if absent, decided by its layout and metadata. */
  readonly input?: InputName | undefined;
  /** Whether a net is to start from it: then it may have other classes, and is imported without fc8. */
  readonly isStart?: boolean;
}

/** A file's net, according to the metadata that we wrote into it and to its layers. */
export type WeightsNote = Partial<
  Pick<TrainRun, "S"> & Pick<ImportTarget, "config"> & Pick<WeightsFile, "layout">
>;

/**
 * Reads which net a file contains.
 *
 * @throws {UserError} It is not a file of weights.
 */
export async function noteIn(file: string): Promise<WeightsNote> {
  using weights = await openWeights(file);
  const config = configOf(weights);
  const { layout } = weights;
  return { ...layout && { layout }, ...config && { config }, ...noted(weights.recipe) };
}

/** The metadata that we wrote into a file; empty if missing or malformed. */
function noted(recipe = ""): WeightsNote {
  try {
    const { config, S } = JSON.parse(recipe).run;
    return ALL_NETS.includes(config) && formsScale(S) ? { config, S } : {};
  } catch {
    return {};
  }
}

function formsScale(S: unknown): S is TrainScale {
  return [S].flat().every(Number.isInteger) && (!Array.isArray(S) || S.length === 2);
}

/**
 * The net with a file's layers, by their names and kernel sizes; undefined if several match. It is one of
 * the paper's, with batch normalisation if the file has it.
 */
function configOf({ layout, shapes }: WeightsFile): ConfigName | NetLayers | undefined {
  const found = [...shapes.keys()].filter((name) => name.startsWith("conv")).sort();
  const isNormalised = found.some((name) => name.endsWith(".scale"));
  const nets = isNormalised ? ALL_NETS.map(withBatchNorm) : ALL_NETS;
  const fitting = nets.filter((config) => {
    const needed = [...weightShapes(layersOf(config))].filter(([name]) => name.startsWith("conv"));
    return String(needed.map(([name]) => name).sort()) === String(found) &&
      needed.every(([name, shape]) => shape.length === 1 || shapes.get(name)![0] === shape[0]);
  });
  // A-LRN has the same weights as A, but nets of Keras and torchvision have no LRN layer
  return layout !== undefined || fitting.length === 1 ? fitting[0] : undefined;
}

/** What to do about a file whose checksum is that of other content. */
const CHANGED =
  "copy or export it again, or, if another program changed it, have it written without " +
  'the text "checksum" among its metadata';

/**
 * The net whose weights a file contains. Reads only names, shapes and the first kernel.
 *
 * @throws {UserError} The weights do not fit this net under the setup, with the data set's classes, or
 * the file does not say which mean colour its net's input has subtracted.
 */
export async function importedNet(file: string, target: ImportTarget): Promise<ImportedNet> {
  const { S, setup, dataset } = target;
  const net: NetLayers = typeof target.config === "string"
    ? { config: target.config }
    : target.config;
  const needed = weightShapes(layersOf(net, netShapeOf(setup.train, dataset.classes.length)));
  verifyChecksum(file, CHANGED);
  const digest = digestOf(file);
  const known = target.input ?? knownInput(digest);
  using weights = await openWeights(file, { input: known });
  const classes = target.isStart ? otherClassesIn(weights.shapes, needed) : undefined;
  const wrong = classes === undefined ? shapeMismatch(weights.shapes, needed) : undefined;
  if (wrong !== undefined) {
    throw new UserError(
      `Cannot import "${file}" as weights of ${net.config} under the setup "${setup.name}" for the ` +
        `${dataset.classes.length} classes of ${dataset.name}: ${wrong}; name the --config, ` +
        "--setup and --dataset that they were made for",
    );
  }
  const { layout, input } = weights;
  const mean = weights.mean ?? meanFromRecipe(weights, dataset.fingerprint);
  if (mean === undefined && target.input === undefined) {
    throw new UserError(
      `Cannot import "${file}" as weights: it does not say which mean colour its net's input has ` +
        `subtracted, and it was not trained on these images of ${dataset.name}; if the mean of their ` +
        "training images is the right one, add --input own",
    );
  }
  const isUsual = input === USUAL_INPUT[layout ?? "own"];
  const doubt = target.input === undefined ? weights.doubt() : undefined;
  const isAssumed = known === undefined && layout !== undefined && !weights.notesMean;
  const init = {
    weights: digest,
    ...layout && { layout },
    ...!isUsual && { input },
    ...Array.isArray(mean) && { mean },
    ...classes !== undefined && { classes },
  };
  return {
    ...{ file, run: { ...net, S, init } },
    doubts: [
      ...doubt === undefined ? [] : [
        `"${file}" is read as weights with torchvision's input, but ${doubt}. If it has Caffe's input ` +
        "(blue, green and red of 0 to 255, minus a mean), add --input caffe.",
      ],
      ...departuresFrom(weights.recipe, target, classes).map((departure) =>
        `"${file}" ${departure}`
      ),
    ],
    ...isAssumed && doubt === undefined && {
      assumption:
        `"${file}" has ${layout === "keras" ? "Keras's" : "torchvision's"} layout, and no ` +
        `note of its net's input, which is taken to be ${
          INPUT_WORDS[input]
        }; --input names another.`,
    },
  };
}

/** Fields of a setup that decide what a net sees and computes, whose change leaves all shapes as they are. */
const SEEN = ["crop", "oddSides", "resize"] as const;

/** How what a net was trained under here differs from what it is to be used under: ends of sentences. */
function departuresFrom(
  recipe: string | undefined,
  { setup, dataset }: Pick<ImportTarget, "setup" | "dataset">,
  otherClasses?: number,
): string[] {
  try {
    const { data, train } = JSON.parse(recipe ?? "");
    const under = (train: object) => ({ ...INTERPRETATIONS.train, ...train }) as TrainSetup;
    const [theirs, ours] = [under(train), under(setup.train)];
    const fields = SEEN.filter((field) => theirs[field] !== ours[field])
      .map((field) => `${field} ${theirs[field]} and not ${ours[field]}`);
    return [
      ...fields.length === 0 ? [] : [`was trained under a setup with ${fields.join(", ")}.`],
      ...data === dataset.fingerprint || otherClasses !== undefined ? [] : [
        `was trained on other images than these of ${dataset.name}: its classes are taken to be the ` +
        "same, in the same order.",
      ],
    ];
  } catch {
    return []; // it has no recipe, or a damaged one
  }
}

/**
 * The mean of a net that was trained here, if its file does not contain it: the mean of an imported
 * ancestor, or `"the data set's"` if the net was trained on the images with this fingerprint.
 */
function meanFromRecipe(
  { recipe }: Pick<WeightsFile, "recipe">,
  fingerprint: string,
): readonly number[] | "the data set's" | undefined {
  try {
    const { run, data } = JSON.parse(recipe ?? "");
    const own: readonly number[] = [];
    const mean = meanOf(run, { mean: own });
    if (mean !== own) return mean;
    return data === fingerprint ? "the data set's" : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Copies a net's weights into a store, once for each context, unless the store already has them.
 *
 * @throws {UserError} A weight is not a finite number.
 */
export async function importNet(
  { file, run }: ImportedNet,
  { store, contexts }: { store: Store; contexts: readonly Context[] },
) {
  const missing = planOf([run], contexts).filter((each) => store.status(each).state !== "done");
  const [first] = missing;
  if (first === undefined) return;
  const init = run.init as Extract<Init, { weights: string }>;
  using weights = await openWeights(file, { input: init.input });
  const { inputScale } = first.context.train;
  const scale = weights.inputScale ?? inputScale;
  const shapes = init.classes === undefined ? weights.shapes : withoutLast(weights.shapes);
  const tensors = new Map([...shapes].map(([name, shape]) => {
    const values = weights.read(name);
    const wrong = firstNonFinite(name, values);
    if (wrong !== undefined) {
      throw new UserError(
        `Cannot import "${file}" as weights: ${wrong}; import weights from a training that did not ` +
          "diverge",
      );
    }
    const isScaled = name === "conv1_1.kernel" && scale !== inputScale;
    return [name, {
      shape,
      values: isScaled ? values.map((value) => value * scale / inputScale) : values,
    }];
  }));
  for (const planned of missing) {
    store.begin(planned);
    store.writeWeights(planned, tensors, init.mean);
  }
}

/** The last layer, which has an output for each class. */
const LAST = "fc8.";

/** Shapes without those of the last layer. */
function withoutLast(shapes: Shapes): Map<string, readonly number[]> {
  return new Map([...shapes].filter(([name]) => !name.startsWith(LAST)));
}

/** The number of classes of a net that would fit if it were another; undefined for all other nets. */
function otherClassesIn(found: Shapes, needed: Shapes): number | undefined {
  const [kernel, bias] = [found.get(`${LAST}kernel`), found.get(`${LAST}bias`)];
  const classes = kernel?.at(-1);
  if (classes === undefined || bias === undefined) return undefined;
  if (classes === needed.get(`${LAST}kernel`)?.at(-1)) return undefined;
  return shapeMismatch(withoutLast(found), withoutLast(needed)) === undefined ? classes : undefined;
}

/** SHA-256 of a file's bytes, in hexadecimal digits. */
function digestOf(file: string): string {
  const hash = createHash("sha256");
  for (const piece of piecesOf(file)) hash.update(piece);
  return hash.digest("hex");
}
