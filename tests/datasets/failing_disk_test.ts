/** Pictures, archives and indexes on a disk that fails: each error names the file and the way out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openCifar10 } from "../../lib/datasets/cifar10.ts";
import { findIndex, listingDigest, writeIndex } from "../../lib/datasets/folder/index_file.ts";
import { listFolder } from "../../lib/datasets/folder/listing.ts";
import { openFolder } from "../../lib/datasets/folder/mod.ts";
import { makeImageFolder, writeFiles } from "../../lib/datasets/generated.ts";
import { checkArchives } from "../../lib/datasets/ilsvrc2012/checksums.ts";
import { openIlsvrc2012 } from "../../lib/datasets/ilsvrc2012/mod.ts";
import { describeScenes } from "../../lib/datasets/scenes/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { writableFolderFor } from "../../lib/system/cache_folder.ts";
import { cifarRecords } from "../support/cifar.ts";
import { tinyFolder } from "../support/command_sandbox.ts";
import { folderWith } from "../support/datasets.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { madeIlsvrc } from "../support/ilsvrc2012/made.ts";

/** How an error must be: it names what failed, has the system's reason alone, and a way out. */
function says(action: string, file: string, reason = "Input/output error") {
  return (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.ok(error.message.startsWith(`${action} "${file}": ${reason}; `), error.message);
    assert.doesNotMatch(error.message, /os error|Sync/);
    return true;
  };
}

Deno.test("a generated picture that cannot be written, renamed or given a folder is named", async () => {
  const calls = [
    ["writeFileSync", ".writing", "EDQUOT", "Disk quota exceeded"],
    ["renameSync", "train/fox/1.jpg", "EIO", "Input/output error"],
    ["mkdirSync", "train/fox", "ENOSPC", "No space left on device"],
  ] as const;
  for (const [call, part, error, reason] of calls) {
    const folder = join(Deno.makeTempDirSync(), "made");
    const make = () =>
      makeImageFolder(folder, (unfinished) => {
        return writeFiles([[join(unfinished, "train/fox/1.jpg"), new Uint8Array(1)]], unfinished);
      });
    await assert.rejects(
      whileFailing({ call, part, error }, make),
      says("Cannot write", `${folder}.unfinished/train/fox/1.jpg`, reason),
    );
    await make();
    assert.deepEqual([...Deno.readFileSync(join(folder, "train/fox/1.jpg"))], [0]);
  }
});

Deno.test("pictures of which the disk does not say whether they are there do not count as missing", async () => {
  const folder = Deno.makeTempDirSync();
  const info = await whileFailing(
    { call: "statSync", part: folder },
    () => describeScenes({ folder, scenes: { classes: 2, train: 2, val: 2 } }),
  );
  assert.equal(info.classes.length, 2); // what needs no picture is told
  await whileFailing({ call: "statSync", part: folder }, () => {
    assert.throws(() => info.made, says("Cannot read", `${folder}/scenes-2x2-2-v1`));
  });
  assert.equal(info.made, false);
});

Deno.test("a folder of generated pictures that cannot be made or flushed is named", async () => {
  for (const [call, part] of [["mkdir", ".unfinished"], ["open", ".unfinished/a"]] as const) {
    const folder = join(Deno.makeTempDirSync(), "made");
    const make = () =>
      makeImageFolder(folder, (unfinished) => {
        return writeFiles([[join(unfinished, "a"), new Uint8Array(1)]], unfinished);
      });
    await assert.rejects(whileFailing({ call, part }, make), says("Cannot write", folder));
    await make();
  }
});

Deno.test("what a flush that failed leaves in a whole folder is removed by the next call", async () => {
  const parent = Deno.makeTempDirSync();
  const folder = join(parent, "made");
  const make = () =>
    makeImageFolder(folder, (unfinished) => {
      return writeFiles([[join(unfinished, "a"), new Uint8Array(1)]], unfinished);
    });
  await assert.rejects(
    whileFailing({ call: "openSync", part: parent }, make),
    says("Cannot write", folder),
  );
  await make();
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a"]);
});

