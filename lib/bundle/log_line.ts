/** A verified bundle as a line of a log of reproductions: REPRODUCED.md. */
import { harmless } from "../errors.ts";
import { count, fixed } from "../numbers.ts";
import { truncated } from "../report/fold.ts";
import { escapedMarkdown } from "../report/markdown.ts";
import { headLine } from "../report/results_sheet.ts";
import { nameWithChanges } from "../results/protocol.ts";
import type { TableResult } from "../results/row_result.ts";
import type { BundlePlan } from "./contents.ts";
import type { Verification } from "./verify.ts";

/** What a log says of a reproduction, column by column. */
export const LOG_COLUMNS = [
  ...["tables", "setup", "seeds", "best row", "machine", "commit", "fingerprint", "agreement"],
] as const;

/** Longest cell, letters: a bundle is a stranger's file. */
const LONGEST = 200;

/** The line: a row of a Markdown table with these columns. */
export function logLineOf(found: Verification): string {
  const { plan, results, origin, fingerprint } = found;
  const cells: Readonly<Record<typeof LOG_COLUMNS[number], string>> = {
    tables: plan.tables.map(({ name }) => name).join(" "),
    setup: setupOf(plan),
    seeds: plan.seeds.join(" "),
    "best row": bestOf(results) ?? "none",
    machine: several(origin.machines),
    commit: several(origin.commits),
    fingerprint,
    agreement: agreementOf(found),
  };
  const row = LOG_COLUMNS.map((column) =>
    escapedMarkdown(truncated(harmless(cells[column]), LONGEST))
  );
  return `| ${row.join(" | ")} |`;
}

/** The setup with its changes, and the data set if it is not the setup's own. */
export function setupOf({ setup, dataset }: BundlePlan): string {
  const name = nameWithChanges(setup);
  return dataset.name === setup.dataset ? name : `${name}, ${dataset.name}`;
}

/** How many cells agree, or how many problems there are. */
function agreementOf({ problems, cells }: Verification): string {
  return problems.length === 0
    ? `${count(cells, "cell")} ${cells === 1 ? "agrees" : "agree"}`
    : `does not agree: ${count(problems.length, "problem")}`;
}

/** The row with the lowest top-1 error, and its errors; undefined if none is measured. */
function bestOf(results: readonly TableResult[]): string | undefined {
  const rows = results.flatMap(({ table, rows }) =>
    rows.flatMap((result, i) => result.measured ? [{ table, result, row: i + 1 }] : [])
  );
  const [best] = rows.toSorted((a, b) => a.result.measured!.top1 - b.result.measured!.top1);
  if (best === undefined) return undefined;
  const { table, result, row } = best;
  const { top1, top5 } = result.measured!;
  return `${table.name}/${row} (${headLine(table, result)}): ${fixed(top1, 2)} % top-1` +
    (top5 === undefined ? "" : `, ${fixed(top5, 2)} % top-5`);
}

function several(values: readonly string[]): string {
  const [first = "unknown", ...others] = values;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
