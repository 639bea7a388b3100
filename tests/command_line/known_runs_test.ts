import assert from "node:assert/strict";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { knownRuns, runByKey } from "../../lib/command_line/known_runs.ts";
import { plan, type PlannedRun } from "../../lib/plan.ts";
import { smoke } from "../../experiments/setups.ts";
import table3 from "../../experiments/table3.ts";
import { UserError } from "../../lib/errors.ts";
import { findStudy } from "../../lib/reproduce.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { tablesNamed } from "../../lib/command_line/tables.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { hearing } from "../support/hearing.ts";

const CONTEXT = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };

/** Options of `plan` in a fresh place. */
function optionsOf(...args: string[]) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const line = readCommandLine(["--data", folder, "--results", `${folder}/results`, ...args]);
  const takes = ["data", "results", "setup"] as const;
  return { folder, options: resolveOptions(line, { command: "plan", takes }) };
}

Deno.test("a plan and a report make no pictures", async () => {
  const { folder, options } = optionsOf("--setup", "smoke");
  const { runs, study: { dataset } } = await knownRuns(["table3"], options);
  assert.deepEqual([runs.length, dataset.made], [24, false]); // 12 nets, each tested once
  assert.equal(new Set(runs.map(({ key }) => key)).size, 24);
  const [result] = resultsOf(await tablesNamed(["table3"], options), await findStudy(options));
  assert.deepEqual(result!.dataset, { name: "scenes", classes: 5, images: 200 });
  assert.deepEqual([...Deno.readDirSync(folder)], []);
});

Deno.test("the paper is planned without ImageNet: runs have no keys, and a warning says so", async () => {
  const { options } = optionsOf("--setup", "paper");
  const { result, said } = await hearing(() => knownRuns(["table3"], options));
  assert.equal(result.runs.length, 24);
  for (const { key, ancestor, status } of result.runs) {
    assert.deepEqual([key, ancestor, status], ["", undefined, { state: "todo" }]);
  }
  assert.match(said.replaceAll("\n", " "), /1,000 classes and 50,000 validation images of 500x375/);
  assert.match(said, /--data DIR/);
  for (const line of said.split("\n")) assert(line.length <= 80, line);
});

Deno.test("a report without its data set is refused: a table of blanks would replace a good one", async () => {
  const { options } = optionsOf("--setup", "paper");
  await assert.rejects(findStudy(options), UserError);
});

Deno.test("a run is found by the first digits of its key; no run, or several, are refused", () => {
  const runs = plan([table3], [CONTEXT]);
  const place = { folder: "/results", allRuns: () => [] };
  const [first] = runs as [PlannedRun];
  assert.equal(runByKey(first.key.slice(0, 8), runs, place), first);
  assert.throws(
    () => runByKey("0123456789ab", runs, place),
    /^UserError: Cannot find run "0123456789ab": neither a table nor "\/results" has such a run; deno/,
  );
  // it could not be read before
  assert.equal(runByKey(first.key, [], { ...place, allRuns: () => runs }), first);
  const digit = first.key[0]!;
  const alike = [first, { ...runs[1]!, key: `${digit}${runs[1]!.key.slice(1)}` }];
  assert.throws(
    () => runByKey(digit, alike, place),
    new RegExp(`it may be train A 256 \\(${first.key}\\), .*; give more digits$`),
  );
});

Deno.test("--strict refuses data that is doubtful, with the doubt", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("report", "--strict");
  // a setup without departures: what is left is the data's
  const refusal = async () => {
    const message = await sandbox.study({ ...options, paper: options.setup })
      .then(() => "", (error: Error) => error.message);
    return message.slice(0, message.indexOf("; choose --setup paper"));
  };
  const sizes = await refusal();
  assert.match(
    sizes,
    /\(--strict\): data\.classes is 2, not 1,000; .*; data\.val is 6, not 50,000$/,
  );
  Deno.copyFileSync(`${sandbox.folder}/train/even/0.png`, `${sandbox.folder}/val/even/12.png`);
  const doubtful = await refusal();
  assert.ok(
    doubtful.startsWith(`${sizes}; 1 of 6 validation images is a training image, `),
    doubtful,
  );
});
