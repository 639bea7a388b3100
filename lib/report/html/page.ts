/** The report as one self-contained page: no network, no other files, readable without scripts. */
import { createHash } from "node:crypto";
import type { TableResult } from "../../results/row_result.ts";
import { riseAtDrop } from "../../results/losses.ts";
import type { RunDetails } from "../run_details.ts";
import { bestRow } from "../mistakes.ts";
import type { PicturedMistake } from "../pictures.ts";
import type { Figures } from "../plots/mod.ts";
import type { Sheet } from "../sheet.ts";
import { classSection, confusionSection, mistakeSection } from "./classes.ts";
import { commandFor } from "./commands.ts";
import { departureTable, publishedWords, summary } from "./facts.ts";
import { h, type HtmlContent, raw } from "../markup.ts";
import palette from "../palette.css" with { type: "text" };
import css from "./page.css" with { type: "text" };
import script from "./page_script.js" with { type: "text" };
import { code, details, link, plots } from "./parts.ts";
import { rowDetails, rowTitle } from "./rows.ts";
import { rowId, sheetTable } from "./sheet_table.ts";
import { trainingCards } from "./trainings.ts";

/** Content of a page. */
export interface PageContent {
  /** In the order of the page; the sheet of a result has the name of its table. */
  readonly sheets: readonly Sheet[];
  readonly results: readonly TableResult[];
  readonly runDetails: RunDetails;
  readonly figures: Figures;
  readonly mistakes: readonly PicturedMistake[];
  /** Licences and attributions of the pictures. */
  readonly credits?: string;
}

/** A section of the page with a heading. */
export interface PageSection {
  readonly id: string;
  readonly title: string;
  readonly content: HtmlContent;
}

const TITLE = "Very deep convolutional networks, measured again";
const PAPER = "K. Simonyan and A. Zisserman, Very Deep Convolutional Networks for Large-Scale " +
  "Image Recognition, arXiv 1409.1556";

/** The page may load nothing but its own content. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
  `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`;

/** The page as the text of a file. */
export function page(content: PageContent): string {
  const { results, runDetails } = content;
  const [first] = results;
  const sections = pageSections(content);
  const title = first === undefined
    ? TITLE
    : `${TITLE}: ${first.setup.name} on ${first.dataset.name}`;
  return wholePage({
    ...{ title, heading: TITLE, sections, summary: summary(results, runDetails) },
    footer: h(
      "footer",
      {},
      h("p", {}, "Made by verydeep: ", code(commandFor("report", runDetails)), "."),
    ),
  });
}

/** What a whole page is made of. */
export interface WholePage {
  /** Of the window, and above the page. */
  readonly title: string;
  readonly heading: string;
  /** Below the heading. */
  readonly summary: HtmlContent;
  readonly sections: readonly PageSection[];
  readonly footer?: HtmlContent;
}

/**
 * A page of sections behind a list of them, with its style and script, as the text of a file. It may load
 * nothing else.
 */
export function wholePage(
  { title, heading, summary, sections, footer }: WholePage,
): string {
  const body = [
    h("a", { class: "skip", href: "#summary" }, "To the report"),
    h("header", { id: "summary" }, h("h1", {}, heading), summary),
    h(
      "nav",
      { "aria-labelledby": "contents" },
      h("h2", { id: "contents" }, "Contents"),
      h("ol", {}, sections.map(({ id, title }) => h("li", {}, link(id, title)))),
    ),
    h(
      "main",
      {},
      sections.map(({ id, title, content }) =>
        h("section", { "aria-labelledby": id }, h("h2", { id }, title), content)
      ),
    ),
    footer,
  ];
  const head = h(
    "head",
    {},
    h("meta", { charset: "utf-8" }),
    h("meta", { "http-equiv": "Content-Security-Policy", "content": POLICY }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "color-scheme", content: "light dark" }),
    h("title", {}, title),
    h("style", {}, raw(palette + css)),
  );
  const whole = h("html", { lang: "en" }, head, h("body", {}, body, h("script", {}, raw(script))));
  return `<!doctype html>\n${whole.markup}`;
}

function pageSections(content: PageContent): PageSection[] {
  const { sheets, results, runDetails, figures } = content;
  const section = (id: string, title: string, ...content: HtmlContent[]) => ({
    id,
    title,
    content,
  });
  return [
    ...sheets.map((sheet) => section(sheet.name, sheet.title, sheetContent(sheet, content))),
    ...figures.published.length > 0
      ? [section(
        "published",
        "Measured against published",
        publishedWords(results),
        plots(figures.published),
      )]
      : [],
    ...figures.depth.length > 0
      ? [section("depth", "Error against depth and cost", plots(figures.depth))]
      : [],
    ...figures.scales.length > 0
      ? [section("scale", "Error against test scale", plots(figures.scales))]
      : [],
    section(
      "nets",
      "Nets and learning curves",
      plots(figures.losses),
      runDetails.trainings.some(({ log }) => riseAtDrop(log) !== undefined) &&
        h(
          "p",
          { class: "words" },
          "Dotted lines: the learning rate is divided. Why a loss rises there is said at its net.",
        ),
      trainingCards(runDetails, figures.learning),
    ),
    ...sectionsOfBest(content),
    section(
      "departures",
      "Departures from the paper",
      departureTable(results[0]?.departures ?? []),
      h("p", { class: "words" }, `The paper: ${PAPER}.`),
    ),
  ];
}

function sheetContent(sheet: Sheet, { results, runDetails }: PageContent): HtmlContent {
  const { name, caption, notes } = sheet;
  const result = results.find(({ table }) => table.name === name);
  return [
    sheetTable(sheet, { isSortable: result !== undefined }),
    caption.length > 0 && h("p", { class: "words" }, caption.join(" ")),
    notes.length > 0 && details("Footnotes", notes.map((note) => h("p", {}, note))),
    result && rowDetails(result, runDetails),
  ];
}

/** Sections about the row with the lowest error. */
function sectionsOfBest(
  { results, runDetails: { classes, seeds }, figures, mistakes, credits }: PageContent,
): PageSection[] {
  const best = bestRow(results);
  if (best === undefined) return [];
  const { result, table, row } = best;
  const [, number] = /^table(\d+)$/.exec(table.name) ?? [];
  const name = number ? `Table ${number}` : table.caption;
  const which = link(rowId(table.name, row), `${name}, row ${row}: ${rowTitle(result)}`);
  const of = (more: string) =>
    h("p", {}, "Of the row with the lowest top-1 error, ", which, `${more}.`);
  const all = seeds.length > 1 ? `; all ${seeds.length} seeds` : "";
  const one = seeds.length > 1 ? `; seed ${seeds[0]}` : "";
  return [
    {
      id: "classes",
      title: "Errors by class",
      content: [of(all), classSection(result, classes, figures)],
    },
    {
      id: "confusions",
      title: "Confusions",
      content: [of(all), confusionSection(result, classes, figures)],
    },
    {
      id: "mistakes",
      title: "Most confident mistakes",
      content: [
        of(`${one}. True class, then predicted class and its posterior`),
        mistakeSection(mistakes, classes, credits),
      ],
    },
  ];
}
