/** Finds the net that a command line names: the paper's own, a stored one, or one in a file. */
import { isDeepStrictEqual } from "node:util";
import { JITTERED, net } from "../../experiments/protocol.ts";
import { UsageError, UserError } from "../errors.ts";
import {
  displayName,
  formatS,
  inheritance,
  type Inherited,
  isEvaluation,
  isImported,
  type NetLayers,
  type TrainRun,
  type TrainScale,
} from "../experiment.ts";
import { key } from "../key.ts";
import { count } from "../numbers.ts";
import { fold } from "../report/fold.ts";
import { warn } from "../report/warn.ts";
import { exists } from "../system/files.ts";
import { type ImportedNet, importedNet, noteIn } from "../store/import.ts";
import type { PlannedRun } from "../plan.ts";
import type { Study } from "../results/study.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import { layersFields, layersInCommon, layersOf, netShapeOf } from "../vgg/configs.ts";
import { insertedLayers } from "../vgg/initialisation.ts";
import { type Options, pathFrom } from "./options.ts";
import { runNamed } from "./known_runs.ts";
import { layersInFile, trainingInFile } from "./nets_in_tables.ts";

/** A net, and the file's net that it is or starts from. */
export interface MeantNet {
  readonly run: TrainRun;
  readonly imported: readonly ImportedNet[];
}

/**
 * S of a net whose file does not give it: the paper's first. It has no effect on such a net's numbers.
 * Files in Keras's layout hold the nets that the paper's authors released, with S in [256; 512].
 */
const UNTOLD_S = 256;

/**
 * The net for `train`: the paper's own, unless options name another start.
 *
 * @throws {UserError} Options are missing, contradict each other, or name something that does not exist.
 */
export async function netToTrain(options: Options, study: Study<DatasetInfo>): Promise<MeantNet> {
  const { config, S, initFrom: start, layers, netInFile } = options;
  if (netInFile === undefined && (config === undefined || S === undefined)) {
    throw new UsageError("train needs --config and --S: deno task train --config D --S 256");
  }
  if (layers !== undefined && (start === undefined || start === "random")) {
    throw new UsageError("--layers needs --init-from KEY or --init-from FILE, to copy them from");
  }
  const learning = options.update === "fc" ? { update: "fc" } as const : {};
  if (start === undefined || start === "random") mustNeedInput(options, []);
  if (start === undefined) {
    const run = netInFile === undefined
      ? net(config!, S!)
      : await trainingInFile(netInFile, options);
    return { run: { ...run, ...learning }, imported: [] };
  }
  if (S === undefined) throw new UsageError("--init-from needs --S: the scale to train at");
  const own: NetLayers = netInFile === undefined
    ? { config: config! }
    : await layersInFile(netInFile, options);
  if (start === "random") return { run: { ...own, S, init: "random", ...learning }, imported: [] };
  const source = await netNamed(start, { option: "init-from" }, { options, study });
  mustNeedInput(options, source.imported);
  sayWhatIsLeftOut(source.run, options, study);
  const init = { from: source.run, layers: layersFrom(source.run, own, { options, study }) };
  return { ...source, run: { ...own, S, init, ...learning } };
}

/**
 * Says that the last layer of a net with other classes is not copied.
 *
 * @throws {UsageError} It is asked for by its name.
 */
function sayWhatIsLeftOut(from: TrainRun, { layers }: Options, { dataset }: Study<DatasetInfo>) {
  const classes = classesOf(from);
  if (classes === undefined) return;
  const both = `${displayName(from)} has ${count(classes, "class", "classes")}, and ` +
    `${dataset.name} has ${dataset.classes.length}`;
  if (layers?.includes("fc8")) {
    throw new UsageError(`Cannot copy fc8: ${both}; leave it out of --layers`);
  }
  console.error(
    fold(`${both}: fc8 begins with random weights, and other layers are copied.`).join("\n"),
  );
}

/** The number of classes of a net that was imported without its last layer; undefined for others. */
function classesOf({ init }: TrainRun): number | undefined {
  return isImported(init) ? init.classes : undefined;
}

/** Refuses --input where no net comes from a file: it would do nothing. */
export function mustNeedInput({ input }: Options, imported: readonly ImportedNet[]) {
  if (input === undefined || imported.length > 0) return;
  throw new UsageError(
    "--input needs a file of weights: the input of nets that are trained here, or are in the results " +
      "already, is known",
  );
}

/**
 * The net for `evaluate`.
 *
 * @throws {UserError} Options are missing, contradict each other, or name something that does not exist.
 */
export async function netToEvaluate(
  options: Options,
  study: Study<DatasetInfo>,
): Promise<MeantNet> {
  const { config, S, weights, update, netInFile } = options;
  if (weights === undefined) {
    if (netInFile !== undefined) {
      mustNeedInput(options, []);
      const run = await trainingInFile(netInFile, options);
      return { run: { ...run, ...update === "fc" && { update } }, imported: [] };
    }
    if (config === undefined || S === undefined) {
      throw new UsageError(
        "evaluate needs --weights, or --config and --S: deno task evaluate --config D --S 256",
      );
    }
    mustNeedInput(options, []);
    return { run: { ...net(config, S), ...update === "fc" && { update } }, imported: [] };
  }
  const meant = await netNamed(weights, { option: "weights", ...S && { S } }, { options, study });
  mustNeedInput(options, meant.imported);
  const { run } = meant;
  if (classesOf(run) !== undefined) {
    throw new UserError(
      `Cannot evaluate ${
        displayName(run)
      }: it was imported without its last layer, to start other ` +
        "nets from; name one of those",
    );
  }
  const own = netInFile === undefined ? undefined : await layersInFile(netInFile, options);
  const odd = (config !== undefined && config !== run.config) ||
    (own !== undefined && !isDeepStrictEqual(layersFields(run), own)) ||
    (S !== undefined && formatS(S) !== formatS(run.S)) ||
    (update !== undefined && update !== (run.update ?? "all"));
  if (!odd) return meant;
  throw new UsageError(
    `Cannot evaluate "${weights}" as another net: it is ${displayName(run)}; leave --config, --S ` +
      "and --update out",
  );
}

