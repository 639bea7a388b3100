import assert from "node:assert/strict";
import { type BenchCommand, finishedCases } from "../../lib/bench/finished_cases.ts";
import { measurementsOf } from "../../lib/bench/mod.ts";

const COMMAND: BenchCommand = { phrases: ["train A/8"], isa: "avx2", where: ["host", "1.0"] };
const CASE = "train A/8, 56 px, batch 16, float32";
const MEASURED = measurementsOf({ name: CASE, batch: 16 }, [{ name: "PyTorch" }], [[0.1], [0.2]]);
const BEGUN = new Date("2026-01-31T12:00:00Z");

/** Opens the stored cases in a folder, `hours` after the start of the benchmark. */
const inFolder = (folder: string) => (command: BenchCommand, hours = 0) =>
  finishedCases(command, { folder, now: new Date(BEGUN.getTime() + hours * 3_600_000) });

Deno.test("the same command reuses the measurements of an interrupted benchmark", () => {
  const open = inFolder(Deno.makeTempDirSync({ prefix: "verydeep-test-" }));
  const first = open(COMMAND);
  assert.equal(first.of(CASE), undefined);
  first.keep(CASE, MEASURED, { verydeep: "1", PyTorch: "2" });
  first.keep("another", [], {});

  const again = open(COMMAND, 2);
  assert.deepEqual(again.of(CASE), MEASURED);
  assert.deepEqual(again.versions, { verydeep: "1", PyTorch: "2" });
  assert.deepEqual(again.begun, BEGUN);
  // another command, limit or version, or a day later: measured again
  assert.equal(open({ ...COMMAND, phrases: [] }).of(CASE), undefined);
  assert.equal(open({ ...COMMAND, isa: undefined }).of(CASE), undefined);
  assert.equal(open({ ...COMMAND, oneCore: true }).of(CASE), undefined);
  assert.equal(open({ ...COMMAND, where: ["host", "1.1"] }).of(CASE), undefined);
  assert.equal(open(COMMAND, 24).of(CASE), undefined);

  again.remove();
  assert.equal(open(COMMAND, 2).of(CASE), undefined);
});

Deno.test("a damaged file contains no finished case", () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const open = inFolder(folder);
  open(COMMAND).keep(CASE, MEASURED, {});
  const [file] = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);
  const begun = JSON.stringify(BEGUN);
  for (
    const text of ["", "{", "null", "{}", `{"begun": ${begun}, "cases": {"a": 1}, "versions": {}}`]
  ) {
    Deno.writeTextFileSync(file!, text);
    assert.equal(open(COMMAND).of(CASE), undefined);
  }
});
