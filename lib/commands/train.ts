/** `train`: one net, as a table would train it or from another start. */
import { type Context, displayName, formatS, type TrainRun } from "../experiment.ts";
import { type PlannedRun, planOf } from "../plan.ts";
import { nameWithChanges } from "../results/protocol.ts";
import { listing } from "../report/listing.ts";
import { type FlatRecord, type RecordValue, rounded } from "../report/records.ts";
import type { Store } from "../store/mod.ts";
import { middleOf } from "../vgg/images.ts";
import { carryOut, printRuns } from "../command_line/carry_out.ts";
import { evaluateLine } from "../command_line/suggested_commands.ts";
import { netToTrain } from "../command_line/find_net.ts";
import type { Options } from "../command_line/options.ts";
import { describedStudy } from "../command_line/known_runs.ts";
import { formatNumber } from "../numbers.ts";
import { MISSING } from "../report/words.ts";

/** Trains the net that options name, under each seed, and prints the end of its log. */
export async function train(options: Options): Promise<number> {
  const described = await describedStudy(options);
  const { run, imported } = await netToTrain(options, described);
  const request = { command: ["train"], options, study: described, imported } as const;
  const planned = (contexts: readonly Context[]) => planOf([run], contexts);
  if (options.dryRun) return await printRuns(planned, request);
  const study = await carryOut(planned, request);
  if (study === undefined) return 0;
  const { store, contexts, dataset } = study;
  const trained = planOf([run], contexts).filter((planned) => planned.run === run);
  const Q = middleOf(run.S);
  const { validationImages: images = dataset.val.length } = options.setup.train;
  console.log(listing({
    title: `Trained under the setup "${nameWithChanges(options.setup)}" on ${dataset.name}`,
    records: trained.map((planned) => recordOf(planned, store)),
    columns: [
      { field: "run" },
      { field: "seed" },
      { field: "key" },
      { field: "val_top1_error", heading: "top-1, %", show: inPerCent },
      { field: "val_top5_error", heading: "top-5, %", show: inPerCent, missing: MISSING },
    ],
    notes: [
      `Errors of the last validation: ${formatNumber(images)} images, whole, at Q = ${Q}, ` +
      "without flips.",
      ...trained.map((planned) => store.folderOf(planned)),
      "To evaluate it as the paper does:",
      `  ${evaluateLine(trained[0]!, { Q, method: "dense", options })}`,
    ],
  }, options.format));
  return 0;
}

const inPerCent = (error: RecordValue) => Number(error).toFixed(1);

/** A trained net as a record; errors are those of the log's last validation, in per cent. */
function recordOf(planned: PlannedRun, store: Store): FlatRecord {
  const { key, context, ancestor } = planned;
  const run = planned.run as TrainRun;
  const last = store.readLog(planned).findLast(({ validation }) => validation !== undefined);
  return {
    run: displayName(run),
    config: run.config,
    S: typeof run.S === "number" ? run.S : formatS(run.S),
    from: ancestor?.key ?? "random",
    update: run.update ?? "all",
    seed: context.seed,
    key,
    val_top1_error: rounded(last?.validation?.top1),
    val_top5_error: rounded(last?.validation?.top5),
    step: last?.step,
    loss: last?.loss,
    folder: store.folderOf(planned),
  };
}
