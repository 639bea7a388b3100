import assert from "node:assert/strict";
import { intactOf } from "../../../lib/weights/checksums/mod.ts";
import { writeSafetensors } from "../../../lib/weights/safetensors.ts";

const VALUES = 100_000;

/** Files with checksums; the one in the middle is then changed in one byte, and one is not there. */
function madeFiles(): string[] {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const files = Array.from({ length: 7 }, (_, i) => `${folder}/${i}.safetensors`);
  for (const [i, file] of files.entries()) {
    const values = new Float32Array(VALUES).fill(i);
    const tensors = new Map([["values", { shape: [VALUES], values }]]);
    writeSafetensors(file, { tensors, metadata: {} });
  }
  const bytes = Deno.readFileSync(files[3]!);
  bytes[bytes.length - 1]! ^= 1;
  Deno.writeFileSync(files[3]!, bytes);
  Deno.removeSync(files[5]!);
  return files;
}

Deno.test("intact files are told from changed and missing ones, by any number of threads", () => {
  const files = madeFiles();
  const expected = [true, true, true, false, true, false, true];
  for (const cores of [1, 2, 3, 16]) {
    assert.deepEqual(intactOf(files, { cores, small: 0 }), expected, `${cores} cores`);
  }
  // small ones are not worth a thread
  assert.deepEqual(intactOf(files, { cores: 2 }), expected);
  assert.deepEqual(intactOf([]), []);
});
