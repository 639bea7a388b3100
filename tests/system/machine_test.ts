import assert from "node:assert/strict";
import { memoryLimit } from "../../lib/system/cgroups.ts";
import { inFolder } from "../support/in_store.ts";
import { printed } from "../support/processes.ts";
import { asTask } from "../support/tasks.ts";
import { cores, memory, runsAtOnce, threads } from "../../lib/system/machine.ts";

/** Does something in a job to which Slurm gave so much. */
function inJob(given: Readonly<Record<string, string>>, work: () => void) {
  const names = [
    ...["SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"],
    ...["SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU"],
  ];
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  for (const name of names) set(name, given[name]);
  try {
    work();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

Deno.test("outside of jobs all of the machine is ours", () =>
  inJob({}, () => {
    assert.equal(cores(), navigator.hardwareConcurrency);
    assert.equal(memory(), Math.min(memoryLimit(), Deno.systemMemoryInfo().total));
    assert.equal(runsAtOnce({ sideBySide: "cores" }), navigator.hardwareConcurrency);
    assert.equal(runsAtOnce({ sideBySide: "cores" }, 3), 3);
  }));

Deno.test("in a container with a limit only so much memory is ours", () =>
  inFolder((folder) => {
    // the limit is read once in a process
    const script = `
    import process from "node:process";
    process.constrainedMemory = () => 104_857_600;
    const { memory } = await import("${new URL("../../lib/system/machine.ts", import.meta.url)}");
    console.log(memory());`;
    const [program, ...args] = asTask("train", script, folder);
    assert.equal(printed(program!, ...args).trim(), "104857600");
  }));

Deno.test("in a job only what Slurm gave, and never more than there is; no memory means all of it", () => {
  // MiB
  inJob(
    { SLURM_CPUS_PER_TASK: "1", SLURM_MEM_PER_NODE: "100" },
    () => {
      assert.equal(cores(), 1);
      assert.equal(memory(), 104_857_600);
      assert.equal(runsAtOnce({ sideBySide: "cores" }), 1);
    },
  );
  // without --cpus-per-task
  inJob({ SLURM_CPUS_ON_NODE: "1" }, () => assert.equal(cores(), 1));
  // threads take 128 MiB each, and there is one at least
  inJob({ SLURM_MEM_PER_NODE: "100" }, () => assert.equal(threads(), 1));
  inJob({}, () => assert.equal(threads(), cores()));
  // with --mem-per-cpu
  inJob({ SLURM_CPUS_ON_NODE: "3", SLURM_MEM_PER_CPU: "100" }, () => {
    assert.equal(memory(), 3 * 104_857_600);
  });
  inJob({ SLURM_CPUS_PER_TASK: "100000", SLURM_MEM_PER_NODE: "0" }, () => {
    assert.equal(cores(), navigator.hardwareConcurrency);
    assert.equal(memory(), Math.min(memoryLimit(), Deno.systemMemoryInfo().total));
  });
});
