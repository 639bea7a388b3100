/** Sheets for documents: Markdown tables under a heading and a caption. */
import { unicodeWidth } from "@std/cli/unicode-width";
import type { Align, Sheet, SheetRow } from "./sheet.ts";

/** Draws a sheet. Markdown has one line of headings, so two lines are joined. */
export function markdown({ title, columns, header, body, caption, notes }: Sheet): string {
  const above = header.length > 1 ? spread(header[0]!) : [];
  const heads = spread(header.at(-1)!).map((text, i) => joined(above[i] ?? "", text));
  const rows = body.flat().map((row) => spread(row));
  return [
    `## ${escapedMarkdown(title)}`,
    ...caption.length > 0 ? [escapedMarkdown(caption.join(" "))] : [],
    markdownTable(heads, rows, columns),
    ...notes.map(escapedMarkdown),
  ].join("\n\n");
}

/** Joins two lines of headings: `measured, %` above `top-1` gives `measured top-1, %`. */
function joined(above: string, below: string): string {
  const [words = "", unit] = above.split(", ");
  return [words, below].filter(Boolean).join(" ") + (unit ? `, ${unit}` : "");
}

/** A row's texts, one for each column; a cell that spans several columns is repeated in each. */
function spread(row: SheetRow): string[] {
  return row.flatMap(({ text, span = 1, best }) => {
    const line = text.split("\n").map(escapedMarkdown).join("<br>");
    return Array<string>(span).fill(best ? `**${line}**` : line);
  });
}

/**
 * A text as Markdown shows it, letter by letter: what could begin an emphasis, code, an element, a
 * link or a cell gets a backslash.
 */
export function escapedMarkdown(text: string): string {
  return text.replace(/\s*\n\s*/g, " ")
    .replace(/[\\`*|~]|<(?=[a-z/!?])|\](?=[([])|!(?=\[)|&(?=#?\w+;)|(?<!\w)_|_(?!\w)/gi, "\\$&")
    .replace(/^(?=[#>]|\[[^\]]*\]:|[+-]\s)/, "\\");
}

/** A Markdown table with aligned source; its cells are Markdown already. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[],
): string {
  const cells = [header, ...rows];
  const widths = header.map((_, column) =>
    Math.max(3, ...cells.map((row) => unicodeWidth(row[column] ?? "")))
  );
  const line = (row: readonly string[]) =>
    `| ${
      widths.map((width, column) => {
        const cell = row[column] ?? "";
        const space = " ".repeat(width - unicodeWidth(cell));
        return align[column] === "right" ? space + cell : cell + space;
      }).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    align[column] === "right" ? `${"-".repeat(width - 1)}:` : "-".repeat(width)
  );
  const [first, ...rest] = cells;
  return [line(first!), line(rule), ...rest.map(line)].join("\n");
}
