// Expected texts are those of @cliffy/table itself: from its own tests where it has one of the kind.
import { Cell, Table } from "@cliffy/table";
import assert from "node:assert/strict";

const CELLS = [
  ["cell1", "cell2 cell2", "cell3"],
  ["cell1", "cell2", "cell3"],
  ["cell1", "cell2", "cell3 cell3"],
];

Deno.test("without a border, cells are parted by their padding", () => {
  const text = Table.from([["cell1", "cell2", "cell3"], ["cell1", "cell2", "cell3"]]).padding(1)
    .toString();
  assert.equal(text, "cell1 cell2 cell3\ncell1 cell2 cell3");
  assert.equal(Table.from([["a", "b"]]).padding(3).indent(2).toString(), "  a   b");
});

Deno.test("words are broken where a column is too narrow", () => {
  const text = Table.from(CELLS).maxColWidth(4).padding(1).toString();
  assert.equal(
    text,
    `
cell cell cell
1    2    3   
     cell     
     2        
cell cell cell
1    2    3   
cell cell cell
1    2    3   
          cell
          3   `.slice(1),
  );
});

Deno.test("missing cells at the end of a row are empty", () => {
  const text = Table
    .from([
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
    .columns([{}, { align: "right", minWidth: 7 }])
    .border()
    .toString();
  assert.equal(
    text,
    `
┌─────┬─────────┐
│ net │ error   │
├─────┼─────────┤
│ A   │    29.6 │
│     │       – │
├─────┼─────────┤
│  B  │       8 │
└─────┴─────────┘`.slice(1),
  );
});

Deno.test("a table is an array of its rows, and nothing without any", () => {
  const table = Table.from([["a"], ["b"]]);
  assert.equal(table.length, 2);
  table.push(["c"]);
  assert.equal(table.toString(), "a\nb\nc");
  assert.equal(table.body([]).toString(), "");
});
