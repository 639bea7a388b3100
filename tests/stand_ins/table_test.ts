// Expected texts are those of @cliffy/table itself: from its own tests where it has one of the kind.
import { Cell, Table } from "@cliffy/table";
import assert from "node:assert/strict";

Deno.test("missing cells at the end of a row are empty", () => {
  const text = new Table()
    .body([
      ["Row 1 Column 1", "Row 1 Column 2"],
      ["Row 2 Column 1", "Row 2 Column 2", "Row 2 Column 3"],
    ])
    .border()
    .toString();
  assert.equal(
    text,
    `
┌────────────────┬────────────────┬────────────────┐
│ Row 1 Column 1 │ Row 1 Column 2 │                │
├────────────────┼────────────────┼────────────────┤
│ Row 2 Column 1 │ Row 2 Column 2 │ Row 2 Column 3 │
└────────────────┴────────────────┴────────────────┘`.slice(1),
  );
});

Deno.test("a cell may cover several columns, whose widths it does not change", () => {
  const text = new Table()
    .body([
      ["Row 1 Column 1", "Row 1 Column 2", "Row 1 Column 3"],
      ["Row 2 Column 1", new Cell("Row 2 Column 2 & 3").colSpan(2)],
      [new Cell("middle").colSpan(3).align("center")],
    ])
    .border()
    .toString();
  assert.equal(
    text,
    `
┌────────────────┬────────────────┬────────────────┐
│ Row 1 Column 1 │ Row 1 Column 2 │ Row 1 Column 3 │
├────────────────┼────────────────┴────────────────┤
│ Row 2 Column 1 │ Row 2 Column 2 & 3              │
├────────────────┴─────────────────────────────────┤
│                      middle                      │
└──────────────────────────────────────────────────┘`.slice(1),
  );
});

Deno.test("columns align their cells, but not the header; cells may have several lines", () => {
  const text = new Table()
    .header(["net", "error"])
    .body([["A", "29.6\n–"], [new Cell("B").align("center"), 8]])
    .columns([{}, { align: "right" }])
    .border()
    .toString();
  assert.equal(
    text,
    `
┌─────┬───────┐
│ net │ error │
├─────┼───────┤
│ A   │  29.6 │
│     │     – │
├─────┼───────┤
│  B  │     8 │
└─────┴───────┘`.slice(1),
  );
});

Deno.test("a table without rows is empty, one without lines is refused", () => {
  assert.equal(new Table().body([]).border().toString(), "");
  assert.throws(() => new Table().body([["a"]]).toString(), /call border\(\)/);
});

Deno.test("wide letters take two columns, combining ones none: no name is cut off", () => {
  const text = new Table()
    .header(["class"])
    .body([["日本語クラス"], ["🦊 fox"], ["e\u0301te\u0301"]])
    .border()
    .toString();
  assert.equal(
    text,
    `
┌──────────────┐
│ class        │
├──────────────┤
│ 日本語クラス │
├──────────────┤
│ 🦊 fox       │
├──────────────┤
│ e\u0301te\u0301          │
└──────────────┘`.slice(1),
  );
  // so do those of a cell's later lines
  const lines = new Table().body([["日本語\nクラス\nab", "c"]]).border().toString();
  assert.equal(
    lines,
    `
┌────────┬───┐
│ 日本語 │ c │
│ クラス │   │
│ ab     │   │
└────────┴───┘`.slice(1),
  );
});

Deno.test("a long table is what it would be if its rows were few, whatever they span", () => {
  const row = (i: number) =>
    i % 7 === 3 ? [new Cell(`across ${i}`).colSpan(2), "c"] : [`a ${i}`, "b", i % 5 ? "c" : "c\nd"];
  const draw = (from: number, to: number) =>
    new Table().border().columns([{ align: "right" }])
      .body(Array.from({ length: to - from }, (_, i) => row(from + i)))
      .toString().split("\n");
  // the lines around a row depend on it and its neighbours alone, where widths are the same
  const all = draw(100, 351);
  for (let first = 100; first < 348; first++) {
    const few = draw(first, first + 3).slice(2, -2);
    const at = all.findIndex((_, i) => few.every((other, j) => all[i + j] === other));
    assert.ok(at > 0, `rows ${first} to ${first + 2}:\n${few.join("\n")}`);
  }
  assert.deepEqual([all[0]![0], all.at(-1)![0]], ["┌", "└"]);
  assert.equal(all.filter((line) => /^[┌└]/.test(line)).length, 2);
});
