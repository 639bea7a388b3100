/** Evaluations and their mean as a list: the errors of each, and whether the mean is better. */
import type { Difference } from "../results/paired_difference.ts";
import type { Setup } from "../setup.ts";
import { displayName, type EvalRun, formatS } from "../experiment.ts";
import type { Ensemble, Measured } from "../results/ensemble.ts";
import type { PlannedRun } from "../plan.ts";
import { nameWithChanges, withoutStop } from "../results/protocol.ts";
import { imagesToDetect, signed } from "../statistics/mod.ts";
import { fold } from "./fold.ts";
import type { Listing } from "./listing.ts";
import { doubtNotes, MISSING, withoutTopFive } from "./words.ts";
import { configsOf, type FlatRecord, formatQ, rounded } from "./records.ts";
import { count } from "../numbers.ts";

/** A difference with a smaller p-value is significant. */
const SIGNIFICANCE = 0.05;

/** Smaller p-values are printed as `< 0.0001`. */
const TINY = 0.0001;

/**
 * Lists ensembles, one for each seed, with their members.
 *
 * @param doubts why their data is probably not what it is taken for
 */
export function ensembleListing(
  ensembles: readonly Ensemble[],
  { title, setup, doubts = [] }: {
    readonly title: string;
    readonly setup: Setup;
    readonly doubts?: readonly string[] | undefined;
  },
): Listing {
  const all = [...new Set([...doubts, ...ensembles.flatMap(({ doubts }) => doubts)])]
    .map(withoutStop).join("; ");
  const records = ensembles.flatMap((ensemble) => recordsOf(ensemble, setup))
    .map((record): FlatRecord => ({ ...record, doubts: all || undefined }));
  const seeds = new Set(records.map(({ seed }) => seed));
  return {
    title,
    records,
    columns: [
      { field: "run" },
      ...seeds.size > 1 ? [{ field: "seed" }] : [],
      { field: "key", show: (key) => String(key).includes(" ") ? "" : String(key) },
      ...(["top1", "top5"] as const).map((kind) => ({
        field: `${kind}_error`,
        heading: `${kind.replace("p", "p-")}, %`,
        show: (_: unknown, record: FlatRecord) => errorOf(record, kind),
        missing: MISSING,
      })),
    ],
    notes: [
      "In brackets: 95 % intervals (Wilson).",
      ...doubtNotes({ doubts }).flatMap((text) => fold(text)),
      ...withoutTopFive(ensembles[0]?.classes ?? Infinity, setup.evaluate).flatMap((text) =>
        fold(text)
      ),
      ...ensembles.flatMap((ensemble) => wordsOf(ensemble, ensembles.length > 1)),
      ...ensembles.some(({ mean }) => mean)
        ? ["The best member was chosen on these same images, which favours it."]
        : [],
    ],
  };
}

/** `17.4 (15.8 to 19.1)` */
function errorOf(record: FlatRecord, kind: "top1" | "top5"): string {
  const [error, low, high] = ["error", "low", "high"]
    .map((what) => Number(record[`${kind}_${what}`]).toFixed(1));
  return `${error} (${low} to ${high})`;
}

/** A record for each member, and one for the mean with its comparison. */
function recordsOf(
  { images, classes, members, mean }: Ensemble,
  setup: Setup,
): FlatRecord[] {
  const all = members.map(({ run }) => run);
  const shared = { images, classes, dataset: setup.dataset, setup: nameWithChanges(setup) };
  return [
    ...members.map((member) => ({
      run: displayName(member.run.run),
      ...fieldsOfRuns([member.run]),
      ...{ ...shared, ...numbersOf(member) },
      ...comparisonOf(undefined),
    })),
    ...mean
      ? [{
        run: `mean of ${all.length}`,
        ...fieldsOfRuns(all),
        ...{ ...shared, ...numbersOf(mean) },
        ...comparisonOf(mean),
      }]
      : [],
  ];
}

/** Nets, scales and methods of evaluations, each value once. */
function fieldsOfRuns(runs: readonly PlannedRun[]): FlatRecord {
  const unique = <Value>(values: readonly Value[]) => [...new Set(values)];
  const evaluations = runs.map(({ run }) => run as EvalRun);
  const scales = unique(
    evaluations.map(({ net: { S } }) => typeof S === "number" ? S : formatS(S)),
  );
  const seeds = unique(runs.map(({ context }) => context.seed));
  return {
    config: configsOf({ evaluations }),
    S: scales.length === 1 ? scales[0] : scales.join(" "),
    Q: formatQ(unique(evaluations.map(({ Q }) => Q))),
    method: unique(evaluations.map(({ method }) => method)).join(" "),
    seed: seeds.length === 1 ? seeds[0] : seeds.join(" "),
    key: runs.map(({ key }) => key).join(" "),
  };
}

function numbersOf({ errors, intervals: { top1, top5 } }: Measured): FlatRecord {
  return {
    top1_error: rounded(errors.top1),
    top1_low: rounded(top1.low),
    top1_high: rounded(top1.high),
    top5_error: rounded(errors.top5),
    top5_low: rounded(top5?.low),
    top5_high: rounded(top5?.high),
  };
}

/** The mean's top-1 error minus that of its best member, in points. */
function comparisonOf(mean: Ensemble["mean"]): FlatRecord {
  const { points, interval, p, pairs } = mean?.difference ?? {};
  return {
    best_member: mean?.best.key,
    difference: rounded(points),
    difference_low: rounded(interval?.low),
    difference_high: rounded(interval?.high),
    only_mean_wrong: pairs?.onlyFirst,
    only_best_wrong: pairs?.onlySecond,
    p_value: p === undefined ? undefined : Number(p.toPrecision(3)),
  };
}

/** How the mean compares with its best member, as folded lines. */
function wordsOf({ members, mean }: Ensemble, severalSeeds: boolean): string[] {
  if (mean === undefined) return [];
  const { best, difference } = mean;
  const { points, interval: { low, high }, pairs: { onlyFirst, onlySecond }, p } = difference;
  const seed = severalSeeds ? `Seed ${best.context.seed}: ` : "";
  const paragraph =
    `${seed}Mean of ${members.length} against its best member, ${displayName(best.run)}: ` +
    `${signed(points)} points of top-1 error (95 %, Tango: ${signed(low)} to ${signed(high)}). ` +
    `${
      count(onlyFirst, "image")
    } only the mean got wrong, ${onlySecond} only the best member: exact ` +
    `McNemar p ${p < TINY ? `< ${TINY}` : `= ${p.toPrecision(2)}`}. ${conclusionOf(difference)}`;
  return [fold(paragraph).join("\n")];
}

/** A conclusion from a difference, as a sentence. */
function conclusionOf({ points, p, pairs }: Difference): string {
  if (p < SIGNIFICANCE) {
    return `The mean is significantly ${points < 0 ? "better" : "worse"}.`;
  }
  if (points === 0) return "Both have the same error.";
  const needed = count(imagesToDetect(pairs), "image");
  return `The difference is not significant; detecting one of this size needs about ${needed}.`;
}
