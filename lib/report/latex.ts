/** Sheets for papers: LaTeX tables that need no package but booktabs, and tablefootnote for letters. */
import { narrowed } from "./narrow.ts";
import type { PaperWords } from "./paper_words.ts";
import type { Align, Sheet, SheetRow } from "./sheet.ts";
import { asInPaper, type PaperRow, type PaperTable } from "./superscripts.ts";

/** The command whose existence says that a document has said what all its tables have in common. */
const SHARED = "\\verydeepprotocol";

/** Draws a sheet as a floating table: a short caption, label, numbers, and notes below them. */
export function latex(sheet: Sheet): string {
  const { name, title } = sheet;
  const { caption, notes, shared } = wordsOf(sheet);
  const words = titleWithout(title);
  const table = asInPaper(sheet);
  const { lines, gap, isNarrow } = tabular(table);
  const float = isNarrow ? "table" : "table*";
  return [
    `% ${oneLine(title)}; needs \\usepackage{${packagesOf([sheet]).join(",")}}`,
    `\\begin{${float}}`,
    "\\centering",
    `\\caption[${escaped(words)}]{${[`${words}.`, ...caption].map(escaped).join(" ")}}`,
    `\\label{tab:${name}}`,
    "\\smallskip",
    `\\setlength{\\tabcolsep}{${gap / 2}pt}`,
    ...lines,
    ...packagesOf([sheet]).includes("tablefootnote") ? FOOTNOTES : [],
    ...below(notes),
    ...shared.length > 0 ? [`\\ifdefined${SHARED}\\else`, ...below(shared), "\\fi"] : [],
    `\\end{${float}}`,
  ].join("\n");
}

/**
 * The footnotes of a table, below it: at the end of a small page of their own, whose footnotes have the
 * document's numbers. The package itself prints them where the text around the table stands, which is
 * another page if the table floats there, and not at all after one of two columns.
 */
const FOOTNOTES = [
  "\\par\\medskip",
  "\\begin{minipage}{\\linewidth}",
  "\\makeatletter",
  "\\def\\@mpfn{footnote}\\def\\thempfn{\\thefootnote}\\let\\footnoterule\\relax",
  "\\tfn@tablefootnoteprintout\\gdef\\tfn@fnt{0}",
  "\\makeatother",
  "\\end{minipage}",
];

/** Paragraphs below a table, as wide as the text around it. */
function below(paragraphs: readonly string[]): string[] {
  if (paragraphs.length === 0) return [];
  return [
    "\\par\\medskip",
    "\\begin{minipage}{\\linewidth}",
    "\\footnotesize",
    paragraphs.map(escaped).join("\n\n"),
    "\\end{minipage}",
  ];
}

/** `Table 3: ConvNet performance` without its number, which LaTeX counts. */
function titleWithout(title: string): string {
  return /^Table \d+: (.*)$/s.exec(title)?.[1] ?? title;
}

/** The words of a sheet in a paper. */
function wordsOf({ caption, notes, paper }: Sheet): PaperWords {
  return paper ?? { caption: [], notes: [...caption, ...notes], shared: [], footnotes: [] };
}

/** The packages that some tables need. */
function packagesOf(sheets: readonly Sheet[]): string[] {
  const hasFootnotes = sheets.some(({ paper }) => (paper?.footnotes.length ?? 0) > 0);
  return ["booktabs", ...hasFootnotes ? ["tablefootnote"] : []];
}

/**
 * What tables have in common, as a file that a document includes before them: they do not repeat it
 * then. Without anything in common, or with sheets of several data sets or setups, it says nothing, and
 * each table speaks for itself.
 */
export function latexProtocol(sheets: readonly Sheet[]): string {
  const lists = sheets.map((sheet) => wordsOf(sheet).shared).filter(({ length }) => length > 0);
  const isOne = new Set(lists.map(([first]) => first)).size === 1;
  const sentences = isOne ? [...new Set(lists.flat())] : [];
  return [
    "% What holds for all tables of this folder: include it before them, and they leave it out.",
    ...sentences.length > 0
      ? [
        `\\newcommand{${SHARED}}{%`,
        sentences.map(escaped).join("\n\n"),
        "}",
        SHARED,
      ]
      : [],
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
    `\\usepackage{${[...packagesOf(sheets), "float"].join(",")}}`,
    "% a page high enough for the longest table with its footnotes, and lines that may be loose",
    "\\addtolength{\\topmargin}{-15mm}\\addtolength{\\textheight}{30mm}\\setlength{\\emergencystretch}{3em}",
    "% tables stay where they are named",
    "\\floatplacement{table}{H}",
    "\\renewenvironment{table*}{\\begin{table}}{\\end{table}}",
    "\\begin{document}",
    "\\input{protocol}",
    ...tables,
    "\\end{document}",
  ].join("\n");
}

