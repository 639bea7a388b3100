import assert from "node:assert/strict";
import table6 from "../../experiments/table6.ts";
import table7 from "../../experiments/table7.ts";
import { sheet as table1 } from "../../lib/commands/table1.ts";
import { sheet as table2 } from "../../lib/commands/table2.ts";
import { escaped, latex } from "../../lib/report/latex.ts";
import { writeCollections, writeReports } from "../../lib/report/mod.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { cell, type Sheet } from "../../lib/report/sheet.ts";
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

/** Whether pdfLaTeX is installed; a program that is not found is an error of the call itself. */
const pdflatex = await (async () => {
  try {
    return (await new Deno.Command("pdflatex", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "all tables compile as they are written, and none is too wide for its page",
  ignore: !pdflatex,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
    const counts = [table1(), table2()];
    const results = [madeUp({ seeds: 3 }), empty(table6), empty(table7)];
    const errors = [...results.map(sheetOf), hostile];
    writeReports([...counts, ...errors], folder);
    writeCollections({ counts, errors }, folder);
    const { success, stdout } = await new Deno.Command("pdflatex", {
      args: ["-interaction=nonstopmode", "-halt-on-error", "tables.tex"],
      cwd: folder,
    }).output();
    const log = new TextDecoder().decode(stdout);
    assert.ok(success, log);
    assert.deepEqual(log.match(/^(Overfull|Missing|! ).*$/gm), null, log);
    assert.ok((await Deno.stat(`${folder}/tables.pdf`)).size > 10_000);
    await Deno.remove(folder, { recursive: true });
  },
});
