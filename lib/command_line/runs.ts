/** The runs that a command line asks for, and what the store knows of them; none is carried out. */
import type { DatasetInfo } from "../datasets/dataset.ts";
import { type Context, nameOf } from "../experiment.ts";
import { askedFor, type Counts, plan, type PlannedRun, trainingIn } from "../plan.ts";
import { progressBars } from "../system/progress.ts";
import { fold } from "../report/fold.ts";
import { openStore, type RunStatus, type Store } from "../store/mod.ts";
import type { Options } from "./options.ts";
import { requestFor, tablesNamed, workOf } from "./tables.ts";
import { formatNumber } from "../numbers.ts";

/** A run with what the store knows of it. */
export interface KnownRun extends PlannedRun {
  /** What people call it: `train D 256`, `test D 256 at Q = 256, dense`. */
  readonly name: string;
  readonly status: RunStatus;
}

/** Where runs are looked for. */
export interface Ground {
  readonly store: Store;
  readonly dataset: DatasetInfo;
  /** One for each seed. */
  readonly contexts: readonly Context[];
}

/** The store, the data and the seeds that options name; nothing is made for that. */
export async function groundOf(options: Options): Promise<Ground> {
  const { contextsOf, describeData } = await import("../reproduce.ts");
  const work = workOf(options);
  const store = openStore(work.results);
  const bars = progressBars();
  const dataset = await describeData(work, bars).finally(bars.stop);
  return { store, dataset, contexts: contextsOf(work, dataset) };
}

/**
 * The run whose key begins with so many digits: one that was begun, or one of the paper's tables.
 *
 * @throws {UserError} There is none, or there are several.
 */
export function runNamed(
  digits: string,
  { store, contexts }: Pick<Ground, "store" | "contexts">,
): PlannedRun {
  const meant = ({ key }: PlannedRun) => key.startsWith(digits);
  const toDo = store.runs().some(meant) ? [] : plan(tablesNamed([]), contexts).filter(meant);
  return toDo.length === 1 ? toDo[0]! : store.find(digits);
}

/** Every run behind the tables called `words`, ancestors first, and the data that they are on. */
export async function knownRuns(
  words: readonly string[],
  options: Options,
): Promise<
  {
    readonly runs: readonly KnownRun[];
    readonly asked: Counts;
    readonly dataset: DatasetInfo;
    readonly ground: Ground;
  }
> {
  const { tables } = requestFor(words, options);
  const ground = await groundOf(options);
  const { dataset, contexts } = ground;
  const asked = askedFor(tables, contexts);
  return { runs: known(plan(tables, contexts), ground), asked, dataset, ground };
}

/**
 * What the store knows of runs. Where there is no data they have empty keys, as its content is a
 * part of them, and a warning goes to standard error.
 */
export function known(runs: readonly PlannedRun[], { store, dataset }: Ground): KnownRun[] {
  const found = inStore(runs, store);
  const { missing, untrainable } = dataset;
  const open = found.filter(({ status }) => status.state !== "done");
  if (untrainable !== undefined && trainingIn(open) !== undefined) {
    console.error(fold(`warning: no net can be trained here: ${untrainable}.`).join("\n"));
  }
  if (missing === undefined) return found;
  console.error(warningOf(dataset, missing));
  return found.map((run) => ({ ...run, key: "", after: [], status: { state: "todo" } }));
}

/** What a store knows of runs. */
export function inStore(runs: readonly PlannedRun[], store: Store): KnownRun[] {
  return runs.map((planned) => ({
    ...planned,
    name: nameOf(planned.run),
    status: store.status(planned),
  }));
}

function warningOf({ classes, val }: DatasetInfo, missing: string): string {
  const { width, height } = val[0]!;
  return fold(
    `warning: ${missing}. Until then ${formatNumber(classes.length)} classes and ` +
      `${
        formatNumber(val.length)
      } validation images of ${width}x${height} pixels are assumed, and no run is known to be done.`,
  ).join("\n");
}
