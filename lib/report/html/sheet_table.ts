/** A sheet as an HTML table; measured cells link to the details of their rows. */
import type { Align, Sheet, SheetCell, SheetRow } from "../sheet.ts";
import { h, type HtmlContent, type Markup } from "../markup.ts";
import { scrollable } from "./parts.ts";

/** Id of the details of a sheet's row, counted from 1. */
export function rowId(table: string, row: number): string {
  return `${table}-row${row}`;
}

/** Characters of a heading that may break into several lines on a narrow screen. */
const LONG = 24;

/**
 * Draws a sheet; the heading above it has the sheet's name as its id.
 *
 * @param options.isSortable whether the page's script lets readers sort it
 */
export function sheetTable(
  { name, columns, header, body }: Sheet,
  { isSortable = false }: { readonly isSortable?: boolean } = {},
): Markup {
  let row = 0;
  const label = { "aria-labelledby": name };
  return scrollable(
    label,
    h(
      "table",
      { ...label, class: isSortable ? "sortable" : undefined },
      h("thead", {}, header.map((cells, i) => headRow(cells, columns, i === header.length - 1))),
      body.map((group) =>
        h(
          "tbody",
          {},
          group.map((cells, i) =>
            bodyRow(cells, { columns, group, isFirst: i === 0, target: rowId(name, ++row) })
          ),
        )
      ),
    ),
  );
}

function headRow(cells: SheetRow, columns: readonly Align[], isLast: boolean): Markup {
  return h(
    "tr",
    {},
    placed(cells, columns).map(({ cell: { text, span = 1 }, align }) => {
      if (text === "") return h("td", { colspan: more(span) });
      const scope = isLast && span === 1 ? "col" : "colgroup";
      return h("th", { scope, colspan: more(span), class: align }, inLines(text));
    }),
  );
}

/**
 * A row of the body. A left-aligned first column is the heading of its rows; if only the first row
 * of a group has it, it spans the whole group.
 */
function bodyRow(
  cells: SheetRow,
  { columns, group, isFirst, target }: {
    readonly columns: readonly Align[];
    readonly group: readonly SheetRow[];
    readonly isFirst: boolean;
    readonly target: string;
  },
): Markup {
  const isHeaded = columns[0] === "left";
  const isShared = isHeaded && group.length > 1 &&
    group.slice(1).every(([first]) => first?.text === "");
  const [first, ...others] = placed(cells, columns);
  const heading = isHeaded && isFirst || isHeaded && !isShared
    ? h("th", {
      scope: isShared ? "rowgroup" : "row",
      rowspan: isShared ? group.length : undefined,
      class: first!.cell.text.length > LONG ? `${first!.align} long` : first!.align,
    }, inLines(first!.cell.text))
    : !isHeaded && bodyCell(first!, target);
  return h("tr", {}, heading, others.map((place) => bodyCell(place, target)));
}

function bodyCell(
  { cell: { text, span = 1, best, detail, runs }, align }: PlacedCell,
  target: string,
) {
  const words = best ? h("b", {}, inLines(text)) : inLines(text);
  return h(
    "td",
    { colspan: more(span), class: runs ? `${align} measured` : align },
    runs && runs.length > 0 ? h("a", { href: `#${target}`, title: detail }, words) : words,
  );
}

/** A cell with its alignment. */
interface PlacedCell {
  readonly cell: SheetCell;
  readonly align: Align;
}

/** Cells with their alignments. */
function placed(cells: SheetRow, columns: readonly Align[]): PlacedCell[] {
  let next = 0;
  return cells.map((cell) => {
    const at = next;
    next += cell.span ?? 1;
    return { cell, align: cell.align ?? (cell.span ? "center" : columns[at] ?? "left") };
  });
}

/** The attribute of a span; undefined for one column. */
function more(span: number): number | undefined {
  return span > 1 ? span : undefined;
}

function inLines(text: string): HtmlContent {
  return text.split("\n").map((line, i) => i === 0 ? line : [h("br", {}), line]);
}
