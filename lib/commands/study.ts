/** `study`: a grid of experiments as one table, a row for each combination. */
import { UsageError } from "../errors.ts";
import type { Context } from "../experiment.ts";
import { count } from "../numbers.ts";
import { contextsOf, type PlannedRun, plannedRun, withAllAncestors } from "../plan.ts";
import { sheetOfStudy, type StudyResult } from "../report/study_sheet.ts";
import { resultsOf } from "../results/mod.ts";
import { ranked } from "../results/ranking.ts";
import type { RowResult } from "../results/row_result.ts";
import type { Study } from "../results/study.ts";
import { shellWord } from "../system/shell.ts";
import { type GridStudy, openStudyFile } from "../tables/study.ts";
import { describedStudy, known } from "../command_line/known_runs.ts";
import { type Options, pathFrom } from "../command_line/options.ts";
import { printPlan } from "../command_line/plan_listing.ts";
import { rowsOfStudy, type StudyRow } from "../command_line/study_rows.ts";
import { isTakenName, publish } from "../command_line/tables.ts";

/** Carries out the study in a file, and prints and writes its table. */
export async function study(words: readonly string[], options: Options): Promise<number> {
  const [word] = words;
  if (word === undefined) {
    throw new UsageError("Name a file with a study, as in deno task study ./mine.ts");
  }
  const opened = await openStudy(word, options);
  const { grid } = opened;
  if (options.executor === "slurm") return await onCluster(opened, options);
  if (options.dryRun) return await planStudy(word, options);
  const { reproducePlan } = await import("../reproduce.ts");
  return print(opened, await reproducePlan((data) => grid.plan(data), options), options);
}

/** Prints what the study in a file would run. */
export async function planStudy(word: string, options: Options): Promise<number> {
  const { declared, grid } = await openStudy(word, options);
  const described = await describedStudy(options);
  const runs = known(grid.plan(described.dataset), described);
  console.error(`${declared.name}: ${count(grid.rows.length, "combination")}`);
  return printPlan({ runs, study: described }, options);
}

/** Prints and writes the table of the study in a file, as far as it is done. */
export async function reportStudy(word: string, options: Options): Promise<number> {
  const opened = await openStudy(word, options);
  const { findStudy } = await import("../reproduce.ts");
  return print(opened, await findStudy(options), options);
}

/** A study, its rows and their runs. */
interface OpenGrid {
  /** The file's name as the user wrote it. */
  readonly word: string;
  readonly declared: GridStudy;
  readonly grid: GridRuns;
}

async function openStudy(word: string, options: Options): Promise<OpenGrid> {
  const declared = await openStudyFile(pathFrom(word), { word, taken: isTakenName });
  const seeds = (["seeds", "seed"] as const).find((name) => options.given[name] !== undefined);
  if (declared.grid.seed !== undefined && seeds !== undefined) {
    throw new UsageError(
      `--${seeds} does nothing here: the grid of "${word}" lists its seeds; leave --${seeds} out, or ` +
        "remove grid.seed",
    );
  }
  const rows = rowsOfStudy(declared, { setup: options.setup, word, isAllowed: options.yes });
  return { word, declared, grid: new GridRuns(rows, seedsOf(declared, options)) };
}

/** Submits the missing runs, or prints their jobs; with `--wait`, waits for them and prints the table. */
async function onCluster({ word, grid }: OpenGrid, options: Options): Promise<number> {
  const { showJobs, submitRuns } = await import("../command_line/cluster.ts");
  const study = await describedStudy(options);
  const planned = grid.plan(study.dataset);
  const command: [string, string] = ["study", word];
  const request = { command, options, study, report: [word] };
  if (options.dryRun) return showJobs(planned, request);
  await submitRuns(planned, request);
  return options.wait ? await reportStudy(word, options) : 0;
}

/** Seeds of the command line, or else as many as the study wants. */
function seedsOf({ seeds = 1 }: GridStudy, options: Options): readonly number[] {
  const [first = 0] = options.seeds;
  return options.given.seeds === undefined
    ? Array.from({ length: seeds }, (_, i) => first + i)
    : options.seeds;
}

/** The runs behind the rows of a study. */
class GridRuns {
  constructor(readonly rows: readonly StudyRow[], readonly seeds: readonly number[]) {}

  /** The contexts of rows, which rows with the same fields and seeds share. */
  contexts(data: { readonly fingerprint: string }) {
    const known = new Map<unknown, Map<number | undefined, Context[]>>();
    return ({ setup, seed }: StudyRow) => {
      const bySeed = known.get(setup) ?? new Map<number | undefined, Context[]>();
      known.set(setup, bySeed);
      const seeds = seed === undefined ? this.seeds : [seed];
      const contexts = bySeed.get(seed) ?? contextsOf({ setup, seeds }, data);
      bySeed.set(seed, contexts);
      return contexts;
    };
  }

  /** Every run once, ancestors first. */
  plan(data: { readonly fingerprint: string }): PlannedRun[] {
    const contextsFor = this.contexts(data);
    return withAllAncestors(
      this.rows.flatMap((row) =>
        contextsFor(row).flatMap((context) =>
          row.evaluations.map((run) => plannedRun(run, context))
        )
      ),
    );
  }
}

/** Prints and writes the table of a study, as far as it is done. */
function print({ word, declared, grid }: OpenGrid, study: Study, options: Options): number {
  const { name, caption } = declared;
  const contextsFor = grid.contexts(study.dataset);
  const found = new Map<string, { readonly row: StudyRow; readonly result: RowResult }>();
  // rows with the same contexts are scored together: what they share is read once
  const groups = Map.groupBy(grid.rows, contextsFor);
  for (const [contexts, rows] of groups) {
    const [{ setup }] = rows as [StudyRow];
    const table = { name, caption, headings: ["config"] as const, rows };
    const [scored] = resultsOf([table], { ...study, setup, contexts }, options);
    scored!.rows.forEach((result, i) => {
      const same = result.runs.toSorted().join(" ");
      if (!found.has(same)) found.set(same, { row: rows[i]!, result });
    });
  }
  const all = [...found.values()];
  const [shared] = resultsOf([{ name, caption, headings: ["config"], rows: [] }], study);
  const result: StudyResult<StudyRow> = {
    ...{ name, caption, shared: shared! },
    rows: ranked(all.map(({ row }) => row), all.map(({ result }) => result)),
    repeated: grid.rows.length - all.length,
    command: `deno task study ${shellWord(word)}`,
  };
  return publish([sheetOfStudy(result)], options);
}
