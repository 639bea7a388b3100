/**
 * Tables on a terminal: the part of JSR's `@cliffy/table` that this project uses, with the same
 * calls and the same output, drawn by npm's cli-table3. Where JSR can be reached, one line of
 * deno.json brings in the real one.
 *
 * @module
 */
import CliTable from "cli-table3";

/** Where the content of a cell stands in its column. */
export type Direction = "left" | "right" | "center";

/** What a cell may be made of. */
export type CellType = string | number | Cell;

/** A row, first column first; missing cells at its end are empty. */
export type RowType = CellType[];

/** How the cells of one column look. The header keeps to the table's alignment. */
export interface ColumnOptions {
  align?: Direction;
  minWidth?: number;
  maxWidth?: number;
}

/** A cell that has its own alignment or covers several columns. */
export class Cell {
  #span = 1;
  #align: Direction | undefined;

  constructor(private readonly value: string | number) {}

  /** Makes a cell of a value; a copy of a cell. */
  static from(value: CellType): Cell {
    if (!(value instanceof Cell)) return new Cell(value);
    const copy = new Cell(value.value);
    copy.#span = value.#span;
    copy.#align = value.#align;
    return copy;
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

/** Rows of cells. Content may have several lines; a column is as wide as its longest one. */
export class Table<TRow extends RowType = RowType> extends Array<TRow> {
  #header: RowType | undefined;
  #border = false;
  #align: Direction = "left";
  #padding = 1;
  #indent = 0;
  #maxColWidth = Infinity;
  #columns: ColumnOptions[] = [];

  /** Makes a table of rows. */
  static override from<TRow extends RowType>(rows: Iterable<TRow> | ArrayLike<TRow>): Table<TRow> {
    const table = new Table<TRow>();
    table.push(...Array.from(rows));
    return table;
  }

  /** Sets the row that stands above all others. */
  header(header: RowType): this {
    this.#header = header;
    return this;
  }

  /** Replaces all rows. */
  body(rows: TRow[]): this {
    this.length = 0;
    this.push(...rows);
    return this;
  }

  /** Draws lines around all cells, or none. */
  border(enable = true): this {
    this.#border = enable;
    return this;
  }

  /** Aligns all cells that are not aligned by themselves or by their column. */
  align(direction: Direction): this {
    this.#align = direction;
    return this;
  }

  /** Sets the spaces beside the content of a cell; without a border only those between cells. */
  padding(padding: number): this {
    this.#padding = padding;
    return this;
  }

  /** Moves the table to the right. */
  indent(width: number): this {
    this.#indent = width;
    return this;
  }

  /** Breaks lines that are longer, between words where it can. */
  maxColWidth(width: number): this {
    this.#maxColWidth = width;
    return this;
  }

  /** Sets the options of all columns, first to last. */
  columns(columns: ColumnOptions[]): this {
    this.#columns = columns.map((options) => ({ ...options }));
    return this;
  }

  /** Changes options of one column. */
  column(index: number, options: ColumnOptions): this {
    this.#columns[index] = { ...this.#columns[index], ...options };
    return this;
  }

  /** The table as text, without a line break at its end. */
  override toString(): string {
    const rows: RowType[] = this.#header ? [this.#header, ...this] : [...this];
    const cells = rows.map((row) => row.map(Cell.from));
    const count = Math.max(0, ...cells.map(columnsOf));
    if (count === 0) return "";
    for (const row of cells) while (columnsOf(row) < count) row.push(new Cell(""));

    const widths = Array.from({ length: count }, (_, column) => this.#width(column, cells));
    // Borders take one character and the padding both sides; the last column needs no gap.
    const gap = this.#border ? 2 * this.#padding : this.#padding;
    const table = new CliTable({
      chars: this.#border ? {} : withoutBorder(gap),
      colWidths: widths.map((width, column) =>
        this.#border ? width + gap : width + (column < count - 1 ? Math.max(gap - 1, 0) : 0)
      ),
      style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    });
    // A row of several lines is drawn as several rows, without the rules between them: cli-table3
    // takes a time that grows with the cube of a cell's lines.
    const isFirst: boolean[] = [];
    for (const [index, row] of cells.entries()) {
      let at = 0;
      const columns = row.map((cell) => {
        const column = at;
        at += cell.getColSpan();
        const own = index === 0 && this.#header ? undefined : this.#columns[column]?.align;
        const covered = widths.slice(column, at);
        const between = this.#border ? gap + 1 : gap;
        const width = covered.reduce((a, b) => a + b) + (covered.length - 1) * between;
        return {
          lines: wrap(cell.toString(), width),
          look: {
            colSpan: cell.getColSpan(),
            hAlign: cell.getAlign() ?? own ?? this.#align,
            style: {
              "padding-left": this.#border ? this.#padding : 0,
              "padding-right": this.#border
                ? this.#padding
                : at < count
                ? Math.max(this.#padding - 1, 0)
                : 0,
            },
          },
        };
      });
      const height = Math.max(...columns.map(({ lines }) => lines.length));
      for (let line = 0; line < height; line++) {
        table.push(columns.map(({ lines, look }) => ({ content: lines[line] ?? "", ...look })));
        isFirst.push(line === 0);
      }
    }
    const lines = table.toString().split("\n");
    // with a border every second line is a rule, the last one too
    const kept = this.#border
      ? lines.filter((_, i) => i % 2 === 1 || isFirst[i / 2] !== false)
      : lines;
    return kept.join("\n").replace(/^/gm, " ".repeat(this.#indent));
  }

  /** Writes the table to standard output. */
  render(): this {
    console.log(this.toString());
    return this;
  }

  /** Characters of the longest line in a column; cells that cover several do not count. */
  #width(column: number, rows: readonly Cell[][]): number {
    const { minWidth = 0, maxWidth = this.#maxColWidth } = this.#columns[column] ?? {};
    let width = minWidth;
    for (const row of rows) {
      let at = 0;
      for (const cell of row) {
        if (at === column && cell.getColSpan() === 1) {
          width = Math.max(width, ...wrap(cell.toString(), maxWidth).map(length));
        }
        at += cell.getColSpan();
      }
    }
    return Math.min(width, maxWidth);
  }
}

function columnsOf(row: readonly Cell[]): number {
  return row.reduce((count, cell) => count + cell.getColSpan(), 0);
}

function length(line: string): number {
  return [...line].length;
}

/** Characters that leave nothing between cells but a space, where there is a gap at all. */
function withoutBorder(gap: number): Record<BorderChar, string> {
  const none = Object.fromEntries(BORDER_CHARS.map((name) => [name, ""]));
  return { ...none as Record<BorderChar, string>, middle: gap > 0 ? " " : "" };
}

// deno-fmt-ignore
const BORDER_CHARS = [
  "top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left",
  "bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle",
] as const;
type BorderChar = typeof BORDER_CHARS[number];

/** Lines of at most `width` characters, broken between words, and inside those that are longer. */
function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => {
    const lines: string[] = [];
    for (let rest = line;;) {
      if (length(rest) <= width) return [...lines, rest];
      const space = rest.lastIndexOf(" ", width);
      const end = space > 0 ? space : Math.max(width, 1);
      lines.push(rest.slice(0, end));
      rest = rest.slice(space > 0 ? end + 1 : end);
    }
  });
}
