import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import {
  contentOf,
  explainFileError,
  intact,
  makeStampedFolder,
  stamp,
  withLock,
} from "../../../lib/tensorflow/install/cache.ts";

const build = (text: string) => async (folder: string) => {
  await Deno.mkdir(join(folder, "lib"));
  await Deno.writeTextFile(join(folder, "lib", "a.so"), text);
};
const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
const read = (...path: string[]) => Deno.readTextFileSync(join(...path));

Deno.test("a folder is whole with its stamp and every file in its size, and not otherwise", async () => {
  const folder = join(await Deno.makeTempDir(), "part");
  assert.equal(intact(folder, "v1"), false);
  await makeStampedFolder(folder, "v1", build("12345"));
  assert.equal(intact(folder, "v1"), true);
  assert.equal(contentOf(folder), "v1");
  assert.equal(intact(folder, "v2"), false);

  const library = join(folder, "lib", "a.so");
  await Deno.truncate(library, 4);
  assert.equal(intact(folder, "v1"), false, "shorter than it was");
  await Deno.remove(library);
  assert.equal(intact(folder, "v1"), false, "missing");
  await Deno.symlink("/nowhere/a.so", library);
  assert.equal(intact(folder, "v1"), false, "a link to nothing");
  await Deno.remove(library);
  await Deno.writeTextFile(library, "54321");
  assert.equal(intact(folder, "v1"), true);
  await Deno.truncate(join(folder, "stamp.json"), 10);
  assert.equal(intact(folder, "v1"), false, "half a stamp");
});

Deno.test("a stamp follows links, so that it notices what became of their targets", async () => {
  const folder = await Deno.makeTempDir();
  const target = join(await Deno.makeTempDir(), "big.so");
  await Deno.writeTextFile(target, "1234");
  await Deno.symlink(target, join(folder, "big.so"));
  await stamp(folder, "links", ["big.so"]);
  assert.equal(intact(folder, "links"), true);
  await Deno.remove(target);
  assert.equal(intact(folder, "links"), false);
});

Deno.test("a build that fails leaves what was there, and nothing beside it", async () => {
  const cache = await Deno.makeTempDir();
  const folder = join(cache, "part");
  await makeStampedFolder(folder, "v1", build("old"));
  const fails = makeStampedFolder(folder, "v2", async (folder) => {
    await build("half")(folder);
    throw new Error("no network");
  });
  await assert.rejects(fails, /no network/);
  assert.deepEqual(names(cache), ["part"]);
  assert.equal(read(folder, "lib", "a.so"), "old");
});

Deno.test("a damaged folder is made anew; a whole one that came first is kept", async () => {
  const cache = await Deno.makeTempDir();
  const folder = join(cache, "part");
  await makeStampedFolder(folder, "v1", build("first"));
  await Deno.remove(join(folder, "lib", "a.so"));
  await makeStampedFolder(folder, "v1", build("second"));
  assert.equal(read(folder, "lib", "a.so"), "second");

  await makeStampedFolder(folder, "v1", async (neighbour) => {
    await build("third")(neighbour);
    assert.equal(intact(folder, "v1"), true);
  });
  assert.equal(read(folder, "lib", "a.so"), "second");
  assert.deepEqual(names(cache), ["part"]);
});

Deno.test("one works alone in a cache, the next waits and finds what the first has made", async () => {
  const cache = join(await Deno.makeTempDir(), "deep", "cache");
  const events: string[] = [];
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: waited, resolve: wait } = Promise.withResolvers<void>();
  const first = withLock(cache, {
    onWait: () => events.push("first waits"),
    work: async () => {
      start();
      await waited;
      events.push("first");
    },
  });
  await started;
  const second = withLock(cache, {
    onWait: () => wait(),
    work: () => Promise.resolve(events.push("second")),
  });
  await Promise.all([first, second]);
  assert.deepEqual(events, ["first", "second"]);
});

Deno.test("what a killed installation left is swept away by the next", async () => {
  const cache = await Deno.makeTempDir();
  await Deno.mkdir(join(cache, "part.0a1b2c3d.new", "pip"), { recursive: true });
  await makeStampedFolder(join(cache, "part"), "v1", build("whole"));
  await withLock(cache, { onWait: () => {}, work: () => Promise.resolve() });
  assert.deepEqual(names(cache), ["lock", "part"]);
});

Deno.test("what the file system refuses names the folder and the way out", async () => {
  const file = await Deno.makeTempFile();
  const cache = join(file, "cache");
  const refused = withLock(cache, { onWait: () => {}, work: () => Promise.resolve() });
  const error = await refused.then(() => undefined, (error) => explainFileError(error, cache));
  assert.ok(error instanceof UserError);
  assert.match(error.message, new RegExp(`^Cannot write to "${cache}" .*VERYDEEP_CACHE`));

  const full = explainFileError(new Error("No space left on device (os error 28)"), cache);
  assert.ok(full instanceof UserError);
  assert.match(full.message, /disk is full; free .* GB/);

  const unknown = new TypeError("a mistake of ours");
  assert.equal(explainFileError(unknown, cache), unknown);
});
