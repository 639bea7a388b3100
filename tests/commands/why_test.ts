import assert from "node:assert/strict";
import { diff } from "../../lib/commands/diff.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { RESULTS } from "../../lib/command_line/command_facts.ts";
import { why } from "../../lib/commands/why.ts";
import { evaluations, net } from "../../experiments/protocol.ts";
import { environment } from "../../lib/system/environment.ts";
import { UserError } from "../../lib/errors.ts";
import type { Context, Run } from "../../lib/experiment.ts";
import { type PlannedRun, plannedRun } from "../../lib/plan.ts";
import { findStudy } from "../../lib/reproduce.ts";
import { makeStore } from "../../lib/store/mod.ts";

const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const optionsOf = (...args: string[]) => {
  const all = ["--setup", "smoke", "--data", folder, "--results", `${folder}/it's`, ...args];
  const takes = [...RESULTS, "format", "strict"] as const;
  return resolveOptions(readCommandLine(all), { command: "why", takes });
};
const options = optionsOf();
const { contexts } = await findStudy(options);
const [context] = contexts as [Context];
const planned = (run: Run) => plannedRun(run, context);
const [D256, D384] = ([256, 384] as const).map((S) => planned(net("D", S))) as [
  PlannedRun,
  PlannedRun,
];
const [at384] = evaluations(net("D", 384), [384], "dense").map(planned) as [PlannedRun];

// One evaluation is done: it is right about every other image.
const store = makeStore(options.results);
const labels = Int32Array.from({ length: 200 }, (_, image) => image % 5);
store.begin(at384);
store.writeExecutions(at384, [{
  ...environment("2.21.0"),
  ...{ device: "cpu", precision: "float32", towers: 1, started: "2026-01-31T12:00:00.000Z" },
  seconds: 4,
}]);
store.writePosteriors(at384, {
  classes: 5,
  labels,
  values: Float32Array.from([...labels].flatMap((label, image) => {
    const posteriors = Array<number>(5).fill(0);
    posteriors[label] = image % 2 === 0 ? 0.4 : 0.6;
    posteriors[(label + 1) % 5] = image % 2 === 0 ? 0.6 : 0.4;
    return posteriors;
  })),
});

/** What a command prints. */
async function printed(work: () => Promise<number>): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (text: string) => lines.push(text);
  try {
    assert.equal(await work(), 0);
    return lines.join("\n");
  } finally {
    console.log = log;
  }
}

Deno.test("a row that stands on one run is explained by that run", async () => {
  const text = await printed(() => why(["table3/D/384"], options));
  for (
    const line of [
      "table3, row 8: D, 384, 384",
      "published: top-1 26.8 %, top-5 8.7 %",
      `test D 384 at Q = 384, dense  (${at384.key}, seed 0)`,
      "done",
      "measured: top-1 50.0 %",
      `folder: ${store.folderOf(at384)}`,
      `made by deno task table3 --setup smoke --data ${folder} --results '${folder}/it'\\''s'`,
    ]
  ) assert.ok(text.split("\n").includes(line), `${line}\n\n${text}`);
  assert.match(text, /carried out 2026-01-31 12:00:00 UTC, took 0:04;/);
  // the chain, who rests on it, the recipe and the nearest other run
  assert.match(text, new RegExp(`│ train D 384 +│ ${D384.key} │ todo +│ all layers of D 256 +│`));
  assert.match(text, /│ train A 256 .*│ random weights +│/);
  assert.match(text, /│ table4\/D\/384 +│ D, 384, 352 384 416 +│/);
  assert.match(text, /│ dropout +│ 0\.1 +│/);
  assert.match(text, /Nearest other run: test D 384 at Q = 352, dense \([0-9a-f]{12}\)/);
});

Deno.test("a run is found by the beginning of its key, begun or only planned", async () => {
  const text = await printed(() => why([D384.key.slice(0, 8)], options));
  assert.match(text, new RegExp(`^train D 384  \\(${D384.key}, seed 0\\)\ntodo\nmade by`));
  assert.match(text, /Runs that start from it\n(.*\n)+?│ train D \[256;512\] +│/);
});

