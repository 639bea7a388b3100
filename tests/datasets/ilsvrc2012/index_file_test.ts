import assert from "node:assert/strict";
import {
  indexOf,
  readIndex,
  type SplitIndex,
  writeIndex,
} from "../../../lib/datasets/ilsvrc2012/index_file.ts";

/** Two classes of three files each; one of them is not an image. */
const index = indexOf([1, 2].map((id) => [`n0000000${id}`, {
  names: [1, 2, 3].map((image) => `n0000000${id}_${image}.JPEG`),
  at: Float64Array.of(512, 1024, 2 ** 40 + id),
  bytes: Uint32Array.of(300, 301, 302),
  sides: Uint16Array.of(500, 375, 333, 500, 0, 0),
  digests: Uint32Array.of(1, 2, 3, 2 ** 32 - 1, 0, 0),
  faults: { 2: "is empty" },
}]));

const facts = ({ names, ...index }: SplitIndex) => ({ ...index, names: names() });

Deno.test("an index is read as it was written, but not with another stamp", () => {
  const folder = Deno.makeTempDirSync();
  writeIndex(folder, "train", "stamp", index);
  const { containers, at, bytes, sides, digests, faults, digest, doubts, names } = readIndex(
    folder,
    "train",
    "stamp",
  )!;
  assert.deepEqual(
    facts({ containers, at, bytes, sides, digests, faults, digest, doubts, names }),
    facts(index),
  );
  assert.equal(readIndex(folder, "train", "other"), undefined);
  assert.equal(readIndex(folder, "val", "stamp"), undefined);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("an index with a changed bit, or cut off anywhere, is not used", () => {
  const folder = Deno.makeTempDirSync();
  writeIndex(folder, "train", "stamp", index);
  const file = `${folder}/ilsvrc2012-train.index`;
  const whole = Deno.readFileSync(file);
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at]! ^= 1 << at % 8;
    for (const bytes of [changed, whole.subarray(0, at)]) {
      Deno.writeFileSync(file, bytes);
      assert.equal(readIndex(folder, "train", "stamp"), undefined, `byte ${at}`);
    }
  }
  Deno.removeSync(folder, { recursive: true });
});
