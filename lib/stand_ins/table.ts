/**
 * Tables on a terminal: the part of JSR's `@cliffy/table` that this project uses, with the same
 * calls and the same output, drawn by npm's cli-table3. Where JSR can be reached, one line of
 * deno.json brings in the real one.
 *
 * @module
 */
import { unicodeWidth } from "@std/cli/unicode-width";
import CliTable from "cli-table3";

/** Where the content of a cell stands in its column. */
export type Direction = "left" | "right" | "center";

/** What a cell may be made of. */
export type CellType = string | number | Cell;

/** A row, first column first; missing cells at its end are empty. */
export type RowType = CellType[];

/** How the cells of one column look. The header stays left-aligned. */
export interface ColumnOptions {
  align?: Direction;
}

/** A cell that has its own alignment or covers several columns. */
export class Cell {
  #span = 1;
  #align: Direction | undefined;

  constructor(private readonly value: string | number) {}

  /** Makes a cell of a value; a cell stays what it is. */
  static from(value: CellType): Cell {
    return value instanceof Cell ? value : new Cell(value);
  }

  /** Covers `span` columns. */
  colSpan(span: number): this {
    this.#span = span;
    return this;
  }

  /** Aligns the content. */
  align(direction: Direction): this {
    this.#align = direction;
    return this;
  }

  getColSpan(): number {
    return this.#span;
  }

  getAlign(): Direction | undefined {
    return this.#align;
  }

  toString(): string {
    return String(this.value);
  }
}

/** Spaces on each side of a cell's content. */
const PADDING = 1;

/** Rows of cells. Content may have several lines; a column is as wide as its longest one. */
export class Table<TRow extends RowType = RowType> {
  #header: RowType | undefined;
  #body: TRow[] = [];
  #border = false;
  #columns: ColumnOptions[] = [];

  /** Sets the row that stands above all others. */
  header(header: RowType): this {
    this.#header = header;
    return this;
  }

  /** Sets all other rows. */
  body(rows: TRow[]): this {
    this.#body = rows;
    return this;
  }

  /** Draws lines around all cells. Tables without them are not among what is implemented here. */
  border(): this {
    this.#border = true;
    return this;
  }

  /** Sets the options of all columns, first to last. */
  columns(columns: ColumnOptions[]): this {
    this.#columns = columns;
    return this;
  }

  /**
   * The table as text, without a line break at its end.
   *
   * @throws {TypeError} `border()` was not called.
   */
  toString(): string {
    if (!this.#border) throw new TypeError("Cannot draw a table without lines: call border()");
    const rows: RowType[] = this.#header ? [this.#header, ...this.#body] : this.#body;
    const cells = rows.map((row) => row.map(Cell.from));
    const count = Math.max(0, ...cells.map(columnsOf));
    if (count === 0) return "";
    for (const row of cells) while (columnsOf(row) < count) row.push(new Cell(""));

    const widths = Array.from({ length: count }, (_, column) => widthOf(column, cells));
    const drawn: DrawnCell[][] = [];
    // A row of several lines is drawn as several rows, without the rules between them: cli-table3
    // takes a time that grows with the cube of a cell's lines.
    const isFirst: boolean[] = [];
    // plain lines below a row's first one, which are written here: a listing of a thousand runs has many
    const below = new Map<number, string[]>();
    for (const [index, row] of cells.entries()) {
      let at = 0;
      const columns = row.map((cell) => {
        const own = index === 0 && this.#header ? undefined : this.#columns[at]?.align;
        at += cell.getColSpan();
        return {
          lines: cell.toString().split("\n"),
          look: { colSpan: cell.getColSpan(), hAlign: cell.getAlign() ?? own ?? "left" },
        };
      });
      const height = columns.reduce((most, { lines }) => Math.max(most, lines.length), 0);
      const isPlain = columns.every(({ look: { colSpan, hAlign } }) =>
        colSpan === 1 && hAlign !== "center"
      );
      if (isPlain) {
        drawn.push(columns.map(({ lines, look }) => ({ content: lines[0] ?? "", ...look })));
        isFirst.push(true);
        below.set(
          drawn.length - 1,
          Array.from({ length: height - 1 }, (_, i) => {
            const texts = columns.map(({ lines, look: { hAlign } }, column) =>
              padded(lines[i + 1] ?? "", widths[column]!, hAlign)
            );
            return `│ ${texts.join(" │ ")} │`;
          }),
        );
        continue;
      }
      for (let line = 0; line < height; line++) {
        drawn.push(columns.map(({ lines, look }) => ({ content: lines[line] ?? "", ...look })));
        isFirst.push(line === 0);
      }
    }
    // every second line is a rule, the last one too
    return linesOf(drawn, widths).flatMap((line, i) =>
      i % 2 === 1 ? [line, ...below.get((i - 1) / 2) ?? []] : isFirst[i / 2] === false ? [] : [line]
    ).join("\n");
  }
}

/** A text in a column, at its left or right. */
function padded(text: string, width: number, align: Direction): string {
  const space = " ".repeat(Math.max(0, width - unicodeWidth(text)));
  return align === "right" ? space + text : text + space;
}

/** A cell of one line as cli-table3 takes it. */
interface DrawnCell {
  readonly content: string;
  readonly colSpan: number;
  readonly hAlign: Direction;
}

/** Rows that are drawn at once: cli-table3 takes a time that grows with their square. */
const PART = 50;

/** The lines of a table: a rule, then each row with a rule below it. Parts share a row, and its rules. */
function linesOf(rows: readonly DrawnCell[][], widths: readonly number[]): string[] {
  const lines: string[] = [];
  for (let from = 0; from === 0 || from < rows.length - 1; from += PART) {
    const table = new CliTable({
      colWidths: widths.map((width) => width + 2 * PADDING),
      style: { head: [], border: [], "padding-left": PADDING, "padding-right": PADDING },
    });
    table.push(...rows.slice(from, from + PART + 1));
    const own = table.toString().split("\n");
    // the first row of a later part was drawn as the last one of the part before
    const isLast = from + PART + 1 >= rows.length;
    lines.push(...own.slice(from === 0 ? 0 : 2, isLast ? undefined : -1));
  }
  return lines;
}

/** Columns that a row covers. */
function columnsOf(row: readonly Cell[]): number {
  return row.reduce((count, cell) => count + cell.getColSpan(), 0);
}

/** Characters of the longest line in a column; cells that cover several columns do not count. */
function widthOf(column: number, rows: readonly Cell[][]): number {
  let width = 0;
  for (const row of rows) {
    let at = 0;
    for (const cell of row) {
      if (at === column && cell.getColSpan() === 1) {
        width = Math.max(width, ...cell.toString().split("\n").map(unicodeWidth));
      }
      at += cell.getColSpan();
    }
  }
  return width;
}
