/** Results of tables and claims from a store. Loads no TensorFlow. */
import { type Claim, type ClaimsResult, judgeClaims } from "./claims.ts";
import { type ComparedRows, compareRows, type Reference } from "./compare_rows.ts";
import type { DatasetDescription } from "../datasets/dataset.ts";
import type { Comparison, ErrorIntervals, Protocol, RowResult, TableResult } from "./row_result.ts";
import { type Errors, type Init, isImported, type Row, type Table } from "../experiment.ts";
import {
  importedAtChance,
  remarksOn,
  sanityChecks,
  type TrainingRecords,
} from "./sanity_checks.ts";
import { UnreadableError, UserError } from "../errors.ts";
import { finalLoss, type LossOf } from "./losses.ts";
import { differenceOf } from "./paired_difference.ts";
import { type PlannedRun, plannedRun, runsOfRow } from "../plan.ts";
import {
  departures,
  differences,
  namesOf,
  nameWithChanges,
  PAPER_PROTOCOL,
  protocolOf,
  type SharedProtocol,
  sizeOf,
} from "./protocol.ts";
import type { Scores } from "../score.ts";
import { errorsOfRuns } from "./run_errors.ts";
import { meanAndDeviation, verdict, wilson } from "../statistics/mod.ts";
import type { RunStatus, Store } from "../store/mod.ts";
import type { Study } from "./study.ts";
import { scoreOf } from "./submission.ts";

/** A study as far as tables are scored from it: its own store, or one that reads a bundle. */
export interface ScoredStudy extends Omit<Study, "store" | "dataset"> {
  readonly store: Pick<Store, "scoresOf"> & TrainingRecords & {
    /** Absent where there is none, as in a bundle. */
    readonly folder?: string;
    statuses(runs: readonly PlannedRun[]): Pick<RunStatus, "state" | "detail">[];
    /** Absent where results are not compared with checksums when they are read. */
    expect?(runs: readonly PlannedRun[]): void;
  };
  readonly dataset: Pick<DatasetDescription, "name" | "classes" | "train" | "doubts"> & {
    readonly val: { readonly length: number };
  };
}

/** How tables are scored. */
export interface ScoringOptions {
  /** Whether rows keep their numbers where sanity checks fail, as for a net at chance. */
  readonly includeAtChance?: boolean;
  /** The row that the others are compared with; if absent the table's baseline, uncorrected. */
  readonly compare?: Reference | undefined;
  /** Whether the intervals of these differences have a column of their own. */
  readonly intervals?: boolean;
}

