/**
 * Brings weights that were made elsewhere into a store, where they are a training like any other
 * that is done: its name is the SHA-256 digest of their file. Loads no TensorFlow.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "./errors.ts";
import type { ConfigName, Context, Setup, TrainRun, TrainScale } from "./experiment.ts";
import { piecesOf } from "./files.ts";
import { planOf } from "./plan.ts";
import type { Store } from "./store.ts";
import { ALL_NETS, layersOf, shapeOf, weightShapes } from "./vgg/configs.ts";
import { flaw, misfit } from "./weights/fit.ts";
import { openOwn } from "./weights/own.ts";

/** A net whose weights lie in a file that was made elsewhere. */
export interface ImportedNet {
  readonly file: string;
  readonly run: TrainRun;
}

/** What the weights must fit. */
export interface Needed {
  readonly config: ConfigName;
  readonly S: TrainScale;
  readonly setup: Setup;
  readonly dataset: { readonly name: string; readonly classes: readonly string[] };
}

/** What a file says of the training that made it: nothing, unless a store of ours wrote it. */
export function noteIn(file: string): Partial<Pick<TrainRun, "config" | "S">> {
  using weights = openOwn(file);
  try {
    const { config, S } = JSON.parse(weights.recipe ?? "").run;
    return ALL_NETS.includes(config) && formsScale(S) ? { config, S } : {};
  } catch {
    return {};
  }
}

function formsScale(S: unknown): S is TrainScale {
  return [S].flat().every(Number.isInteger) && (!Array.isArray(S) || S.length === 2);
}

/**
 * The net whose weights a file holds; only names and shapes are looked at yet.
 *
 * @throws {UserError} They are not weights of such a net under the setup, for the data set's classes.
 */
export function importedNet(file: string, { config, S, setup, dataset }: Needed): ImportedNet {
  const needed = weightShapes(layersOf(config, shapeOf(setup.train, dataset.classes.length)));
  using weights = openOwn(file);
  const wrong = misfit(weights.shapes, needed);
  if (wrong !== undefined) {
    throw new UserError(
      `Cannot take "${file}" as weights of ${config} under the setup "${setup.name}" for the ` +
        `${dataset.classes.length} classes of ${dataset.name}: ${wrong}; name the --config, ` +
        "--setup and --dataset that they were made for",
    );
  }
  return { file, run: { config, S, init: { weights: digestOf(file) } } };
}

/**
 * Copies a net's weights into a store, once for each context, unless they are there.
 *
 * @throws {UserError} A weight is no finite number.
 */
export function bringIn(
  { file, run }: ImportedNet,
  { store, contexts }: { store: Store; contexts: readonly Context[] },
) {
  const missing = planOf([run], contexts).filter((each) => store.status(each).state !== "done");
  if (missing.length === 0) return;
  using weights = openOwn(file);
  const tensors = new Map([...weights.shapes].map(([name, shape]) => {
    const values = weights.read(name);
    const wrong = flaw(name, values);
    if (wrong !== undefined) {
      throw new UserError(
        `Cannot take "${file}" as weights: ${wrong}; take them from a training that did not ` +
          "diverge",
      );
    }
    return [name, { shape, values }];
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
