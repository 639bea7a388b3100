import assert from "node:assert/strict";
import { join } from "node:path";
import { exists } from "../../lib/system/files.ts";
import { makeImageFolder, writeFiles } from "../../lib/datasets/generated.ts";
import { writableFolderFor } from "../../lib/system/cache_folder.ts";
import { UserError } from "../../lib/errors.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("an interrupted making leaves no folder, and goes on with what it had", async () => {
  const folder = join(Deno.makeTempDirSync(), "made");
  await assert.rejects(
    makeImageFolder(folder, async (unfinished) => {
      await writeFiles([[join(unfinished, "sub/a"), new Uint8Array(1)]], unfinished);
      throw new Error("interrupted");
    }),
    /interrupted/,
  );
  assert(!exists(folder, "isDirectory"));

  await makeImageFolder(folder, async (unfinished) => {
    assert(exists(join(unfinished, "sub/a")));
    await writeFiles([[join(unfinished, "sub/b"), new Uint8Array(2)]], unfinished);
  });
  assert.deepEqual(names(folder), ["sub"]);
  assert.deepEqual(names(join(folder, "sub")), ["a", "b"]);
  await makeImageFolder(folder, () => assert.fail("it is made already"));
});

Deno.test("two processes may make the same folder at once", async () => {
  const folder = join(Deno.makeTempDirSync(), "made");
  const [started, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = makeImageFolder(folder, async (unfinished) => {
    await writeFiles([[join(unfinished, "a"), new Uint8Array(1)]], unfinished);
    started.resolve();
    await mayGoOn.promise;
    await writeFiles([[join(unfinished, "b"), new Uint8Array(1)]], unfinished);
  });
  await started.promise;
  await makeImageFolder(folder, (unfinished) => {
    const files = ["a", "b"].map((name) => [join(unfinished, name), new Uint8Array(1)] as const);
    return writeFiles(files, unfinished);
  });
  mayGoOn.resolve();
  await slow;
  assert.deepEqual(names(folder), ["a", "b"]);
  assert.deepEqual(names(join(folder, "..")), ["made"]);
});

Deno.test("a file that another process removed before the flush does not matter", async () => {
  const folder = join(Deno.makeTempDirSync(), "made");
  await makeImageFolder(folder, async (unfinished) => {
    await writeFiles([[join(unfinished, "a"), new Uint8Array(1)]], unfinished);
    // a name in the list of a folder that leads nowhere by the time it is opened
    Deno.symlinkSync(join(unfinished, "nowhere"), join(unfinished, ".writing", "another's draft"));
  });
  assert.deepEqual(names(folder), ["a"]);
});

Deno.test("a place that cannot be written is named", async () => {
  const file = Deno.makeTempFileSync();
  await assert.rejects(
    makeImageFolder(join(file, "made"), () => Promise.resolve()),
    (error) => error instanceof UserError && error.message.includes(file),
  );
});

Deno.test("what belongs to a folder that cannot be written goes to the user's cache", async () => {
  const cache = Deno.makeTempDirSync(), before = Deno.env.get("VERYDEEP_CACHE");
  Deno.env.set("VERYDEEP_CACHE", cache);
  try {
    const folder = join(Deno.makeTempDirSync(), "new");
    assert.equal(await writableFolderFor(folder), folder);
    const closed = join(Deno.makeTempFileSync(), "below a file");
    const place = await writableFolderFor(closed);
    assert(place.startsWith(join(cache, "data")) && Deno.statSync(place).isDirectory, place);
    assert.equal(await writableFolderFor(closed), place);
  } finally {
    if (before === undefined) Deno.env.delete("VERYDEEP_CACHE");
    else Deno.env.set("VERYDEEP_CACHE", before);
  }
});
