/** Sheets on a terminal: a ruled table, then caption and notes, in at most 80 columns. */
import { Cell as TableCell, Table } from "@cliffy/table";
import { unicodeWidth } from "@std/cli/unicode-width";
import { fold } from "./fold.ts";
import { narrowed } from "./narrow.ts";
import type { Align, Sheet, SheetRow } from "./sheet.ts";

/** Width of a terminal, columns. */
const WIDTH = 80;
/** Narrowest column into which texts are broken. */
const NARROWEST = 16;

/** Draws a sheet. Several notes are separated by empty lines. */
export function terminal(sheet: Sheet): string {
  return [sheet.title, drawn(sheet), ...wordsOf(sheet)].join("\n");
}

/** Draws sheets one below the other. Sentences that all of them share are printed once, at the end. */
export function terminals(sheets: readonly Sheet[]): string {
  const worded = sheets.filter(({ caption, notes }) => caption.length + notes.length > 0);
  const isShared = (text: string) =>
    worded.length > 1 &&
    worded.every(({ caption, notes }) => caption.includes(text) || notes.includes(text));
  const own = (texts: readonly string[]) => texts.filter((text) => !isShared(text));
  const parts = sheets.map((sheet) =>
    terminal({ ...sheet, caption: own(sheet.caption), notes: own(sheet.notes) })
  );
  const [{ caption, notes } = { caption: [], notes: [] }] = worded;
  const shared = { caption: caption.filter(isShared), notes: notes.filter(isShared) };
  return [...parts, wordsOf(shared).join("\n")].filter((part) => part !== "").join("\n\n");
}

/** Caption and notes in lines. */
function wordsOf({ caption, notes }: Pick<Sheet, "caption" | "notes">): string[] {
  const apart = notes.length > 1 ? [""] : [];
  return [
    ...caption.flatMap((text) => fold(text)),
    ...notes.flatMap((text) => [...apart, ...fold(text)]),
  ];
}

/** The table. It is fitted before it is drawn, as drawing cells of many lines is slow. */
function drawn(sheet: Sheet): string {
  const { columns, header, body } = fitted(sheet, WIDTH);
  const rows = body.flatMap((group) => bands(group)).map(stacked);
  const [top = [], ...others] = [...header, ...rows].map((row) => cellsOf(row, columns));
  return new Table().header(top).body(others).border().toString();
}

/** The sheet with texts of at most `most` characters a line, or fewer until it fits. */
function fitted(sheet: Sheet, most: number): Sheet {
  const narrow = (row: SheetRow) => narrowed(row, sheet.columns, most);
  const [header, body] = [sheet.header.map(narrow), sheet.body.map((group) => group.map(narrow))];
  const fits = widthOf([...header, ...body.flat()]) <= WIDTH;
  return fits || most <= NARROWEST ? { ...sheet, header, body } : fitted(sheet, most - 1);
}

/** Width of a ruled line; cells that span several columns do not count. */
function widthOf(rows: readonly SheetRow[]): number {
  const widths: number[] = [];
  for (const row of rows) {
    let at = 0;
    for (const { text, span = 1 } of row) {
      const longest = Math.max(...text.split("\n").map(unicodeWidth));
      widths[at] = Math.max(widths[at] ?? 0, span === 1 ? longest : 0);
      at += span;
    }
  }
  return widths.reduce((sum, width) => sum + width + "│  ".length, "│".length);
}

/** Splits a group into bands of rows whose cells span the same columns. */
function bands(rows: readonly SheetRow[]): SheetRow[][] {
  const bands: SheetRow[][] = [];
  const spans = (row: SheetRow | undefined) => row?.map(({ span = 1 }) => span).join();
  for (const row of rows) {
    if (spans(bands.at(-1)?.[0]) === spans(row)) bands.at(-1)!.push(row);
    else bands.push([row]);
  }
  return bands;
}

/** Joins the rows of a band into one row, so that no rules are drawn between them. */
function stacked(rows: readonly SheetRow[]): SheetRow {
  const heights = rows.map((row) => Math.max(...row.map(({ text }) => text.split("\n").length)));
  return rows[0]!.map((first, column) => {
    const lines = rows.flatMap((row, i) => {
      const own = row[column]!.text.split("\n");
      return [...own, ...Array<string>(heights[i]! - own.length).fill("")];
    });
    return { ...first, text: lines.join("\n") };
  });
}

function cellsOf(row: SheetRow, columns: readonly Align[]): TableCell[] {
  let at = 0;
  return row.map(({ text, span = 1, align }) => {
    const own = align ?? columns[at] ?? "left";
    at += span;
    return new TableCell(text).colSpan(span).align(own);
  });
}
