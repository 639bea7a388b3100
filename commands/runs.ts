/** The runs that a command line asks for, and what the store knows of them; none is carried out. */
import type { Sighting } from "../lib/datasets/mod.ts";
import { isEvaluation, title } from "../lib/experiment.ts";
import { askedFor, type Counts, plan, type PlannedRun } from "../lib/plan.ts";
import { progressBars } from "../lib/progress.ts";
import { fold } from "../lib/report/fold.ts";
import { openStore, type RunStatus } from "../lib/store.ts";
import type { Options } from "./options.ts";
import { requestFor } from "./tables.ts";

/** A run with what the store knows of it. */
export interface KnownRun extends PlannedRun {
  /** What people call it: `train D 256`, `test D 256 at Q = 256, dense`. */
  readonly name: string;
  readonly status: RunStatus;
}

/**
 * Every run behind the tables called `words`, ancestors first, and the data that they are on. Where
 * there is no such data the runs have empty keys, as its content is a part of them, and a warning
 * goes to standard error.
 */
export async function knownRuns(
  words: readonly string[],
  options: Options,
): Promise<
  { readonly runs: readonly KnownRun[]; readonly asked: Counts; readonly dataset: Sighting }
> {
  const request = requestFor(words, options);
  const { contextsOf, describeData } = await import("../lib/reproduce.ts");
  const store = openStore(request.results);
  const bars = progressBars();
  const dataset = await describeData(request, bars).finally(bars.stop);
  const contexts = contextsOf(request, dataset);
  const asked = askedFor(request.tables, contexts);
  const runs = plan(request.tables, contexts).map((planned) => ({
    ...planned,
    name: `${isEvaluation(planned.run) ? "test" : "train"} ${title(planned.run)}`,
    status: store.status(planned),
  }));
  if (dataset.missing === undefined) return { runs, asked, dataset };
  console.error(warningOf(dataset, dataset.missing));
  return {
    runs: runs.map((run) => ({ ...run, key: "", after: [], status: { state: "todo" } })),
    ...{ asked, dataset },
  };
}

function warningOf({ classes, val }: Sighting, missing: string): string {
  const { width, height } = val[0]!;
  return fold(
    `warning: ${missing}. Until then ${count(classes.length)} classes and ${count(val.length)} ` +
      `validation images of ${width}x${height} pixels are assumed, and no run is known to be done.`,
  ).join("\n");
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}
