/** Letters and footnotes of a sheet as a paper has them: superscripts of numbers and of headings. */
import type { Align, Sheet, SheetCell, SheetRow } from "./sheet.ts";

/** A cell in a paper. */
export interface PaperCell extends SheetCell {
  /** Set small and high, close to the cell before it. */
  readonly isSuperscript?: boolean;
  /** A footnote after its last word. */
  readonly footnote?: string;
}

/** A row of such cells. */
export type PaperRow = readonly PaperCell[];

/** The columns and rows of a table in a paper. */
export interface PaperTable {
  readonly columns: readonly Align[];
  /** The column that has superscripts of the column before it, if there is one. */
  readonly superscripts: number | undefined;
  readonly header: readonly PaperRow[];
  readonly body: readonly (readonly PaperRow[])[];
}

/** A sheet's letters right after their numbers, and its footnotes at their headings. */
export function asInPaper({ columns, header, body, paper }: Sheet): PaperTable {
  const noted = header.map((row, i) => i === header.length - 1 ? withNotes(row, paper) : row);
  const letters = paper?.letters;
  if (letters === undefined) return { columns, superscripts: undefined, header: noted, body };
  const { from, to } = letters;
  return {
    columns: [
      ...columns.slice(0, to + 1),
      "left",
      ...columns.slice(to + 1).filter((_, i) => i + to + 1 !== from),
    ],
    superscripts: to + 1,
    header: noted.map((row) => widened(row, letters)),
    body: body.map((rows) => rows.map((row) => moved(row, letters))),
  };
}

function withNotes(row: SheetRow, paper: Sheet["paper"]): PaperRow {
  return placed(row).map(({ at, cell }) => {
    const footnote = paper?.footnotes.find(({ column }) => column === at)?.text;
    return footnote === undefined ? cell : { ...cell, footnote };
  });
}

/** A row of headings without that of the letters; what is above the numbers is above both. */
function widened(row: PaperRow, { from, to }: { readonly from: number; readonly to: number }) {
  return placed(row).filter(({ at }) => at !== from).map(({ at, cell }) => {
    const { span = 1 } = cell;
    if (to < at || to >= at + span) return cell;
    return { ...cell, span: span + 1, align: cell.align ?? "right" };
  });
}

/** A row whose letters follow their number. */
function moved(row: SheetRow, { from, to }: { readonly from: number; readonly to: number }) {
  const cells = placed(row);
  const letters = cells.find(({ at }) => at === from)?.cell;
  return cells.filter(({ at }) => at !== from).flatMap(({ at, cell }): PaperRow => {
    const { span = 1 } = cell;
    if (at === to && span === 1) return [cell, { text: letters?.text ?? "", isSuperscript: true }];
    return [to < at || to >= at + span ? cell : { ...cell, span: span + 1 }];
  });
}

/** The cells of a row with the column where each begins. */
function placed(row: PaperRow): { readonly at: number; readonly cell: PaperCell }[] {
  let next = 0;
  return row.map((cell) => {
    const at = next;
    next += cell.span ?? 1;
    return { at, cell };
  });
}
