import assert from "node:assert/strict";
import {
  fullScale,
  type GpuCase,
  gpuCases,
  operationsOf,
  TINY,
} from "../../lib/bench/gpu_cases.ts";
import { type GpuTimes, measureGpu, measurementsOfGpu } from "../../lib/bench/gpu.ts";
import { UserError } from "../../lib/errors.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { withEnvironment } from "../support/variables.ts";

const H100 = {
  kind: "gpu",
  gpu: { name: "NVIDIA H100", memory: 80 * 2 ** 30, capability: 9, driver: "550.54.15" },
} as const;
const CPU = { kind: "cpu" } as const;
const TRIAL = { rounds: 1, turn: 0 };

const full = gpuCases(fullScale(H100), ["0.jpg"]);
const named = (name: string) => full.find((what) => what.name.startsWith(name))!;

Deno.test("the cases are those of the paper's nets at 224 pixels, in both precisions", () => {
  assert.deepEqual(full.map(({ name }) => name), [
    ...["float32", "bfloat16"].map((type) => `multiply matrices of 8192 x 8192, ${type}`),
    ...["bfloat16", "float32"].flatMap((type) =>
      ["A", "D", "E"].map((net) => `train ${net}, 224 px, batch 256, ${type}`)
    ),
    ...["bfloat16", "float32"].flatMap((type) => [
      `test D, 256 x 341 px, batch 4, ${type}`,
      `multi-crop test D, 224 px, batch 1, ${type}`,
    ]),
    "read 500 x 375 JPEGs, S = 256, crop 224",
    "read 500 x 375 JPEGs, S = [256;512], crop 224",
    "wait for files, train D, 224 px, batch 256, bfloat16",
  ]);
  // as many images as a training would take of a smaller GPU
  const small = gpuCases(fullScale({ ...H100, gpu: { ...H100.gpu, memory: 16 * 2 ** 30 } }), []);
  const batches = small.filter(({ kind }) => kind === "training").map(({ batch }) => batch);
  assert.ok(batches.every((batch) => 256 % batch === 0), `${batches}`);
  const [A = 0, D = 0, E = 0, ...float32] = batches;
  assert.ok(A >= D && D >= E && E < 256, `${batches}`);
  assert.ok(float32.slice(0, 3).every((batch, i) => batch < batches[i]!), `${batches}`);
});

Deno.test("operations are counted as 2 for each multiplication and addition", () => {
  // D has 15,470,264,320 multiply-adds for 224 pixels: convolutions and fully-connected layers
  assert.equal(operationsOf(named("train D")), 6 * 15_470_264_320);
  assert.equal(operationsOf(named("multi-crop test D")), 2 * 2 * 25 * 15_470_264_320);
  assert.equal(operationsOf(named("multiply")), 10 * 2 * 8192 ** 3);
});

Deno.test("speeds, ratios and shares of the peak follow from the times", () => {
  const what = named("train D");
  const cases = [named("multiply matrices of 8192 x 8192, bfloat16"), what];
  const times: Record<string, Record<string, GpuTimes>> = {
    // 1.1e13 operations in 0.02 s and in 0.025 s
    "verydeep": {
      [cases[0]!.name]: { seconds: [0.025], batch: 1 },
      [what.name]: { seconds: [0.25, 0.2, 0.16], batch: 256 },
    },
    "PyTorch": {
      [cases[0]!.name]: { seconds: [0.02], batch: 1 },
      [what.name]: { seconds: [0.25, 0.25, 0.4], batch: 128 },
    },
  };
  const peers = ["PyTorch", "PyTorch, compiled"] as const;
  const [product, training, ...others] = measurementsOfGpu(
    cases,
    peers,
    (contestant, { name }) => times[contestant]?.[name],
  );
  assert.equal(others.length, 0);
  assert.deepEqual(product, {
    ...{ name: cases[0]!.name, unit: "TFLOP/s", batch: undefined, ours: 440, peer: 550 },
    ...{ peer_name: "PyTorch", ratio: 0.8, ratio_min: 0.8, ratio_max: 0.8, of_peak: 80 },
  });
  // 256 / 0.2 and 128 / 0.25 images/s; 1024 to 1600 against 320 to 512
  const share = 100 * 1280 * 6 * 15_470_264_320 / (10 * 2 * 8192 ** 3 / 0.02);
  assert.deepEqual(training, {
    ...{ name: what.name, unit: "images/s", batch: 256, ours: 1280, peer: 512 },
    ...{ peer_name: "PyTorch", ratio: 2.5, ratio_min: 2, ratio_max: 5 },
    of_peak: Number(share.toPrecision(3)),
  });
});

