import assert from "node:assert/strict";
import { cellsOf, csvOf } from "../../lib/report/csv.ts";
import { recordsOf } from "../../lib/report/records.ts";
import { madeUp } from "../support/results.ts";
import { assertSnapshot } from "../support/snapshot.ts";

const csv = (result: ReturnType<typeof madeUp>) => csvOf(recordsOf(result));

/** The first eighteen fields of a line. */
const beginning = (line: string) => line.split(",").slice(0, 18).join();

Deno.test("Table 3 as CSV has the columns that others read, and a line a row", () => {
  assertSnapshot(csv(madeUp()), "table3.csv");
});

Deno.test("several seeds: their mean, their runs, their standard deviation", () => {
  const [, first] = csv(madeUp({ seeds: 3 })).split("\n");
  // 10, 12 and 14: mean 12, standard deviation 2.
  assert.equal(
    beginning(first!),
    "table3,1,A,256,256,dense,12,2,29.6,10.4,2000,20,scenes,small,3,run0-0 run0-1 run0-2,2,0",
  );
});

Deno.test("what was not measured is empty, and never NaN", () => {
  const text = csv(madeUp({ missing: 12 }));
  assert.equal(
    beginning(text.split("\n")[1]!),
    "table3,1,A,256,256,dense,,,29.6,10.4,2000,20,scenes,small,0,,,",
  );
  const odd = madeUp();
  const [row] = odd.rows;
  const broken = { ...row!, measured: { top1: NaN, top5: Infinity } };
  const record = csv({ ...odd, rows: [broken] }).split("\n")[1]!;
  assert.ok(record.startsWith("table3,1,A,256,256,dense,,,29.6"), record);
});

Deno.test("values with commas and quotes are quoted", () => {
  assert.equal(csvOf([{ a: 'say "5, 6"', b: undefined }]), 'a,b\n"say ""5, 6""",');
});

Deno.test("a text that a spreadsheet would carry out begins with an apostrophe; a number does not", () => {
  const texts = ["=cmd()", "+1", "-1", "@a", "\t=a", "\r=a", "a=b", "=a\nb", "\n=a", "\uFF1Da"];
  const [, ...lines] = csvOf(texts.map((text) => ({ n: -1.5, text }))).split("\n-1.5,");
  assert.deepEqual(lines, [
    ...[`"'=cmd()"`, `"'+1"`, `"'-1"`, `"'@a"`, `"'\t=a"`, `"'\r=a"`, "a=b", `"'=a\nb"`],
    ...[`"'\n=a"`, `"'\uFF1Da"`],
  ]);
});

Deno.test("records of several kinds have the columns of all", () => {
  assert.equal(csvOf([{ a: 1 }, { b: 2 }, { a: 3, b: 4 }]), "a,b\n1,\n,2\n3,4");
  assert.equal(csvOf([]), "");
});

Deno.test("cells are read as they were written, quotes, commas and line breaks too", () => {
  const records = [{ a: 'say "5, 6"', b: 1.25 }, { a: "two\nlines", b: undefined }];
  assert.deepEqual(cellsOf(`${csvOf(records)}\n`), [
    ...[["a", "b"], ['say "5, 6"', "1.25"], ["two\nlines", ""]],
  ]);
});
