/** `cancel` on a cluster: with stand-ins for Slurm's programs, and with Slurm's own daemons. */
import assert from "node:assert/strict";
import { commandNamed } from "../../lib/commands/mod.ts";
import { asArrays } from "../../lib/executors/slurm/client.ts";
import { CommandSandbox, TINY, tinyFolder } from "../support/command_sandbox.ts";
import { hasSlurm, TestCluster } from "./cluster.ts";
import { FakeSlurm } from "./fake_slurm.ts";

/** A study of two nets A with these values of dropout, and its eight runs. */
const studyOf = (name: string, dropouts: readonly number[]) =>
  `import { study } from "verydeep";\n` +
  `export default study({ name: "${name}", caption: "Dropout of net A", ` +
  `grid: { dropout: ${JSON.stringify(dropouts)}, Q: ["one", "three"] } });\n`;

/** Numbers of the jobs in the queue, of an array's tasks the array's. */
function queued(slurm: FakeSlurm): string[] {
  return [...new Set(slurm.lines("jobs").map((line) => line.split(/[_|]/)[0]!))];
}

Deno.test("cancel takes a study's report with its last run, and leaves another study's jobs alone", async () => {
  using site = new CommandSandbox();
  using slurm = new FakeSlurm();
  const written = (name: string, dropouts: readonly number[]) => {
    const file = `${site.folder}/${name}.ts`;
    Deno.writeTextFileSync(file, studyOf(name, dropouts));
    return file;
  };
  const [first, second] = [written("first", [0, 0.5]), written("second", [0.2, 0.7])];
  const call = async (command: string, words: readonly string[], ...args: string[]) => {
    const run = commandNamed(command)!.run;
    assert.equal(await run(site.options(command, ...args), words), 0);
  };
  for (const file of [first, second]) await call("study", [file], "--executor", "slurm");
  // an array of two trainings, an array of three tests for each, and the report
  assert.deepEqual(queued(slurm), ["101", "102", "103", "104", "105", "106", "107", "108"]);
  await call("cancel", [first]);
  assert.deepEqual(queued(slurm), ["105", "106", "107", "108"]);
  assert.match(slurm.calls("scancel").at(-1)!, / 101 102 103 104$/);
  // the runs that both have are cancelled; the report waits for the others
  await call("study", [first], "--executor", "slurm");
  await call("cancel", [written("third", [0, 0.6])]);
  assert.match(slurm.calls("scancel").at(-1)!, / 109_\d 11[01]$/);
  await call("cancel", []);
  assert.deepEqual(queued(slurm), []);
});

Deno.test("an array is cancelled as one, unless tasks of it are to stay", () => {
  const present = ["1_0", "1_1", "2", "3_0;east", "3_1;east", "4_0"];
  assert.deepEqual(asArrays(["1_0", "2"], present), ["1_0", "2"]);
  assert.deepEqual(asArrays(["1_0", "1_1", "3_0;east", "3_1;east"], present), ["1", "3;east"]);
  assert.deepEqual(asArrays(present, present), ["1", "2", "3;east", "4"]);
});

Deno.test({
  name: "on a cluster, a cancelled study leaves no job, and its runs are cancelled, not failed",
  ignore: !hasSlurm,
  async fn() {
    await using cluster = await TestCluster.start();
    const options = [
      ...["--setup", "smoke", "--dataset", "folder", "--set", TINY],
      ...["--data", tinyFolder(cluster.folder("data")), "--results", cluster.folder("results")],
    ];
    Deno.writeTextFileSync(`${cluster.folder("user")}/mine.ts`, studyOf("mine", [0, 0.5]));
    await cluster.run("scontrol", "update", "NodeName=n1,n2", "State=DRAIN", "Reason=test");
    const submitted = await cluster.verydeep("study", "./mine.ts", ...options, "--executor=slurm");
    assert.match(submitted.err, /^Submitted 4 jobs for 8 runs\. /);
    const states = async () => {
      const line = ["status", "./mine.ts", ...options, "--format", "json"];
      const { out } = await cluster.verydeep(...line);
      return JSON.parse(out).map(({ state }: { state: string }) => state);
    };
    assert.deepEqual(await states(), Array(8).fill("pending"));
    const cancelled = await cluster.verydeep("cancel", "./mine.ts", ...options);
    assert.match(cancelled.err, /^Cancelled: 1_0, 1_1, 2_0, 2_1, 2_2, 3_0, 3_1, 3_2, 4$/m);
    assert.equal((await cluster.run("squeue", "--noheader")).out, "");
    assert.deepEqual(await states(), Array(8).fill("cancelled"));
  },
});
