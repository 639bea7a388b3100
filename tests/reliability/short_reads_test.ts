/** Readers where a read gives fewer bytes than asked for, as pipes and network file systems may. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { piecesOf, readAt } from "../../lib/system/files.ts";
import { targets } from "../fuzz/targets.ts";

/** Does something while each read gives 1 to 7 bytes. @returns the number of reads that gave fewer than asked for */
async function whileReadsAreShort(work: () => Promise<unknown> | unknown): Promise<number> {
  const { read, readSync } = Deno.FsFile.prototype;
  let [next, cut] = [0, 0];
  const some = (bytes: Uint8Array) => {
    const part = bytes.subarray(0, 1 + next++ % 7);
    if (part.length < bytes.length) cut++;
    return part;
  };
  Deno.FsFile.prototype.readSync = function (bytes) {
    return readSync.call(this, some(bytes));
  };
  Deno.FsFile.prototype.read = function (bytes) {
    return read.call(this, some(bytes));
  };
  try {
    await work();
  } finally {
    Object.assign(Deno.FsFile.prototype, { read, readSync });
  }
  return cut;
}

/** Their files are read as a whole, by a function of Deno's. */
const WHOLE = [
  "idx",
  "cifar10",
  "cifar100",
  "images",
  "bitmaps",
  "labels of Kaggle's ImageNet",
  "ReaL's labels",
  "index of a folder",
  "development kit",
  "index of ImageNet",
  "scores of the test server",
  "notes of this machine",
  "settings of a cluster",
  "tables and studies",
  "setups",
];

for (const { name, files, read } of targets) {
  Deno.test(`short reads: ${name}`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const paths = (await files(folder)).map(({ path, bytes }) => {
      const file = join(folder, path);
      Deno.mkdirSync(dirname(file), { recursive: true });
      Deno.writeFileSync(file, bytes);
      return file;
    });
    for (const file of paths) {
      const cut = await whileReadsAreShort(() => read(file, folder));
      assert.equal(cut > 0, !WHOLE.includes(name), `${cut} short reads`);
    }
    Deno.removeSync(folder, { recursive: true });
  });
}

Deno.test("short reads: parts of a file, and all its pieces", async () => {
  const file = Deno.makeTempFileSync();
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 31 % 256);
  Deno.writeFileSync(file, bytes);
  const sha256 = (parts: Iterable<Uint8Array>) => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest("hex");
  };
  await whileReadsAreShort(() => {
    using handle = Deno.openSync(file);
    assert.deepEqual(readAt(handle, 17, 500), bytes.slice(17, 517));
    assert.equal(readAt(handle, 600, 401), undefined);
    assert.equal(sha256(piecesOf(file)), sha256([bytes]));
  });
  Deno.removeSync(file);
});
