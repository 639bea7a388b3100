/** Command lines that messages suggest, to be copied. */
import { net } from "../../experiments/protocol.ts";
import { hasAncestor, type Method, type Table, type TrainRun } from "../experiment.ts";
import { key } from "../key.ts";
import type { PlannedRun } from "../plan.ts";
import { CATALOGUE } from "./catalogue.ts";
import type { OptionName } from "./option_list.ts";
import { isSetupFile, type Options, pathFrom } from "./options.ts";
import { tableTask } from "../results/table_task.ts";
import { isConfig } from "../vgg/configs.ts";
import { shellWord } from "../system/shell.ts";

/** Options that choose the store and the data. */
const WHERE: readonly OptionName[] = [
  ...["setup", "dataset", "precision", "set", "data", "results", "skip-unreadable"] as const,
];

/** The options as they were written. */
type Written = Pick<Options, "given">;

/** The command that reproduces tables; all of the paper's if `names` is empty. */
export function commandOfTables(names: readonly string[]): [command: string, ...words: string[]] {
  const [name, ...more] = names;
  if (name === undefined) return ["reproduce-all"];
  return more.length === 0 && Object.hasOwn(CATALOGUE, name) ? [name] : ["table", ...names];
}

/** The command of a table, for the seeds of this command line or for one of them. */
export function tableLine(table: Table, options: Written, seed?: number): string {
  const seeds = (["seeds", "seed"] as const).flatMap((name) => written(name, options.given[name]));
  return [
    tableTask(table),
    ...seed === undefined ? seeds : onSeed(seed),
    ...where(options),
  ].join(" ");
}

/** The command that trains a net. */
export function trainLine(
  planned: PlannedRun,
  options: Written,
): string {
  const { run, context, ancestor } = planned;
  const { config, S, update, init } = run as TrainRun;
  const start = isPapers(planned)
    ? []
    : hasAncestor(init)
    ? [`--init-from ${ancestor!.key}`, ...init.layers === "all" ? [] : [`--layers ${init.layers}`]]
    : ["--init-from random"];
  return [
    `deno task train --config ${config} --S ${S}`,
    ...update === "fc" ? ["--update fc"] : [],
    ...start,
    ...onSeed(context.seed),
    ...where(options),
  ].join(" ");
}

/** The command that evaluates the net of a training, which is carried out first if necessary. */
export function evaluateLine(
  planned: PlannedRun,
  { Q, method, options }: { Q: number; method: Method; options: Written },
): string {
  const { key: name, run, context } = planned;
  const { config, S, update } = run as TrainRun;
  return [
    "deno task evaluate",
    ...isPapers(planned)
      ? [`--config ${config} --S ${S}`, ...update === "fc" ? ["--update fc"] : []]
      : [`--weights ${name}`],
    `--Q ${Q}`,
    ...method === "dense" ? [] : [`--method ${method}`],
    ...onSeed(context.seed),
    ...where(options),
  ].join(" ");
}

/** The command that repeats an evaluation of validation images on test images. */
export function submissionLine({ key: name, context }: PlannedRun, options: Written): string {
  return [`deno task submission ${name}`, ...onSeed(context.seed), ...where(options)].join(" ");
}

/** The command that keeps the server's score of the submission that `words` name. */
export function scoreLine(words: readonly string[], options: Written): string {
  const { method, seed } = options.given;
  return [
    ...["deno task submission", ...words.map(shellWord)],
    ...[...written("method", method), ...written("seed", seed), ...where(options)],
    "--score ERROR",
  ].join(" ");
}

/** Whether a training is the paper's own net of its config and S, with the paper's chain of ancestors. */
function isPapers({ key: name, run, context }: PlannedRun): boolean {
  const { config, S, update } = run as TrainRun;
  return isConfig(config) && key({ ...net(config, S), ...update && { update } }, context) === name;
}

/** The options of this command line that a job's command takes, with absolute folders. */
export function optionsFor(command: string, { given }: Written): string {
  const takes: readonly OptionName[] = CATALOGUE[command]!.takes;
  return takes.filter((name) => name !== "wait" && name !== "format").flatMap((name) => {
    const value = given[name];
    const isPath = name === "data" || name === "results" ||
      (name === "setup" && isSetupFile(value));
    return written(name, isPath && typeof value === "string" ? pathFrom(value) : value);
  }).join(" ");
}

function onSeed(seed: number): string[] {
  return seed === 0 ? [] : [`--seed ${seed}`];
}

function where({ given }: Written): string[] {
  return WHERE.flatMap((option) => written(option, given[option]));
}

/** An option as it was written, for a shell. */
function written(name: OptionName, value: string | boolean | undefined): string[] {
  if (value === undefined) return [];
  if (value === false) return [`--${name}=false`];
  if (value === true) return [`--${name}`];
  return [`--${name} ${shellWord(value)}`];
}
