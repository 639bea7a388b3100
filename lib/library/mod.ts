/**
 * The commands as functions, for scripts and notebooks: `reproduce`, `train`, `evaluate` and `score`.
 * They share data, runs and results with the command line. TensorFlow is loaded by threads, when a run
 * is carried out.
 *
 * @module
 */
import { setups } from "../../experiments/mod.ts";
import { UserError } from "../errors.ts";
import {
  type Errors,
  type EvalRun,
  isEvaluation,
  type Row,
  type Table,
  type TrainRun,
} from "../experiment.ts";
import { contextsOf, plan, planOf } from "../plan.ts";
import type { ReportFormat } from "../report/formats.ts";
import type { ErrorIntervals, TableResult } from "../results/row_result.ts";
import { errorsOf, type Posteriors, scored, type Scores } from "../score.ts";
import type { Setup } from "../setup.ts";
import type { GridStudy } from "../tables/study.ts";
import { type Options, resolveOptions } from "../command_line/options.ts";
import { RESULTS } from "../command_line/command_facts.ts";

/** What a script may choose. Each has the default of the command line's option of the same name. */
export interface LibraryOptions {
  /** The name of one of the project's setups, `"small"` if absent, or a setup of one's own. */
  readonly setup?: string | Setup;
  /** The data set; the setup's own if absent. */
  readonly dataset?: string;
  /** Number of seeds; one if absent. */
  readonly seeds?: number;
  /** The first seed; 0 if absent. */
  readonly seed?: number;
  /** Folder of the data sets; the project's `data` if absent. Relative to the folder of the process. */
  readonly data?: string;
  /** Folder of results; the project's `results` if absent. */
  readonly results?: string;
  /** Trainings to run in parallel; the setup's choice if absent. */
  readonly workers?: number;
  /** Whether rows of nets at chance keep their errors. */
  readonly includeAtChance?: boolean;
}

/** A trained net. */
export interface TrainedNet {
  /** Its name in the store, as the commands take it. */
  readonly key: string;
  /** The seed that it was trained with. */
  readonly seed: number;
  /** Its folder, with `weights.safetensors` and the log. */
  readonly folder: string;
  /** Errors of the last validation in the training, per cent; absent if there was none. */
  readonly validation?: Errors;
}

/** Errors of posteriors, or of their mean. */
export interface Scored {
  /** In per cent: the mean over seeds, where there are several. */
  readonly errors: Errors;
  /** Wilson's 95 % intervals, in per cent. */
  readonly intervals: ErrorIntervals;
}

/** A net's errors on the validation images. */
export interface Evaluated extends Scored {
  /** Errors of each seed. */
  readonly seeds: readonly Errors[];
  /** Scores of the images, one for each seed, for `differenceOf`. */
  readonly scores: readonly Scores[];
  /** Keys of the evaluations, seed by seed. */
  readonly runs: readonly string[];
  /** Remarks on the net, as sentences. */
  readonly remarks: readonly string[];
}

/**
 * Carries out what tables and studies need, unless it is done, as `deno task table` does.
 *
 * @returns results of each table, in the order of `tables`; `formatted` makes text of them
 * @throws {UserError} A table is not valid, a run failed, or data or results cannot be used.
 */
export async function reproduce(
  tables: Table | GridStudy | readonly (Table | GridStudy)[],
  options: LibraryOptions = {},
): Promise<TableResult[]> {
  const resolved = await optionsOf(options);
  const list: Table[] = [];
  for (const each of [tables].flat() as readonly (Table | GridStudy)[]) {
    if ("grid" in each) list.push(await expanded(each, resolved));
    else {
      await mustBeTable(each, resolved, `table "${each.name}"`);
      list.push(each);
    }
  }
  const { reproducePlan } = await import("../reproduce.ts");
  const { resultsOf } = await import("../results/mod.ts");
  const study = await reproducePlan((data) => plan(list, contextsOf(resolved, data)), resolved);
  return resultsOf(list, study, resolved);
}

/** A study as a table. @throws {UserError} It is not valid. */
async function expanded(study: GridStudy, { setup, seeds, given }: Options): Promise<Table> {
  const { studyFault } = await import("../tables/study.ts");
  const { tableOfStudy } = await import("../command_line/study_rows.ts");
  const { name } = study;
  const fault = await studyFault(study);
  if (fault !== undefined) throw new UserError(`Cannot reproduce the study "${name}": ${fault}`);
  return await tableOfStudy(study, {
    ...{ setup, word: name, isAllowed: true },
    ...given.seeds === undefined && { firstSeed: seeds[0]! },
  });
}

/**
 * Trains a net and all that it starts from, unless they are done, as `deno task train` does.
 *
 * @returns the net under each seed
 * @throws {UserError} The net is not valid, the training failed, or data or results cannot be used.
 */
export async function train(run: TrainRun, options: LibraryOptions = {}): Promise<TrainedNet[]> {
  const resolved = await optionsOf(options);
  await mustBeNets([{ net: run, Q: 256, method: "dense" }], resolved, "train");
  const { reproduce } = await import("../reproduce.ts");
  const { store, contexts } = await reproduce([run], resolved);
  return planOf([run], contexts).filter((planned) => planned.run === run).map((planned) => {
    const last = store.readLog(planned).findLast(({ validation }) => validation !== undefined);
    const { key, context: { seed } } = planned;
    const { validation } = last ?? {};
    return { key, seed, folder: store.folderOf(planned), ...validation && { validation } };
  });
}

