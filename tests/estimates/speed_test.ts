import assert from "node:assert/strict";
import { join } from "node:path";
import { paper, small } from "../../experiments/setups.ts";
import type { Device } from "../../lib/system/device.ts";
import {
  estimateSpeed,
  keepSpeed,
  type MeasuredSpeed,
  speedFor,
} from "../../lib/estimates/speed.ts";

const { crop, width, fc } = paper.train;
const CPU = { kind: "cpu" } as const;
const [H100, H200] = ["NVIDIA H100 80GB HBM3", "NVIDIA H200"].map((name): Device => ({
  ...{ kind: "gpu", gpu: { name, memory: 80 * 2 ** 30, capability: 9, driver: "550.54.15" } },
}));
const speed: MeasuredSpeed = {
  ...{ host: Deno.hostname(), device: "CPU", precision: "float32", crop, width, fc },
  ...{ training: 97e9, testing: 99e9, images: { training: 2.1, testing: 1.9 } },
  ...{ bfloat16: false, load: 0.1, measured: "2026-01-31T12:00:00.000Z" },
};

Deno.test("a speed applies to the machine, device, nets and precision that it was measured on", () => {
  const file = join(Deno.makeTempDirSync({ prefix: "verydeep-test-" }), "cache", "speeds.json");
  const on = { device: CPU, file };
  assert.equal(speedFor(paper.train, on), undefined);
  keepSpeed(speed, file);
  keepSpeed({ ...speed, host: "another", training: 1e12 }, file);
  keepSpeed({ ...speed, precision: "bfloat16", training: 180e9 }, file);
  keepSpeed({ ...speed, device: "NVIDIA H100 80GB HBM3", training: 9e13 }, file);
  assert.deepEqual(speedFor(paper.train, on), speed);
  assert.equal(speedFor({ ...paper.train, precision: "bfloat16" }, on)!.training, 180e9);
  assert.equal(speedFor(small.train, on), undefined);
  // a GPU's speed applies to the same model only, with any driver
  assert.equal(speedFor(paper.train, { device: H100!, file })!.training, 9e13);
  assert.equal(speedFor(paper.train, { device: H200!, file }), undefined);
  assert.equal(speedFor(paper.train, { device: { kind: "gpu" }, file }), undefined);
  // a new measurement replaces the old one
  keepSpeed({ ...speed, training: 98e9 }, file);
  assert.equal(speedFor(paper.train, on)!.training, 98e9);
  assert.equal(JSON.parse(Deno.readTextFileSync(file)).length, 4);
});

Deno.test("a damaged file contains no speed", () => {
  const file = Deno.makeTempFileSync({ prefix: "verydeep-test-" });
  for (const text of ["", "{", "{}", "null", '[{"training": 0}]']) {
    Deno.writeTextFileSync(file, text);
    assert.equal(speedFor(paper.train, { device: CPU, file }), undefined);
  }
});

Deno.test("what was not measured is scaled from the nearest nets, in the same precision if there is one", () => {
  const file = Deno.makeTempFileSync({ prefix: "verydeep-test-" });
  const on = { device: CPU, file };
  assert.equal(estimateSpeed(paper.train, on), undefined);
  const narrowSetup = { ...small.train, crop: 56, width: 1 / 8 };
  const { crop, width, fc } = narrowSetup;
  const narrow = { ...speed, crop, width, fc, training: 66e9, testing: 70e9 };
  keepSpeed(narrow, file);
  assert.deepEqual(estimateSpeed(narrowSetup, on), {
    ...{ training: 66e9, testing: 70e9, measured: narrow, isOwn: true },
  });
  // 33 to 50 thousand million a core from no channels to all: a factor of 50 / (33 + 17 / 8)
  const wide = estimateSpeed(paper.train, on)!;
  assert.equal(wide.isOwn, false);
  assert.ok(Math.abs(wide.training / (66e9 * 50 / 35.125) - 1) < 1e-12);
  assert.ok(Math.abs(wide.testing / (70e9 * 50 / 35.125) - 1) < 1e-12);
  // a processor without instructions for bfloat16, on which it is not measured: 12 times as slow
  const slow = { ...narrowSetup, precision: "bfloat16" } as const;
  assert.equal(estimateSpeed(slow, on)!.training, 66e9 / 12);
  // one that has them, but was not measured
  keepSpeed({ ...narrow, bfloat16: true }, file);
  assert.equal(estimateSpeed(slow, on)!.training, 66e9);
  keepSpeed({ ...narrow, precision: "bfloat16", training: 99e9 }, file);
  assert.equal(estimateSpeed(slow, on)!.training, 99e9);
  assert.equal(estimateSpeed(paper.train, on)!.measured.precision, "float32");
  // what a GPU does says nothing of the processor
  assert.equal(estimateSpeed(paper.train, { device: H100!, file }), undefined);
});
