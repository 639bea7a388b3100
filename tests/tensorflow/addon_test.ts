import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  defaultVariables,
  loadAddon,
  loadStockTfjs,
  mustHaveAvx,
} from "../../lib/tensorflow/addon.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { run } from "../../lib/system/subprocess.ts";
import { VERSION } from "../../lib/tensorflow/install/wheel.ts";

Deno.test("the addon is TensorFlow's, of the version that was installed, and is loaded once", async () => {
  await ensureInstalled();
  const binding = await loadAddon();
  assert.equal(binding.TF_Version, VERSION);
  assert.equal(await loadAddon(), binding);
  // Numbers of tensorflow/core/framework/types.proto, which graphs are written with.
  const { TF_FLOAT, TF_INT32, TF_UINT8, TF_STRING, TF_INT64, TF_BOOL } = binding;
  assert.deepEqual([TF_FLOAT, TF_INT32, TF_UINT8, TF_STRING, TF_INT64, TF_BOOL], [
    1,
    3,
    4,
    7,
    9,
    10,
  ]);
});

Deno.test("loading again leaves standard error alone: other threads write to it", async () => {
  await ensureInstalled();
  const binding = await loadAddon();
  const { dlopen } = Deno;
  Object.assign(Deno, {
    dlopen: () => {
      throw new Error("standard error is redirected by the C library");
    },
  });
  try {
    assert.equal(await loadAddon(), binding);
  } finally {
    Object.assign(Deno, { dlopen });
  }
});

Deno.test("tensors keep their values, are counted, and are gone when they are deleted", async () => {
  await ensureInstalled();
  const binding = await loadAddon();
  const before = binding.getNumOfTensors();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const floats = binding.createTensor(
    [2, 2],
    binding.TF_FLOAT,
    new Float32Array([1, -2, 0.5, 3e9]),
  );
  const ints = binding.createTensor([3], binding.TF_INT32, new Int32Array([7, -8, 9]));
  const bools = binding.createTensor([2], binding.TF_BOOL, new Uint8Array([1, 0]));
  // 2 ** 32 + 5, as halves: low, high.
  const long = binding.createTensor([1], binding.TF_INT64, new Int32Array([5, 1]));
  const strings = binding.createTensor([2], binding.TF_STRING, [bytes("a,b"), bytes("")]);
  assert.equal(binding.getNumOfTensors() - before, 5);

  assert.deepEqual(binding.tensorDataSync(floats), new Float32Array([1, -2, 0.5, 3e9]));
  assert.deepEqual(binding.tensorDataSync(ints), new Int32Array([7, -8, 9]));
  assert.deepEqual(binding.tensorDataSync(bools), new Uint8Array([1, 0]));
  assert.deepEqual(binding.tensorDataSync(long), new BigInt64Array([4294967301n]));
  assert.deepEqual(binding.tensorDataSync(strings), [bytes("a,b"), bytes("")]);

  for (const id of [floats, ints, bools, long, strings]) binding.deleteTensor(id);
  assert.equal(binding.getNumOfTensors(), before);
  assert.throws(() => binding.tensorDataSync(floats), /tensor/i);
});

Deno.test("an operation runs, and a mistake comes back in TensorFlow's words", async () => {
  await ensureInstalled();
  const binding = await loadAddon();
  const type = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const a = binding.createTensor([2], binding.TF_FLOAT, new Float32Array([2, 3]));
  const [sum] = binding.executeOp("AddV2", [type], [a, a], 1);
  assert.deepEqual([sum?.shape, sum?.dtype], [[2], binding.TF_FLOAT]);
  assert.deepEqual(binding.tensorDataSync(sum!.id), new Float32Array([4, 6]));
  for (const id of [a, sum!.id]) binding.deleteTensor(id);

  assert.throws(() => binding.executeOp("AddV3", [], [], 1), /AddV3/);
  assert.throws(() => binding.loadSavedModel("/nowhere", "serve"), /SavedModel.*\/nowhere/);
  const wrong = () => binding.createTensor([3], binding.TF_FLOAT, new Float32Array(2));
  assert.throws(wrong, /num_elements=3, array_length=2/);
});

Deno.test("stock TensorFlow.js runs on the same addon", async () => {
  await ensureInstalled();
  const binding = await loadAddon();
  const tf = await loadStockTfjs();
  assert.equal(tf.getBackend(), "tensorflow");
  const before = binding.getNumOfTensors();
  tf.tidy(() => {
    const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5], [6]]));
    assert.deepEqual(Array.from(product.dataSync()), [1 * 5 + 2 * 6, 3 * 5 + 4 * 6]);
    assert.ok(binding.getNumOfTensors() > before);
  });
  assert.equal(binding.getNumOfTensors(), before);
});

/** The loader in a project whose node_modules are `packages`; says what it prints. */
async function load(packages: Record<string, string>): Promise<string> {
  const root = await Deno.makeTempDir();
  const write = async (path: string, text: string) => {
    await Deno.mkdir(dirname(join(root, path)), { recursive: true });
    await Deno.writeTextFile(join(root, path), text);
  };
  await write("deno.json", '{ "nodeModulesDir": "manual" }');
  const lib = fileURLToPath(new URL("../../lib/", import.meta.url));
  for (
    const name of [
      "errors",
      ...["determinism", "processor"].map((name) => `system/${name}`),
      ...["addon", "cuda_libraries", "quiet"].map((name) => `tensorflow/${name}`),
    ]
  ) {
    await write(`lib/${name}.ts`, await Deno.readTextFile(join(lib, `${name}.ts`)));
  }
  for (const [path, text] of Object.entries(packages)) await write(`node_modules/${path}`, text);
  const addon = join(root, "lib", "tensorflow", "addon.ts");
  const { ok, stderr } = await run([
    Deno.execPath(),
    "run",
    "--no-prompt",
    "-RWES",
    "--allow-ffi",
    addon,
  ]);
  assert.equal(ok, false);
  return stderr.trim();
}

Deno.test("what is not installed says what to run", async () => {
  const folder = "@tensorflow/tfjs-node-gpu";
  const packages = { [`${folder}/package.json`]: '{ "version": "4.22.0" }' };
  assert.match(await load({}), /^Cannot find .* in node_modules: run `deno install`$/);
  assert.match(
    await load(packages),
    /^Cannot load TensorFlow: it is not installed; run `deno task install`$/,
  );
  const damaged = { ...packages, [`${folder}/lib/napi-v8/tfjs_binding.node`]: "half an addon" };
  assert.match(await load(damaged), /^Cannot load TensorFlow: .*run `deno task install`, and/);
});

Deno.test("a GPU computes by kernels that give the same bits in each run; a processor does anyway", () => {
  const variables = (gpu: boolean, deterministic?: string) => {
    const all = defaultVariables({ gpu, deterministic });
    return [all.TF_DETERMINISTIC_OPS, all.TF_CUDNN_USE_FRONTEND];
  };
  assert.deepEqual(variables(true), ["1", "1"]);
  assert.deepEqual(variables(false), [undefined, undefined]);
  // what --deterministic=false or the user has set stays, as all variables that are set
  assert.equal(variables(true, "0")[1], undefined);
  assert.equal(variables(true, "true")[1], "1");
});

Deno.test("a processor without AVX is refused in one line, before TensorFlow ends the process", () => {
  assert.throws(
    () => mustHaveAvx([], "x86_64"),
    /^UserError: Cannot load TensorFlow: .* AVX instructions, .*; run this on a processor that has/,
  );
  mustHaveAvx(["AVX"], "x86_64");
  mustHaveAvx(undefined, "x86_64");
  mustHaveAvx([], "aarch64");
});
