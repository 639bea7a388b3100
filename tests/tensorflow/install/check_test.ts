import assert from "node:assert/strict";
import { check, LOADS, whyNoGpu } from "../../../lib/tensorflow/install/check.ts";
import { ensureInstalled } from "../../../lib/tensorflow/install/mod.ts";
import { withNvidiaSmi } from "../../support/nvidia_smi.ts";
import { withEnvironment } from "../../support/variables.ts";

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

Deno.test("the CUDA build says why it computes on the processor beside a GPU", async () => {
  const cache = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  await Deno.mkdir(`${cache}/deps`);
  const write = (content: string) =>
    Deno.writeTextFileSync(`${cache}/deps/stamp.json`, JSON.stringify({ content, files: {} }));
  const why = (gpu: string, visible = "0") =>
    new Promise<string | undefined>((resolve) =>
      withNvidiaSmi(
        { answers: { "0": gpu } },
        () =>
          withEnvironment({ CUDA_VISIBLE_DEVICES: visible }, () => {
            resolve(whyNoGpu({ cache, package: cache }));
          }),
      )
    );
  const [old, whole] = ["470.199.02", "550.54.15"].map((driver) =>
    `Tesla T4, 15360, 7.5, ${driver}`
  );
  write("TensorFlow, addon, CUDA, gpu");
  assert.match(
    (await why(old!))!,
    /^NVIDIA's driver 470\.199\.02 is too old for CUDA 12: install 525/,
  );
  assert.match(
    (await why(whole!))!,
    /^nvidia-smi lists Tesla T4, but .* --check says what is missing$/,
  );
  assert.match((await why("Tesla V100, 16384, 7.0, 550.54.15"))!, /^Tesla V100 is older than/);
  for (const hidden of ["", "-1"]) assert.equal(await why(old!, hidden), undefined);
  write("TensorFlow, addon, cpu");
  assert.equal(await why(old!), undefined);
  await Deno.remove(cache, { recursive: true });
});
