import assert from "node:assert/strict";
import { writeArchive } from "../../lib/bundle/archive.ts";
import {
  draftOf,
  entriesIn,
  isThere,
  readIfThere,
  writeAtomically,
} from "../../lib/system/files.ts";
import { makeWholeFolder } from "../../lib/system/whole_folder.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { inFolder } from "../support/in_store.ts";
import { asTask, IN_PID_NAMESPACE, spawn, withNamespaces } from "../support/tasks.ts";

const MODULE = new URL("../../lib/system/files.ts", import.meta.url);

Deno.test("drafts of one file have different names, beside it, that end in .part", () => {
  const drafts = Array.from({ length: 100 }, () => draftOf("/results/table3.csv"));
  assert.equal(new Set(drafts).size, 100);
  for (const draft of drafts) assert.match(draft, /^\/results\/table3\.csv\.[0-9a-f-]{36}\.part$/);
});

Deno.test("a file has its parts in their order, small ones and large ones", () =>
  inFolder((folder) => {
    const sizes = [3, 0, 2 ** 18, 5, 7, 2 ** 18 + 1, 2 ** 18 - 1, 1];
    const parts = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    writeAtomically(`${folder}/net`, parts);
    const found = Deno.readFileSync(`${folder}/net`);
    assert.equal(found.length, sizes.reduce((sum, size) => sum + size));
    let at = 0;
    for (const [i, size] of sizes.entries()) {
      assert.ok(found.subarray(at, at += size).every((byte) => byte === i + 1), `part ${i}`);
    }
    writeAtomically(`${folder}/net`, []);
    assert.equal(Deno.readFileSync(`${folder}/net`).length, 0);
  }));

/** A folder with three folders and a file, where the file system counts folders as links. */
function inFolderOfFolders(work: (folder: string) => void) {
  return inFolder((folder) => {
    for (const name of ["a", "b", "c"]) Deno.mkdirSync(`${folder}/${name}`);
    Deno.writeTextFileSync(`${folder}/d`, "");
    if (Deno.statSync(folder).nlink === 2 + 3) work(folder);
  });
}

/** Does something while the first listings find nothing, as Deno's do where a disk withholds the names. */
function whileListingsAreEmpty(times: number, work: () => void) {
  const { readDirSync } = Deno;
  let listings = 0;
  Deno.readDirSync = (path) => listings++ < times ? [][Symbol.iterator]() : readDirSync(path);
  try {
    work();
  } finally {
    Deno.readDirSync = readDirSync;
  }
}

Deno.test("a listing without all folders is made again, and is an error if they stay away", () =>
  inFolderOfFolders((folder) => {
    whileListingsAreEmpty(2, () => {
      assert.deepEqual(entriesIn(folder).map(({ name }) => name), ["a", "b", "c", "d"]);
    });
    whileListingsAreEmpty(3, () => {
      assert.throws(
        () => entriesIn(folder),
        /^UserError: Cannot read ".*": Input\/output error; check its permissions/,
      );
    });
  }));

Deno.test("a file is written although another process removes its draft once, and not for ever", () =>
  inFolder((folder) => {
    const file = `${folder}/table3.csv`;
    let checks = 0;
    const removing = (times: number) => ({
      check: (draft: string) => void (++checks <= times && Deno.removeSync(draft)),
    });
    writeAtomically(file, "text", removing(2));
    assert.equal(Deno.readTextFileSync(file), "text");
    assert.equal(checks, 3);
    checks = 0;
    assert.throws(
      () => writeAtomically(file, "more", removing(Infinity)),
      /^UserError: Cannot write .*table3\.csv": No such file or directory/,
    );
    assert.equal(checks, 3);
    assert.equal(Deno.readTextFileSync(file), "text");
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["table3.csv"]);
  }));

Deno.test("processes of one number in different PID namespaces write the same files", () =>
  withNamespaces(async () => {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const program = `
      import { writeAtomically } from "${MODULE}";
      let failures = 0;
      for (let i = 0; i < 300; i++) {
        try {
          writeAtomically(${JSON.stringify(folder)} + "/table" + i % 3 + ".csv", "x".repeat(i));
        } catch (error) {
          failures++;
          console.error(error.message);
        }
      }
      console.log(JSON.stringify([Deno.pid, failures]));
    `;
    const children = [0, 1].map(() =>
      spawn([...IN_PID_NAMESPACE, ...asTask("train", program, folder)]).output()
    );
    for (const { stdout } of await Promise.all(children)) {
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), [1, 0]);
    }
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(left.filter((name) => !name.endsWith(".ts")).sort(), [
      ...["table0.csv", "table1.csv", "table2.csv"],
    ]);
    Deno.removeSync(folder, { recursive: true });
  }));

/** Does something while folders cannot be flushed, for a reason of the system. */
async function whileUnflushable(message: string, work: () => Promise<void>) {
  const { prototype } = Deno.FsFile;
  const { syncSync, sync } = prototype;
  const isFolder = (file: Deno.FsFile) => file.statSync().isDirectory;
  prototype.syncSync = function () {
    if (isFolder(this)) throw new Error(message);
    syncSync.call(this);
  };
  prototype.sync = function () {
    return isFolder(this) ? Promise.reject(new Error(message)) : sync.call(this);
  };
  try {
    await work();
  } finally {
    Object.assign(prototype, { syncSync, sync });
  }
}

Deno.test("a file that cannot be renamed leaves no draft", () =>
  inFolder(async (folder) => {
    await whileFailing({ call: "renameSync", part: "/table.csv", error: "ENOSPC" }, () => {
      assert.throws(
        () => writeAtomically(`${folder}/table.csv`, "text"),
        /No space left on device/,
      );
    });
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

/** What is renamed when it is whole. */
const WRITERS: Readonly<Record<string, (folder: string) => Promise<unknown> | void>> = {
  "a file": (folder) => writeAtomically(`${folder}/file`, "text"),
  "a bundle": (folder) =>
    writeArchive(`${folder}/bundle`, [{ name: "a", parts: () => [new Uint8Array(1)] }]),
  "a folder of pictures": (folder) =>
    makeWholeFolder(`${folder}/pictures`, { draft: `${folder}/draft`, fill: async () => {} }),
};

for (const [name, write] of Object.entries(WRITERS)) {
  Deno.test(`that the disk fails when the folder of ${name} is flushed is an error`, () =>
    inFolder(async (folder) => {
      await whileUnflushable("Input/output error (os error 5)", async () => {
        await assert.rejects(async () => await write(folder), /Input\/output error/);
      });
    }));

  Deno.test(`a file system that cannot flush folders can hold ${name}`, () =>
    inFolder(async (folder) => {
      await whileUnflushable("Invalid argument (os error 22)", async () => {
        await write(folder);
      });
    }));
}

Deno.test("a message about a file has the system's reason without its number", () =>
  inFolder((folder) => {
    const file = `${folder}/${"x".repeat(300)}`;
    assert.throws(() => readIfThere(file), {
      name: "UserError",
      message: `Cannot read "${file}": File name too long; check its permissions and its disk`,
    });
    assert.equal(isThere(`${folder}/missing`), false);
    assert.equal(isThere(folder), false);
  }));
