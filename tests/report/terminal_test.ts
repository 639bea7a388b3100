import assert from "node:assert/strict";
import table6 from "../../experiments/table6.ts";
import table7 from "../../experiments/table7.ts";
import type { Table } from "../../lib/experiment.ts";
import { cell, type Sheet } from "../../lib/report/sheet.ts";
import { terminal, terminals } from "../../lib/report/terminal.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import * as results from "../support/results.ts";
import { assertSnapshot } from "../support/snapshot.ts";

const madeUp = (how = {}) => sheetOf(results.madeUp(how));

Deno.test("Table 3 on a terminal: a rule between configs, measured beside published", () => {
  assertSnapshot(terminal(madeUp()), "table3.txt");
});

Deno.test("several seeds have a deviation, missing rows a dash; all fits in 80 columns", () => {
  const text = terminal({ ...madeUp({ seeds: 3, missing: 2 }), notes: [] });
  assert.match(text, /│ A-LRN .*│ +– │ +– │ +29\.7 │/);
  assert.match(text, /│ B .*│ 14\.0 ± 2\.00 │ 2\.3 ± 0\.00 │/);
  assert.match(text, /standard deviation of 3 seeds/);
  assert.match(
    text,
    /2 of 12 rows not measured yet \(–\)\. To measure them, run deno task table3 with\nthe same options\.$/,
  );
  assert.deepEqual(text.split("\n").filter((line) => [...line].length > 80), []);
});

Deno.test("several notes stand apart, a single one does not", () => {
  const wordsOf = (...notes: string[]) =>
    terminal({ ...madeUp(), caption: ["Caption."], notes }).split("┘\n")[1];
  assert.equal(wordsOf("One note."), "Caption.\nOne note.");
  assert.equal(wordsOf("One.", "Another."), "Caption.\n\nOne.\n\nAnother.");
});

const drawn = (table: Table) =>
  terminal({ ...sheetOf(results.empty(table)), caption: [], notes: [] });

Deno.test("Table 6 fits in 80 columns: nets and methods are broken where the paper's slashes are", () => {
  const text = drawn(table6);
  assert.deepEqual(text.split("\n").filter((line) => [...line].length > 80), []);
  assert.match(text, /│ FC-only D\/ .*\n│ \[256;512\]\/256, .*\n│ 384,512 /);
  assert.match(text, /│ multi-crop & .*\n│ +│ dense /);
});

Deno.test("Table 7 has one cell for both splits where the paper merges them", () => {
  const text = drawn(table7);
  assert.deepEqual(text.split("\n").filter((line) => [...line].length > 80), []);
  assert.match(text, /│ GoogLeNet .*│ +– │ +7\.9 +│\n/);
  // others measured nothing here
  assert.match(text, /│ Krizhevsky et al\. \(2012\) .*│ {7}│ {7}│ {2}40\.7 │ {2}18\.2 │ +– │/);
});

Deno.test("sentences that several tables share are printed once, below all of them", () => {
  const sheet = (caption: string[], notes: string[]): Sheet => ({
    ...{ name: "t", title: "Title", columns: ["left"], header: [[cell("a")]], body: [] },
    ...{ records: [], caption, notes },
  });
  const text = terminals([
    sheet([], []),
    sheet(["Shared.", "First alone."], ["Note of all."]),
    sheet(["Shared.", "Second alone."], ["Note of all."]),
  ]);
  const words = text.split("\n").filter((line) => line.endsWith("."));
  assert.deepEqual(words, ["First alone.", "Second alone.", "Shared.", "Note of all."]);
  assert.match(text, /┘\nSecond alone\.\n\nShared\.\nNote of all\.$/);
  // one table alone keeps its words beside it
  assert.match(terminals([sheet(["Shared."], ["Note."])]), /┘\nShared\.\nNote\.$/);
});
