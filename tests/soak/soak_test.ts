/** Very many runs in one process leave nothing behind, and what does so is found. */
import assert from "node:assert/strict";
import { inFolder } from "../support/in_store.ts";
import { tinyDataset } from "../support/tiny.ts";
import type { RunThreads } from "../../lib/executors/local/start_worker.ts";
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
