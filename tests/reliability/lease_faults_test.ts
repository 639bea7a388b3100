/** Leases on a disk that fails: a run ends with a sentence, and no command waits for ever. */
import assert from "node:assert/strict";
import { DATA, outcome, start, type StartOptions, training } from "../support/commands.ts";
import { isRoot, onDiskOf } from "../support/disks.ts";
import { inFolder } from "../support/in_store.ts";
import { type Fault, withFault } from "../support/faults.ts";

/** Tests of one net: three runs; the last two wait for the first. */
const SHORT = `${DATA},schedules.first.images=320,validations=2`;
const PLAN = ["evaluate", "--config", "A", "--S", "256", "--Q", "224,256", "--set", SHORT];

/** Carries the plan out in a process, which is killed where it hangs. */
function plan(folder: string, workers: number, options: StartOptions = {}) {
  const before = ["timeout", "--kill-after=1", "300"];
  const args = [...PLAN, "--workers", String(workers)];
  return outcome(start(folder, args, { stdout: "piped", before, ...options }));
}

Deno.test({
  name: "a disk on which no file can be created fails every run, with one worker and with two",
  ignore: !isRoot,
  fn: () =>
    inFolder((data) =>
      // the root, the folder of the results, store.json and the folder of the leases
      onDiskOf(4, async (folder) => {
        for (const workers of [1, 2]) {
          const { code, out, err } = await plan(folder, workers, { data });
          assert.deepEqual([code, out], [1, ""], err);
          assert.match(err, /^error: Cannot write ".*leases\/.*": .*No space left on device/m);
          assert.doesNotMatch(err, /defect|^ +at /m);
        }
      })
    ),
});

/** Faults of leases, and whether a plan is carried out all the same. */
const FAULTS: readonly (Omit<Fault, "path"> & { readonly isHarmless?: boolean })[] = [
  { call: "mkdir", error: "EIO" },
  { call: "create", error: "EDQUOT" },
  // a lease that stays belongs to a process that ends, and a draft to nobody
  { call: "unlink", error: "EIO", isHarmless: true },
  // as on a file system without links
  { call: "link", error: "EIO", isHarmless: true },
];

for (const { isHarmless = false, ...fault } of FAULTS) {
  const what = isHarmless ? "costs nothing" : "fails the run";
  Deno.test(`${fault.error} at each ${fault.call} of a lease ${what}`, () =>
    inFolder((folder) =>
      withFault({ ...fault, path: "/leases" }, async (env) => {
        const { code, err } = await plan(folder, 2, { env });
        assert.equal(code, isHarmless ? 0 : 1, err);
        assert.doesNotMatch(err, /defect|^ +at /m);
        if (isHarmless) return;
        assert.match(err, /^error: Cannot write ".*leases\/.*": /m);
        assert.equal((await plan(folder, 2)).code, 0);
      })
    ));
}

Deno.test("a training that loses its lease stops, and waits for the new owner", () =>
  inFolder(async (folder) => {
    const { child, says, store, run } = await training(
      folder,
      (store, run) => store.readCheckpoint(run) !== undefined,
    );
    const lease = `${store.folder}/leases/${run.key}`;
    // a process elsewhere that took this one for dead
    Deno.writeTextFileSync(`${lease}.2`, JSON.stringify({ host: "other", pid: 7 }));
    Deno.removeSync(`${lease}.1`);
    let step: number | undefined;
    for await (const line of says) {
      if (line !== "A 256: waiting for process 7 on other, which executes this run") continue;
      step = store.readCheckpoint(run)!.step;
      assert.ok(store.readExecutions(run).at(-1)!.finished);
      child.kill("SIGINT");
    }
    assert.equal((await child.status).code, 130);
    assert.equal(store.readCheckpoint(run)!.step, step);
    const leases = [...Deno.readDirSync(`${store.folder}/leases`)].map(({ name }) => name);
    assert.deepEqual(leases, [`${run.key}.2`]);
  }));
