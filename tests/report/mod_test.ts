import assert from "node:assert/strict";
import { join } from "node:path";
import { sheet as table2 } from "../../lib/commands/table2.ts";
import { UserError } from "../../lib/errors.ts";
import { csvOf } from "../../lib/report/csv.ts";
import { report, writeCollections, writeReports } from "../../lib/report/mod.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import * as results from "../support/results.ts";

const madeUp = (how = {}) => sheetOf(results.madeUp(how));

Deno.test("reports are written whole, over older ones, and leave nothing else behind", async () => {
  const folder = join(await Deno.makeTempDir(), "small");
  writeReports([madeUp({ missing: 12 })], folder);
  const files = writeReports([madeUp()], folder);
  const names = ["table3.csv", "table3.md", "table3.tex"];
  assert.deepEqual(files, names.map((name) => join(folder, name)));
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), names);
  assert.equal(await Deno.readTextFile(files[0]!), `${csvOf(madeUp().records)}\n`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("all errors are in one CSV, one column for each field; all tables in one document", async () => {
  const folder = await Deno.makeTempDir();
  const counts = [table2()], errors = [madeUp(), madeUp()];
  const files = writeCollections({ counts, errors }, folder);
  const names = ["all.csv", "protocol.tex", "tables.tex"];
  assert.deepEqual(files, names.map((name) => join(folder, name)));
  const [header, ...lines] = (await Deno.readTextFile(files[0]!)).trimEnd().split("\n");
  assert.equal(header, csvOf(madeUp().records).split("\n")[0]);
  assert.equal(lines.length, 24);
  assert.match(
    await Deno.readTextFile(files[2]!),
    /\\setcounter\{table\}\{1\}\n\\input\{table2\}\n\\setcounter\{table\}\{2\}\n\\input\{table3\}/,
  );
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
  assert.equal(report(twice, "latex").match(/\\begin\{table\}/g)?.length, 2);
  assert.equal(report(twice, "markdown").match(/^## Table 3:/gm)?.length, 2);
});
