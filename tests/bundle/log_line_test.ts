/** A line of the log of reproductions, and the log itself. */
import assert from "node:assert/strict";
import { LOG_COLUMNS, logLineOf } from "../../lib/bundle/log_line.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { verify } from "../support/bundles.ts";
import { withStore } from "../support/made_store.ts";
import { tableRows } from "../support/markdown.ts";

Deno.test("REPRODUCED.md has the columns of the line, and a fingerprint or none", () => {
  const text = Deno.readTextFileSync(new URL("../../REPRODUCED.md", import.meta.url));
  const [header] = /^\| .*$/m.exec(text)!;
  assert.deepEqual(header.split("|").slice(1, -1).map((cell) => cell.trim()), [...LOG_COLUMNS]);
  const rows = tableRows(text);
  assert.ok(rows.length >= 2);
  for (const row of rows) {
    assert.equal(row.length, LOG_COLUMNS.length);
    assert.match(row[LOG_COLUMNS.indexOf("fingerprint")]!, /^([0-9a-f]{64}|–)$/);
  }
});

Deno.test("a line has the seeds, several machines, and problems instead of an agreement", () =>
  withStore(async (input, folder) => {
    const file = `${folder}/all.zip`;
    await writeBundle(file, input);
    const found = await verify(file);
    const cellsOf = (more: Partial<typeof found>) =>
      logLineOf({ ...found, ...more }).split(" | ").map((cell) =>
        cell.replaceAll(/^\| | \|$/g, "")
      );
    assert.equal(cellsOf({}).length, LOG_COLUMNS.length);
    const [tables, setup, seeds, , machine, commit, fingerprint, agreement] = cellsOf({
      origin: { machines: ["AMD EPYC, 2 cores, 24 GiB", "Intel Xeon"], commits: [] },
      problems: [{ kind: "file", file: "plan.json", reason: "was altered" }],
    });
    assert.deepEqual([tables, setup, seeds], ["first second", "smoke, made up", "0 1"]);
    assert.deepEqual([machine, commit], ["AMD EPYC, 2 cores, 24 GiB and 1 more", "unknown"]);
    assert.deepEqual([fingerprint, agreement], [found.fingerprint, "does not agree: 1 problem"]);
    const many = { ...found.plan, seeds: Array.from({ length: 1000 }, (_, seed) => seed) };
    assert.equal(cellsOf({ plan: many })[2]!.length, 200);
    const strange = { ...found.plan, setup: { ...found.plan.setup, name: "a|b\n<b>\x1b[2J" } };
    assert.equal(cellsOf({ plan: strange })[1], "a\\|b\ufffd\\<b>\ufffd[2J, made up");
    assert.equal(cellsOf({ results: [] })[3], "none");
  }));
