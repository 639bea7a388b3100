import assert from "node:assert/strict";
import { markdown, markdownTable } from "../../lib/report/markdown.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { madeUp } from "../support/results.ts";

Deno.test("Table 3 in Markdown: heading, caption, and a config in the first of its rows", () => {
  const [heading, , caption, , ...lines] = markdown(sheetOf(madeUp())).split("\n");
  assert.equal(heading, "## Table 3: ConvNet performance at a single test scale");
  assert.match(
    caption!,
    /^Measured: scenes, 20 classes, .* not ImageNet, .*Published: ILSVRC-2012/,
  );
  assert.equal(lines.length, 2 + 12 + 2);
  const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  assert.deepEqual(cells(lines[2]!), ["A", "256", "256", "**10.0**", "**2.0**", "29.6", "10.4"]);
  assert.deepEqual(cells(lines[7]!), ["", "[256;512]", "384", "15.0", "2.6", "27.3", "8.8"]);
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
