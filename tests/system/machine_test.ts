import assert from "node:assert/strict";
import { cores, memory, runsAtOnce } from "../../lib/system/machine.ts";

/** Does something in a job to which Slurm gave so much. */
function inJob(given: Readonly<Record<string, string>>, work: () => void) {
  const names = ["SLURM_CPUS_PER_TASK", "SLURM_MEM_PER_NODE"];
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
    assert.equal(memory(), Deno.systemMemoryInfo().total);
    assert.equal(runsAtOnce({ sideBySide: "cores" }), navigator.hardwareConcurrency);
    assert.equal(runsAtOnce({ sideBySide: "cores" }, 3), 3);
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
  inJob({ SLURM_CPUS_PER_TASK: "100000", SLURM_MEM_PER_NODE: "0" }, () => {
    assert.equal(cores(), navigator.hardwareConcurrency);
    assert.equal(memory(), Deno.systemMemoryInfo().total);
  });
});