/** The option that names a net, and S for a file that does not give it. */
export interface Naming {
  readonly option: "init-from" | "weights";
  readonly S?: TrainScale;
}

/** Where nets are searched. */
export interface NetSearch {
  readonly options: Options;
  readonly study: Study<DatasetInfo>;
}

/** A net by a key, or by a file. */
export async function netNamed(text: string, naming: Naming, search: NetSearch): Promise<MeantNet> {
  const { missing } = search.study.dataset;
  if (missing !== undefined) throw new UserError(missing);
  const file = pathFrom(text);
  if (exists(file)) return await netIn(file, naming, search);
  if (!/^[0-9a-f]{1,12}$/.test(text)) {
    throw new UserError(
      `Cannot find --${naming.option} "${text}": it is neither a file nor a key, which is 12 ` +
        "hexadecimal digits or the first of them; deno task status lists keys",
    );
  }
  const planned = runNamed(text, search.study);
  return { run: trainingOf(planned, search.study), imported: [] };
}

/** The net in a file. Its config is the file's or, if the file does not give it, the command line's. */
async function netIn(
  file: string,
  naming: Naming,
  { options, study }: NetSearch,
): Promise<MeantNet> {
  const note = await noteIn(file);
  const config = options.netInFile === undefined || naming.option === "init-from"
    ? note.config ?? options.config
    : await layersInFile(options.netInFile, options);
  const S = note.S ?? naming.S ?? (note.layout === "keras" ? JITTERED : UNTOLD_S);
  if (config === undefined) {
    throw new UsageError(
      `Cannot tell which net is in "${file}"; add its --config, as in --config D`,
    );
  }
  const { setup, input } = options;
  const { dataset } = study;
  const isStart = naming.option === "init-from";
  const imported = await importedNet(file, { config, S, setup, dataset, input, isStart });
  imported.doubts.forEach(warn);
  if (imported.assumption !== undefined) console.error(fold(imported.assumption).join("\n"));
  return { run: imported.run, imported: [imported] };
}

/** A planned run as a training under this command's setup, data and seed. */
function trainingOf(
  { run, key: name, context, ancestor }: PlannedRun,
  study: Study<DatasetInfo>,
): TrainRun {
  if (isEvaluation(run)) {
    throw new UserError(
      `Cannot take weights from ${name}: it is an evaluation, ${displayName(run)}; the training ` +
        `that it tests is ${ancestor!.key}`,
    );
  }
  const { contexts, dataset } = study;
  if (contexts.some((each) => key(run, each) === name)) return run;
  const why = context.data !== dataset.fingerprint
    ? `on data other than the ${dataset.name} found here; name its folder with --data DIR, or name ` +
      "the file of its weights"
    : contexts.some(({ seed }) => seed === context.seed)
    ? "under a setup with other fields; repeat the training"
    : `with seed ${context.seed}; add --seed ${context.seed}`;
  throw new UserError(
    `Cannot take weights from ${name} (${displayName(run)}): it was trained ${why}`,
  );
}

/** Whether a text says which layers are meant without naming one. */
function isWord(text: string | undefined): text is "all" | "deepen" | "perturb" {
  return text === "all" || text === "deepen" || text === "perturb";
}

/**
 * Layers that a net copies: those of `--layers`, or those that the paper's nets copy; into a net of one's
 * own, all that fit.
 */
function layersFrom(
  from: TrainRun,
  to: NetLayers,
  { options: { layers, setup }, study: { dataset } }: NetSearch,
): Inherited {
  const { config } = to;
  const shape = netShapeOf(setup.train, dataset.classes.length);
  const [theirs, ours] = [layersOf(from, shape), layersOf(to, shape)];
  const common = layersInCommon(theirs, ours);
  const isSame = isDeepStrictEqual(layersFields(from), layersFields(to));
  const isOwn = from.blocks !== undefined || to.blocks !== undefined;
  const [word] = layers?.length === 1 ? layers : [];
  const asked = isWord(word) ? word : layers ?? (isSame ? "all" : isOwn ? common : "transfer");
  const { layers: wanted } = inheritance({ from, layers: asked }, setup.train);
  if (wanted === "deepen") insertedLayers([from.config, theirs], [config, ours]);
  else if (typeof wanted === "string" && !isSame) {
    throw new UserError(
      `Cannot take ${wanted} layers of ${
        displayName(from)
      } over into ${config}, which is another net; ` +
        "name layers, as in --layers conv1_1,fc6, or use --layers deepen",
    );
  }
  if (typeof wanted === "string") return asked;
  const odd = wanted.filter((layer) => !common.includes(layer));
  if (odd.length === 0 && common.length > 0) {
    return asked === "transfer" ? asked : common.filter((layer) => wanted.includes(layer));
  }
  throw new UserError(
    `Cannot copy ${odd.join(", ") || "layers"} from ${
      displayName(from)
    } into ${config}: the layers ` +
      `that both have with equal shapes are ${common.join(", ") || "none"}; ` +
      (common.length > 0 ? "choose among them with --layers" : "use --init-from random"),
  );
}
