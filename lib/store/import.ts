/**
 * Imports weights from other programs into a store, where they are a finished training like any other:
 * its key contains the SHA-256 digest of their file. Does not load TensorFlow.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import type { Setup } from "../setup.ts";
import type { WeightsFile } from "../weights/weights_file.ts";
import type { DatasetDescription } from "../datasets/dataset.ts";
import type { ConfigName, Context, Init, TrainRun, TrainScale } from "../experiment.ts";
import { meanOf } from "../vgg/colours.ts";
import { piecesOf } from "../system/files.ts";
import { planOf } from "../plan.ts";
import type { Store } from "./mod.ts";
import { ALL_NETS, layersOf, netShapeOf, weightShapes } from "../vgg/configs.ts";
import { firstNonFinite, shapeMismatch } from "../weights/fit.ts";
import { type InputName, knownInput } from "../weights/inputs.ts";
import { openWeights, USUAL_INPUT } from "../weights/mod.ts";

/** A net with weights from a file. */
export interface ImportedNet {
  readonly file: string;
  readonly run: TrainRun;
  /** Why the input that was assumed may be wrong, if that is doubtful, as a sentence. */
  readonly doubt?: string;
}

/** What the weights must fit. */
export interface ImportTarget {
  readonly config: ConfigName;
  readonly S: TrainScale;
  readonly setup: Setup;
  readonly dataset: Pick<DatasetDescription, "name" | "classes" | "fingerprint">;
  /** What the file's net expects as its input; by its layout and its notes if absent. */
  readonly input?: InputName | undefined;
}

/** What a file says about its net: by our own note in it, and by its layers. */
export type WeightsNote = Partial<Pick<TrainRun, "config" | "S"> & Pick<WeightsFile, "layout">>;

/**
 * Reads what a file says about its net.
 *
 * @throws {UserError} It is not a file of weights.
 */
export async function noteIn(file: string): Promise<WeightsNote> {
  using weights = await openWeights(file);
  const config = configOf(weights);
  const { layout } = weights;
  return { ...layout && { layout }, ...config && { config }, ...noted(weights.recipe) };
}

/** Our own note in a file; empty where it is missing or malformed. */
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

/** The only net with a file's layers, by their names and kernel sizes; undefined where several fit. */
function configOf({ layout, shapes }: WeightsFile): ConfigName | undefined {
  const found = [...shapes.keys()].filter((name) => name.startsWith("conv")).sort();
  const fitting = ALL_NETS.filter((config) => {
    const needed = [...weightShapes(layersOf(config))].filter(([name]) => name.startsWith("conv"));
    return String(needed.map(([name]) => name).sort()) === String(found) &&
      needed.every(([name, shape]) => shape.length === 1 || shapes.get(name)![0] === shape[0]);
  });
  // A-LRN has the weights of A, but neither Keras's nor torchvision's nets normalise anything
  return layout !== undefined || fitting.length === 1 ? fitting[0] : undefined;
}

/**
 * The net whose weights a file holds. Only names and shapes are read yet, and the first kernel.
 *
 * @throws {UserError} They do not fit this net under the setup, for the data set's classes, or the file
 * does not say which mean colour its input has subtracted.
 */
export async function importedNet(file: string, target: ImportTarget): Promise<ImportedNet> {
  const { config, S, setup, dataset } = target;
  const needed = weightShapes(layersOf(config, netShapeOf(setup.train, dataset.classes.length)));
  const digest = digestOf(file);
  const known = target.input ?? knownInput(digest);
  using weights = await openWeights(file, { input: known });
  const wrong = shapeMismatch(weights.shapes, needed);
  if (wrong !== undefined) {
    throw new UserError(
      `Cannot take "${file}" as weights of ${config} under the setup "${setup.name}" for the ` +
        `${dataset.classes.length} classes of ${dataset.name}: ${wrong}; name the --config, ` +
        "--setup and --dataset that they were made for",
    );
  }
  const { layout, input } = weights;
  const mean = weights.mean ?? meanFromRecipe(weights, dataset.fingerprint);
  if (mean === undefined && target.input === undefined) {
    throw new UserError(
      `Cannot take "${file}" as weights: it does not say which mean colour its net's input has ` +
        `subtracted, and it was not trained on these images of ${dataset.name}; if the mean of their ` +
        "training images is the right one, add --input own",
    );
  }
  const isUsual = input === USUAL_INPUT[layout ?? "own"];
  const doubt = target.input === undefined ? weights.doubt() : undefined;
  const init = {
    weights: digest,
    ...layout && { layout },
    ...!isUsual && { input },
    ...Array.isArray(mean) && { mean },
  };
  return {
    ...{ file, run: { config, S, init } },
    ...doubt !== undefined && {
      doubt: `"${file}" is read as weights with torchvision's input, but ${doubt}. If it has ` +
        "Caffe's input (blue, green and red of 0 to 255, minus a mean), add --input caffe.",
    },
  };
}

/**
 * The mean of a net that was trained here, if its file does not note it: that of an imported ancestor,
 * or `"the data set's"` where the net was trained on the images with this fingerprint.
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
 * Copies a net's weights into a store, once for each context, unless the store has them.
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
  const tensors = new Map([...weights.shapes].map(([name, shape]) => {
    const values = weights.read(name);
    const wrong = firstNonFinite(name, values);
    if (wrong !== undefined) {
      throw new UserError(
        `Cannot take "${file}" as weights: ${wrong}; take them from a training that did not ` +
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

/** SHA-256 of a file's bytes, in hexadecimal digits. */
function digestOf(file: string): string {
  const hash = createHash("sha256");
  for (const piece of piecesOf(file)) hash.update(piece);
  return hash.digest("hex");
}
