/** Parts that sections of a page have in common. */
import type { Figure } from "../plots/mod.ts";
import { h, type HtmlContent, type Markup, raw } from "../markup.ts";

/** A column of a plain table. */
export interface PlainColumn {
  readonly title: string;
  readonly align: "left" | "right";
}

/** Rows of plain cells; the first of each is its heading. Too wide a table can be scrolled. */
export function plainTable(
  rows: readonly (readonly HtmlContent[])[],
  { label, columns, ids = [], caption }: {
    /** What it is called for those who do not see it. */
    readonly label: string;
    readonly columns: readonly PlainColumn[];
    /** Names of the rows within the page. */
    readonly ids?: readonly string[];
    readonly caption?: string;
  },
): Markup {
  const classOf = (column: number) => columns[column]!.align;
  return scrollable(
    { "aria-label": label },
    h(
      "table",
      {},
      caption !== undefined && h("caption", {}, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map(({ title, align }) => h("th", { scope: "col", class: align }, title)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((cells, row) =>
          h(
            "tr",
            { id: ids[row] },
            cells.map((content, i) =>
              i === 0
                ? h("th", { scope: "row", class: classOf(i) }, content)
                : h("td", { class: classOf(i) }, content)
            ),
          )
        ),
      ),
    ),
  );
}

/** Something wide that is scrolled by itself, with a pointer or the keyboard. */
export function scrollable(name: Readonly<Record<string, string>>, content: HtmlContent): Markup {
  return h("div", { class: "scroll", role: "region", tabindex: 0, ...name }, content);
}

/** Names and what they stand for. */
export function definitions(facts: readonly (readonly [string, HtmlContent])[]): Markup {
  return h("dl", {}, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** What a reader may open. */
export function details(summary: HtmlContent, ...content: readonly HtmlContent[]): Markup {
  return h("details", {}, h("summary", {}, summary), ...content);
}

/** Plots side by side, as many as there is room for; captions are their titles. */
export function plots(
  figures: readonly Figure[],
  { captions = true, beside }: { readonly captions?: boolean; readonly beside?: HtmlContent } = {},
): HtmlContent {
  if (figures.length === 0) return beside;
  return h(
    "div",
    { class: "plots" },
    figures.map(({ title, svg }) =>
      h("figure", {}, captions && h("figcaption", {}, title), raw(svg))
    ),
    beside,
  );
}

/** Code in a line. */
export function code(text: string): Markup {
  return h("code", {}, text);
}

/** A link within the page. */
export function link(id: string, content: HtmlContent): Markup {
  return h("a", { href: `#${id}` }, content);
}

/** A share or an error: `17.4 %`. */
export function percent(value: number): string {
  return `${value.toFixed(1)} %`;
}
