import assert from "node:assert/strict";
import table6 from "../../experiments/table6.ts";
import table7 from "../../experiments/table7.ts";
import { sheet as table1 } from "../../lib/commands/table1.ts";
import { sheet as table2 } from "../../lib/commands/table2.ts";
import { escaped, latex, latexDocument, latexProtocol } from "../../lib/report/latex.ts";
import { writeCollections, writeReports } from "../../lib/report/mod.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { cell, type Sheet } from "../../lib/report/sheet.ts";
import type { TableResult } from "../../lib/results/row_result.ts";
import { answer } from "../../lib/system/subprocess.ts";
import { compiled, pdflatex } from "../support/latex.ts";
import { empty, madeUp } from "../support/results.ts";
import { assertSnapshot } from "../support/snapshot.ts";

Deno.test("what means something to TeX becomes letters, and what its fonts lack a number", () => {
  assert.equal(escaped("50 % of A_1 & $x$ #2"), "50 \\% of A\\_1 \\& \\$x\\$ \\#2");
  assert.equal(escaped("\\input{/etc/passwd}"), "\\textbackslash{}input\\{/etc/passwd\\}");
  assert.equal(
    escaped("a~b^c`d|e<f>"),
    [
      "a\\textasciitilde{}b\\textasciicircum{}c\\`{}d\\textbar{}e\\textless{}f\\textgreater{}",
    ].join(),
  );
  assert.equal(escaped('the "small" one ("so")'), "the ``small'' one (``so'')");
  assert.equal(escaped("[256;512] --set *"), "{[}256;512{]} -{}-set {*}");
  assert.equal(escaped("12 ± 3 – Schwäbisch Gmünd"), "12 $\\pm$ 3 -- Schwäbisch Gmünd");
  assert.equal(escaped("狐 🦊"), "U+72D0 U+1F98A");
});

Deno.test("Table 3 in LaTeX: rules of booktabs, two rows of headings, the best in bold", () => {
  assertSnapshot(latex(sheetOf(madeUp())), "table3.tex");
});

Deno.test("a text of many lines is many rows; a cell for two columns is one of two", () => {
  assertSnapshot(latex(sheetOf(empty(table6))), "table6.tex");
  assertSnapshot(latex(sheetOf(empty(table7))), "table7.tex");
});

/** Table 3 under three seeds, row 2 and 3 compared with row 1; two groups of letters. */
function compared(): TableResult {
  const result = madeUp({ seeds: 3 });
  const rows = result.rows.map((row, i) => ({
    ...row,
    letters: i < 2 ? "a" : i < 9 ? "ab" : "bc",
    ...i > 0 && i < 3 && {
      difference: {
        ...{ points: i, interval: { low: i - 2.5, high: i + 2.5 }, from: "images" as const },
        ...{ p: 0.02 / i, pairs: { images: 2_000, onlyFirst: 20, onlySecond: 45 } },
      },
      pHolm: 0.04 / i,
    },
  }));
  return {
    ...result,
    rows,
    table: { ...result.table, baseline: 1 },
    comparisons: { isBest: true, withReference: 11, pairs: 66 },
  };
}

