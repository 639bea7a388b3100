import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { CUDA_LIBRARIES, missingCuda, openCuda } from "../../../lib/tensorflow/cuda_libraries.ts";
import { requirementsOf } from "../../../lib/tensorflow/install/cuda.ts";

// From tensorflow-2.21.0.dist-info/METADATA.
const METADATA = `Metadata-Version: 2.4
Name: tensorflow
Provides-Extra: and-cuda
Requires-Dist: absl-py>=1.0.0
Requires-Dist: requests<3,>=2.21.0
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"
Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32") and extra == "gcs-filesystem"

Description: Requires-Dist is not a header here
`;

Deno.test("NVIDIA's wheels are those that TensorFlow's own wheel asks for", () => {
  assert.deepEqual(requirementsOf(METADATA, "and-cuda"), [
    "nvidia-cublas-cu12<13.0,>=12.5.3.2",
    "nvidia-cudnn-cu12<10.0,>=9.3.0.75",
  ]);
  assert.deepEqual(requirementsOf(METADATA, "and-rocm"), []);
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