/**
 * Carries out evaluations and what they need, unless it is done, as `deno task evaluate` does.
 *
 * @param runs one evaluation or several, whose mean posterior is scored; `evaluations` lists them
 * @returns the errors of their mean on the validation images
 * @throws {UserError} A net is not valid, a run failed, data or results cannot be used, or a net is at
 *   chance.
 */
export async function evaluate(
  runs: EvalRun | readonly EvalRun[],
  options: LibraryOptions = {},
): Promise<Evaluated> {
  const list = [runs].flat() as readonly EvalRun[];
  if (!list.every(isEvaluation)) {
    throw new UserError(
      "Cannot evaluate a net without Q and method: list evaluations, as in " +
        'evaluations(net("A", 256), [256], "dense")',
    );
  }
  const resolved = await optionsOf(options);
  const row = await mustBeNets(list, resolved, "evaluate");
  const { reproduce } = await import("../reproduce.ts");
  const { resultsOf } = await import("../results/mod.ts");
  const study = await reproduce(list, resolved);
  const [result] = resultsOf([tableOf(row)], study, resolved);
  const { measured, intervals, seeds, scores, runs: keys, remarks = [], comparison } = result!
    .rows[0]!;
  if (measured === undefined || intervals === undefined) {
    throw new UserError(
      `Cannot score these evaluations: ${comparison?.reason}; includeAtChance shows errors of nets ` +
        "at chance",
    );
  }
  return { errors: measured, intervals, seeds, scores, runs: keys, remarks };
}

/**
 * Scores posteriors, or the mean of several: yours, or those of other programs. `inMemory` makes
 * posteriors of numbers.
 *
 * ```ts
 * import { inMemory, score } from "verydeep";
 *
 * const values = Float32Array.of(0.7, 0.3, 0.4, 0.6);
 * const labels = Int32Array.of(0, 0);
 * const { errors } = await score(inMemory({ name: "mine", classes: 2, values, labels }));
 * if (errors.top1 !== 50) throw new Error("the second image is wrong");
 * ```
 *
 * @throws {UserError} They are not posteriors, or are of different images.
 */
export async function score(
  posteriors: Posteriors | readonly Posteriors[],
): Promise<Scored & { readonly scores: Scores }> {
  const { intervalsOf } = await import("../results/mod.ts");
  const scores = scored([posteriors].flat() as readonly Posteriors[]);
  const errors = errorsOf(scores);
  return { errors, intervals: intervalsOf(errors, scores.ranks.length), scores };
}

/** Results as a text: a table for terminals, `"markdown"`, `"latex"`, `"csv"` or `"json"`. */
export async function formatted(
  results: TableResult | readonly TableResult[],
  format: ReportFormat = "table",
): Promise<string> {
  const { report } = await import("../report/mod.ts");
  const { sheetOf } = await import("../report/results_sheet.ts");
  return report(([results].flat() as readonly TableResult[]).map(sheetOf), format);
}

/** The options of a command line that says the same. */
async function optionsOf(
  { setup = "small", includeAtChance = false, ...others }: LibraryOptions,
): Promise<Options> {
  const name = typeof setup === "string" ? setup : setup.name;
  if (typeof setup !== "string") await mustBeSetup(setup);
  const given = Object.fromEntries(
    Object.entries({ setup: name, ...others }).flatMap(([option, value]) =>
      value === undefined ? [] : [[option, String(value)]]
    ),
  );
  const takes = [...RESULTS, "workers", "include-at-chance"] as const;
  return resolveOptions(
    { words: [], given: { ...given, ...includeAtChance && { "include-at-chance": true } } },
    { command: "verydeep", takes, ...typeof setup !== "string" && { own: setup } },
  );
}

/** @throws {UserError} A setup has something wrong, or another one's name. */
async function mustBeSetup(setup: Setup) {
  const { isDeepStrictEqual } = await import("node:util");
  const { setupFault } = await import("../command_line/setup_file.ts");
  const own: Readonly<Record<string, Setup>> = setups;
  const known = Object.hasOwn(own, setup.name) ? own[setup.name] : undefined;
  const fault = known !== undefined && !isDeepStrictEqual(known, setup)
    ? `name: "${setup.name}" is a setup of the project with other fields; choose another name`
    : setupFault(setup);
  if (fault !== undefined) throw new UserError(`Cannot use the setup "${setup.name}": ${fault}`);
}

async function mustBeTable(table: Table, { setup }: Options, what: string) {
  const { tableFault } = await import("../tables/check.ts");
  const { file: _file, ...own } = table;
  const fault = await tableFault(own, setup);
  if (fault !== undefined) throw new UserError(`Cannot reproduce the ${what}: ${fault}`);
}

const tableOf = (row: Row): Table => ({
  ...{ name: "library", caption: "Evaluations", headings: ["config"], rows: [row] },
});

/** A row of evaluations. @throws {UserError} One of their nets is none. */
async function mustBeNets(
  evaluations: readonly EvalRun[],
  { setup }: Options,
  action: string,
): Promise<Row> {
  const { tableFault } = await import("../tables/check.ts");
  const row = { evaluations };
  const fault = (await tableFault(tableOf(row), setup))?.replace(/^rows\[0\]\.evaluations/, "");
  if (fault === undefined) return row;
  throw new UserError(`Cannot ${action} this: ${fault.replace(/^\[0\]\.net\.?/, "")}`);
}