Deno.test("letters are superscripts of their numbers, and a footnote says test, correction and n", () => {
  const text = latex(sheetOf(compared()));
  assert.match(text, /^% .*; needs \\usepackage\{booktabs,tablefootnote\}$/m);
  // numbers line up to the right, letters follow them
  assert.match(text, /\\begin\{tabular\}\{@\{\}lrrr@\{\}lrrrrr@\{\}\}/);
  assert.match(
    text,
    /^A & 256 & 256 & \\textbf\{12\.0 \$\\pm\$ 2\.00\} & \\textsuperscript\{a\} & /m,
  );
  assert.match(
    text,
    /^B & 256 & 256 & 14\.0 \$\\pm\$ 2\.00 & \\textsuperscript\{ab\} & .*0\.020\{\*\} /m,
  );
  assert.match(text, /\\multicolumn\{3\}\{c\}\{measured, \\%\}/);
  assert.doesNotMatch(text, /letters/);
  const notes = text.matchAll(/(\S+)\\tablefootnote\{((?:[^{}]|\{[^{}]*\})*)\}/g);
  const footnotes = [...notes].map(([, head, note]) => `${head} ${note}`);
  assert.deepEqual(footnotes, [
    "\\multicolumn{2}{r}{top-1 Rows without a common letter differ: p \\textless{} 0.05, McNemar's exact " +
    "test or Student's paired t-test over the seeds, the larger, Holm's correction for 66 pairs of " +
    "rows; n = 2,000 images and 3 seeds.",
    "points Top-1 error minus that of row 1, with 95 \\% intervals of the same images or over the seeds, the " +
    "wider, not corrected; n = 2,000 images and 3 seeds.",
    "p McNemar's exact test or Student's paired t-test over the seeds, the larger, Holm's correction " +
    "for 11 rows; n = 2,000 images and 3 seeds. {*} marks p \\textless{} 0.05.",
  ]);
  assert.match(text, /Row 1 was chosen by its error on these same images, which flatters it\./);
  // without a comparison, no package and no footnote is needed
  assert.doesNotMatch(latex(sheetOf(madeUp())), /tablefootnote|textsuperscript/);
});

Deno.test("letters without errors to stand at stay a column, with the footnote", () => {
  const result = compared();
  const text = latex(sheetOf({ ...result, table: { ...result.table, columns: ["top5"] } }));
  assert.match(text, /letters\\tablefootnote\{Rows without a common letter differ/);
});

Deno.test("captions are short, and what all tables have in common can be said once before them", () => {
  const sheets = [compared(), empty(table6), empty(table7)].map(sheetOf);
  const said = "Departures from the paper's setup";
  for (const text of sheets.map(latex)) {
    const [, caption] = /\\caption\[.*?\]\{(.*)\}$/m.exec(text)!;
    assert.ok(caption!.length < 150, caption!); // three lines of a column
    assert.match(text, /\\ifdefined\\verydeepprotocol\\else\n[^]*Departures from[^]*\\fi\n\\end/);
    assert.equal(text.split(said).length, 2);
  }
  const protocol = latexProtocol(sheets);
  assert.equal(protocol.split(said).length, 2);
  assert.equal(protocol.match(/Measured: scenes, 20 classes, 2,000 validation images/g)?.length, 1);
  assert.match(protocol, /\n\}\n\\verydeepprotocol$/);
  const document = latexDocument(sheets);
  assert.ok(document.indexOf("\\input{protocol}") < document.indexOf("\\input{table3}"));
  assert.match(document, /\\usepackage\{booktabs,tablefootnote,float\}/);
});

Deno.test("tables of several data sets have nothing in common: each speaks for itself", () => {
  const other = { ...madeUp(), dataset: { name: "others", classes: 20, images: 100 } };
  const protocol = latexProtocol([madeUp(), other].map(sheetOf));
  assert.doesNotMatch(protocol, /newcommand/);
  assert.doesNotMatch(latexProtocol([]), /newcommand/);
});

/** A sheet whose every word is hostile. */
const hostile: Sheet = {
  name: "hostile",
  title: "\\end{table} 100 % _all_ #1 & more ^~ $",
  caption: ["}{ <script>", "=cmd()", "\\input{x} 狐"],
  notes: ["% no comment", "[256;512] {"],
  columns: ["left", "right"],
  header: [[cell("a & b"), cell("*")]],
  body: [[[cell("[not an option]"), cell("\\\\", { best: true })], [cell("*"), cell("\n\n")]]],
  records: [],
};

/** The words of a PDF, or undefined without a program that reads them. */
async function wordsIn(file: string): Promise<string | undefined> {
  if (await answer(["pdftotext", "-v"]) === undefined) return undefined;
  const { stdout } = await new Deno.Command("pdftotext", { args: [file, "-"] }).output();
  return new TextDecoder().decode(stdout).replace(/-\n/g, "").replace(/\s+/g, " ");
}