/** Results of tables; rows whose runs are not done have no `measured`. */
export function resultsOf(
  tables: readonly Table[],
  study: ScoredStudy,
  { includeAtChance = false, compare, intervals }: ScoringOptions = {},
): TableResult[] {
  const { setup, paper, store, contexts } = study;
  const { name, classes, val, doubts } = study.dataset;
  const dataset = { name, classes: classes.length, images: val.length };
  const shared: SharedProtocol = {
    ...{ setup: nameWithChanges(setup), dataset: name, split: "val" as const },
    ...{ images: val.length, classes: classes.length },
  };
  const planned = new Map(
    tables.flatMap(({ rows }) => rows).map((row) =>
      [row, row.evaluations.length === 0 ? [] : runsOfRow(row, contexts)] as const
    ),
  );
  const all = [...planned.values()].flat(2);
  store.expect?.(all);
  const states = statesOf(all, study);
  const scoresOf = remembering((runs: readonly PlannedRun[]) => store.scoresOf(runs));

  function rowResult(row: Row): RowResult {
    const { evaluations, combination } = row;
    const own = combination?.setup ?? setup;
    const protocol = protocolOf(evaluations, {
      ...{ ...shared, setup: nameWithChanges(own), evaluate: own.evaluate },
    });
    const seeds = planned.get(row)!;
    const runs = seeds.flat().map(({ key }) => key);
    const trained = trainings(seeds);
    let remarks: string[] = [];
    const leftOut = (reason: string, isUnreadable = false): RowResult => ({
      ...{ row, protocol, runs, remarks, seeds: [], scores: [] },
      ...isUnreadable && { isUnreadable },
      comparison: { status: "left out", reason: withoutFolder(reason, study.store) },
    });
    const found = runs.map((key) => states.get(key)!);
    const fault = found.find(({ state }) => state === "damaged" || state === "unreadable");
    if (fault?.detail !== undefined) return leftOut(fault.detail, fault.state === "unreadable");
    const done = found.every(({ state }) => state === "done");
    if (!done || seeds.length === 0) return { row, protocol, runs, seeds: [], scores: [] };
    let scores: Scores[], atChance: string[];
    try {
      remarks = remarksOn(trained, store);
      scores = seeds.map(scoresOf);
      atChance = sanityChecks(trained, scores[0]!.labels, store);
    } catch (error) {
      if (error instanceof UserError) {
        return leftOut(error.message, error instanceof UnreadableError);
      }
      throw error;
    }
    // without training the seed decides nothing: several would be one measurement
    const isTrained = evaluations.some(({ net: { init } }) => !isImported(init));
    const errors = scores.slice(0, isTrained ? scores.length : 1)
      .map((each, i) => errorsOfRuns(seeds[i]!, each));
    const measured = meanErrors(errors);
    const { labels } = scores[0]!;
    const nets = [...new Set(evaluations.map(({ net }) => net))];
    const failed = [...atChance, ...importedAtChance(nets, measured, labels)];
    if (!includeAtChance && failed.length > 0) {
      return { ...leftOut(failed.join("; ")), isMeaningless: true };
    }
    const comparison = comparisonOf(row, protocol, { errors, doubts });
    const tested = testedOf(seeds, protocol, study);
    return {
      ...{ row, protocol, runs, scores, measured, seeds: errors },
      remarks: [...remarks, ...failed],
      intervals: intervalsOf(measured, protocol.images),
      ...comparison && { comparison },
      ...tested && { tested },
    };
  }

  return tables.map((table) => ({
    ...{ setup, dataset },
    departures: departures(setup, paper, sizeOf(study.dataset)),
    ...doubts && { doubts },
    ...compared(table.rows.map(rowResult), table, { compare, intervals }),
  }));
}

/** States of runs by their keys, each looked up once. */
function statesOf(runs: readonly PlannedRun[], { store }: Pick<ScoredStudy, "store">) {
  const each = [...new Map(runs.map((run) => [run.key, run])).values()];
  const states = store.statuses(each);
  return new Map(each.map(({ key }, i) => [key, states[i]!]));
}

/** Results with their differences from a row of their table, where both are measured. */
function compared(
  rows: readonly RowResult[],
  table: Table,
  { compare, intervals }: Pick<ScoringOptions, "compare"> & {
    readonly intervals: boolean | undefined;
  },
): ComparedRows {
  if (compare !== undefined) return compareRows(rows, table, compare, intervals);
  const other = rows[(table.baseline ?? 0) - 1];
  if (other?.measured === undefined) return { table, rows };
  return {
    table,
    rows: rows.map((row) =>
      row === other || row.measured === undefined
        ? row
        : { ...row, difference: differenceOf(row.scores, other.scores) }
    ),
  };
}

/** The error of a row that the test server reported; undefined unless it did for every seed. */
function testedOf(
  seeds: readonly (readonly PlannedRun[])[],
  protocol: Protocol,
  { testScores = [] }: Pick<Study, "testScores">,
): RowResult["tested"] {
  const found = seeds.flatMap((runs) => scoreOf(runs.map(({ key }) => key), testScores) ?? []);
  const images = new Set(found.map(({ images }) => images));
  if (found.length < seeds.length || images.size !== 1) return undefined;
  return {
    top5: meanAndDeviation(found.map(({ top5 }) => top5!)).mean,
    protocol: { ...protocol, split: "test", images: found[0]!.images },
  };
}

