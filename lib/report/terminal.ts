/** Sheets on a terminal: a ruled table, then its words, in lines that fit on 80 columns. */
import { Cell as TableCell, Table } from "@cliffy/table";
import { fold } from "./fold.ts";
import { narrowed } from "./narrow.ts";
import type { Align, Sheet, SheetRow } from "./sheet.ts";

/** Columns of a terminal. */
const WIDTH = 80;
/** Texts are broken to fit, but not into columns that are narrower than this. */
const NARROWEST = 16;

/** Draws a sheet. */
export function terminal(sheet: Sheet): string {
  const { title, caption, notes } = sheet;
  const words = [...caption, ...notes].flatMap((text) => fold(text));
  return [title, drawn(sheet, WIDTH), ...words].join("\n");
}

/** The table, with texts of at most `most` characters, or of fewer where it is too wide. */
function drawn(sheet: Sheet, most: number): string {
  const { columns, header, body } = sheet;
  const narrow = (row: SheetRow) => narrowed(row, columns, most);
  const rows = body.flatMap((group) => bands(group.map(narrow))).map(stacked);
  const [top = [], ...others] = [...header.map(narrow), ...rows].map((row) =>
    cellsOf(row, columns)
  );
  const text = new Table().header(top).body(others).border().toString();
  const fits = text.indexOf("\n") <= WIDTH || most <= NARROWEST;
  return fits ? text : drawn(sheet, most - 1);
}

/** A group's rows in bands whose cells cover the same columns. */
function bands(rows: readonly SheetRow[]): SheetRow[][] {
  const bands: SheetRow[][] = [];
  const spans = (row: SheetRow | undefined) => row?.map(({ span = 1 }) => span).join();
  for (const row of rows) {
    if (spans(bands.at(-1)?.[0]) === spans(row)) bands.at(-1)!.push(row);
    else bands.push([row]);
  }
  return bands;
}

/** The rows of a band as one, so that no rule parts them. */
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