Deno.test("an index that cannot be written is named, and the draft is removed", async () => {
  const folder = tinyFolder();
  await openFolder({ folder });
  const digest = listingDigest(listFolder(folder));
  const { place, index } = (await findIndex(folder, digest))!;
  for (const call of ["openSync", "renameSync"] as const) {
    await assert.rejects(
      whileFailing({ call, part: "index.json" }, () => writeIndex(place, digest, index)),
      says("Cannot write", join(place, "index.json")),
    );
    const names = [...Deno.readDirSync(place)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["index.json", "upright"]);
  }
});

Deno.test("a folder that a failing disk withholds is named, and has no substitute in the cache", async () => {
  const folder = Deno.makeTempDirSync();
  await assert.rejects(
    whileFailing({ call: "statSync", part: folder }, () => writableFolderFor(folder)),
    says("Cannot read", folder),
  );
  await assert.rejects(
    whileFailing({ call: "writeFileSync", part: folder }, () => writableFolderFor(folder)),
    says("Cannot write", folder),
  );
});

Deno.test("a picture whose state the disk withholds is one that cannot be opened, not a broken link", async () => {
  const folder = tinyFolder();
  const { path } = listFolder(folder).train[0]!;
  await assert.rejects(
    whileFailing({ call: "statSync", part: path }, () => openFolder({ folder })),
    (error: UserError) => {
      assert.ok(error.message.includes(`"${path}" cannot be opened (Input/output error)`));
      return true;
    },
  );
  await assert.rejects(
    whileFailing({ call: "readDirSync", part: `${folder}/train` }, () => openFolder({ folder })),
    says("Cannot read", `${folder}/train`),
  );
});

Deno.test("a batch of CIFAR-10 that cannot be read, or looked for, is named", async () => {
  const records = cifarRecords(Array.from({ length: 10 }, (_, label) => [label]), 1);
  const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  const folder = folderWith(
    Object.fromEntries([...names, "test_batch.bin"].map((name) => [name, records])),
  );
  for (const call of ["readFile", "statSync"] as const) {
    await assert.rejects(
      whileFailing({ call, part: "data_batch_3.bin" }, () => openCifar10({ folder })),
      says("Cannot read", join(folder, "data_batch_3.bin")),
    );
  }
});

Deno.test("a generated picture that a disk withholds is not taken for a changed one, then or later", async () => {
  const records = cifarRecords(Array.from({ length: 10 }, (_, label) => [label]), 1);
  const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  const folder = folderWith(
    Object.fromEntries([...names, "test_batch.bin"].map((name) => [name, records])),
  );
  const open = () => openCifar10({ folder });
  const withheld = { call: "statSync", part: "/val/cat/00003.png" } as const;
  const isNamed = (error: Error) => {
    assert.match(
      error.message,
      /^Cannot read ".*\/val\/cat\/00003\.png": Input\/output error; check its/,
    );
    return true;
  };
  // while the index of the new folder is written
  await assert.rejects(whileFailing(withheld, open), isNamed);
  const { fingerprint } = await open();
  // when the folder is there
  await assert.rejects(whileFailing(withheld, open), isNamed);
  assert.equal((await open()).fingerprint, fingerprint);
});

Deno.test("an archive of ILSVRC-2012, its development kit and its index are named", async () => {
  const folder = madeIlsvrc({ train: "archive", val: "archive", devkit: "archive" });
  const val = join(folder, "ILSVRC2012_img_val.tar");
  const kit = join(folder, "ILSVRC2012_devkit_t12.tar.gz");
  const open = () => openIlsvrc2012({ folder });
  for (const call of ["openSync", "statSync"] as const) {
    await assert.rejects(whileFailing({ call, part: val }, open), says("Cannot read", val));
  }
  const index = join(folder, ".verydeep", "ilsvrc2012-val.index");
  await assert.rejects(
    whileFailing({ call: "renameSync", part: index }, open),
    says("Cannot write", index),
  );
  await assert.rejects(
    whileFailing({ call: "readFileSync", part: kit }, open),
    says("Cannot read", kit),
  );
  await open();
  await assert.rejects(
    whileFailing({ call: "readFileSync", part: index }, open),
    says("Cannot read", index),
  );
  await assert.rejects(
    whileFailing({ call: "statSync", part: val, skip: 1 }, () => checkArchives(folder)),
    says("Cannot read", val),
  );
});
