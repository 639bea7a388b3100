/** Results as flat records, for CSV and JSON. */
import type { RowResult, TableResult } from "../results/row_result.ts";
import { type Errors, formatS, type Row } from "../experiment.ts";
import { withoutStop } from "../results/protocol.ts";
import { meanAndDeviation } from "../statistics/mod.ts";
import { departureInWords, importedInWords, importsIn } from "./words.ts";

/** A value of a record; undefined where it is missing. */
export type RecordValue = string | number | undefined;

/** One line of a report, by column name. */
export type FlatRecord = Readonly<Record<string, RecordValue>>;

/**
 * Makes one record for each row of a table. Errors are in per cent, S and Q in the paper's pixels.
 * `seeds` counts the measured seeds, and `run` lists the keys of the row's evaluations.
 */
export function recordsOf(
  { table, rows, departures, doubts = [], comparisons }: TableResult,
): FlatRecord[] {
  const departed = [
    ...departures.map(departureInWords),
    ...doubts.map((doubt) => `doubtful data: ${withoutStop(doubt)}`),
  ];
  return rows.map(
    (
      {
        row,
        protocol,
        measured,
        intervals,
        seeds,
        runs,
        comparison,
        tested,
        difference,
        pHolm,
        letters,
      },
      index,
    ) => {
      const { S, Q, methods, images, classes, dataset, setup, split, flips } = protocol;
      const { published = {}, evaluations } = row;
      const spread = deviation(seeds);
      return {
        table: table.name,
        row: index + 1,
        config: configsOf(row),
        S: S.length === 1 && typeof S[0] === "number" ? S[0] : S.map(formatS).join(" "),
        Q: formatQ(Q),
        method: methods.join(" "),
        top1_error: rounded(measured?.top1),
        top5_error: rounded(measured?.top5),
        paper_top1_error: published.top1,
        paper_top5_error: published.top5,
        ...evaluations.length > 0 ? { images, classes, dataset, setup, seeds: seeds.length } : {
          images: undefined,
          classes: undefined,
          dataset: undefined,
          setup: undefined,
          seeds: 0,
        },
        run: runs.join(" "),
        top1_error_sd: rounded(spread?.top1),
        top5_error_sd: rounded(spread?.top5),
        paper_top5_test_error: published.testTop5,
        title: row.title,
        nets: netsOf({ evaluations }).join(" "),
        split: evaluations.length > 0 ? split : undefined,
        flips: evaluations.length > 0 ? String(flips) : undefined,
        top1_low: rounded(intervals?.top1.low),
        top1_high: rounded(intervals?.top1.high),
        top5_low: rounded(intervals?.top5?.low),
        top5_high: rounded(intervals?.top5?.high),
        status: comparison?.status,
        status_reason: comparison?.reason,
        departures: evaluations.length > 0
          ? [...importsIn([{ row }]).map(importedInWords), ...departed].join("; ")
          : undefined,
        top5_test_error: rounded(tested?.top5),
        test_images: tested?.protocol.images,
        ...table.baseline !== undefined && {
          baseline: table.baseline,
          difference: rounded(difference?.points),
          difference_low: rounded(difference?.interval.low),
          difference_high: rounded(difference?.interval.high),
          difference_from: difference?.from,
          p: difference?.p,
          ...comparisons !== undefined && {
            p_seeds: difference?.pSeeds,
            p_holm: pHolm,
            letters,
          },
        },
      };
    },
  );
}

/** Configurations of a row's nets, each once: `D`, or `D + E`. */
export function configsOf({ evaluations }: Pick<Row, "evaluations">): string {
  return [...new Set(evaluations.map(({ net }) => net.config))].join(" + ");
}

/** The nets of a row as the paper's Table 6 lists them, `config/S/Q`, under the row's own title. */
export function netsOf({ title, evaluations }: Pick<Row, "title" | "evaluations">): string[] {
  const scales = new Map<string, Set<number>>();
  for (const { net: { config, S, update }, Q } of evaluations) {
    const name = `${update === "fc" ? "FC-only " : ""}${config}/${formatS(S)}`;
    scales.set(name, (scales.get(name) ?? new Set()).add(Q));
  }
  const nets = [...scales].map(([name, Qs]) => `${name}/${[...Qs].join(",")}`);
  return title === undefined ? nets : [title, ...nets];
}

/** Test scales for a report: a number, or several as in `224 256 288`. */
export function formatQ(Q: readonly number[]): string | number {
  return Q.length === 1 ? Q[0]! : Q.join(" ");
}

/** Standard deviation over seeds (n - 1 in the denominator); undefined for fewer than two. */
export function deviation(seeds: RowResult["seeds"]): Errors | undefined {
  if (seeds.length < 2) return undefined;
  const of = (values: readonly number[]) => meanAndDeviation(values).deviation;
  const top5 = seeds.flatMap((errors) => errors.top5 ?? []);
  return { top1: of(seeds.map(({ top1 }) => top1)), ...top5.length > 0 && { top5: of(top5) } };
}

/** Rounds to two decimals; undefined if the value is missing or not finite. */
export function rounded(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Math.round(value * 100) / 100;
}
