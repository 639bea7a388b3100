/**
 * Writes a bundle: one file with everything from which tables are computed, for others to check with
 * `deno task verify`. Its content depends on the store, this machine and this source only.
 *
 * @module
 */
import { environment } from "../system/environment.ts";
import { UserError } from "../errors.ts";
import { displayName, isEvaluation, type Table } from "../experiment.ts";
import { reading } from "../system/file_errors.ts";
import { piecesOf, readIfThere } from "../system/files.ts";
import { type PlannedRun, runsOfRows } from "../plan.ts";
import { csvOf } from "../report/csv.ts";
import { sheetOf } from "../report/results_sheet.ts";
import { resultsOf } from "../results/mod.ts";
import { logIn, logText, placeIn, recipeText } from "../store/run_files.ts";
import type { Store } from "../store/mod.ts";
import type { Study } from "../results/study.ts";
import { scoreOf } from "../results/submission.ts";
import { tableTask } from "../results/table_task.ts";
import { type ArchiveContent, writeArchive } from "./archive.ts";
import { cardIn, cardName, testedNets } from "./cards.ts";
import {
  type BundlePlan,
  csvName,
  ENVIRONMENT,
  FORMAT,
  jsonText,
  LINEAGE,
  lineageText,
  meanName,
  PLAN,
  posteriorsName,
  runsIn,
} from "./contents.ts";
import { topFiveBytes, topFiveOf } from "./top_five.ts";
import { logFault, trainingsOf } from "./training_records.ts";

/** Input of a bundle. */
export interface BundleInput extends Study {
  readonly tables: readonly Table[];
  /** Whether to keep the five highest classes instead of all posteriors. */
  readonly small?: boolean;
  /** Installed version of TensorFlow. */
  readonly tensorflow?: string;
}

/** A written bundle. */
export interface WrittenBundle {
  readonly runs: number;
  /** Evaluations that are not done yet; rows that need them have no numbers. */
  readonly missing: readonly PlannedRun[];
  readonly files: number;
  readonly bytes: number;
  /** SHA-256 that identifies the whole content. */
  readonly fingerprint: string;
}

/**
 * Writes a bundle to `file`, completely or not at all.
 *
 * @throws {UserError} No evaluation is done, posteriors are damaged, a log is not complete, or the file
 * cannot be written.
 */
export async function writeBundle(file: string, input: BundleInput): Promise<WrittenBundle> {
  const { store } = input;
  const bundle = planOf(input);
  const runs = runsIn(bundle);
  const evaluations = runs.filter(({ run }) => isEvaluation(run));
  const isThere = (run: PlannedRun) =>
    ["done", "damaged", "unreadable"].includes(store.status(run).state);
  const damages = evaluations.filter(isThere).flatMap((run) => store.damage(run) ?? []);
  if (damages[0] !== undefined) throw new UserError(damages[0]);
  const isDone = (run: PlannedRun) => store.isDone(run);
  const missing = evaluations.filter((run) => !isDone(run));
  if (missing.length === evaluations.length) {
    throw new UserError(
      `Cannot bundle ${bundle.tables.map(({ name }) => name).join(", ")}: none of their ` +
        `${missing.length} evaluations is done in "${store.folder}"; to run them, use ` +
        tableTask(input.tables[0]!),
    );
  }

  for (const run of trainingsOf(runs, isDone)) mustHaveLog(run, store);

  const contents = [
    text(PLAN, jsonText(bundle)),
    text(LINEAGE, lineageText(bundle)),
    text(ENVIRONMENT, jsonText(environment(input.tensorflow))),
    ...tablesOf(input),
    ...runs.flatMap((run) => recordsOfRun(run, store)),
    ...testedNets(runs, isDone).map((net) => text(cardName(net), cardIn(net, runs, input))),
    ...evaluations.filter(isDone).map((run) => posteriorsOf(run, input)),
    ...bundle.small ? meansOf(input) : [],
  ];
  const fingerprint = await writeArchive(file, contents);
  const { size: bytes } = reading(file, () => Deno.statSync(file));
  return { runs: runs.length, missing, files: contents.length, bytes, fingerprint };
}

