import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chunks, inParallel } from "../../lib/system/workers.ts";
import { UserError } from "../../lib/errors.ts";

/** A worker that answers jobs with `work`, the text of a function. */
function workerOf(work: string): URL {
  const lib = (file: string) => JSON.stringify(new URL(`../../lib/${file}`, import.meta.url).href);
  const file = join(Deno.makeTempDirSync(), "worker.ts");
  Deno.writeTextFileSync(
    file,
    `import { answerJobs } from ${lib("system/workers.ts")};
     import { UserError } from ${lib("errors.ts")};
     answerJobs(${work}); export { UserError };`,
  );
  return pathToFileURL(file);
}

async function collect<Answer>(answers: AsyncIterable<{ index: number; answer: Answer }>) {
  const all: Answer[] = [];
  for await (const { index, answer } of answers) all[index] = answer;
  return all;
}

Deno.test("every job is answered once, whatever the number of workers", async () => {
  const worker = workerOf("(job: number, common: number) => job * job + common");
  const jobs = Array.from({ length: 20 }, (_, i) => i);
  for (const workers of [1, 3, 50]) {
    const answers = await collect(inParallel(jobs, { worker, common: 5, workers }));
    assert.deepEqual(answers, jobs.map((i) => i * i + 5));
  }
  assert.deepEqual(await collect(inParallel([], { worker })), []);
});

Deno.test("a failure in a worker is thrown here, and stays what it is", async () => {
  const work = "(job: number) => { if (job === 3) throw new UserError('job 3'); return job; }";
  await assert.rejects(
    collect(inParallel([1, 2, 3, 4], { worker: workerOf(work), workers: 2 })),
    (error) => error instanceof UserError && error.message === "job 3",
  );
  const defect = workerOf("(): number => { throw new TypeError('a defect'); }");
  await assert.rejects(
    collect(inParallel([1], { worker: defect })),
    (error) => !(error instanceof UserError) && /a defect/.test(String(error)),
  );
});

Deno.test("a worker that cannot start is a failure, not a silence", async () => {
  const missing = new URL("nowhere.ts", import.meta.url);
  await assert.rejects(collect(inParallel([1], { worker: missing })));
});

Deno.test("a list is cut into pieces", () => {
  assert.deepEqual(chunks([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(chunks([], 2), []);
});

Deno.test("where files or addresses are too few, starting threads is refused, and Deno does not panic", async () => {
  const worker = workerOf("(job: number) => job + 1");
  const script = join(Deno.makeTempDirSync(), "main.ts");
  const workers = new URL("../../lib/system/workers.ts", import.meta.url).href;
  Deno.writeTextFileSync(
    script,
    `import { inParallel } from ${JSON.stringify(workers)};
     const answers = inParallel([1, 2], { worker: new URL("${worker}"), workers: 2 });
     try { for await (const { answer } of answers) console.log(answer); }
     catch (error) { console.log(\`\${error.name}: \${error.message}\`); }`,
  );
  const project = new URL("../../", import.meta.url).pathname;
  const printed = async (limit: string) => {
    const run = `ulimit ${limit}; exec "$0" run --no-check -RWE --allow-sys --allow-ffi "$1"`;
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", run, Deno.execPath(), script],
      cwd: project,
    }).output();
    return [new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)].join("");
  };
  assert.match(
    await printed("-n 32"),
    /^UserError: Cannot start 2 threads: they may need 48 files, but only \d+ more may be open; raise .* ulimit -n 1024\n$/,
  );
  assert.equal((await printed("-n 256")).trim().split("\n").sort().join(" "), "2 3");
  assert.equal(
    await printed("-v 45000000"),
    "UserError: Cannot start 2 threads: this session limits a program's addresses to 46.1 GB (ulimit " +
      "-v), and Deno reserves some 50 GB, though it uses little of them; remove the limit, as in " +
      "ulimit -v unlimited\n",
  );
});
