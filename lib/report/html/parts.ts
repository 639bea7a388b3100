/** HTML elements that the sections of a page share. */
import type { Figure } from "../plots/mod.ts";
import { h, type HtmlContent, type Markup, raw } from "../markup.ts";

/** Headings of a plain table, first column first, with the alignment of their columns. */
export type PlainColumns = Readonly<Record<string, "left" | "right">>;

/** A table of plain cells; the first cell of a row is its heading. A wide table scrolls. */
export function plainTable(
  rows: readonly (readonly HtmlContent[])[],
  { label, columns, ids = [], caption }: {
    /** Name for screen readers. */
    readonly label: string;
    readonly columns: PlainColumns;
    /** Ids of the rows. */
    readonly ids?: readonly string[];
    readonly caption?: string;
  },
): Markup {
  const headings = Object.entries(columns);
  const classOf = (column: number) => headings[column]![1];
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
          headings.map(([title, align]) => h("th", { scope: "col", class: align }, title)),
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

/** Wide content that scrolls by itself, with pointer or keyboard. */
export function scrollable(name: Readonly<Record<string, string>>, content: HtmlContent): Markup {
  return h("div", { class: "scroll", role: "region", tabindex: 0, ...name }, content);
}

/** Terms with their definitions. */
export function definitions(facts: readonly (readonly [string, HtmlContent])[]): Markup {
  return h("dl", {}, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** Content that a reader can unfold. */
export function details(summary: HtmlContent, ...content: readonly HtmlContent[]): Markup {
  return h("details", {}, h("summary", {}, summary), ...content);
}

/** Plots side by side, with their titles as captions. */
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

/** Inline code. */
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
