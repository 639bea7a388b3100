import assert from "node:assert/strict";
import { listing } from "../../lib/report/listing.ts";
import { escapedMarkdown, markdown, markdownTable } from "../../lib/report/markdown.ts";
import { cell } from "../../lib/report/sheet.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { madeUp } from "../support/results.ts";
import { assertSnapshot } from "../support/snapshot.ts";

Deno.test("Table 3 in Markdown: heading, caption, and a config in the first of its rows", () => {
  assertSnapshot(markdown(sheetOf(madeUp())), "table3.md");
});

Deno.test("a Markdown table lines up, with wide letters, too", () => {
  assert.equal(
    markdownTable(["net", "error"], [["日本", "9.5"], ["C", "10.0"]], ["left", "right"]),
    `
| net  | error |
| ---- | ----: |
| 日本 |   9.5 |
| C    |  10.0 |`.slice(1),
  );
});

Deno.test("what means something to Markdown gets a backslash, and only that", () => {
  const texts: Record<string, string> = {
    "a|b": "a\\|b",
    "a\\|b": "a\\\\\\|b", // a backslash before a bar: two escapes
    "*bold* and `code`": "\\*bold\\* and \\`code\\`",
    "<b>&amp; & co.": "\\<b>\\&amp; & co.",
    "[a](b) and ![c](d)": "[a\\](b) and \\![c\\](d)",
    "_a_ but top1_error": "\\_a\\_ but top1_error",
    "# 1\n2": "\\# 1 2",
    "[256;512] -0.5 +1.2 D/256, C < B": "[256;512] -0.5 +1.2 D/256, C < B",
  };
  for (const [text, markdown] of Object.entries(texts)) {
    assert.equal(escapedMarkdown(text), markdown);
  }
});

Deno.test("hostile names stay in their cells, in sheets and in listings", () => {
  const name = "a\\|b*c*";
  const sheet = { ...sheetOf(madeUp()), body: [[[cell(name), cell("1\n2", { best: true })]]] };
  const cells = "| a\\\\\\|b\\*c\\* |";
  assert.ok(markdown(sheet).includes(cells), markdown(sheet));
  assert.match(markdown(sheet), /\| +\*\*1<br>2\*\* \|/);
  const list = { title: name, records: [{ name }], columns: [{ field: "name" }] };
  assert.ok(listing(list, "markdown").includes(cells));
});
