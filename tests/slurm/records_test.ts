import assert from "node:assert/strict";
import { dirname } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { queue } from "../../lib/executors/slurm/client.ts";
import { jobOfRun, openRecords, readRecords } from "../../lib/executors/slurm/records.ts";
import { leftoversIn } from "../../lib/store/audit.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";

const RECORDS = ["7_0", "7_1", "12"].map((job, i) => (
  {
    ...{ job, name: "train-D-256", run: `0123456789a${i}`, log: `jobs/${job}.log` },
    submitted: "2026-01-31T12:00:00.000Z",
  }
));

/** Calls `work` with a store whose file of records can be damaged. */
function withRecords(work: (found: () => unknown, file: string, isTold: () => boolean) => void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const store = makeStore(folder);
    Deno.mkdirSync(`${folder}/jobs`); // the folder of scripts
    const add = openRecords(store);
    // jobs come in any order
    for (const record of [RECORDS[2]!, RECORDS[0]!, RECORDS[1]!]) add(record);
    const [{ name } = assert.fail()] = [...Deno.readDirSync(`${folder}/jobs`)];
    const isTold = () => leftoversIn(store).logs.includes(`jobs/${name}`);
    work(() => readRecords(store), `${folder}/jobs/${name}`, isTold);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("records are read back, in the order of job numbers", () =>
  withRecords((found, _, isTold) => {
    assert.deepEqual(found(), RECORDS);
    assert.equal(isTold(), false);
  }));

Deno.test("the last job of a run is the one that was submitted last, or the one in the queue", () => {
  const [older, newer] = [["900", "11"], ["12;east", "12"]].map(([job, minute]) => {
    return { ...RECORDS[0]!, job: job!, submitted: `2026-01-31T12:${minute}:00.000Z` };
  });
  withRecords((_, file) => {
    const store = openStore(dirname(dirname(file)));
    const add = openRecords(store);
    add(newer!);
    add(older!);
    const records = readRecords(store).filter(({ job }) => [older!.job, newer!.job].includes(job));
    assert.deepEqual(records, [older, newer]);
    assert.equal(jobOfRun(records).get(RECORDS[0]!.run)!.job, "12;east");
    assert.equal(jobOfRun(records, new Map([["900", {}]])).get(RECORDS[0]!.run)!.job, "900");
  });
});

Deno.test("records of a version without checksums are accepted", () =>
  withRecords((found, file) => {
    Deno.writeTextFileSync(file, RECORDS.map((record) => `${JSON.stringify(record)}\n`).join(""));
    assert.deepEqual(found(), RECORDS);
  }));

Deno.test("a changed byte or a cut loses only the records that it hits, and is reported", () =>
  withRecords((found, file, isTold) => {
    const whole = Deno.readFileSync(file);
    const all = new Set(RECORDS.map((record) => JSON.stringify(record)));
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at]! ^= 1 << at % 8;
      for (const bytes of [changed, whole.subarray(0, at)]) {
        Deno.writeFileSync(file, bytes);
        const left = found() as typeof RECORDS;
        // a changed line break joins two lines
        assert.ok(bytes.length < whole.length || left.length >= all.size - 2);
        assert.ok(left.length < all.size, `byte ${at}`);
        for (const record of left) assert.ok(all.has(JSON.stringify(record)), `byte ${at}`);
        // a cut between lines cannot be detected
        const hasWholeLines = bytes !== changed && [undefined, 0x0A].includes(bytes.at(-1));
        assert.equal(isTold(), !hasWholeLines, `byte ${at}`);
      }
    }
  }));

Deno.test("without Slurm, the error says so and names the way out", async () => {
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", "/nowhere");
  try {
    await assert.rejects(
      queue([]),
      (error) =>
        error instanceof UserError &&
        /^Cannot reach Slurm: squeue is not installed .*--executor local$/.test(error.message),
    );
  } finally {
    Deno.env.set("PATH", path);
  }
});
