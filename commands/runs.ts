/** The runs that a command line asks for, and what the store knows of them; none is carried out. */
import type { Dataset } from "../lib/datasets/mod.ts";
import { isEvaluation, title } from "../lib/experiment.ts";
import { plan, type PlannedRun } from "../lib/plan.ts";
import { progressBars } from "../lib/progress.ts";
import { openStore, type RunStatus } from "../lib/store.ts";
import type { Options } from "./options.ts";
import { requestFor } from "./tables.ts";

/** A run with what the store knows of it. */
export interface KnownRun extends PlannedRun {
  /** What people call it: `train D 256`, `test D 256 at Q = 256, dense`. */
  readonly name: string;
  readonly status: RunStatus;
}

/** Every run behind the tables called `words`, ancestors first, and the data that they are on. */
export async function knownRuns(
  words: readonly string[],
  options: Options,
): Promise<{ readonly runs: readonly KnownRun[]; readonly dataset: Dataset }> {
  const request = requestFor(words, options);
  const { contextsOf, openData } = await import("../lib/reproduce.ts");
  const store = openStore(request.results);
  const bars = progressBars();
  // The data set's images are a part of every run's name.
  const dataset = await openData(request, bars).finally(bars.stop);
  const runs = plan(request.tables, contextsOf(request, dataset)).map((planned) => ({
    ...planned,
    name: `${isEvaluation(planned.run) ? "test" : "train"} ${title(planned.run)}`,
    status: store.status(planned),
  }));
  return { runs, dataset };
}
