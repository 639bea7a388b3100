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
import type { ConfigName, Context, TrainRun, TrainScale } from "../experiment.ts";
import { piecesOf } from "../system/files.ts";
import { planOf } from "../plan.ts";
import type { Store } from "./mod.ts";
import { ALL_NETS, layersOf, netShapeOf, weightShapes } from "../vgg/configs.ts";
import { firstNonFinite, shapeMismatch } from "../weights/fit.ts";
import { openWeights } from "../weights/mod.ts";

/** A net with weights from a file. */
export interface ImportedNet {
  readonly file: string;
  readonly run: TrainRun;
}

/** What the weights must fit. */
export interface ImportTarget {
  readonly config: ConfigName;
  readonly S: TrainScale;
  readonly setup: Setup;
  readonly dataset: { readonly name: string; readonly classes: readonly string[] };
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
 * The net whose weights a file holds. Only names and shapes are read yet.
 *
 * @throws {UserError} They do not fit this net under the setup, for the data set's classes.
 */
export async function importedNet(file: string, needs: ImportTarget): Promise<ImportedNet> {
  const { config, S, setup, dataset } = needs;
  const needed = weightShapes(layersOf(config, netShapeOf(setup.train, dataset.classes.length)));
  using weights = await openWeights(file);
  const wrong = shapeMismatch(weights.shapes, needed);
  if (wrong !== undefined) {
    throw new UserError(
      `Cannot take "${file}" as weights of ${config} under the setup "${setup.name}" for the ` +
        `${dataset.classes.length} classes of ${dataset.name}: ${wrong}; name the --config, ` +
        "--setup and --dataset that they were made for",
    );
  }
  const { layout, mean } = weights;
  const init = { weights: digestOf(file), ...layout && { layout }, ...mean && { mean } };
  return { file, run: { config, S, init } };
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
  using weights = await openWeights(file);
  const { inputScale } = first.context.train;
  const tensors = new Map([...weights.shapes].map(([name, shape]) => {
    const values = weights.read(name);
    const wrong = firstNonFinite(name, values);
    if (wrong !== undefined) {
      throw new UserError(
        `Cannot take "${file}" as weights: ${wrong}; take them from a training that did not ` +
          "diverge",
      );
    }
    // other layouts know no scale of the input
    const isOurs = weights.layout === undefined || name !== "conv1_1.kernel";
    return [name, { shape, values: isOurs ? values : values.map((value) => value / inputScale) }];
  }));
  for (const planned of missing) {
    store.begin(planned);
    store.writeWeights(planned, tensors);
  }
}

/** SHA-256 of a file's bytes, in hexadecimal digits. */
function digestOf(file: string): string {
  const hash = createHash("sha256");
  for (const piece of piecesOf(file)) hash.update(piece);
  return hash.digest("hex");
}
