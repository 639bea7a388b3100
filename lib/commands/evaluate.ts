/** `evaluate`: tests one net at any scales with any methods, and the mean of all. */
import { evaluations, oneScale } from "../../experiments/protocol.ts";
import { UsageError } from "../errors.ts";
import { type Context, displayName, isEvaluation, isImported } from "../experiment.ts";
import { ensembleOf } from "../results/ensemble.ts";
import { planOf } from "../plan.ts";
import { nameWithChanges } from "../results/protocol.ts";
import { warn } from "../report/warn.ts";
import { ensembleListing } from "../report/ensemble_listing.ts";
import { listing } from "../report/listing.ts";
import { carryOut, printRuns } from "../command_line/carry_out.ts";
import { netToEvaluate } from "../command_line/find_net.ts";
import type { Options } from "../command_line/options.ts";
import { describedStudy } from "../command_line/known_runs.ts";
import { formatNumber } from "../numbers.ts";

/** Evaluates the net that options name, under each seed, and prints its errors. */
export async function evaluate(options: Options): Promise<number> {
  const described = await describedStudy(options);
  const { run, imported } = await netToEvaluate(options, described);
  if (isImported(run.init) && options.seeds.length > 1) {
    throw new UsageError(
      "--seeds does nothing here: this net was not trained here, and a seed decides nothing of its tests; " +
        "leave --seeds out",
    );
  }
  const { Q = oneScale(run.S), methods = ["dense"], setup } = options;
  const runs = evaluations(run, Q, ...methods);
  const request = { command: ["evaluate"], options, study: described, imported } as const;
  const planned = (contexts: readonly Context[]) => planOf(runs, contexts);
  if (options.dryRun) return await printRuns(planned, request);
  const study = await carryOut(planned, request);
  if (study === undefined) return 0;
  const { store, contexts, dataset } = study;
  const fusions = contexts.map((context) => {
    const done = planOf(runs, [context]).filter(({ run }) => isEvaluation(run));
    return ensembleOf(done, store);
  });
  new Set(fusions.flatMap(({ doubts }) => doubts)).forEach(warn);
  console.log(listing(
    ensembleListing(fusions, {
      setup,
      doubts: dataset.doubts,
      title:
        `${displayName(run)} under the setup "${nameWithChanges(setup)}" on ${dataset.name}, ` +
        `${formatNumber(dataset.val.length)} validation images`,
    }),
    options.format,
  ));
  return 0;
}
