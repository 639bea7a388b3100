/** Details of each row of a table: numbers, comparison, command, runs. */
import type { RowResult, TableResult } from "../../results/row_result.ts";
import { displayName } from "../../experiment.ts";
import { key as keyOf } from "../../key.ts";
import type { EvaluationDetails, RunDetails } from "../run_details.ts";
import { netsOf } from "../records.ts";
import { commandFor } from "./commands.ts";
import { h, type HtmlContent, type Markup } from "../markup.ts";
import { code, definitions, details, link, percent } from "./parts.ts";
import { rangeText } from "../words.ts";
import { rowId } from "./sheet_table.ts";

/** Id of the details of a run. */
export function runId(key: string): string {
  return `run-${key}`;
}

/** Details of the measured rows of a table. */
export function rowDetails({ table, rows }: TableResult, runDetails: RunDetails): Markup {
  const byKey = new Map(runDetails.evaluations.map((evaluation) => [evaluation.key, evaluation]));
  const command = commandFor(table.name, runDetails);
  return details(
    "Runs of each row",
    rows.map((result, i) =>
      result.row.evaluations.length > 0 &&
      h(
        "details",
        { id: rowId(table.name, i + 1) },
        h("summary", {}, `Row ${i + 1}: ${rowTitle(result)}`),
        definitions([...factsOf(result), ["Command", code(command)]]),
        runsOf(result, { byKey, seeds: runDetails.seeds.length }),
      )
    ),
  );
}

/** Title of a row: its own, or its nets and methods. */
export function rowTitle({ row, protocol }: RowResult): string {
  return row.title ?? `${netsOf(row).join(" + ")}, ${protocol.methods.join(" & ")}`;
}

function factsOf(
  { row: { published = {} }, measured, intervals, seeds, comparison }: RowResult,
): (readonly [string, HtmlContent])[] {
  const facts: (readonly [string, HtmlContent])[] = [];
  if (measured) {
    const inWords = (["top1", "top5"] as const).flatMap((kind) => {
      const value = measured[kind];
      if (value === undefined) return [];
      const interval = intervals?.[kind];
      const range = interval === undefined ? "" : ` (95 %: ${rangeText(interval)})`;
      return [`${KINDS[kind]} ${percent(value)}${range}`];
    });
    facts.push(["Measured", inWords.join(", ")]);
  } else facts.push(["Measured", comparison?.status === "left out" ? "left out" : "not yet"]);
  if (seeds.length > 1) {
    facts.push(["Seeds, top-1", seeds.map(({ top1 }) => percent(top1)).join(", ")]);
  }
  const printed = (["top1", "top5", "testTop5"] as const).flatMap((kind) => {
    const value = published[kind];
    return typeof value === "number" ? [`${KINDS[kind]} ${percent(value)}`] : [];
  });
  if (printed.length > 0) facts.push(["Published", printed.join(", ")]);
  if (comparison) {
    facts.push(["Comparison", [h("b", {}, comparison.status), `. ${comparison.reason}`]]);
  }
  return facts;
}

const KINDS = { top1: "top-1", top5: "top-5", testTop5: "top-5 test" } as const;

/** The evaluations of a row, net by net. */
function runsOf(
  { row: { evaluations }, runs }: RowResult,
  { byKey, seeds }: {
    readonly byKey: ReadonlyMap<string, EvaluationDetails>;
    readonly seeds: number;
  },
): HtmlContent {
  const nets = Map.groupBy(
    runs.flatMap((key) => byKey.get(key) ?? []),
    ({ run, context }) => `${keyOf(run.net, context)} ${run.method}`,
  );
  const mean = evaluations.length > 1
    ? `The mean posterior of ${evaluations.length} tests`
    : "One test";
  return [
    h("p", {}, mean, seeds > 1 && ", for each seed", ":"),
    h(
      "ul",
      {},
      [...nets.values()].map((tests) => {
        const { run: { net, method }, context: { seed } } = tests[0]!;
        return h(
          "li",
          {},
          `${displayName(net)}${seeds > 1 ? `, seed ${seed}` : ""}, ${method}, at Q = `,
          tests.map(({ key, run: { Q } }, i) => [i > 0 && ", ", link(runId(key), Q)]),
        );
      }),
    ),
  ];
}
