/** The runs that a command line asks for, and their states. Carries nothing out. */
import type { DatasetInfo } from "../datasets/dataset.ts";
import { UserError } from "../errors.ts";
import { actionLabel, type Table } from "../experiment.ts";
import { formatNumber } from "../numbers.ts";
import { plan, type PlannedRun, trainingIn } from "../plan.ts";
import { fold } from "../report/fold.ts";
import { warn } from "../report/warn.ts";
import type { Study } from "../results/study.ts";
import type { RunStatus, Store } from "../store/mod.ts";
import type { Options } from "./options.ts";
import { PAPER_TABLES, tablesNamed } from "./tables.ts";

/** A run and its state. */
export interface KnownRun extends PlannedRun {
  /** What is done in it: `train D 256`, `test D 256 at Q = 256, dense`. */
  readonly name: string;
  readonly status: RunStatus;
}

/** The study that options name, as found: its data may be missing. Makes nothing. */
export async function describedStudy(options: Options): Promise<Study<DatasetInfo>> {
  // loaded here: it takes longer than a help text may
  const { describeStudy } = await import("../reproduce.ts");
  return await describeStudy(options);
}

/**
 * The run among `runs` whose key begins with `digits`.
 *
 * @throws {UserError} There is none, or there are several; or a disk withholds a recipe, which may be that
 * of the run.
 */
export function runByKey(
  digits: string,
  runs: readonly PlannedRun[],
  store: Pick<Store, "folder" | "allRuns">,
): PlannedRun {
  const { folder } = store;
  const among = (runs: readonly PlannedRun[]) => runs.filter(({ key }) => key.startsWith(digits));
  const known = among(runs);
  // a recipe that could not be read may be readable now, or else is named
  const found = known.length === 0 ? among(store.allRuns()) : known;
  if (found.length === 1) return found[0]!;
  const names = found.map(({ key, run }) => `${actionLabel(run)} (${key})`).join(", ");
  throw new UserError(
    `Cannot find run "${digits}": ` +
      (found.length === 0
        ? `neither a table nor "${folder}" has such a run; deno task status lists keys`
        : `it may be ${names}; give more digits`),
  );
}

/**
 * The run whose key begins with `digits`: a run that was begun, or else one of the paper's tables.
 *
 * @throws {UserError} There is none, or there are several.
 */
export function runNamed(
  digits: string,
  { store, contexts }: Pick<Study, "store" | "contexts">,
): PlannedRun {
  const begun = store.runs();
  const isBegun = begun.some(({ key }) => key.startsWith(digits));
  return runByKey(digits, isBegun ? begun : plan(PAPER_TABLES, contexts), store);
}

/** Every run that the tables called `words` need, ancestors first, and the study. */
export async function knownRuns(words: readonly string[], options: Options) {
  return await runsOf(await tablesNamed(words, options), options);
}

/** Every run that tables need, ancestors first, and the study. */
export async function runsOf(
  tables: readonly Table[],
  options: Options,
): Promise<
  {
    readonly runs: readonly KnownRun[];
    readonly study: Study<DatasetInfo>;
  }
> {
  const study = await describedStudy(options);
  return { runs: known(plan(tables, study.contexts), study), study };
}

/**
 * The states of runs. Without data, whose content is a part of their keys, runs have empty keys, and a
 * warning goes to standard error.
 */
export function known(
  runs: readonly PlannedRun[],
  { store, dataset }: Pick<Study<DatasetInfo>, "store" | "dataset">,
): KnownRun[] {
  const found = inStore(runs, store);
  const { missing, untrainable } = dataset;
  const open = found.filter(({ status }) => status.state !== "done");
  if (untrainable !== undefined && trainingIn(open) !== undefined) {
    warn(`no net can be trained here: ${untrainable}.`);
  }
  if (missing === undefined) return found;
  console.error(warningOf(dataset, missing));
  return found.map(({ run, context, name }) => (
    { run, context, name, key: "", status: { state: "todo" } }
  ));
}

/** The states of runs in a store. */
export function inStore(runs: readonly PlannedRun[], store: Store): KnownRun[] {
  const statuses = store.statuses(runs);
  return runs.map((planned, i) => ({
    ...planned,
    name: actionLabel(planned.run),
    status: statuses[i]!,
  }));
}

function warningOf({ classes, val }: DatasetInfo, missing: string): string {
  const { width, height } = val[0]!;
  return fold(
    `warning: ${missing}. Until then, ${formatNumber(classes.length)} classes and ` +
      `${formatNumber(val.length)} validation images of ${width}x${height} pixels are assumed, ` +
      "and no run is known to be done.",
  ).join("\n");
}
