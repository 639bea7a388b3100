import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { csvOf } from "../../lib/report/csv.ts";
import { report, writeReports } from "../../lib/report/mod.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import * as results from "./results.ts";

const madeUp = (how = {}) => sheetOf(results.madeUp(how));

Deno.test("reports are written whole, over older ones, and leave nothing else behind", async () => {
  const folder = join(await Deno.makeTempDir(), "small");
  writeReports([madeUp({ missing: 12 })], folder);
  const files = writeReports([madeUp()], folder);
  assert.deepEqual(files, [join(folder, "table3.csv"), join(folder, "table3.md")]);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    "table3.csv",
    "table3.md",
  ]);
  assert.equal(await Deno.readTextFile(files[0]!), `${csvOf(madeUp().records)}\n`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a folder that cannot be written is named, with a way out", async () => {
  const file = await Deno.makeTempFile();
  const folder = join(file, "small"); // below a file
  assert.throws(() => writeReports([madeUp()], folder), (error) => {
    assert.ok(error instanceof UserError);
    assert.ok(error.message.startsWith(`Cannot write "${join(folder, "table3.csv")}": `));
    assert.match(error.message, /--results DIR$/);
    return true;
  });
  await Deno.remove(file);
});

Deno.test("several tables make one CSV and one JSON array", () => {
  const twice = [madeUp(), madeUp()];
  assert.equal(report(twice, "csv").split("\n").length, 1 + 24);
  assert.equal(JSON.parse(report(twice, "json")).length, 24);
  assert.equal(report(twice, "table").match(/^Table 3:/gm)?.length, 2);
  assert.equal(report(twice, "markdown").match(/^## Table 3:/gm)?.length, 2);
});