/** Width of a text in LaTeX's article class at ten points, its narrowest, in points. */
const LINE = 345;
/** Width of one of its two columns, in points; other classes have wider ones. */
const COLUMN = 229;
/** Type to set a table in, the width of most letters and all digits in it, and the space between columns. */
interface TypeSize {
  readonly name: string;
  readonly letter: number;
  readonly gap: number;
}

const SMALL: TypeSize = { name: "small", letter: 4.6, gap: 10 };
const SMALLER: TypeSize = { name: "footnotesize", letter: 4.25, gap: 10 };
const CLOSER: TypeSize = { ...SMALLER, gap: 7 };
const SMALLEST: TypeSize = { name: "scriptsize", letter: 4, gap: 7 };
/** Texts are broken to fit, but not into columns of fewer characters than this. */
const NARROWEST = 12;

/**
 * The table itself. A table that is too wide for a page gets smaller type, and texts of several lines;
 * one that fits a column of two in smaller type gets that.
 */
function tabular(
  table: PaperTable,
): { readonly lines: string[]; readonly gap: number; readonly isNarrow: boolean } {
  const { columns, superscripts, header, body } = table;
  const rows = [...header, ...body.flat()];
  const width = (most: number, type: TypeSize) =>
    widthOf(rows, { columns, superscripts, most, type });
  let most = Math.max(...rows.flat().map(({ text }) => text.length));
  const fitting = (space: number, types: readonly TypeSize[]) =>
    types.find((type) => width(most, type) <= space);
  const narrowest = Math.min(most, NARROWEST);
  const type = fitting(COLUMN, [SMALL, SMALLER, CLOSER]) ?? fitting(LINE, [SMALL]) ??
    [SMALLER, CLOSER].find((type) => width(narrowest, type) <= LINE) ?? SMALLEST;
  while (most > NARROWEST && width(most, type) > LINE) most--;
  const narrow = (row: PaperRow): PaperRow => narrowed(row, columns, most);
  const last = body.length - 1;
  const spec = columns.map((align, i) => i === superscripts ? "@{}l" : align[0]).join("");
  const drawn = [
    `\\${type.name}`,
    `\\begin{tabular}{@{}${spec}@{}}`,
    "\\toprule",
    ...header.flatMap((row, i) => [
      ...lines(narrow(row), table, "below"),
      ...i < header.length - 1 ? [spanRules(row, columns.length)] : [],
    ]),
    "\\midrule",
    ...body.flatMap((group, i) => [
      ...group.flatMap((row) => lines(narrow(row), table, "above")),
      ...i === last
        ? []
        : isAcross(group) || isAcross(body[i + 1]!)
        ? ["\\midrule"]
        : ["\\addlinespace"],
    ]),
    "\\bottomrule",
    "\\end{tabular}",
  ];
  return { lines: drawn, gap: type.gap, isNarrow: width(most, type) <= COLUMN };
}

/** Width of a superscript's letters, as a share of the others. */
const HIGH = 0.75;

/** Width of the table in points, with texts of at most `most` characters. */
function widthOf(
  rows: readonly SheetRow[],
  { columns, superscripts, most, type: { letter, gap } }: {
    readonly columns: readonly Align[];
    readonly superscripts: number | undefined;
    readonly most: number;
    readonly type: TypeSize;
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
  const share = (column: number) => column === superscripts ? HIGH : 1;
  const letters = widths.reduce((sum, width, column) => sum + share(column) * width, 0);
  return letter * letters + gap * (columns.length - (superscripts === undefined ? 1 : 2));
}

/** Whether a group is one cell across the whole table. */
function isAcross(group: readonly SheetRow[]): boolean {
  return group.length === 1 && group[0]!.length === 1;
}

/** A row as lines of the tabular, one for each line of its tallest cell; shorter cells are padded. */
function lines(
  row: PaperRow,
  { columns, superscripts }: PaperTable,
  padding: "above" | "below",
): string[] {
  const height = Math.max(...row.map(({ text }) => text.split("\n").length));
  return Array.from({ length: height }, (_, line) => {
    let at = 0;
    const cells = row.map(({ text, span = 1, align, best, isSuperscript, footnote }) => {
      const own = text.split("\n");
      const place = padding === "above" ? line : line - height + own.length;
      const shown = escaped(own[place] ?? "");
      const command = isSuperscript ? "textsuperscript" : best ? "textbf" : "";
      const content = (command && shown ? `\\${command}{${shown}}` : shown) +
        (footnote !== undefined && place === own.length - 1
          ? `\\tablefootnote{${escaped(footnote)}}`
          : "");
      const from = at;
      at += span;
      if (span === 1 && (align === undefined || align === columns[from])) return content;
      const edges = [
        from === 0 || from === superscripts ? "@{}" : "",
        at === columns.length || at === superscripts ? "@{}" : "",
      ];
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
