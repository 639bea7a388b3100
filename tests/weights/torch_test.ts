/** Files of `torch.save`: `files/make.py` had PyTorch write them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { openTorch } from "../../lib/weights/torch.ts";
import { given, inFile, pathOf, refused } from "../support/refused.ts";
import { withoutChecksums } from "../support/zips.ts";

const eighths = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => (from + i) / 8);

const FILES = [
  ...[["tensors.pth", false], ["tensors-legacy.pth", true]] as const,
  ...[["protocol-4.pth", false], ["protocol-4-legacy.pth", true]] as const,
];

for (const [name, isLegacy] of FILES) {
  Deno.test(`${name}: tensors of every type, order of axes and share of a storage`, async () => {
    using file = await openTorch(pathOf(name), isLegacy);
    const expected: Record<string, readonly [shape: number[], values: number[]]> = {
      "kernel": [[2, 3, 3, 3], eighths(54)],
      "channels last": [[2, 3, 4, 4], eighths(96)],
      "turned": [[3, 4], [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11].map((i) => i / 8)],
      "first": [[4], eighths(4)],
      "second": [[2, 3], eighths(6, 4)],
      "number": [[], [0]],
      "nothing": [[0, 3], []],
      "half": [[5], eighths(5)],
      "brain": [[5], eighths(5)],
      "double": [[5], eighths(5)],
      "parameter": [[3], eighths(3)],
    };
    assert.deepEqual([...file.shapes.keys()].sort(), Object.keys(expected).sort());
    for (const [tensor, [shape, values]] of Object.entries(expected)) {
      assert.deepEqual(file.shapes.get(tensor), shape, tensor);
      assert.deepEqual([...file.read(tensor)], values, tensor);
    }
    assert.deepEqual([file.types.get("half"), file.types.get("brain")], ["F16", "BF16"]);
  });

  Deno.test(`${name}: every cut of it is noticed, in one line`, async () => {
    const bytes = given(name);
    const start = 32; // what tells that it is such a file
    for (let length = start; length < bytes.length; length += 29) {
      await refused(bytes.subarray(0, length), /cut off|is missing|no VGG|no part of VGG|no zip/);
    }
  });
}

Deno.test("a file of other objects than tensors is refused with the name of the class", async () => {
  await refused(given("whole-module.pth"), /it names "torch\.nn\.modules\.container\.Sequential"/);
});

Deno.test("the tensors of a checkpoint are those of its only dict of tensors", async () => {
  using file = await openTorch(pathOf("training.pth"), false);
  assert.deepEqual([...file.shapes], [["0.weight", [2, 3, 3, 3]], ["0.bias", [2]]]);
  await refused(
    given("two.pth"),
    /it holds several dicts of tensors: "state_dict", "state_dict_ema"; save one of them alone/,
  );
});

Deno.test("tensors of PyTorch's first versions are read, whose parts come as their state", async () => {
  using file = await openTorch(pathOf("oldest.pth"), true);
  assert.deepEqual([...file.shapes], [["kernel", [2, 3, 3, 3]], ["bias", [2]]]);
  assert.deepEqual([...file.read("kernel")], eighths(54));
  assert.deepEqual([...file.read("bias")], eighths(2));
  const bytes = given("oldest.pth");
  for (let length = 32; length < bytes.length; length += 7) {
    await refused(bytes.subarray(0, length), /cut off|is missing|is malformed|no VGG|part of VGG/);
  }
});

/** The bytes of a file in which a text stands for another of the same length, without checksums. */
function replaced(name: string, from: string, to: string): Uint8Array<ArrayBuffer> {
  assert.equal(from.length, to.length);
  const text = Buffer.from(given(name)).toString("latin1");
  assert.ok(text.includes(from), from);
  return withoutChecksums(Uint8Array.from(Buffer.from(text.replaceAll(from, to), "latin1")));
}

Deno.test("one bit that changed in a tensor or in the pickle is noticed by the archive's checksums", async () => {
  const whole = given("module.pth");
  const text = Buffer.from(whole).toString("latin1");
  // of the kernel's numbers, whose file is data/0, and of a name
  const numbers = text.indexOf("data/0") + 200, name = text.indexOf("0.weight");
  const [changed, renamed] = [numbers, name].map((at) => {
    const bytes = whole.slice();
    bytes[at]! ^= 1;
    return bytes;
  });
  await inFile(changed!, async (path) => {
    using file = await openTorch(path, false);
    assert.equal(file.read("0.bias").length, 2);
    assert.throws(
      () => file.read("0.weight"),
      /^UserError: .*: the numbers of "0\.weight" are damaged: their CRC-32 is another one; name /,
    );
  });
  await refused(renamed!, /its pickle is damaged: its CRC-32 is another one/);
  // where none were computed, none are compared
  await inFile(withoutChecksums(whole.slice()), async (path) => {
    using file = await openTorch(path, false);
    assert.equal(file.read("0.weight").length, 54);
  });
});

Deno.test("a tensor whose sign its numbers lack is refused", async () => {
  // torch._neg_view(x) keeps the numbers of x, and says {"neg": True}
  await refused(given("negative.pth"), /a tensor has metadata, such as a sign/);
});

Deno.test("false sizes are noticed before memory of that size is allocated", async () => {
  // a shape [2, 3, 3, 3] of (K\x02K\x03K\x03K\x03t with a first side of 200
  const shape = "K\x02K\x03K\x03K\x03t";
  for (const name of ["module.pth", "tensors-legacy.pth"]) {
    const bytes = replaced(name, shape, shape.replace("\x02", "\xc8"));
    await refused(bytes, /a tensor reaches beyond its numbers/);
  }
  // a storage of 54 numbers that is said to have 200
  await refused(
    replaced("module.pth", "cpuq\x07K\x36", "cpuq\x07K\xc8"),
    /"0\.weight" names 200 numbers, but there are 216 bytes of them/,
  );
});

Deno.test("numbers of the other byte order are not taken for ours", async () => {
  await refused(replaced("module.pth", "little", "bigger"), /its numbers are big-endian/);
  // the older format says so of the machine: true (0x88) or false (0x89)
  const little = "little_endianq\x02\x88";
  await refused(
    replaced("tensors-legacy.pth", little, little.replace("\x88", "\x89")),
    /its numbers are big-endian/,
  );
});

Deno.test("a zip file of anything else is refused: it may be Keras's, or NumPy's", async () => {
  await refused(
    replaced("module.pth", "data.pkl", "data.npy"),
    /it is a zip file, but not one of PyTorch's; name a whole file with weights alone/,
  );
});

Deno.test("opening and reading write nothing and leave nothing open", async () => {
  await inFile(given("tensors.pth"), async (path) => {
    (await openTorch(path, false))[Symbol.dispose]();
    assert.deepEqual([...Deno.readDirSync(path.replace(/weights$/, ""))].length, 1);
  });
});

Deno.test("a directory that points beyond the end of its archive is damage like any other", async () => {
  const bytes = given("tensors.pth");
  const locator = Buffer.from(bytes).lastIndexOf("PK\x06\x07");
  for (const offset of [2n ** 40n, 2n ** 63n, 2n ** 64n - 1n]) {
    new DataView(bytes.buffer).setBigUint64(locator + 8, offset, true);
    await refused(bytes, /cut off|offset|end of central/i);
  }
});
