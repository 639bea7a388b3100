import assert from "node:assert/strict";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { knownRuns } from "../../lib/command_line/runs.ts";
import { UserError } from "../../lib/errors.ts";
import { sourceOf } from "../../lib/reproduce.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { requestFor } from "../../lib/command_line/tables.ts";

/** Options of `plan` in a fresh place. */
function optionsOf(...args: string[]) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const line = readCommandLine(["--data", folder, "--results", `${folder}/results`, ...args]);
  const takes = ["data", "results", "setup"] as const;
  return { folder, options: resolveOptions(line, { command: "plan", takes }) };
}

/** Does `work`; what it writes on standard error comes back with its result. */
async function hearing<T>(work: () => Promise<T>): Promise<{ result: T; said: string }> {
  const { error } = console;
  let said = "";
  console.error = (text: string) => said += `${text}\n`;
  try {
    return { result: await work(), said };
  } finally {
    console.error = error;
  }
}

Deno.test("a plan and a report make no pictures", async () => {
  const { folder, options } = optionsOf("--setup", "smoke");
  const { runs, dataset } = await knownRuns(["table3"], options);
  assert.deepEqual([runs.length, dataset.made], [24, false]); // 12 nets, each tested once
  assert.equal(new Set(runs.map(({ key }) => key)).size, 24);
  const request = requestFor(["table3"], options);
  const [result] = resultsOf(request, await sourceOf(request));
  assert.deepEqual(result!.dataset, { name: "scenes", classes: 5, images: 200 });
  assert.deepEqual([...Deno.readDirSync(folder)], []);
});

Deno.test("the paper is planned without ImageNet: runs have no keys, and a warning says so", async () => {
  const { options } = optionsOf("--setup", "paper");
  const { result, said } = await hearing(() => knownRuns(["table3"], options));
  assert.equal(result.runs.length, 24);
  for (const { key, after, status } of result.runs) {
    assert.deepEqual([key, after, status], ["", [], { state: "todo" }]);
  }
  assert.match(said.replaceAll("\n", " "), /1,000 classes and 50,000 validation images of 500x375/);
  assert.match(said, /--data DIR/);
  for (const line of said.split("\n")) assert(line.length <= 80, line);
});

Deno.test("a report without its data set is refused: a table of blanks would replace a good one", async () => {
  const { options } = optionsOf("--setup", "paper");
  await assert.rejects(sourceOf(requestFor(["table3"], options)), UserError);
});
