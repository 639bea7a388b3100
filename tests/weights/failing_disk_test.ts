/** Files of weights on a disk that fails: each error names the file, the reason and the way out. */
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { writeHdf5 } from "../../lib/weights/hdf5.ts";
import { openWeights } from "../../lib/weights/mod.ts";
import { openTorch } from "../../lib/weights/torch.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { inFolder } from "../support/in_store.ts";
import { pathOf } from "../support/refused.ts";

/** What an error must say. */
const says = (message: string) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.message, message);
  return true;
};

Deno.test("a file of weights that cannot be opened is named, with the system's words alone", async () => {
  const file = pathOf("tensors.pth");
  await assert.rejects(
    whileFailing({ call: "openSync", part: file }, () => openWeights(file)),
    says(`Cannot open "${file}": Input/output error; name a file of weights that can be read`),
  );
  for (const isLegacy of [false, true]) {
    await assert.rejects(
      whileFailing({ call: "openSync", part: file }, () => openTorch(file, isLegacy)),
      says(`Cannot read "${file}": Input/output error; check its permissions and its disk`),
    );
  }
});

Deno.test("a tensor of PyTorch's that cannot be read is an error of the disk, not of the file", async () => {
  const file = pathOf("tensors.pth");
  using open = await openTorch(file, false);
  const real = Deno.FsFile.prototype.readSync;
  Deno.FsFile.prototype.readSync = () => {
    throw new Error("Input/output error (os error 5)");
  };
  try {
    assert.throws(
      () => open.read("kernel"),
      says(`Cannot read "${file}": Input/output error; check its permissions and its disk`),
    );
    await assert.rejects(
      openTorch(file, false),
      says(`Cannot read "${file}": Input/output error; check its permissions and its disk`),
    );
  } finally {
    Deno.FsFile.prototype.readSync = real;
  }
});

Deno.test("an HDF5 file that cannot get its name leaves no draft", () =>
  inFolder(async (folder) => {
    const file = `${folder}/net.h5`;
    await assert.rejects(
      whileFailing(
        { call: "renameSync", part: "net.h5", error: "EDQUOT" },
        () => writeHdf5(file, { backend: "tensorflow" }, new Map()),
      ),
      says(`Cannot write "${file}": Disk quota exceeded; free some space, or name another file`),
    );
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
