import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import {
  CUDA_LIBRARIES,
  doubtOf,
  missingCuda,
  openCuda,
} from "../../../lib/tensorflow/cuda_libraries.ts";
import { packageFolder } from "../../../lib/tensorflow/addon.ts";
import { CUDA_WHEELS, linkCuda, olderCudnn } from "../../../lib/tensorflow/install/cuda.ts";
import { partsOf } from "../../../lib/tensorflow/install/mod.ts";
import { withEnvironment } from "../../support/variables.ts";

Deno.test("NVIDIA's wheels have pinned versions, which TensorFlow's own wheel allows", () => {
  // the extra "and-cuda" in tensorflow-2.21.0.dist-info/METADATA: from the first version to below the second
  const allowed: Record<string, [string, string]> = {
    "nvidia-cublas-cu12": ["12.5.3.2", "13.0"],
    "nvidia-cuda-cupti-cu12": ["12.5.82", "13.0"],
    "nvidia-cuda-nvcc-cu12": ["12.5.82", "13.0"],
    "nvidia-cuda-nvrtc-cu12": ["12.5.82", "13.0"],
    "nvidia-cuda-runtime-cu12": ["12.5.82", "13.0"],
    // from 9.24 on: TensorFlow's fused convolutions fail with earlier ones
    "nvidia-cudnn-cu12": ["9.24", "10.0"],
    "nvidia-cufft-cu12": ["11.2.3.61", "12.0"],
    "nvidia-curand-cu12": ["10.3.6.82", "11.0"],
    "nvidia-cusolver-cu12": ["11.6.3.83", "12.0"],
    "nvidia-cusparse-cu12": ["12.5.1.3", "13.0"],
    "nvidia-nccl-cu12": ["2.27.7", "3.0"],
    "nvidia-nvjitlink-cu12": ["12.5.82", "13.0"],
  };
  const pinned = Object.fromEntries(CUDA_WHEELS.map((wheel) => wheel.split("==")));
  assert.deepEqual(Object.keys(pinned), Object.keys(allowed));
  const order = new Intl.Collator("en", { numeric: true }).compare;
  for (const [name, [from, below]] of Object.entries(allowed)) {
    const version = pinned[name]!;
    assert.ok(order(from, version) <= 0 && order(version, below) < 0, `${name} ${version}`);
  }
});

Deno.test("a GPU or a driver that is too old for these libraries is named", () => {
  const gpu = { name: "Tesla T4", memory: 16 * 2 ** 30, capability: 7.5, driver: "525.60.13" };
  assert.equal(doubtOf(gpu), undefined);
  const old = { ...gpu, name: "Tesla V100-SXM2-16GB", capability: 7 };
  assert.match(doubtOf(old)!, /^Tesla V100-SXM2-16GB is older than .* --device cpu$/);
  assert.match(
    doubtOf({ ...gpu, driver: "470.199.02" })!,
    /^NVIDIA's driver 470\.199\.02 is too old/,
  );
});

Deno.test({
  name: "an installation with other CUDA libraries is not taken for this one",
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64", // no CUDA elsewhere
}, () => {
  const location = { cache: "/cache", package: packageFolder() };
  const { content } = partsOf("gpu", location).find(({ name }) => name === "CUDA")!;
  for (const wheel of CUDA_WHEELS) assert.ok(content.includes(wheel), wheel);
});

Deno.test("the CUDA library that does not open is named", async () => {
  const folder = await Deno.makeTempDir();
  const expected = (error: Error) =>
    error instanceof UserError && error.message.startsWith(`Cannot open "${CUDA_LIBRARIES[0]}"`);
  assert.throws(() => openCuda(folder), expected);

  const first = join(folder, CUDA_LIBRARIES[0]!);
  await Deno.mkdir(join(first, ".."), { recursive: true });
  await Deno.writeTextFile(first, "half of a library");
  assert.throws(() => openCuda(folder), expected);
  // all others are named as well
  assert.throws(() => openCuda(folder), /; nor libnvJitLink\.so\.12, .*libcudnn\.so\.9, /);
  assert.deepEqual(missingCuda(folder), CUDA_LIBRARIES.slice(1));
});

Deno.test("what TensorFlow opens by itself is opened after what it needs", () => {
  // NEEDED entries of the wheels' libraries, as readelf shows them.
  const needs = [
    ["libcublas.so", "libcublasLt.so"],
    ["libcusparse.so", "libnvJitLink.so"],
    ["libcusolver.so", "libcusparse.so"],
    ["libcusolver.so", "libcublas.so"],
    ["libcusolver.so", "libcublasLt.so"],
    ["libcusolver.so", "libnvJitLink.so"],
  ] as const;
  const place = (name: string) => CUDA_LIBRARIES.findIndex((path) => path.includes(`/${name}`));
  for (const [library, needed] of needs) {
    assert.ok(place(needed) >= 0 && place(needed) < place(library), `${needed} before ${library}`);
  }
});

