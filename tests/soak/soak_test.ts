/** Very many runs in one process leave nothing behind, and what does so is found. */
import assert from "node:assert/strict";
import { inFolder } from "../support/in_store.ts";
import { tinyDataset } from "../support/tiny.ts";
import type { RunThreads } from "../../lib/executors/local/start_worker.ts";
import { brokenIn, trendsOfProcesses } from "./slurm.ts";
import { growing, planOf, simulated, soak, trendsOf } from "./soak.ts";

/** Runs: some nets, each with nine tests. */
const RUNS = 60;

/** What grows in a plan that such threads carry out. */
async function grownWith(threads: RunThreads): Promise<string[]> {
  let grown: string[] = [];
  await inFolder(async (folder) => {
    using dataset = tinyDataset();
    const samples = await soak(RUNS, { dataset, folder, threads, workers: 2 });
    assert.equal(samples.length, RUNS);
    // memory has no bound without collections on demand: `deno task soak` judges it
    grown = growing(trendsOf(samples)).filter((name) => name === "files" || name === "calls");
  });
  return grown;
}

/** The same threads, with something done after each run. */
function followedBy(after: (run: number) => void): RunThreads {
  const { prepare, start } = simulated();
  let runs = 0;
  return {
    prepare,
    async start(settings, onNotice) {
      const worker = await start(settings, onNotice);
      return {
        ...worker,
        async run(job, onProgress) {
          const finished = await worker.run(job, onProgress);
          after(runs++);
          return finished;
        },
      };
    },
  };
}

Deno.test("every run of a long plan opens as many files as the first ones, and leaves none open", async () => {
  assert.deepEqual(await grownWith(simulated()), []);
});

Deno.test("a run that leaves a file open, and one that looks at all earlier ones, are found", async () => {
  const left: Deno.FsFile[] = [];
  try {
    const open = () => void left.push(Deno.openSync("/dev/null"));
    const isListed = Deno.build.os === "linux";
    assert.deepEqual(await grownWith(followedBy(open)), isListed ? ["files"] : []);
  } finally {
    for (const file of left) file.close();
  }
  const look = (runs: number) => {
    for (let i = 0; i < runs; i++) Deno.statSync("/");
  };
  assert.deepEqual(await grownWith(followedBy(look)), ["calls"]);
});

Deno.test("a plan has as many runs as asked, each once, and nets before their tests", () => {
  const plan = planOf(1000, { fingerprint: "tiny" });
  assert.equal(new Set(plan.map(({ key }) => key)).size, 1000);
  const known = new Set<string>();
  for (const { key, ancestor } of plan) {
    assert.ok(ancestor === undefined || known.has(ancestor.key));
    known.add(key);
  }
});

Deno.test("over Slurm, a run that is lost, done twice or submitted twice is found, and limits that are passed", () => {
  const limits = { array: 2, jobs: 3 };
  const kept = {
    executions: new Map([["a", 1], ["b", 1], ["c", 1]]),
    jobs: ["1", "2_0", "2_1"],
    longestQueue: 3,
  };
  assert.deepEqual(brokenIn(kept, limits), []);
  const executions = new Map([["a", 0], ["b", 2], ["c", 1]]);
  assert.deepEqual(brokenIn({ ...kept, executions }, limits), [
    "run a was carried out 0 times",
    "run b was carried out 2 times",
  ]);
  assert.deepEqual(brokenIn({ ...kept, jobs: [...kept.jobs, "3"] }, limits), [
    "4 jobs for 3 runs",
  ]);
  assert.deepEqual(brokenIn({ ...kept, jobs: ["2_0", "2_1", "2_2"], longestQueue: 4 }, limits), [
    "4 jobs in a queue of 3",
    "3 tasks in an array of 2",
  ]);
});

Deno.test("over Slurm, jobs that open more and more files, and hold more and more memory, are found", () => {
  const flat = { files: 22, heap: 12e6, memory: 9e7, calls: 92, seconds: 2 };
  const jobs = (each: (i: number) => Partial<typeof flat>) =>
    growing(trendsOfProcesses(Array.from({ length: 200 }, (_, i) => ({ ...flat, ...each(i) }))));
  assert.deepEqual(jobs(() => ({})), []);
  // trainings, each tenth, open fewer
  assert.deepEqual(jobs((i) => ({ calls: i % 10 === 0 ? 75 : 92 })), []);
  assert.deepEqual(jobs((i) => ({ calls: 92 + i })), ["calls"]);
  assert.deepEqual(jobs((i) => ({ files: 22 + i, memory: 9e7 + 1e6 * i })), ["files", "memory"]);
});
