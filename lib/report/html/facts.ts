/** Facts about a whole report: data, setup, departures from the paper. */
import type { Departure, TableResult } from "../../results/row_result.ts";
import type { RunDetails } from "../run_details.ts";
import { commandFor } from "./commands.ts";
import { h, type HtmlContent } from "../markup.ts";
import { code, link, plainTable } from "./parts.ts";
import { formatNumber } from "../../numbers.ts";

/** The summary at the top of the page. */
export function summary([first]: readonly TableResult[], runDetails: RunDetails): HtmlContent {
  if (first === undefined) return h("p", {}, "The report has no tables.");
  const { setup, dataset, departures, doubts = [] } = first;
  const { trainings, evaluations, seeds } = runDetails;
  const done = (runs: readonly { readonly state: string }[]) =>
    `${runs.filter(({ state }) => state === "done").length} of ${runs.length}`;
  const facts: [string, HtmlContent][] = [
    ["Setup", [h("b", {}, setup.name), `: ${setup.note}`]],
    [
      "Data",
      `${dataset.name}, ${formatNumber(dataset.classes)} classes, ${
        formatNumber(dataset.images)
      } ` +
      "validation images",
    ],
    ...doubts.length > 0 ? [["Doubts about the data", doubts.join(" ")] as [string, string]] : [],
    ["Arithmetic", setup.train.precision],
    [seeds.length > 1 ? "Seeds" : "Seed", seeds.join(", ")],
    ["Runs done", `${done(trainings)} trainings, ${done(evaluations)} tests`],
    ["Command", code(commandFor("reproduce-all", runDetails))],
  ];
  return [
    h(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
    departures.length > 0 && h(
      "p",
      {},
      "Published numbers are the paper's, on ImageNet. Measured numbers have another protocol (",
      link("departures", `${departures.length} departures`),
      "): compare them with each other, not with the published column.",
    ),
    h(
      "p",
      {},
      "Bold marks the lowest measured error of a column. Each measured number links to its runs.",
    ),
  ];
}

/** Every field of the setup that differs from the paper. */
export function departureTable(departures: readonly Departure[]): HtmlContent {
  if (departures.length === 0) return h("p", {}, "None: this is the paper's own setup.");
  return plainTable(departures.map(({ field, paper, here }) => [code(field), paper, here]), {
    label: "Departures from the paper",
    columns: { "field": "left", "the paper": "left", "here": "left" },
  });
}

/** A warning where the numbers of the scatter plot are not comparable. */
export function publishedWords(results: readonly TableResult[]): HtmlContent {
  const isOther = results.flatMap(({ rows }) => rows)
    .some(({ comparison }) => comparison?.status === "protocol differs");
  if (!isOther) return undefined;
  const { setup, dataset } = results[0]!;
  return h(
    "p",
    {},
    h("strong", {}, "Not comparable. "),
    `Measured on ${dataset.name} with ${formatNumber(dataset.classes)} classes under the setup ` +
      `“${setup.name}”, published on ILSVRC-2012 with 1,000. Compare the order of the rows, not ` +
      "their distances from the dashed line.",
  );
}