Deno.test("a mean of evaluations lists all runs behind it, and what is to be done", async () => {
  const text = await printed(() => why(["table4/D/384"], options));
  assert.match(text, /mean posterior of 3 evaluations; 5 of its 6 runs are still to do/);
  assert.match(text, new RegExp(`test D 384 at Q = 384, dense │ ${at384.key} │ done`));
  const theirs = await printed(() => why(["table7/4"], options));
  assert.match(
    theirs,
    /top-5 7\.9 %, of both splits together\nA result of others: it has no run here/,
  );
});

Deno.test("for programs: the same as JSON, and flat as CSV", async () => {
  const json = await printed(() => why(["table3/D/384"], optionsOf("--format", "json")));
  const { place, runs: [run] } = JSON.parse(json);
  assert.equal(place, "table3/D/384");
  assert.deepEqual(run.recipe, { run: at384.run, ...JSON.parse(JSON.stringify(context)) });
  assert.deepEqual(run.result, { top1: 50 });
  assert.equal(run.executions[0].tensorflow, "2.21.0");
  assert.deepEqual(run.lineage.map(({ run }: { run: string }) => run), [
    ...["test D 384 at Q = 384, dense", "train D 384", "train D 256", "train A 256"],
  ]);
  const csv = await printed(() => why([at384.key], optionsOf("--format", "csv")));
  assert.ok(csv.split("\n").includes("result.top1,50"));
});

Deno.test("another seed's run is found in the store, with the command that made it", async () => {
  const other = plannedRun(net("A", 256), { ...context, seed: 7 });
  store.begin(other);
  const text = await printed(() => why([other.key], options));
  assert.match(text, /made by deno task table3 --seed 7 --setup smoke /);
  const foreign = plannedRun(net("A", 256), { ...context, data: "others" });
  store.begin(foreign);
  const unasked = await printed(() => why([foreign.key], options));
  assert.match(unasked, /It needs other options/);
});

Deno.test("two runs differ in the fields that are listed", async () => {
  const words = [D256.key.slice(0, 6), D384.key.slice(0, 6)];
  const text = await printed(() => diff(words, options));
  assert.match(text, /│ S +│ 256 +│ 384 +│/);
  assert.match(text, /│ init +│ 7 layers of A 256 +│ all layers of D 256 +│/);
  const csv = await printed(() =>
    diff(["table3/D/256", "table3/D/384"], optionsOf("--format", "csv"))
  );
  assert.deepEqual(csv.split("\n").slice(0, 3), ["field,one,other", "Q,256,384", "S,256,384"]);
  const same = await printed(() => diff([at384.key, "table3/D/384"], options));
  assert.match(same, /They are the same run\.$/);
});

Deno.test("words that name no run, or several, are refused with the way out", async () => {
  const refused = (work: Promise<number>, message: RegExp) =>
    assert.rejects(work, (error) => error instanceof UserError && message.test(error.message));
  await refused(why([], options), /why needs the key of a run or a row/);
  await refused(why(["D384"], options), /Cannot find "D384": name a run by .* table3\/D\/384/);
  await refused(why(["000000000000"], options), /neither a table nor ".*" has such a run/);
  await refused(why([""], options), /Cannot find ""/);
  await refused(diff([D256.key], options), /diff needs the keys of two runs/);
  await refused(
    diff([D256.key, "table4/B"], options),
    /that row needs .*; name one of them$/,
  );
  await refused(diff([D256.key, "table7/4"], options), /that row has no run here/);
});

Deno.test("--strict refuses data that is not the paper's, though the setup is", async () => {
  // as if this setup were the paper's own: what is left are 5 classes and 1,000 images
  await assert.rejects(
    findStudy({ ...options, paper: options.setup, strict: true }),
    /^UserError: .*\(--strict\): data\.classes is 5, not 1,000; data\.train is 800, .* data\.val is/,
  );
  assert.equal((await findStudy(options)).contexts.length, 1);
  await assert.rejects(findStudy(optionsOf("--strict")), /crop is 28, not 224/);
});
