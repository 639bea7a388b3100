/** A table as people read it, before it is drawn on a terminal, in Markdown, LaTeX or HTML. */
import type { FlatRecord } from "./records.ts";

/** Where the content of a cell stands. */
export type Align = "left" | "right" | "center";

/** One cell. */
export interface SheetCell {
  /** May have several lines. */
  readonly text: string;
  /** Columns that it covers; 1 if absent. */
  readonly span?: number;
  /** Its column's if absent. */
  readonly align?: Align;
  /** Whether it is the best of its kind in the table. */
  readonly best?: boolean;
  /** More about it, for where there is room or a pointer to hover with. */
  readonly detail?: string;
  /** Keys of the runs behind it. */
  readonly runs?: readonly string[];
}

/** A row, first column first. */
export type SheetRow = readonly SheetCell[];

/** A table with its words. */
export interface Sheet {
  /** As in `table3`: what its files are called. */
  readonly name: string;
  /** `Table 3: ConvNet performance at a single test scale` */
  readonly title: string;
  /** Sentences that belong under it, most important first. */
  readonly caption: readonly string[];
  /** Footnotes, each a sentence or more. */
  readonly notes: readonly string[];
  /** Alignment of each column. */
  readonly columns: readonly Align[];
  /** One row or two; a cell of the first may cover several of the second. */
  readonly header: readonly SheetRow[];
  /** Groups of rows; rules part groups, not the rows in them. */
  readonly body: readonly (readonly SheetRow[])[];
  /** The same for programs. */
  readonly records: readonly FlatRecord[];
}

/** A cell of plain text. */
export function cell(text: string, more: Omit<SheetCell, "text"> = {}): SheetCell {
  return { text, ...more };
}
