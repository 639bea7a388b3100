/** Two folders of results side by side: on the terminal, as files and as a page. */
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { PAPER_TABLES } from "../../lib/command_line/tables.ts";
import { plannedRun } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { logOf } from "../support/logs.ts";

/** The first row of Table 3 (net A) in a folder of results, with some of six images wrong. */
async function fill(sandbox: CommandSandbox, folder: string, wrong: readonly number[]) {
  const { contexts: [context], setup } = await sandbox.study(sandbox.options("report"));
  const store = makeStore(folder);
  const test = plannedRun(PAPER_TABLES[0]!.rows[0]!.evaluations[0]!, context!);
  const training = test.ancestor!;
  store.begin(training);
  assert.ok(!("net" in training.run));
  for (const line of logOf(training.run, setup.train)) {
    store.appendLog(training, { ...line, loss: 0.1 });
  }
  store.writeWeights(training, new Map());
  store.begin(test);
  const labels = Int32Array.of(0, 1, 0, 1, 0, 1);
  const values = Float32Array.from([...labels].flatMap((label, image) => {
    const guess = wrong.includes(image) ? 1 - label : label;
    return guess === 0 ? [0.75, 0.25] : [0.25, 0.75];
  }));
  store.writePosteriors(test, { classes: 2, values, labels });
}

/** Every file below a folder, with its content and time. */
function stateOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return stateOf(path);
    return `${path} ${Deno.statSync(path).mtime?.getTime()} ${Deno.readFileSync(path).join()}`;
  }).sort();
}

Deno.test("the tables of another folder stand beside these, and it is only read", async () => {
  using sandbox = new CommandSandbox();
  const { results } = sandbox.options("report");
  const other = `${sandbox.folder}/theirs/${results.split("/").at(-1)}`;
  await fill(sandbox, results, []);
  await fill(sandbox, other, [0, 1, 2]);
  const before = stateOf(other);
  const beside = ["--beside", `${sandbox.folder}/theirs`];
  const text = await sandbox.printed("report", ["table3"], ...beside);
  assert.match(text, /^Table 3: .*, side by side$/m);
  // 3 of 6 against 0: McNemar's p is 2 / 2^3
  assert.match(
    text,
    /│ 1: A, 256, 256 +│ top-1 │ +0\.0 │ +50\.0 │ \+50\.0 \[.*\] │ 0\.250 +│/,
  );
  assert.match(text.replace(/\s+/g, " "), /24 of 24 runs of 1 have the same keys in 2: the same/);
  for (const line of text.split("\n")) assert.ok(line.length <= 80 || !/[│─]/.test(line), line);
  const [record] = await sandbox.records("report", ["table3"], ...beside);
  assert.deepEqual([record.first_error, record.second_error, record.p_holm], [0, 50, 0.25]);
  assert.deepEqual(stateOf(other), before);

  const page = Deno.readTextFileSync(`${results}/beside.html`);
  assert.match(page, /^<!doctype html>/);
  assert.match(page, /<h2 id="table3-beside">Table 3: /);
  assert.match(page, /default-src &#39;none&#39;|default-src 'none'/);
  assert.match(page, />\+50\.0 \[/);
  // errors in 1 across, in 2 upwards; both nets against depth on one axis of errors
  const plots = [...page.matchAll(/<svg role="img" aria-labelledby="([\w-]+)-title/g)];
  assert.deepEqual(plots.map(([, name]) => name), ["depth-1", "depth-2", "second-first"]);
  const [one, two] = page.split('<svg role="img"').slice(1)
    .map((svg) => [...svg.matchAll(/aria-label="y-axis tick label"[^>]*>(.*?)<\/g>/gs)].join());
  assert.equal(one, two);
  assert.match(one!, />80</); // the interval of 3 of 6 ends above
  assert.match(page, /A\/256\/256: 0\.0 % \[.*\] in 1, 50\.0 % \[.*\] in 2/);
  assert.match(
    Deno.readTextFileSync(`${results}/table3-beside.csv`),
    /^table,row,head,error,first,/,
  );
  // the same folders give the same page
  await sandbox.printed("report", ["table3"], ...beside);
  assert.equal(Deno.readTextFileSync(`${results}/beside.html`), page);
});

Deno.test("a folder without results, or the same one, is refused", async () => {
  using sandbox = new CommandSandbox();
  const { results } = sandbox.options("report");
  await fill(sandbox, results, []);
  const refused = (folder: string, message: RegExp) =>
    assert.rejects(sandbox.printed("report", ["table3"], "--beside", folder), (error) => {
      assert.ok(error instanceof UserError, String((error as Error).stack));
      assert.match(error.message, message);
      return true;
    });
  await refused(
    `${sandbox.folder}/train`,
    /neither it nor ".*" has a store\.json; name a folder of/,
  );
  await refused(`${sandbox.folder}/results`, /beside itself: it is the folder of these results/);
  await refused(results, /beside itself/);
  makeStore(`${sandbox.folder}/empty`);
  await refused(`${sandbox.folder}/empty`, /none of 12 evaluations is done there for this setup/);
});