/** Measures with contestants that only count. */
async function counted(
  { limit = 1e9, room = Infinity, phrases = [] as string[], broken = "" } = {},
) {
  let now = 0;
  const did: string[] = [];
  const told: string[] = [];
  const outcome = await measureGpu({
    ...{ device: CPU, scale: TINY, phrases, limit, race: TRIAL, peers: ["PyTorch"] },
    clock: () => now,
    onSkip: (message) => told.push(message),
    onResume: (message) => told.push(message),
    start: (name) => {
      let built: GpuCase;
      return Promise.resolve({
        ...{ name, version: "1" },
        build(what) {
          did.push(`${name}: ${what.name}`);
          built = what as GpuCase;
          return Promise.resolve();
        },
        run() {
          now++;
          if (built.name === broken) throw new UserError("it broke");
          if (built.batch > room) throw new UserError("OOM when allocating tensor");
          return Promise.resolve(1);
        },
        stop: () => Promise.resolve(),
      });
    },
  });
  return { ...outcome, did, told };
}

/** With a cache folder of its own, where the finished cases are kept. */
async function withCache(work: () => Promise<void>) {
  const VERYDEEP_CACHE = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  await withEnvironment({ VERYDEEP_CACHE }, work);
  Deno.removeSync(VERYDEEP_CACHE, { recursive: true });
}

Deno.test("what the time limit leaves is measured by the next call, and nothing twice", () =>
  withCache(async () => {
    const first = await counted({ limit: 20 });
    assert.ok(first.left > 0 && first.did.length > 0);
    const second = await counted();
    assert.equal(second.left, 0);
    assert.equal(second.told.length, 1);
    assert.match(second.told[0]!, new RegExp(`: ${new Set(first.did).size} of \\d+ measurements`));
    assert.deepEqual(second.did.filter((each) => first.did.includes(each)), []);
    const whole = new Set([...first.did, ...second.did]);
    // after the end all is measured anew
    const third = await counted();
    assert.deepEqual(new Set(third.did), whole);
    assert.deepEqual(third.measurements.map(({ name }) => name), [
      ...second.measurements.map(({ name }) => name),
    ]);
  }));

Deno.test("a training that does not fit is measured with half as many images, and what breaks is left out", () =>
  withCache(async () => {
    const { measurements } = await counted({ room: 1, phrases: ["train A"] });
    assert.deepEqual(measurements.map(({ batch, ours }) => [batch, ours]), [[1, 1], [1, 1]]);
    const broken = "train A/64, 32 px, batch 4, float32";
    const { measurements: others, told } = await counted({ phrases: ["train"], broken });
    assert.deepEqual(told, ["it broke", "it broke"]);
    assert.ok(others.length > 0 && others.every(({ name }) => name !== broken));
    await assert.rejects(
      counted({ phrases: ["train F"] }),
      /^UserError: Cannot measure "train F": no/,
    );
  }));

Deno.test("every case runs on a processor, in nets that are tiny, and those of each kind in PyTorch", async () => {
  await ensureInstalled();
  await withCache(async () => {
    const options = { device: CPU, scale: TINY, limit: Infinity, race: TRIAL };
    const { measurements, left } = await measureGpu({ ...options, peers: [], onSkip: assert.fail });
    assert.equal(left, 0);
    const cases = gpuCases(TINY, []);
    assert.deepEqual(measurements.map(({ name }) => name), cases.map(({ name }) => name));
    for (const { name, ours } of measurements) assert.ok(Number.isFinite(ours), name);

    const told: string[] = [];
    const beside = await measureGpu({
      ...options,
      peers: ["PyTorch"],
      phrases: [
        "matrices bfloat16",
        "train A bfloat16",
        "test 40 float32",
        "multi-crop float32",
      ],
      onSkip: (message) => told.push(message),
    });
    if (beside.versions.PyTorch === undefined) return console.warn(`skipped: ${told.join("; ")}`);
    assert.deepEqual(told, []);
    assert.deepEqual(
      beside.measurements.map(({ peer_name }) => peer_name),
      Array(4).fill("PyTorch"),
    );
    for (const { name, peer } of beside.measurements) assert.ok(peer! > 0, name);
  });
});
