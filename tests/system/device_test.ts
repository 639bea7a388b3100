import assert from "node:assert/strict";
import { join } from "node:path";
import {
  countOf,
  deviceFrom,
  deviceInWords,
  type DeviceName,
  deviceOf,
  expectedDevice,
  gpuNumbers,
  gpus,
  gpusIn,
  idsForDriver,
  isDeviceName,
  mustBeThere,
  nameOfDevice,
  noteGpus,
  prefersBfloat16,
  towersOn,
  visibleFor,
} from "../../lib/system/device.ts";
import { UserError } from "../../lib/errors.ts";
import { shareFor } from "../../lib/estimates/memory.ts";
import { withNvidiaSmi } from "../support/nvidia_smi.ts";
import { withEnvironment } from "../support/variables.ts";

// As `nvidia-smi --query-gpu=name,memory.total,compute_cap,driver_version
// --format=csv,noheader,nounits` prints them.
const PRINTED = `NVIDIA H100 80GB HBM3, 81559, 9.0, 550.54.15
Tesla V100-SXM2-16GB, 16384, 7.0, 550.54.15
`;

Deno.test("what nvidia-smi prints is read line by line", () => {
  const [h100, v100, ...others] = gpusIn(PRINTED);
  assert.deepEqual(h100, {
    name: "NVIDIA H100 80GB HBM3",
    ...{ memory: 81559 * 2 ** 20, capability: 9, driver: "550.54.15" },
  });
  assert.equal(v100!.capability, 7);
  assert.deepEqual(others, []);
  assert.deepEqual(gpusIn(""), []);
});

Deno.test("devices have names", () => {
  const right = ["cpu", "gpu", "gpu:0", "gpu:12", "gpu:1,gpu:0", "gpus:4"];
  const wrong = ["GPU", "gpu:", "gpu:x", "cuda:0", "", "gpus:0", "gpus", "gpu:0,", "gpu:0,cpu"];
  assert.deepEqual([...right, ...wrong].filter(isDeviceName), right);
  assert.deepEqual(right.map((name) => gpuNumbers(name as DeviceName)), [
    ...[[], [0], [0], [12], [1, 0], [0, 1, 2, 3]],
  ]);
  assert.equal(deviceInWords({ kind: "cpu" }), "CPU");
  assert.equal(
    deviceInWords({ kind: "gpu", gpu: gpusIn(PRINTED)[0]! }),
    "NVIDIA H100 80GB HBM3, 80 GiB, driver 550.54.15",
  );
});

Deno.test("one device is left visible, counted within those that a cluster gives", () => {
  assert.equal(visibleFor("cpu", undefined), "-1");
  assert.equal(visibleFor("cpu", "2,3"), "-1");
  assert.equal(visibleFor("gpu", undefined), "0");
  assert.equal(visibleFor("gpu:3", undefined), "3");
  assert.equal(visibleFor("gpu", "2,3"), "2");
  assert.equal(visibleFor("gpu:1", "GPU-aaaa, GPU-bbbb"), "GPU-bbbb");
  for (const [device, visible] of [["gpu:2", "2,3"], ["gpu", ""]] as const) {
    assert.throws(() => visibleFor(device, visible), (error) => {
      assert.ok(error instanceof UserError);
      return error.message.startsWith(`Cannot use "${device}": CUDA_VISIBLE_DEVICES is`);
    });
  }
});

