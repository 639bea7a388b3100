/** Results as flat records: what CSV and JSON hold. */
import { type Errors, formatS, type RowResult, type TableResult } from "../experiment.ts";
import { meanAndDeviation } from "../statistics/mod.ts";

/** A value of a record; undefined where there is none. */
export type Value = string | number | undefined;

/** One line of a report, by the names of its columns. */
export type FlatRecord = Readonly<Record<string, Value>>;

/**
 * One record a row of the table. Errors are in per cent, S and Q in the paper's pixels; `seeds` is
 * how many were measured and `run` names the evaluations behind the row. The last two columns are
 * standard deviations over the seeds.
 */
export function recordsOf(result: TableResult): FlatRecord[] {
  return result.rows.map((row, index) => {
    const { S, Q, methods, images, classes, dataset, setup } = row.protocol;
    const spread = deviation(row.seeds);
    return {
      table: result.table.name,
      row: index + 1,
      config: row.row.config,
      S: typeof S === "number" ? S : formatS(S),
      Q: formatQ(Q),
      method: methods.join(" "),
      top1_error: rounded(row.measured?.top1),
      top5_error: rounded(row.measured?.top5),
      paper_top1_error: row.row.published.top1,
      paper_top5_error: row.row.published.top5,
      images,
      classes,
      dataset,
      setup,
      seeds: row.seeds.length,
      run: row.runs.join(" "),
      top1_error_sd: rounded(spread?.top1),
      top5_error_sd: rounded(spread?.top5),
    };
  });
}

/** Test scales as a report shows them: a number, or several as in `224 256 288`. */
export function formatQ(Q: readonly number[]): string | number {
  return Q.length === 1 ? Q[0]! : Q.join(" ");
}

/** Standard deviation over seeds (n - 1 in the denominator), if there are at least two. */
export function deviation(seeds: RowResult["seeds"]): Errors | undefined {
  if (seeds.length < 2) return undefined;
  const of = (which: keyof Errors) =>
    meanAndDeviation(seeds.map((errors) => errors[which])).deviation;
  return { top1: of("top1"), top5: of("top5") };
}

/** Two decimals at most; nothing for what is no number. */
function rounded(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Math.round(value * 100) / 100;
}
