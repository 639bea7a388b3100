import assert from "node:assert/strict";
import {
  hasBfloat16,
  instructions,
  instructionsIn,
  instructionsInWords,
  oneDnnDefault,
  slowness,
  ticksIn,
  turnsOneDnnOn,
  usesOneDnn,
} from "../../lib/system/processor.ts";
import { printed } from "../support/processes.ts";

// flags of /proc/cpuinfo, shortened, as these processors have them
const ZEN3 =
  "flags\t\t: fpu sse sse2 ssse3 fma sse4_1 sse4_2 avx f16c bmi1 avx2 bmi2 sha_ni vaes\n";
const SAPPHIRE_RAPIDS = "flags\t\t: fpu avx fma avx2 avx512f avx512bw avx_vnni avx512_bf16 " +
  "avx512_vnni amx_bf16 avx512_fp16 amx_tile amx_int8\n";
const NEHALEM = "flags\t\t: fpu sse sse2 ssse3 sse4_1 sse4_2 popcnt\n";
const GRAVITON3 = "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics sve i8mm bf16\n";

Deno.test("instructions are read from /proc/cpuinfo, of x86 and of ARM", () => {
  assert.deepEqual(instructionsIn(`processor\t: 0\n${ZEN3}\nprocessor\t: 1\n`), ["AVX", "AVX2"]);
  assert.deepEqual(instructionsIn(SAPPHIRE_RAPIDS), ["AVX", "AVX2", "AVX-512", "bfloat16", "AMX"]);
  assert.deepEqual(instructionsIn(NEHALEM), []);
  assert.deepEqual(instructionsIn(GRAVITON3), ["bfloat16"]);
  assert.equal(instructionsIn("processor\t: 0\n"), undefined);
  // those of this processor, which the tests run on
  if (Deno.build.os === "linux") {
    assert.deepEqual(instructions(), instructionsIn(printed("cat", "/proc/cpuinfo")));
  }
});

Deno.test("in words: what a processor has and lacks", () => {
  assert.equal(
    instructionsInWords(instructionsIn(ZEN3)),
    "has AVX2; lacks AVX-512, bfloat16, AMX",
  );
  assert.equal(
    instructionsInWords(instructionsIn(SAPPHIRE_RAPIDS)),
    "has AVX2, AVX-512, bfloat16, AMX",
  );
});

Deno.test("oneDNN is on where nobody decides, on x86-64; its switch is read as TensorFlow reads it", () => {
  assert.equal(oneDnnDefault("x86_64"), "1");
  assert.equal(oneDnnDefault("aarch64"), undefined);
  // ReadBoolFromEnvVar, tensorflow/core/util/env_var.cc
  assert.deepEqual(["1", "true", "True", "0", "FALSE"].map((value) => usesOneDnn(value)), [
    ...[true, true, true, false, false],
  ]);
  assert.deepEqual(["", "yes"].map((value) => usesOneDnn(value)), [undefined, undefined]);
});

Deno.test("one line says how slow bfloat16 is without instructions for it, and one that oneDNN is off", () => {
  const [zen3, newer] = [ZEN3, SAPPHIRE_RAPIDS].map((text) => instructionsIn(text));
  assert.equal(hasBfloat16(zen3), false);
  assert.equal(hasBfloat16(newer), true);
  assert.deepEqual(slowness("float32", { found: zen3, oneDnn: true }), []);
  assert.deepEqual(slowness("bfloat16", { found: newer, oneDnn: true }), []);
  const [line, ...rest] = slowness("bfloat16", { found: zen3, oneDnn: true });
  assert.match(line!, /7 to 18 times as slow as float32: choose --precision float32\.$/);
  assert.deepEqual(rest, []);
  assert.match(
    slowness("float32", { found: newer, oneDnn: false })[0]!,
    /^oneDNN is off \(TF_ENABLE_ONEDNN_OPTS in the environment\): .*; unset the variable\.$/,
  );
});

Deno.test("TensorFlow turns oneDNN on by itself on newer processors only", () => {
  assert.deepEqual([ZEN3, SAPPHIRE_RAPIDS, NEHALEM, ""].map((text) => turnsOneDnnOn(text)), [
    ...[false, true, false, undefined],
  ]);
});

Deno.test("busy ticks are all but idle ones and those that wait for a disk", () => {
  // proc(5): user nice system idle iowait irq softirq steal guest guest_nice
  const stat = "cpu  100 1 20 1000 50 3 4 5 7 0\ncpu0 50 0 10 500 25 1 2 2 3 0\n";
  assert.deepEqual(ticksIn(stat), { all: 1183, busy: 133 });
  assert.equal(ticksIn("intr 1"), undefined);
});