/** Judges claims by results that have all of their rows. */
export function claimsOf(
  claims: readonly Claim[],
  tables: readonly TableResult[],
  study: Study,
): ClaimsResult {
  const { setup, paper, contexts } = study;
  const { name, classes, val, doubts } = study.dataset;
  return {
    setup,
    dataset: { name, classes: classes.length, images: val.length },
    departures: departures(setup, paper, sizeOf(study.dataset)),
    ...doubts && { doubts },
    seeds: contexts.length,
    claims: judgeClaims(claims, { tables, lossOf: finalLosses(study) }),
  };
}

/** Final training losses from the logs of a store. */
export function finalLosses({ store, contexts }: Pick<Study, "store" | "contexts">): LossOf {
  return (run) => {
    const losses = contexts.map((context) => {
      try {
        return finalLoss(store.readLog(plannedRun(run, context)));
      } catch (error) {
        if (error instanceof UnreadableError) return undefined;
        throw error;
      }
    });
    const known = losses.filter((loss) => loss !== undefined);
    return known.length < losses.length ? undefined : meanAndDeviation(known).mean;
  };
}

/** A message with files relative to the store: a report must be the same wherever the store is. */
function withoutFolder(message: string, { folder }: { readonly folder?: string }): string {
  return folder === undefined ? message : message.replaceAll(`${folder}/`, "");
}

/** The trainings of evaluations, each once. */
function trainings(seeds: readonly (readonly PlannedRun[])[]): PlannedRun[] {
  const nets = seeds.flat().map(({ ancestor }) => ancestor!);
  return [...new Map(nets.map((net) => [net.key, net])).values()];
}

/** Scores runs that occur in several rows once. */
function remembering(score: (runs: readonly PlannedRun[]) => Scores) {
  const known = new Map<string, Scores>();
  return (runs: readonly PlannedRun[]) => {
    const name = runs.map(({ key }) => key).join(" ");
    const scores = known.get(name) ?? score(runs);
    known.set(name, scores);
    return scores;
  };
}

/** Compares top-1 errors, one for each seed, with the paper's; undefined if it gives none. */
function comparisonOf(
  { evaluations, published: { top1 } = {} }: Row,
  protocol: Protocol,
  { errors, doubts = [] }: {
    readonly errors: readonly Errors[];
    readonly doubts?: readonly string[] | undefined;
  },
): Comparison | undefined {
  if (top1 === undefined) return undefined;
  const others = differences(protocol, protocolOf(evaluations, PAPER_PROTOCOL));
  if (others.length > 0) {
    return { status: "protocol differs", reason: `Not the paper's: ${namesOf(others)}.` };
  }
  if (doubts.length > 0) {
    return { status: "protocol differs", reason: `The data is doubtful. ${doubts.join(" ")}` };
  }
  if (evaluations.some(({ net: { init } }) => isImported(init) && !hasCaffeInput(init))) {
    // the nets of the paper's authors have Caffe's input, in whatever file they are
    return { status: "protocol differs", reason: "Not the paper's: training." };
  }
  const { status, reason } = verdict({
    errors: errors.map((each) => each.top1),
    images: protocol.images,
    published: top1,
  });
  return { status, reason };
}

/** Whether imported weights expect the input of the nets that the paper's authors released. */
function hasCaffeInput({ layout, input }: Extract<Init, { readonly weights: string }>): boolean {
  return (input ?? (layout === "keras" ? "caffe" : undefined)) === "caffe";
}

/** Wilson's 95 % intervals of errors, in per cent. */
export function intervalsOf({ top1, top5 }: Errors, images: number): ErrorIntervals {
  const interval = (error: number) => {
    const { low, high } = wilson(error / 100 * images, images);
    return { low: 100 * low, high: 100 * high };
  };
  return { top1: interval(top1), ...top5 !== undefined && { top5: interval(top5) } };
}

function meanErrors(seeds: readonly Errors[]): Errors {
  const mean = (values: readonly number[]) => meanAndDeviation(values).mean;
  const top5 = seeds.flatMap((each) => each.top5 ?? []);
  return {
    top1: mean(seeds.map(({ top1 }) => top1)),
    ...top5.length > 0 && { top5: mean(top5) },
  };
}
