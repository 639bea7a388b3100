/** Plots for papers: the numbers in them, and whether LaTeX draws them as wide as a column. */
import assert from "node:assert/strict";
import { trainedAgain } from "../../../experiments/initialisation.ts";
import { allOf, figuresOf } from "../../../lib/report/plots/mod.ts";
import { pgfplots, pgfplotsDocument } from "../../../lib/report/plots/pgfplots.ts";
import { HOSTILE, madeUpRunDetails, measured } from "../../support/pages.ts";
import { compiled, pdflatex } from "../../support/latex.ts";

/** Every plot that there is: each net was tested at two scales. */
function everyFigure() {
  const runDetails = madeUpRunDetails();
  const more = runDetails.evaluations.map((each) => ({ ...each, run: { ...each.run, Q: 512 } }));
  const [row] = measured().rows;
  const control = {
    ...{ ...row!, row: trainedAgain, measured: { top1: 8 } },
    intervals: { top1: { low: 7.5, high: 8.5 } },
  };
  const tests = [...runDetails.evaluations, ...more];
  return figuresOf([measured()], { ...runDetails, evaluations: tests }, [control]);
}

const figures = everyFigure();

/** The coordinates of the series of a plot, by their place. */
function seriesIn(text: string): string[][] {
  return [...text.matchAll(/coordinates \{\n(.*?)\n\};/gs)].map(([, lines]) =>
    lines!.split("\n").map((line) => line.trim())
  );
}

Deno.test("the published errors of Table 3 stand at their depths, as the paper printed them", () => {
  const text = pgfplots(figures.depth.find(({ name }) => name === "depth-published")!)!;
  // Table 3 of the paper, S = 256, dense: A 29.6, B 28.7, D 27.0, E 27.3 (11, 13, 16, 19 layers)
  const [line] = seriesIn(text);
  const places = line!.map((at) => /^\(([\d.]+),([\d.]+)\)$/.exec(at)!.slice(1).map(Number));
  assert.deepEqual(places.map(([, error]) => error), [29.6, 28.7, 27, 27.3]);
  assert.deepEqual(places.map(([depth]) => Math.round(depth!)), [11, 13, 16, 19]);
  assert.match(text, /xticklabels=\{\{11\\\\A-LRN, A\},\{13\\\\B\},\{16\\\\C, D\},\{19\\\\E\}\}/);
});

Deno.test("a cost is in billions of multiply-adds, and an interval is added to its point", () => {
  const text = (name: string) => pgfplots(figures.depth.find((figure) => figure.name === name)!)!;
  const [line] = seriesIn(text("cost-published"));
  // counted from Table 1 by hand
  for (const [i, cost] of [7.61, 11.31, 15.47, 19.63].entries()) {
    assert.ok(Math.abs(Number(/^\(([\d.]+),/.exec(line![i]!)![1]) - cost) < 0.005, line![i]!);
  }
  // row 1: 10 % measured, from 9 to 22
  const [A] = seriesIn(text("depth-measured"))[0]!;
  assert.match(A!, /^\([\d.]+,10\) \+= \(0,12\) -= \(0,1\)$/);
  assert.match(text("depth-measured"), /y dir=both, y explicit/);
});

Deno.test("a plot is as wide as a column, in the document's fonts, and each is a file of its own", () => {
  for (const figure of allOf(figures)) {
    const text = pgfplots(figure);
    if (figure.name === "confusions") {
      assert.equal(text, undefined);
      continue;
    }
    assert.match(text!, /^% .*; needs \\usepackage\{pgfplots\}\\pgfplotsset\{compat=1\.15\}\n/);
    assert.match(text!, /scale only axis, width=\\columnwidth-\d+pt/);
    assert.doesNotMatch(text!, /fontfamily|\d+cm|NaN|undefined|Infinity/);
  }
});

Deno.test("losses have a logarithmic axis with numbers on it, and dotted lines where the rate fell", () => {
  const [loss] = [...figures.learning.values()][0]!;
  const text = pgfplots(loss!)!;
  // from 3 to 3 * 2^(-19/5) = 0.215
  assert.match(text, /ymode=log/);
  assert.match(text, /ytick=\{0\.5,1,2\}/);
  assert.match(text, /densely dotted\] \(\{axis cs:4,0\}/);
});

Deno.test("names of classes are letters in TeX, too", () => {
  const text = pgfplots(figures.classes[0]!)!;
  assert.ok(text.includes("\\textbackslash{}input\\{x\\}"), text);
  assert.doesNotMatch(text, /[^{]\\input\{x\}/);
  assert.ok(HOSTILE.includes("\\input{x}"));
});

Deno.test({
  name: "all plots compile in two columns, none wider than its column (where there is pdflatex)",
  ignore: !pdflatex,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
    const own = new Set([...figures.learning.values()].slice(1).flat());
    const shown = allOf(figures).filter((figure) => !own.has(figure));
    for (const figure of shown) {
      const text = pgfplots(figure);
      if (text !== undefined) Deno.writeTextFileSync(`${folder}/${figure.name}.tex`, text);
    }
    Deno.writeTextFileSync(`${folder}/figures.tex`, pgfplotsDocument(shown));
    await compiled(folder, "figures.tex");
    assert.ok((await Deno.stat(`${folder}/figures.pdf`)).size > 30_000);
    await Deno.remove(folder, { recursive: true });
  },
});