/** A bundle without the log of a training would not be verified. */
function mustHaveLog(run: PlannedRun, store: Store) {
  const file = `${store.folderOf(run)}/log.jsonl`;
  const log = readIfThere(file);
  const fault = log === undefined ? "is missing" : logFault(run, logText(logIn(log)));
  if (fault === undefined) return;
  throw new UserError(
    `Cannot bundle ${
      displayName(run.run)
    }: "${file}" ${fault}; remove the folder of that training, ` +
      "and train and test it again",
  );
}

function planOf(input: BundleInput): BundlePlan {
  const { tables, setup, dataset, contexts, small = false } = input;
  const testScores = scoresOfRows(input);
  const { name, classes, train, val, fingerprint, doubts } = dataset;
  return {
    format: FORMAT,
    small,
    setup,
    dataset: {
      ...{ name, classes, train: train.length, val: val.length, fingerprint },
      ...doubts && { doubts },
    },
    seeds: contexts.map(({ seed }) => seed),
    tables: tables.map(({ file: _, ...table }) => table),
    ...testScores.length > 0 && { testScores },
  };
}

/** Errors of rows that the test server reported, seed by seed. */
function scoresOfRows({ tables, contexts, testScores = [] }: BundleInput) {
  const found = runsOfRows(tables, contexts).flatMap((runs) =>
    scoreOf(runs.map(({ key }) => key), testScores) ?? []
  );
  return [...new Set(found)].flatMap(({ top5, ...score }) =>
    top5 === undefined ? [] : [{ ...score, top5 }]
  );
}

/**
 * The CSV of each table, computed from the posteriors.
 *
 * @throws {UserError} A disk withholds some of them.
 */
function tablesOf(input: BundleInput): ArchiveContent[] {
  const results = resultsOf(input.tables, input);
  const unread = results.flatMap(({ rows }) => rows).find(({ isUnreadable }) => isUnreadable);
  if (unread?.comparison !== undefined) throw new UserError(unread.comparison.reason);
  return results.map((result) =>
    text(csvName(result.table), `${csvOf(sheetOf(result).records)}\n`)
  );
}

/** A run's recipe, and its log and environment if they are known. */
function recordsOfRun(run: PlannedRun, store: Store): ArchiveContent[] {
  const kept = ["log.jsonl", "diverged.json", "environment.json"].flatMap((name) => {
    const content = readIfThere(`${store.folderOf(run)}/${name}`);
    if (content === undefined) return [];
    // a line that a crash cut off, or that two processes wrote, stays behind
    const kept = name === "log.jsonl" ? logText(logIn(content)) : content;
    return [text(`${placeIn(run)}/${name}`, kept)];
  });
  return [text(`${placeIn(run)}/recipe.json`, recipeText(run)), ...kept];
}

function posteriorsOf(run: PlannedRun, { store, small = false }: BundleInput): ArchiveContent {
  const name = posteriorsName(run, { small });
  if (small) return highest(name, [run], store);
  return { name, parts: () => piecesOf(`${store.folderOf(run)}/posteriors.safetensors`) };
}

/** The highest classes of the mean of each row of several evaluations, seed by seed. */
function meansOf({ tables, contexts, store }: BundleInput): ArchiveContent[] {
  const rows = runsOfRows(tables, contexts).filter((runs) => runs.length > 1);
  const done = rows.filter((runs) => runs.every((run) => store.isDone(run)));
  const means = new Map(done.map((runs) => [meanName(runs), runs]));
  return [...means].map(([name, runs]) => highest(name, runs, store));
}

/** The highest classes of the mean of runs, computed when they are written. */
function highest(name: string, runs: readonly PlannedRun[], store: Store): ArchiveContent {
  return {
    name,
    *parts() {
      using open = new DisposableStack();
      const posteriors = runs.map((run) => open.use(store.openPosteriors(run)));
      yield* topFiveBytes(topFiveOf(posteriors), runs.map(({ key }) => key));
    },
  };
}

function text(name: string, content: string): ArchiveContent {
  return { name, parts: () => [new TextEncoder().encode(content)] };
}
