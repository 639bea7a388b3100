/** Runs with what they cost, as `plan` and `--dry-run` print them. */
import type { DatasetInfo } from "../datasets/dataset.ts";
import { cost } from "../estimates/cost.ts";
import { expectedDevice } from "../system/device.ts";
import { makespan, startingOrder } from "../estimates/critical_path.ts";
import { cores, runsAtOnce } from "../system/machine.ts";
import { count } from "../numbers.ts";
import { ancestorKeys, type Counts, counts } from "../plan.ts";
import { clock } from "../system/progress.ts";
import { nameWithChanges } from "../results/protocol.ts";
import { fold } from "../report/fold.ts";
import { listing } from "../report/listing.ts";
import { estimateSpeed } from "../estimates/speed.ts";
import { diskOf, doneInWords, memoryOf, originOfTimes, otherPrecision } from "./plan_notes.ts";
import type { Options } from "./options.ts";
import type { KnownRun } from "./known_runs.ts";
import { variedFields } from "./varied_fields.ts";
import type { Study } from "../results/study.ts";

/** Prints runs with their costs. @returns the exit code */
export function printPlan(
  { runs, study: { dataset }, asked }: {
    readonly runs: readonly KnownRun[];
    readonly study: Study<DatasetInfo>;
    /** The runs of all tables, repeats counted; absent if the runs are not a table's. */
    readonly asked?: Counts;
  },
  options: Pick<
    Options,
    "setup" | "choice" | "workers" | "microBatch" | "device" | "format"
  >,
): number {
  const { setup } = options;
  const on = expectedDevice(options.device);
  const speed = estimateSpeed(setup.train, { device: on });
  const hardware = speed ?? { cores: cores(), gpus: on.kind === "gpu" ? 1 : 0 };
  const fields = variedFields(runs);
  const atOnce = runsAtOnce(setup, options.workers);
  // several at once share the processor
  const costs = new Map(runs.map((run) => {
    const { multiplyAdds, seconds } = cost(run, dataset, hardware);
    return [run, { multiplyAdds, seconds: atOnce * seconds }];
  }));
  const records = runs.map((run) => {
    const { multiplyAdds, seconds } = costs.get(run)!;
    return {
      run: run.name,
      ...fields && { fields: fields(run) },
      key: run.key,
      seed: run.context.seed,
      state: run.status.state,
      multiply_adds: multiplyAdds,
      seconds: Math.ceil(seconds),
      after: ancestorKeys(run).join(" "),
    };
  });

  const open = runs.filter(({ status }) => status.state !== "done");
  const left = records.filter(({ state }) => state !== "done");
  const adds = left.reduce((total, record) => total + record.multiply_adds, 0);
  const seconds = (run: KnownRun) => run.status.state === "done" ? 0 : costs.get(run)!.seconds;
  const time = makespan(startingOrder(runs, { atOnce, seconds }), { machines: atOnce, seconds });
  const needed = counts(runs);
  console.log(listing({
    title: `Plan under the setup "${nameWithChanges(setup)}" on ${dataset.name}`,
    records,
    columns: [
      { field: "run" },
      ...fields ? [{ field: "fields" }] : [],
      { field: "seed" },
      { field: "state" },
      { field: "multiply_adds", heading: "multiply-adds", show: (value) => scaled(Number(value)) },
      { field: "seconds", heading: "time", show: (value) => clock(Number(value)) },
    ],
    notes: [
      ...dataset.made || dataset.missing !== undefined
        ? []
        : [`The images of ${dataset.name} do not exist yet; they are made first.`],
      (asked ? `Requested, table by table: ${inWords(asked)}. ` : "") +
      `Needed, each once: ${inWords(needed)}; ${doneInWords(runs.length, left.length)}.`,
      ...left.length > 0
        ? [
          `The rest: ${scaled(adds)} multiply-adds, roughly ${clock(Math.ceil(time))} on this ` +
          `machine, ${count(atOnce, "run")} at a time. ` +
          `${originOfTimes(options, { speed, on })} ${otherPrecision(setup, { speed, on })}`,
          diskOf(open, dataset),
          ...memoryOf(open, options, dataset),
        ]
        : [],
    ].flatMap((note) => fold(note)),
  }, options.format));
  return 0;
}

function inWords({ evaluations, trainings }: Counts): string {
  return `${count(evaluations, "evaluation")} and ${count(trainings, "training")}`;
}

/** A large number with a unit prefix: `15.5 G`, `1.2 P`. */
function scaled(value: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P", "E"];
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), prefixes.length - 1);
  return `${(value / 1000 ** power).toFixed(1)} ${prefixes[power]}`.trimEnd();
}
