import assert from "node:assert/strict";
import { RESULTS } from "../../lib/command_line/command_facts.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { status } from "../../lib/commands/status.ts";
import { net } from "../../experiments/protocol.ts";
import { plannedRun } from "../../lib/plan.ts";
import { findStudy } from "../../lib/reproduce.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { environment, type Execution } from "../../lib/system/environment.ts";

const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** What `status table3` prints. */
async function printed(...args: string[]): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (text: string) => lines.push(text);
  try {
    assert.equal(await status(["table3"], optionsOf(...args)), 0);
    return lines.join("\n");
  } finally {
    console.log = log;
  }
}

const optionsOf = (...args: string[]) => {
  const all = ["--setup", "smoke", "--data", folder, "--results", `${folder}/results`, ...args];
  const takes = [...RESULTS, "format", "skip-unreadable"] as const;
  return resolveOptions(readCommandLine(all), { command: "status", takes });
};

Deno.test("status lists the energy of runs where it is known, and has no column where it is not", async () => {
  const options = optionsOf();
  const { contexts } = await findStudy(options);
  const A = plannedRun(net("A", 256), contexts[0]!);
  const store = makeStore(options.results);
  store.begin(A);
  assert.doesNotMatch(await printed(), /kWh/);

  const execution: Execution = {
    ...environment(),
    ...{ device: "gpu", precision: "float32", towers: 1, started: "2026-01-31T12:00:00.000Z" },
  };
  const gpuUse = { utilisation: 90, memory: 5, energy: 0.51234, samples: 3 };
  store.writeExecutions(A, [{ ...execution, gpuUse }, { ...execution, gpuUse }]);
  assert.match(await printed(), /│ kWh +│/);
  assert.match(await printed(), new RegExp(`${A.key} │ \\w+ +│ +1\\.02 │`));
  store.writeExecutions(A, [execution, { ...execution, gpuUse }]); // it was killed at first
  assert.match(await printed(), new RegExp(`${A.key} │ \\w+ +│ +at least 0\\.512 │`));
  const records = JSON.parse(await printed("--format", "json"));
  const found = records.map(({ key, energy_kwh }: Record<string, unknown>) => [key, energy_kwh]);
  assert.deepEqual(found.find(([key]: [string]) => key === A.key), [A.key, 0.51234]);
  assert.ok(found.every(([key, energy]: [string, unknown]) => key === A.key || energy === null));
});
