/** A table before it is drawn on a terminal or in Markdown, LaTeX or HTML. */
import type { PaperWords } from "./paper_words.ts";
import type { FlatRecord } from "./records.ts";

/** Horizontal alignment of a cell. */
export type Align = "left" | "right" | "center";

/** One cell. */
export interface SheetCell {
  /** May have several lines. */
  readonly text: string;
  /** Number of columns that it spans; 1 if absent. */
  readonly span?: number;
  /** The column's alignment if absent. */
  readonly align?: Align;
  /** Whether it is the lowest error of its column. */
  readonly best?: boolean;
  /** More information, for a tooltip. */
  readonly detail?: string;
  /** Keys of the evaluations that it was computed from. */
  readonly runs?: readonly string[];
}

/** A row, first column first. */
export type SheetRow = readonly SheetCell[];

/** A table with its title, caption and footnotes. */
export interface Sheet {
  /** The base name of its files, as in `table3`. */
  readonly name: string;
  /** `Table 3: ConvNet performance at a single test scale` */
  readonly title: string;
  /** Sentences below the table, most important first. */
  readonly caption: readonly string[];
  /** Footnotes, each of one sentence or more. */
  readonly notes: readonly string[];
  /** What LaTeX has in place of caption and notes; without it, the notes under the table are both. */
  readonly paper?: PaperWords;
  /** Alignment of each column. */
  readonly columns: readonly Align[];
  /** One row or two; a cell of the first may span several of the second. */
  readonly header: readonly SheetRow[];
  /** Groups of rows, with rules between groups. */
  readonly body: readonly (readonly SheetRow[])[];
  /** The same content for CSV and JSON. */
  readonly records: readonly FlatRecord[];
}

/** A cell of plain text. */
export function cell(text: string, more: Omit<SheetCell, "text"> = {}): SheetCell {
  return { text, ...more };
}