Deno.test("several devices are left visible, in their order", () => {
  assert.equal(visibleFor("gpus:2", undefined), "0,1");
  assert.equal(visibleFor("gpu:2,gpu:0", undefined), "2,0");
  assert.equal(visibleFor("gpus:2", "GPU-aaaa, GPU-bbbb,GPU-cccc"), "GPU-aaaa,GPU-bbbb");
  assert.throws(
    () => visibleFor("gpus:4", "2,3"),
    /^UserError: Cannot use "gpus:4": CUDA_VISIBLE_DEVICES is "2,3", which names 2 GPUs, .* choose --device gpus:2, others of them, or --device cpu$/,
  );
  assert.throws(
    () => visibleFor("gpu:1", "7"),
    /names 1 GPU, numbered from gpu:0; choose --device/,
  );
  assert.throws(() => visibleFor("gpu", ""), /names 0 GPUs, numbered .*; choose --device cpu$/);
  assert.throws(
    () => visibleFor("gpus:2", "GPU-aaaa,GPU-aaaa"),
    /^UserError: Cannot use "gpus:2": .* names GPU-aaaa twice; let it name each GPU once$/,
  );
  // a part of a GPU works alone
  assert.equal(visibleFor("gpu:1", "MIG-aaaa,MIG-bbbb"), "MIG-bbbb");
  assert.throws(
    () => visibleFor("gpus:2", "MIG-aaaa,MIG-bbbb"),
    /^UserError: Cannot use "gpus:2": .* CUDA gives a program only one; choose one, as in --device/,
  );
  mustBeThere("gpus:4", 4);
  mustBeThere("gpus:4", 0); // without nvidia-smi TensorFlow says it
  assert.throws(
    () => mustBeThere("gpu:0,gpu:4", 4),
    /^UserError: Cannot use "gpu:0,gpu:4": nvidia-smi lists 4 GPUs, .* choose --device gpus:4/,
  );
});

Deno.test("several GPUs are as large as the smallest, and said to be unlike where they are", () => {
  const [h100, v100] = gpusIn(PRINTED);
  const four = deviceFrom([h100, h100, h100, h100]);
  assert.equal(deviceInWords(four), "4 x NVIDIA H100 80GB HBM3, 80 GiB each, driver 550.54.15");
  const mixed = deviceFrom([h100, v100]);
  assert.equal(
    deviceInWords(mixed),
    "2 x NVIDIA H100 80GB HBM3 and Tesla V100-SXM2-16GB, 16 GiB or more each, driver 550.54.15",
  );
  const unknown = deviceFrom([undefined, undefined]);
  assert.equal(deviceInWords(unknown), "2 x GPU");
  assert.equal(deviceInWords(deviceFrom([undefined])), "a GPU");
  assert.deepEqual([four, unknown, deviceFrom([h100]), { kind: "cpu" } as const].map(countOf), [
    ...[4, 2, 1, 1],
  ]);
  assert.deepEqual(deviceFrom([h100]), { kind: "gpu", gpu: h100 });
});

Deno.test("a plan expects the device that a run would take, by what was noted", () => {
  const noted = gpusIn(PRINTED);
  const on = (device?: DeviceName, visible?: string, gpus = noted) =>
    nameOfDevice(expectedDevice(device, { noted: gpus, visible }));
  const [h100, v100] = noted.map(({ name }) => name);
  assert.deepEqual([on(), on("gpu"), on("gpu:1"), on("cpu")], [h100, h100, v100, "CPU"]);
  assert.deepEqual([on("gpus:2"), on("gpu:1,gpu:1")], [
    ...[`2 x ${h100} and ${v100}`, `2 x ${v100}`],
  ]);
  // counted within those that are visible
  assert.deepEqual([on(undefined, "1"), on("gpu:1", "1,0"), on("gpu", "GPU-aaaa")], [
    ...[v100, h100, h100],
  ]);
  assert.deepEqual([on(undefined, ""), on(undefined, "-1")], ["CPU", "CPU"]);
  // installed without a GPU: one that is asked for all the same is not known
  assert.deepEqual([on(undefined, undefined, []), on("gpu", undefined, [])], ["CPU", "a GPU"]);
});

