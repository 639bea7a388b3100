import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readIdx } from "../../../lib/datasets/raw_images/idx.ts";
import { UserError } from "../../../lib/errors.ts";

const two = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);

Deno.test("shape and values are read, packed or not", () => {
  for (const bytes of [two, gzipSync(two)]) {
    const { shape, values } = readIdx(bytes, { file: "images", rank: 3 });
    assert.deepEqual(shape, [2, 1, 3]);
    assert.deepEqual([...values], [1, 2, 3, 4, 5, 6]);
  }
});

Deno.test("a file of another format is refused with its name and the reason", () => {
  const refuses = (bytes: Uint8Array, reason: RegExp, rank = 3) =>
    assert.throws(
      () => readIdx(bytes, { file: "images.gz", rank }),
      (error) =>
        error instanceof UserError && /"images.gz"/.test(error.message) &&
        reason.test(error.message),
    );
  refuses(two.subarray(0, 21), /it has 5 values where its header says 2 x 1 x 3 = 6/);
  refuses(Uint8Array.from([...two, 7]), /it has 7 values/);
  refuses(two, /begins with 0x00000803 instead of 0x00000801/, 1);
  refuses(two.subarray(0, 9), /it has 9 bytes, fewer than its header/);
  refuses(new Uint8Array(), /it has 0 bytes/);
  const packed = gzipSync(two);
  refuses(packed.subarray(0, packed.length - 9), /cut off or damaged/);
});
