/** Breaks texts of a sheet into lines where the page is too narrow. */
import { unicodeWidth } from "@std/cli/unicode-width";
import type { Align, SheetCell } from "./sheet.ts";

/** A row whose left-aligned texts are broken into lines of at most `most` characters. */
export function narrowed<Cell extends SheetCell>(
  row: readonly Cell[],
  columns: readonly Align[],
  most: number,
): Cell[] {
  let at = 0;
  return row.map((cell) => {
    const align = cell.align ?? columns[at];
    at += cell.span ?? 1;
    return align === "left" ? { ...cell, text: broken(cell.text, most) } : cell;
  });
}

/** Breaks lines at spaces, and after the slashes and commas of `D/[256;512]/256,384,512`. */
function broken(text: string, most: number): string {
  const pieces = text.split("\n").map((line) => line.match(/[^ /,]*[ /,]?/g) ?? []);
  return pieces.flatMap((words) => {
    const lines = [""];
    for (const word of words) {
      const longer = lines.at(-1)! + word;
      if (unicodeWidth(longer.trimEnd()) <= most) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines.map((line) => line.trimEnd());
  }).join("\n");
}