Deno.test("bfloat16 is preferred where all GPUs that were noted have it, and nowhere else", () => {
  const file = join(Deno.makeTempDirSync({ prefix: "verydeep-test-" }), "deps", "gpus.json");
  const [h100, v100] = gpusIn(PRINTED) as [ReturnType<typeof gpusIn>[0], never];
  assert.equal(prefersBfloat16(file), false);
  noteGpus([h100!], file);
  assert.equal(prefersBfloat16(file), true);
  noteGpus([h100!, v100], file);
  assert.equal(prefersBfloat16(file), false);
  const text = Deno.readTextFileSync(file);
  for (const damaged of [text.slice(0, -9), "[null]", "{}"]) {
    Deno.writeTextFileSync(file, damaged);
    assert.throws(() => prefersBfloat16(file), /it is damaged; run `deno task install --gpu`/);
  }
  noteGpus([], file);
  assert.equal(prefersBfloat16(file), false);
  assert.deepEqual([...Deno.readDirSync(join(file, ".."))], []);
});

Deno.test("a GPU computes a batch as a whole, a processor in as many parts as were chosen", () => {
  assert.deepEqual([towersOn({ kind: "gpu" }, 2), towersOn({ kind: "cpu" }, 2)], [1, 2]);
  assert.equal(towersOn({ kind: "gpu", count: 4 }, 2), 4);
});

/** An A100 in two parts beside a whole one, as `nvidia-smi -L` lists them. */
const A100 = {
  listing: `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
  MIG 3g.20gb     Device  0: (UUID: MIG-dbd8d0b9-4d55-5b0c-8a6e-8b9b2b3e7f01)
  MIG 1g.5gb      Device  1: (UUID: MIG-2cb0a7f1-6a3c-5a36-9d3f-1b7d3c9a1e22)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-77aa1b2c-0000-1111-2222-333344445555)
`,
  answers: Object.fromEntries(
    [
      ...["0", "1", "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f"],
      "GPU-77aa1b2c-0000-1111-2222-333344445555",
    ].map((id) => [id, "NVIDIA A100-SXM4-40GB, 40960, 8.0, 550.54.15"]),
  ),
};

Deno.test("a GPU is found by its number, its UUID or the beginning of it, and a part by its own", () =>
  withNvidiaSmi(A100, () => {
    const whole = {
      name: "NVIDIA A100-SXM4-40GB",
      ...{ memory: 40960 * 2 ** 20, capability: 8, driver: "550.54.15" },
    };
    for (const id of ["1", "GPU-77aa1b2c-0000-1111-2222-333344445555", "GPU-77aa"]) {
      assert.deepEqual(gpus(id), [whole], id);
    }
    // an A100's 3g.20gb has 19,968 MiB: what is taken for it is less
    const part = { ...whole, name: "NVIDIA A100-SXM4-40GB MIG 3g.20gb", memory: 20e9 };
    assert.ok(part.memory < 19968 * 2 ** 20);
    assert.deepEqual(gpus("MIG-dbd8d0b9-4d55-5b0c-8a6e-8b9b2b3e7f01"), [part]);
    assert.equal(gpus("MIG-2cb0a7f1")[0]!.memory, 5e9);
    assert.deepEqual(gpus("MIG-elsewhere"), []);
    assert.deepEqual(gpus("7"), []);
  }));

Deno.test("a training on a part of a GPU takes as many images as fit into the part", () =>
  withNvidiaSmi(A100, () =>
    withEnvironment({ CUDA_VISIBLE_DEVICES: "MIG-dbd8d0b9" }, () => {
      const device = deviceOf(true);
      assert.equal(
        deviceInWords(device),
        "NVIDIA A100-SXM4-40GB MIG 3g.20gb, 19 GiB, driver 550.54.15",
      );
      assert.equal(shareFor(device, 1), 0.8 * 20e9);
    })));

Deno.test("the driver is asked for numbers and whole UUIDs, and not for what a part does", () =>
  withNvidiaSmi(A100, () => {
    assert.equal(idsForDriver("0,1"), "0,1");
    assert.equal(
      idsForDriver("GPU-77aa,GPU-5c89"),
      "GPU-77aa1b2c-0000-1111-2222-333344445555,GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f",
    );
    assert.equal(idsForDriver("MIG-dbd8d0b9"), undefined);
    assert.equal(idsForDriver("GPU-elsewhere"), "GPU-elsewhere");
  }));