Deno.test({
  name:
    "all tables compile as they are written, and none is too wide for its page (where there is pdflatex)",
  ignore: !pdflatex,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
    const counts = [table1(), table2()];
    const results = [compared(), empty(table6), empty(table7)];
    const errors = [...results.map(sheetOf), hostile];
    writeReports([...counts, ...errors], folder);
    writeCollections({ counts, errors }, folder);
    await compiled(folder, "tables.tex");
    assert.ok((await Deno.stat(`${folder}/tables.pdf`)).size > 10_000);
    const words = await wordsIn(`${folder}/tables.pdf`);
    if (words !== undefined) {
      assert.equal(words.match(/Departures from the paper/g)?.length, 1);
      assert.equal(words.match(/Rows without a common letter/g)?.length, 1);
      assert.match(words, /14\.0 ± 2\.00 ?ab/);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "a paper of two columns takes each table with all that it says (where there is pdflatex)",
  ignore: !pdflatex,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
    const sheets = [sheetOf(madeUp()), sheetOf(compared()), sheetOf(empty(table6))];
    const names = sheets.map((sheet, i) => {
      Deno.writeTextFileSync(`${folder}/own${i}.tex`, latex(sheet));
      return `\\input{own${i}}`;
    });
    const document = [
      "\\documentclass[twocolumn]{article}",
      "\\usepackage{booktabs,tablefootnote}",
      "\\begin{document}",
      ...names,
      "\\end{document}",
    ];
    Deno.writeTextFileSync(`${folder}/paper.tex`, document.join("\n"));
    await compiled(folder, "paper.tex");
    const words = await wordsIn(`${folder}/paper.pdf`);
    if (words) assert.equal(words.match(/Departures from the paper/g)?.length, 3);
    // Table 3 has the width of a column, with comparisons it has that of a page
    assert.deepEqual(sheets.map((sheet) => /\\begin\{(table\*?)\}/.exec(latex(sheet))![1]), [
      ...["table", "table*", "table*"],
    ]);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "a table that floats to another page takes its footnotes along (where there is pdflatex)",
  ignore: !pdflatex,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
    const text = "Words and more words of a paper around its table. ".repeat(60);
    for (const columns of ["onecolumn", "twocolumn"]) {
      const document = [
        `\\documentclass[${columns}]{article}`,
        "\\usepackage{booktabs,tablefootnote}",
        "\\begin{document}",
        `${text}\\footnote{Of the text before.}`,
        latex(sheetOf(compared())),
        `${text}\\footnote{Of the text behind.}\n\n${text}\n\n${text}`,
        "\\end{document}",
      ];
      Deno.writeTextFileSync(`${folder}/paper.tex`, document.join("\n"));
      await compiled(folder, "paper.tex");
      if (await wordsIn(`${folder}/paper.pdf`) === undefined) continue;
      const { stdout } = await new Deno.Command("pdftotext", {
        args: ["-layout", `${folder}/paper.pdf`, "-"],
      }).output();
      const pages = new TextDecoder().decode(stdout).split("\f");
      const placeOf = (words: RegExp) => pages.findIndex((page) => words.test(page));
      const [place, before] = [placeOf(/ConvNet performance/), placeOf(/Of the text before/)];
      assert.ok(place > before, `${place} ${before}`);
      // numbered after the footnote before it, before the one behind it
      const numbers = [[2, "Rows without"], [3, "Top-1 error minus"], [4, "McNemar"]] as const;
      for (const [number, words] of numbers) {
        assert.match(pages[place]!, new RegExp(`^ *${number} ?${words}`, "m"));
        assert.equal(placeOf(new RegExp(words)), place);
      }
      assert.ok(placeOf(/5 ?Of the text behind/) >= 0);
    }
    await Deno.remove(folder, { recursive: true });
  },
});
