import assert from "node:assert/strict";
import { readMat } from "../../../lib/datasets/ilsvrc2012/mat.ts";
import { UserError } from "../../../lib/errors.ts";
import { noise, noisyBytes } from "../../support/formula.ts";
import { META } from "../../support/ilsvrc2012/made.ts";
import { array, element, file } from "../../support/ilsvrc2012/mats.ts";

const structs = (file: Uint8Array) => readMat(file, "made.mat").get("synsets");

Deno.test("a struct array that SciPy wrote, compressed, is read field by field", () => {
  const found = structs(META) as unknown[];
  assert.equal(found.length, 1860);
  assert.deepEqual(found[3], {
    ILSVRC2012_ID: [4],
    WNID: "n01001655", // 4 * 7919 % 10007 = 1655
    words: "thing 4, matter 4",
    gloss: "what is called 4",
    num_children: [0],
    children: [],
    wordnet_height: [0],
    num_train_images: [1300],
  });
  assert.deepEqual((found[1500] as { children: unknown }).children, [1, 502, 1642]);
});

const x = (elements: readonly number[]) => readMat(file(elements), "made.mat").get("x");

Deno.test("numbers of all types, small parts, cells and wide text are read", () => {
  assert.deepEqual(x(array(6, [1, 2], element(3, [255, 255, 2, 1]))), [-1, 258]);
  assert.deepEqual(x(array(9, [1, 1], [2, 0, 3, 0, 7, 8, 9, 0])), [7, 8, 9]);
  assert.equal(x(array(4, [1, 2], element(4, [0xE9, 0, 0x41, 0]))), "éA");
  assert.deepEqual(x(array(1, [1, 2], array(6, [1, 1], element(2, [5])), element(14, []))), [
    [5],
    [],
  ]);
});

Deno.test("a file of another format is refused with the reason", () => {
  const refuses = (bytes: Uint8Array, reason: RegExp) =>
    assert.throws(() => readMat(bytes, "made.mat"), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /"made\.mat"/);
      assert.match(error.message, reason);
      return true;
    });
  refuses(new Uint8Array(50), /cut off/);
  refuses(noisyBytes(500), /its header is damaged/);
  refuses(file([], [0, 2]), /version 7\.3/);
  refuses(file([], [1, 0], "MI"), /big-endian/);
  refuses(file([15, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]), /compressed part/);
  // a struct whose field names are 2^-1022 bytes long, as a double says
  const tiny = element(9, [0, 0, 0, 0, 0, 0, 0x10, 0]);
  refuses(file(array(2, [1, 1], tiny, element(1, [97, 0]))), /fields are damaged/);
  refuses(file(element(14, [1], 2 ** 31)), /longer than the file/);
  const fields = [element(5, [32, 0, 0, 0]), element(1, new Array(32).fill(65))];
  refuses(file(array(2, [2 ** 30, 2 ** 30], ...fields)), /more members than bytes/);
  refuses(file(array(2, [2 ** 30, 2 ** 30], fields[0]!, element(1, []))), /more members/);
  refuses(file(array(1, [1000, 1000])), /more members/);
  refuses(file(array(3, [1, 1])), /not understood/);
  let deep = array(6, [1, 1], element(2, [5]));
  for (let i = 0; i < 20; i++) deep = array(1, [1, 1], deep);
  refuses(file(deep), /nested too deep/);
});

Deno.test("damage anywhere is an error of the file or other values, never a crash or a hang", () => {
  for (let i = 0; i < 300; i++) {
    const damaged = Uint8Array.from(META.subarray(0, i % 3 === 0 ? 100 * i : META.length));
    const at = Math.floor((noise(i) + 1) / 2 * damaged.length);
    if (damaged.length > 0) damaged[at]! ^= 1 << i % 8;
    try {
      structs(damaged);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
    }
  }
  const plain = array(
    2,
    [1, 3],
    element(5, [4, 0, 0, 0]),
    element(1, [97, 0, 0, 0]),
    ...[1, 2, 3]
      .map((i) => array(6, [1, 1], element(2, [i]))),
  );
  assert.deepEqual(x(plain), [{ a: [1] }, { a: [2] }, { a: [3] }]);
  for (let at = 0; at < plain.length; at++) {
    for (const value of [0, 1, 0x7F, 0xFF]) {
      try {
        x(plain.map((byte, i) => i === at ? value : byte));
      } catch (error) {
        assert.ok(error instanceof UserError, `byte ${at}: ${error}`);
      }
    }
  }
});
