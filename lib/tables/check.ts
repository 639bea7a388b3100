/**
 * What is wrong with a table that someone wrote, before anything runs: its shape, rows alike, scales
 * below the crop, nets that cannot start as they are to.
 *
 * @module
 */
import { textFault, UserError } from "../errors.ts";
import {
  type Context,
  type EvalRun,
  formatS,
  hasAncestor,
  inheritance,
  normalisedOver,
  type Row,
  type Table,
  type TrainRun,
} from "../experiment.ts";
import { key } from "../key.ts";
import type { Setup } from "../setup.ts";
import {
  convsOf,
  lastMapOf,
  layersFields,
  layersInCommon,
  layersOf,
  netShapeOf,
  sideAfter,
} from "../vgg/configs.ts";
import { PAPER_CROP } from "../vgg/images.ts";
import { insertedLayers } from "../vgg/initialisation.ts";
import { isTable } from "./well_formed.ts";

/** The setup, as far as it decides what a net can start from. */
export type CheckingSetup = Pick<Setup, "train" | "evaluate">;

/** Levels of objects in a table at most; each ancestor of a net takes two. */
const DEEPEST = 100;

/** The first fault of a value that should be a table, with its place in it; nothing if it is one. */
export async function tableFault(
  value: unknown,
  setup: CheckingSetup,
): Promise<string | undefined> {
  if (isDeeper(value, DEEPEST)) {
    return `it is nested more than ${DEEPEST} levels deep, or contains itself`;
  }
  if (!isTable(value)) {
    // loaded here: most tables are well-formed
    const wrong = (await import("./shape.ts")).tableFlaw(value);
    if (wrong !== undefined) return wrong;
  }
  const table = value as Table;
  const texts = [table.caption, table.note, ...table.rows.map(({ title }) => title)];
  return textFault(texts) ?? rowFault(table, setup) ?? alikeFault(table, setup) ??
    columnFault(table);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** The first fault of a row by itself; the shape of its nets is not checked. */
export function rowFault(
  { rows }: Pick<Table, "rows">,
  setup: CheckingSetup,
): string | undefined {
  const checked = new Map<string, string | undefined>();
  for (const [i, { title, evaluations }] of rows.entries()) {
    if (evaluations.length === 0 && title === undefined) {
      return `rows[${i}]: a row without evaluations, a result of others, needs a title`;
    }
    for (const [at, run] of evaluations.entries()) {
      const fault = evaluationFault(run) ?? netFault(run.net, setup, checked);
      if (fault !== undefined) return `rows[${i}].evaluations[${at}]${fault}`;
    }
    const twice = twiceFault(evaluations, setup);
    if (twice !== undefined) return `rows[${i}].evaluations${twice}`;
  }
  return undefined;
}

/** An evaluation that a row has twice would weigh double in the mean. */
function twiceFault(
  evaluations: readonly EvalRun[],
  { train, evaluate }: CheckingSetup,
): string | undefined {
  if (evaluations.length < 2) return undefined;
  const context = { train, evaluate, seed: 0, data: "" };
  const keys = evaluations.map((run) => key(run, context));
  const second = keys.findIndex((key, i) => keys.indexOf(key) < i);
  return second < 0
    ? undefined
    : `[${second}] is [${keys.indexOf(keys[second]!)}] again: it would count twice in the mean; ` +
      "remove one";
}

function evaluationFault({ Q, test }: EvalRun): string | undefined {
  if (test !== undefined) return ".test: tables are of validation images";
  return Q >= PAPER_CROP ? undefined : `.Q is ${Q}: ${leastScale}`;
}

const leastScale =
  `the least scale is ${PAPER_CROP}, the side of the crop in the paper's pixels, whatever the setup's`;

/** The fault of a net or of one that it starts from; nets that are known already are not checked again. */
function netFault(
  net: TrainRun,
  setup: CheckingSetup,
  checked: Map<string, string | undefined>,
  path = ".net",
): string | undefined {
  const { config, S, init } = net;
  const layers = `${config} ${JSON.stringify(layersFields(net))}`;
  if (!checked.has(layers)) checked.set(layers, layersFault(net, setup, checked));
  const wrong = checked.get(layers);
  if (wrong !== undefined) return `${path}.${wrong}`;
  const [low, high] = typeof S === "number" ? [S, S + 1] : S;
  if (low < PAPER_CROP) return `${path}.S is ${formatS(S)}: ${leastScale}`;
  if (low >= high) return `${path}.S is ${formatS(S)}: its first end must be below the second`;
  if (!hasAncestor(init)) return undefined;
  const start = JSON.stringify([init.from.config, config, init.layers]);
  if (!checked.has(start)) checked.set(start, startFault(net, setup));
  const fault = checked.get(start);
  if (fault !== undefined) return `${path}.init: ${fault}`;
  return netFault(init.from, setup, checked, `${path}.init.from`);
}

/** Why blocks of one's own make no net under a setup. */
function layersFault(
  net: TrainRun,
  { train }: CheckingSetup,
  checked: Map<string, string | undefined>,
): string | undefined {
  const { config, blocks } = net;
  if (blocks === undefined) return undefined;
  const other = [...checked.keys()].find((known) => known.startsWith(`${config} {`));
  if (other !== undefined) {
    return `blocks: two nets are called "${config}" and have other layers; rename one`;
  }
  const shape = netShapeOf(train, 1_000);
  const layers = layersOf(net, shape);
  if (lastMapOf(layers, shape.crop, shape.oddSides) < 1) {
    const halvings = layers.filter((layer) => sideAfter(layer, 4) === 2);
    const poolings = halvings.filter(({ kind }) => kind === "maxpool");
    const what = poolings.length === halvings.length ? "max-poolings" : "max-poolings and strides";
    return `blocks: ${halvings.length} ${what} shrink a crop of ${shape.crop} pixels to nothing; ` +
      "take fewer blocks, or a setup with a larger crop";
  }
  const odd = convsOf(layers).find(({ outputs }) => !Number.isInteger(outputs));
  if (odd === undefined) return batchNormFault(net, train);
  return odd.name.startsWith("fc")
    ? `fc: ${odd.name} has ${odd.outputs} units, its own number times the setup's ${shape.fc} of ` +
      "4096; take another number"
    : `blocks: ${odd.name} has ${odd.outputs} channels, its own number times the setup's width of ` +
      `${shape.width}; take a number that the width divides`;
}

/** Why a net's batch normalisation has no statistics under a setup. */
function batchNormFault(
  { batchNorm }: TrainRun,
  { batch }: Pick<Setup["train"], "batch">,
): string | undefined {
  if (batchNorm === undefined) return undefined;
  const images = normalisedOver({ batchNorm }, { batch })!;
  if (images < 2) {
    return `batchNorm: the setup's batch of ${batch} has no statistics: one image is no batch; take a ` +
      "setup with a larger one, as with --set batch=32";
  }
  return batch % images === 0
    ? undefined
    : `batchNorm: ${images} images do not divide the setup's batch of ${batch}; take a number that does`;
}

/** Why a net cannot start from another one as it is to. */
function startFault(net: TrainRun, { train }: CheckingSetup): string | undefined {
  const { config, init } = net;
  if (!hasAncestor(init)) return undefined;
  const { from, layers } = inheritance(init, train);
  const shape = netShapeOf(train, 1_000);
  const [theirs, ours] = [layersOf(from, shape), layersOf(net, shape)];
  if (layers === "deepen") return deepeningFault([from.config, theirs], [config, ours]);
  const common = layersInCommon(theirs, ours);
  const known = `the layers that both have with equal shapes are ${common.join(", ") || "none"}`;
  if (typeof layers === "string") {
    return from.config === config
      ? undefined
      : `Cannot take ${layers} layers of ${from.config} over into ${config}, which is another net; ` +
        `list layers, or use "transfer" or "deepen"; ${known}`;
  }
  if (layers.length === 0) {
    return `Cannot start ${config} from ${from.config} without a layer of it: take "random" as its init, or ` +
      `list layers; ${known}`;
  }
  const twice = layers.find((layer, i) => layers.indexOf(layer) < i);
  if (twice !== undefined) return `Cannot copy ${twice} twice into ${config}: list it once`;
  const odd = layers.filter((layer) => !common.includes(layer));
  return odd.length === 0
    ? undefined
    : `Cannot copy ${odd.join(", ")} from ${from.config} into ${config}: ${known}`;
}

function deepeningFault(...nets: Parameters<typeof insertedLayers>): string | undefined {
  try {
    insertedLayers(...nets);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** Two rows of the same evaluations are one. */
function alikeFault({ rows }: Table, { train, evaluate }: CheckingSetup): string | undefined {
  const context = { train, evaluate, seed: 0, data: "" };
  const seen = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    const content = contentOf(row, context);
    const other = seen.get(content);
    if (other !== undefined) {
      return `rows[${i}] is rows[${other}] again: both have the same evaluations; remove one`;
    }
    seen.set(content, i);
  }
  return undefined;
}

/** What makes a row another one: its evaluations, in any order, or else its title. */
function contentOf({ title, evaluations }: Row, context: Context): string {
  return evaluations.length === 0
    ? `title ${title}`
    : evaluations.map((run) => key(run, context)).sort().join();
}

/** A baseline is a row of the table with evaluations; differences need one. */
function columnFault({ rows, baseline, columns = [] }: Table): string | undefined {
  const comparing = columns.find((column) => column === "difference" || column === "p");
  if (baseline === undefined) {
    return comparing === undefined
      ? undefined
      : `columns: "${comparing}" needs a baseline, the number of the row to compare with`;
  }
  const row = rows[baseline - 1];
  if (row === undefined) return `baseline: ${baseline} is not a row: they are 1 to ${rows.length}`;
  return row.evaluations.length > 0
    ? undefined
    : `baseline: row ${baseline} is a result of others: its images are not known one by one`;
}
