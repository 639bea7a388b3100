import assert from "node:assert/strict";
import { calibrate, type CalibrationTools } from "../../lib/bench/calibration.ts";
import { UserError } from "../../lib/errors.ts";
import type { MeasuredSpeed } from "../../lib/estimates/speed.ts";
import type { TrainSetup } from "../../lib/setup.ts";

/** A machine on which other programs keep `busy` cores busy, and its messages and measurements. */
function machine({ busy = 0, kept = [] as MeasuredSpeed[], fails = false } = {}) {
  const said: string[] = [];
  const measured: string[] = [];
  const speeds = new Map(kept.map((speed) => [speed.precision, speed]));
  const tools: CalibrationTools = {
    device: { kind: "cpu" },
    precisions: ["float32", "bfloat16"],
    busyCores: () => Promise.resolve(busy),
    measured: ({ precision }) => speeds.get(precision),
    measure(train) {
      if (fails) return Promise.reject(new UserError("no luck"));
      measured.push(train.precision);
      return Promise.resolve(speedOf(train, busy));
    },
    keep: (speed) => void speeds.set(speed.precision, speed),
  };
  const bars = {
    bar: () => ({ update() {}, stop() {} }),
    log: (line: string) => void said.push(line),
  };
  return { tools, bars, said, measured, speeds };
}

const speedOf = ({ precision, crop, width, fc }: TrainSetup, load: number): MeasuredSpeed => ({
  ...{ host: "here", device: "CPU", precision, crop, width, fc, load, bfloat16: true },
  ...{ training: 1, testing: 1, images: { training: 1, testing: 1 }, measured: "2026-01-31" },
});

/** Calibrates, and returns measurements and messages. */
async function calibrated(options: Parameters<typeof machine>[0] = {}) {
  const { bars, tools, said, measured, speeds } = machine(options);
  await calibrate(bars, tools);
  return { said, measured, kept: [...speeds.values()] };
}

Deno.test("both precisions are measured once and stored", async () => {
  const first = await calibrated();
  assert.deepEqual(first.measured, ["float32", "bfloat16"]);
  assert.deepEqual(first.said, []);
  assert.deepEqual((await calibrated({ kept: first.kept })).measured, []);
  // after an interruption, only the missing precision is measured
  assert.deepEqual((await calibrated({ kept: first.kept.slice(0, 1) })).measured, ["bfloat16"]);
});

Deno.test("speeds measured on a busy machine are measured again when it is idle", async () => {
  const first = await calibrated({ busy: 1.2 });
  assert.deepEqual(first.measured, ["float32", "bfloat16"]);
  assert.match(first.said.join(), /^Other programs ran .*: plans are approximate until/);
  const stillBusy = await calibrated({ busy: 0.9, kept: first.kept });
  assert.deepEqual([stillBusy.measured, stillBusy.said], [[], []]);
  const quiet = await calibrated({ busy: 0.1, kept: first.kept });
  assert.deepEqual(quiet.measured, ["float32", "bfloat16"]);
  assert.deepEqual(quiet.said, []);
});

Deno.test("a failed measurement is reported, and plans use estimates", async () => {
  const { said, kept } = await calibrated({ fails: true });
  assert.deepEqual(kept, []);
  assert.match(said.join(), /^Cannot measure this machine's speed, so plans estimate it: no luck$/);
});