/** A folder with empty files of these names. */
async function folderWith(names: readonly string[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  for (const name of names) {
    await Deno.mkdir(join(folder, dirname(name)), { recursive: true });
    await Deno.writeTextFile(join(folder, name), "");
  }
  return folder;
}

// As NVIDIA's wheels for CUDA 13 have them, with cudart of CUDA 12 beside them.
const CUDA_13 = [
  ...["cublas.so.13", "cublasLt.so.13", "cudart.so.13", "cufft.so.12", "curand.so.10"],
  ...["cusolver.so.12", "cusparse.so.12", "cupti.so.13", "nvrtc.so.13", "nvJitLink.so.13"],
  ...["nvrtc-builtins.so.13.0", "cusolverMg.so.12"],
].map((name) => `cu13/lib/lib${name}`);
const BESIDE = ["cudnn/lib/libcudnn.so.9", "cudnn/lib/libcudnn_ops.so.9", "nccl/lib/libnccl.so.2"];

Deno.test("libraries of CUDA 13 are linked under the names that TensorFlow opens", async () => {
  const from = await folderWith([...CUDA_13, ...BESIDE, "taken/libcudart.so.12"]);
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  await linkCuda(`${from}/cu13:${from}`, folder);
  assert.deepEqual(missingCuda(join(folder, "nvidia")), []);
  const target = (library: string) =>
    relative(from, Deno.readLinkSync(join(folder, "nvidia", library)));
  assert.equal(target("cublas/lib/libcublas.so.12"), "cu13/lib/libcublas.so.13");
  assert.equal(target("cufft/lib/libcufft.so.11"), "cu13/lib/libcufft.so.12");
  assert.equal(target("cusolver/lib/libcusolver.so.11"), "cu13/lib/libcusolver.so.12");
  assert.equal(target("cuda_nvrtc/lib/libnvrtc.so.12"), "cu13/lib/libnvrtc.so.13");
  assert.equal(target("cuda_runtime/lib/libcudart.so.12"), "taken/libcudart.so.12");
  assert.equal(target("curand/lib/libcurand.so.10"), "cu13/lib/libcurand.so.10");
  // the libraries that these open are in the same folder
  assert.equal(target("cudnn/lib/libcudnn_ops.so.9"), "cudnn/lib/libcudnn_ops.so.9");
  const builtins = "libnvrtc-builtins.so.13.0";
  assert.equal(target(`cuda_nvrtc/lib/${builtins}`), `cu13/lib/${builtins}`);
});

Deno.test("what no other version can stand in for is named with the wheel that has it", async () => {
  const from = await folderWith(CUDA_13);
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  await assert.rejects(linkCuda(from, folder), (error) => {
    assert.ok(error instanceof UserError);
    const { message } = error;
    assert.match(
      message,
      /libcudart\.so\.12 \(of nvidia-cuda-runtime-cu12==12\.9\.79\), libcudnn\.so\.9/,
    );
    return /libnccl\.so\.2 \(of nvidia-nccl-cu12==2\.27\.7\) cannot be found there; /.test(message);
  });
  await assert.rejects(
    linkCuda("/nowhere", folder),
    /^UserError: Cannot look for NVIDIA's libraries in "\/nowhere"/,
  );
});

Deno.test("a cuDNN that is too old is told by its own number", () => {
  // cudnnGetVersion() of 9.24.0, 9.5.1 and 9.10.2
  assert.deepEqual([92400, 90501, 91002].map(olderCudnn), [undefined, "9.5.1", "9.10.2"]);
});

Deno.test({
  name: "an installation with libraries of this machine stays with them",
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64", // no CUDA elsewhere
}, async () => {
  const sources = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  await Deno.writeTextFile(`${sources}/package.json`, '{ "version": "4.22.0" }');
  const cudaOf = (variables: Record<string, string> = {}) =>
    withEnvironment(variables, () => {
      const parts = partsOf("gpu", { cache: "/cache", package: sources });
      return parts.find(({ name }) => name === "CUDA")!;
    });
  const wheels = await cudaOf();
  const linked = await cudaOf({ VERYDEEP_CUDA: "/opt/cuda13:/opt/cudnn" });
  assert.match(wheels.content, /nvidia-cudnn-cu12==/);
  assert.equal(linked.content, "CUDA of /opt/cuda13:/opt/cudnn");
  assert.notEqual(linked.folder, wheels.folder);
  // as the installation writes it
  await Deno.mkdir(`${sources}/deps`);
  const content = `tensorflow==2.21.0 00, addon, ${linked.content}, gpu`;
  await Deno.writeTextFile(`${sources}/deps/stamp.json`, JSON.stringify({ content, files: {} }));
  assert.deepEqual((await cudaOf()).content, linked.content);
  assert.deepEqual((await cudaOf({ VERYDEEP_CUDA: "" })).content, wheels.content);
});
