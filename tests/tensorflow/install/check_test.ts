import assert from "node:assert/strict";
import { check, LOADS } from "../../../lib/tensorflow/install/check.ts";
import { ensureInstalled } from "../../../lib/tensorflow/install/mod.ts";
import { withEnvironment } from "../../support/tensorflow.ts";

const okOf = (checks: { name: string; ok: boolean }[]) =>
  Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));

Deno.test("a whole installation needs no tools any more; those that lack come with a remedy", async () => {
  await ensureInstalled();
  const noTools = { PYTHON: "/nowhere/python3", CXX: "/nowhere/g++" };
  const checks = await withEnvironment(noTools, () => check());
  const { Python, pip, "C++ compiler": compiler, ...others } = okOf(checks);
  assert.deepEqual([Python, pip, compiler], [false, false, false]);
  assert.ok(Object.values(others).every(Boolean));
  assert.match(checks.at(-1)!.detail, /^TensorFlow 2\.21\.0 /);
  for (const { ok, remedy } of checks) assert.equal(remedy === undefined, ok);
});

Deno.test("an empty cache is seen; what is linked to another one still loads", async () => {
  await ensureInstalled();
  const VERYDEEP_CACHE = await Deno.makeTempDir();
  const checks = await withEnvironment({ VERYDEEP_CACHE }, () => check());
  const { TensorFlow, addon, linked, [LOADS]: loads } = okOf(checks);
  assert.deepEqual({ TensorFlow, addon, linked, loads }, {
    TensorFlow: false,
    addon: false,
    linked: true,
    loads: true,
  });
  const names = Array.from(Deno.readDirSync(VERYDEEP_CACHE), ({ name }) => name);
  assert.deepEqual(names, [], "a check makes nothing");
});

Deno.test("of the CUDA build each library that is missing is named, and a GPU that is not there", async () => {
  await ensureInstalled();
  const checks = await withEnvironment({ PATH: "/nowhere" }, () => check({ gpu: true }));
  const of = (wanted: string) => checks.find(({ name }) => name === wanted)!;
  assert.deepEqual([of("GPU").ok, of("CUDA libraries").ok], [false, false]);
  assert.match(of("CUDA libraries").detail, /^missing: libcudart\.so\.12, .*libcudnn\.so\.9/);
  assert.equal(of("CUDA libraries").remedy, "deno task install --gpu");
});
