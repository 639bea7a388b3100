import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { answer, python } from "../../lib/system/subprocess.ts";
import {
  openSafetensors,
  readSafetensors,
  writeSafetensors,
} from "../../lib/weights/safetensors.ts";
import { noises } from "../support/formula.ts";

/** Does something in an empty folder. */
async function inFolder(work: (folder: string) => Promise<void> | void) {
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const tensors = new Map([
  ["conv1_1.kernel", { shape: [3, 3, 3, 2], values: noises(54) }],
  ["conv1_1.bias", { shape: [2], values: Float32Array.of(-0, Infinity) }],
  ["labels", { shape: [2, 1], values: Int32Array.of(-1, 2 ** 31 - 1) }],
  ["scalar", { shape: [], values: Float32Array.of(7) }],
  ["empty", { shape: [0, 4], values: new Float32Array() }],
]);

Deno.test("what is written is read again, bit by bit", () =>
  inFolder((folder) => {
    const file = join(folder, "new", "folders", "weights.safetensors");
    const metadata = { run: "0123456789ab", recipe: '{"S":[256,512]}', "très": "profond" };
    writeSafetensors(file, { tensors, metadata });
    const found = readSafetensors(file);
    assert.deepEqual(found.tensors, tensors);
    assert.deepEqual({ ...found.metadata }, metadata);
    // a part of a larger array is written alone
    const part = noises(10).subarray(3, 5);
    writeSafetensors(file, {
      tensors: new Map([["part", { shape: [2], values: part }]]),
      metadata,
    });
    assert.deepEqual(readSafetensors(file).tensors.get("part")!.values, part.slice());
    assert.deepEqual([...Deno.readDirSync(join(folder, "new", "folders"))].length, 1);
  }));

Deno.test("the layout: eight bytes of length, JSON, then the numbers, little-endian", () =>
  inFolder((folder) => {
    const file = join(folder, "two.safetensors");
    writeSafetensors(file, {
      tensors: new Map([
        ["a", { shape: [2], values: Float32Array.of(1, -2) }],
        ["b", { shape: [1, 1], values: Int32Array.of(258) }],
      ]),
      metadata: { m: "x" },
    });
    const bytes = Deno.readFileSync(file);
    const header = (checksum: string) =>
      `{"__metadata__":{"checksum":"sha256:${checksum}","m":"x"},` +
      '"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
      '"b":{"dtype":"I32","shape":[1,1],"data_offsets":[8,12]}}';
    const zeros = header("0".repeat(64));
    const length = Math.ceil(zeros.length / 8) * 8;
    // 1 is 0x3f800000, -2 is 0xc0000000, 258 is 0x0102
    const numbers = [0, 0, 128, 63, 0, 0, 0, 192, 2, 1, 0, 0];
    const encoder = new TextEncoder();
    const bytesOf = (text: string) =>
      Uint8Array.from([
        length,
        ...Array(7).fill(0),
        ...encoder.encode(text.padEnd(length)),
        ...numbers,
      ]);
    const checksum = createHash("sha256").update(bytesOf(zeros)).digest("hex");
    assert.deepEqual(bytes, bytesOf(header(checksum)));
  }));

/** A file with this header and `bytes` bytes after it. */
function handmade(header: string, bytes: number, length = header.length): Uint8Array {
  const file = new Uint8Array(8 + header.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(new TextEncoder().encode(header), 8);
  return file;
}

const entry = (dtype: string, shape: number[], data_offsets: number[]) =>
  JSON.stringify({ x: { dtype, shape, data_offsets } });

Deno.test("a file that others wrote is read: no metadata, tensors in any order, unpadded", () =>
  inFolder((folder) => {
    const file = join(folder, "theirs.safetensors");
    const header = '{"z":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},' +
      '"y":{"data_offsets":[0,4],"shape":[1],"dtype":"I32"}}';
    const bytes = handmade(header, 8);
    bytes.set([5, 0, 0, 0, 0, 0, 128, 63], 8 + header.length);
    Deno.writeFileSync(file, bytes);
    const { tensors, metadata } = readSafetensors(file);
    assert.deepEqual(tensors.get("y"), { shape: [1], values: Int32Array.of(5) });
    assert.deepEqual(tensors.get("z"), { shape: [1], values: Float32Array.of(1) });
    assert.deepEqual(metadata, {});
  }));

const DAMAGED: Record<string, Uint8Array> = {
  "nothing": new Uint8Array(),
  "half a length": new Uint8Array(5),
  "a header longer than the file": handmade("{}", 0, 1000),
  "a header of an absurd length": handmade("{}", 0, 2 ** 52),
  "no JSON": handmade("x = 3", 0),
  "a cut header": handmade('{"x":{"dtype"', 0),
  "a list": handmade("[]", 0),
  "null": handmade("null", 0),
  "no entry": handmade('{"x":3}', 0),
  "an entry without a shape": handmade('{"x":{"dtype":"F32","data_offsets":[0,4]}}', 4),
  "a negative side": handmade(entry("F32", [-1], [0, 4]), 4),
  "a type that is not ours": handmade(entry("BF16", [2], [0, 4]), 4),
  "offsets that do not fit the shape": handmade(entry("F32", [2], [0, 4]), 4),
  "offsets backwards": handmade(entry("F32", [1], [4, 0]), 4),
  "numbers cut off": handmade(entry("F32", [2], [0, 8]), 7),
};

for (const [what, bytes] of Object.entries(DAMAGED)) {
  Deno.test(`a damaged file is named and may go: ${what}`, () =>
    inFolder((folder) => {
      const file = join(folder, "damaged.safetensors");
      Deno.writeFileSync(file, bytes);
      assert.throws(() => readSafetensors(file), (error: Error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.ok(error.message.startsWith(`Cannot read "${file}": `), error.message);
        assert.match(error.message, /; remove it; what it held is then made again$/);
        return true;
      });
    }));
}

Deno.test("every cut of a good file is noticed", () =>
  inFolder((folder) => {
    const file = join(folder, "weights.safetensors");
    writeSafetensors(file, { tensors, metadata: {} });
    const bytes = Deno.readFileSync(file);
    for (let length = 0; length < bytes.length; length += 7) {
      Deno.writeFileSync(file, bytes.subarray(0, length));
      assert.throws(() => readSafetensors(file), UserError, `${length} of ${bytes.length} bytes`);
    }
  }));

const reader = await answer([...python(), "-c", "import safetensors.numpy; print('there')"]);

Deno.test({
  name: "the reference implementation reads what we write (where Python has safetensors and numpy)",
  ignore: reader !== "there",
  fn: () =>
    inFolder(async (folder) => {
      const file = join(folder, "weights.safetensors");
      writeSafetensors(file, { tensors, metadata: { run: "0123456789ab" } });
      const script = "import sys, safetensors; f = safetensors.safe_open(sys.argv[1], 'np'); " +
        "t = {k: f.get_tensor(k) for k in f.keys()}; " +
        "print(f.metadata()['run'], t['labels'].tolist(), t['conv1_1.kernel'].shape, " +
        "repr(float(t['conv1_1.kernel'][0, 0, 1, 1])), t['empty'].shape, t['scalar'].shape)";
      assert.equal(
        await answer([...python(), "-c", script, file]),
        `0123456789ab [[-1], [2147483647]] (3, 3, 3, 2) ${noises(4)[3]} (0, 4) ()`,
      );
    }),
});

Deno.test("a file inside another is read in its place; damage is named with both", () =>
  inFolder((folder) => {
    const [inner, outer] = [join(folder, "inner.safetensors"), join(folder, "outer")];
    writeSafetensors(inner, { tensors, metadata: {} });
    const bytes = Deno.readFileSync(inner);
    Deno.writeFileSync(outer, Uint8Array.from([1, 2, 3, ...bytes, 4, 5]));
    const section = { name: "inner", at: 3, size: bytes.length };
    {
      using open = openSafetensors(outer, { section });
      assert.deepEqual(open.read("conv1_1.kernel"), tensors.get("conv1_1.kernel")!.values);
      assert.deepEqual([...open.read("labels", 1, 2)], [2 ** 31 - 1]);
    }
    for (const size of [0, 7, 20, bytes.length - 1]) {
      assert.throws(
        () => openSafetensors(outer, { section: { ...section, size } }),
        (error) =>
          error instanceof UserError &&
          error.message.startsWith(`Cannot read "inner" in "${outer}"`),
      );
    }
  }));
