import assert from "node:assert/strict";
import { markdown, markdownTable } from "../../lib/report/markdown.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { madeUp } from "../support/results.ts";
import { assertSnapshot } from "../support/snapshot.ts";

Deno.test("Table 3 in Markdown: heading, caption, and a config in the first of its rows", () => {
  assertSnapshot(markdown(sheetOf(madeUp())), "table3.md");
});

Deno.test("a Markdown table lines up, and bars in cells do not break it", () => {
  assert.equal(
    markdownTable(["net", "error"], [["A|B", "9.5"], ["C", "10.0"]], ["left", "right"]),
    `
| net  | error |
| ---- | ----: |
| A\\|B |   9.5 |
| C    |  10.0 |`.slice(1),
  );
});
