/** Sheets for papers: LaTeX tables that need no package but booktabs. */
import { narrowed } from "./narrow.ts";
import type { Align, Sheet, SheetRow } from "./sheet.ts";

/** Draws a sheet as a floating table: caption, label, numbers, footnotes. */
export function latex(sheet: Sheet): string {
  const { name, title, caption, notes } = sheet;
  const [, words = title] = /^Table \d+: (.*)$/s.exec(title) ?? [];
  return [
    `% ${oneLine(title)}; needs \\usepackage{booktabs}`,
    "\\begin{table}[tbp]",
    "\\centering",
    `\\caption[${escaped(words)}]{${[`${words}.`, ...caption].map(escaped).join(" ")}}`,
    `\\label{tab:${name}}`,
    "\\smallskip",
    `\\setlength{\\tabcolsep}{${GAP / 2}pt}`,
    ...tabular(sheet),
    ...notes.length > 0
      ? [
        "\\par\\medskip",
        "\\begin{minipage}{\\linewidth}",
        "\\footnotesize",
        notes.map(escaped).join("\n\n"),
        "\\end{minipage}",
      ]
      : [],
    "\\end{table}",
  ].join("\n");
}

/** A complete document that includes the tables in the files beside it, each with its number. */
export function latexDocument(sheets: readonly Sheet[]): string {
  const tables = sheets.flatMap(({ name }) => {
    const [, number] = /^table(\d+)$/.exec(name) ?? [];
    return [
      ...number === undefined ? [] : [`\\setcounter{table}{${Number(number) - 1}}`],
      `\\input{${name}}`,
    ];
  });
  return [
    "% All tables of this folder: pdflatex tables.tex",
    "\\documentclass{article}",
    "\\usepackage{booktabs}",
    "\\begin{document}",
    ...tables,
    "\\end{document}",
  ].join("\n");
}

/** Width of a text in LaTeX's article class at ten points, its narrowest, in points. */
const LINE = 345;
/** Space between columns, in points. */
const GAP = 10;
/** Type to set a table in, and the width of most letters and all digits in it, in points. */
const SIZES = [{ name: "small", letter: 4.6 }, { name: "footnotesize", letter: 4.25 }] as const;
/** Texts are broken to fit, but not into columns of fewer characters than this. */
const NARROWEST = 12;

/** The table itself. A table that is too wide gets smaller type, and texts of several lines. */
function tabular({ columns, header, body }: Sheet): string[] {
  const rows = [...header, ...body.flat()];
  const fits = (most: number, letter: number) => widthOf(rows, { columns, most, letter }) <= LINE;
  let most = Math.max(...rows.flat().map(({ text }) => text.length));
  const { name, letter } = SIZES.find(({ letter }) => fits(most, letter)) ?? SIZES[1];
  while (most > NARROWEST && !fits(most, letter)) most--;
  const narrow = (row: SheetRow) => narrowed(row, columns, most);
  const last = body.length - 1;
  return [
    `\\${name}`,
    `\\begin{tabular}{@{}${columns.map((align) => align[0]).join("")}@{}}`,
    "\\toprule",
    ...header.flatMap((row, i) => [
      ...lines(narrow(row), columns, "below"),
      ...i < header.length - 1 ? [spanRules(row, columns.length)] : [],
    ]),
    "\\midrule",
    ...body.flatMap((group, i) => [
      ...group.flatMap((row) => lines(narrow(row), columns, "above")),
      ...i === last
        ? []
        : isAcross(group) || isAcross(body[i + 1]!)
        ? ["\\midrule"]
        : ["\\addlinespace"],
    ]),
    "\\bottomrule",
    "\\end{tabular}",
  ];
}

/** Width of the table in points, with texts of at most `most` characters. */
function widthOf(
  rows: readonly SheetRow[],
  { columns, most, letter }: {
    readonly columns: readonly Align[];
    readonly most: number;
    readonly letter: number;
  },
): number {
  const widths = columns.map(() => 0);
  for (const row of rows.map((row) => narrowed(row, columns, most))) {
    let at = 0;
    for (const { text, span = 1 } of row) {
      const own = Math.max(...text.split("\n").map(({ length }) => length));
      if (span === 1) widths[at] = Math.max(widths[at]!, own);
      at += span;
    }
  }
  return letter * widths.reduce((a, b) => a + b, 0) + GAP * (columns.length - 1);
}

/** Whether a group is one cell across the whole table. */
function isAcross(group: readonly SheetRow[]): boolean {
  return group.length === 1 && group[0]!.length === 1;
}

/** A row as lines of the tabular, one for each line of its tallest cell; shorter cells are padded. */
function lines(row: SheetRow, columns: readonly Align[], padding: "above" | "below"): string[] {
  const height = Math.max(...row.map(({ text }) => text.split("\n").length));
  return Array.from({ length: height }, (_, line) => {
    let at = 0;
    const cells = row.map(({ text, span = 1, align, best }) => {
      const own = text.split("\n");
      const shown = escaped(own[padding === "above" ? line : line - height + own.length] ?? "");
      const content = best && shown !== "" ? `\\textbf{${shown}}` : shown;
      const from = at;
      at += span;
      if (span === 1 && (align === undefined || align === columns[from])) return content;
      const edges = [from === 0 ? "@{}" : "", at === columns.length ? "@{}" : ""];
      const letter = (align ?? (span > 1 ? "center" : columns[from]!))[0];
      return `\\multicolumn{${span}}{${edges[0]}${letter}${edges[1]}}{${content}}`;
    });
    return `${cells.join(" & ")} \\\\`;
  });
}

/** Rules under those cells of a heading that cover several columns. */
function spanRules(row: SheetRow, columns: number): string {
  let at = 1;
  return row.flatMap(({ span = 1 }) => {
    const [from, to] = [at, at + span - 1];
    at += span;
    return span > 1 ? [`\\cmidrule(l${to === columns ? "" : "r"}){${from}-${to}}`] : [];
  }).join(" ");
}

/** Characters that are special in TeX or missing from its old fonts. */
const CHARACTERS: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "`": "\\`{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  "[": "{[}", // would begin an option of \\
  "]": "{]}",
  "*": "{*}",
  "±": "$\\pm$",
  "×": "$\\times$",
  "−": "$-$",
  "≤": "$\\leq$",
  "≥": "$\\geq$",
  "→": "$\\to$",
  "–": "--",
  "—": "---",
  "…": "\\dots{}",
  "--": "-{}-",
  "“": "``",
  "”": "''",
  "\n": " ",
};

/**
 * Escapes a text for LaTeX. A character that pdfLaTeX's own fonts lack becomes `U+` and its number,
 * so that any name compiles.
 */
export function escaped(text: string): string {
  const quoted = text.replace(/(?<=^|[\s([])"/g, "“").replaceAll('"', "”");
  return quoted.replace(/--|[\\~^`<>|[\]*]|[{}$&#_%]|[^\x20-\x7e]/gu, (found) => {
    if (Object.hasOwn(CHARACTERS, found)) return CHARACTERS[found]!;
    if (/[{}$&#_%]/.test(found)) return `\\${found}`;
    if (/[À-ÖØ-öø-ÿ]/.test(found) && !/[ÐðÞþ]/.test(found)) return found;
    return `U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

/** Text for a comment, which must be one line. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
