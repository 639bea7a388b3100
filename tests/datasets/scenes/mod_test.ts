import assert from "node:assert/strict";
import { join } from "node:path";
import { describeScenes, drawScenes, openScenes } from "../../../lib/datasets/scenes/mod.ts";
import { ARTWORK } from "../../../lib/datasets/scenes/credits.ts";
import { exists } from "../../../lib/system/files.ts";
import { UserError } from "../../../lib/errors.ts";
import { small, smoke } from "../../../experiments/setups.ts";
import project from "../../../deno.json" with { type: "json" };

const scenes = { classes: 3, train: 10, val: 4 };

/** Bytes of every file below a folder, by path. */
function bytesBelow(folder: string, place = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, place))) {
    const path = join(place, name);
    if (name.startsWith(".")) continue;
    if (isDirectory) {
      for (const [file, bytes] of bytesBelow(folder, path)) files.set(file, bytes);
    } else files.set(path, Deno.readFileSync(join(folder, path)).join());
  }
  return files;
}

function unfinished(): string {
  const folder = Deno.makeTempDirSync();
  Deno.mkdirSync(join(folder, ".writing"));
  return folder;
}

Deno.test("scenes are drawn once, then found again", async () => {
  const folder = Deno.makeTempDirSync();
  const dataset = await openScenes({ folder, scenes });
  const { name, classes, train, val, credits, fingerprint } = dataset;
  assert.deepEqual([name, train.length, val.length], ["scenes", 10, 4]);
  assert.deepEqual(classes, ["cat-face", "dog-face", "fox"]);
  assert.deepEqual(train.map(({ label }) => label), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  for (const { width, height } of [...train, ...val]) {
    assert.equal(Math.min(width, height), 128);
    assert([128, 144, 160, 176, 192].includes(Math.max(width, height)));
  }
  assert(credits!.includes("OpenMoji"));

  let drawn = 0;
  const again = await openScenes({ folder, scenes, onProgress: () => drawn++ });
  assert.deepEqual([again, drawn], [dataset, 0]);
  assert.equal((await openScenes({ folder, scenes: { ...scenes } })).fingerprint, fingerprint);
  assert.notEqual(
    (await openScenes({ folder, scenes: { ...scenes, seed: 1 } })).fingerprint,
    fingerprint,
  );
});

Deno.test("describing makes nothing, and agrees with opening", async () => {
  const folder = join(Deno.makeTempDirSync(), "data");
  const before = { ...await describeScenes({ folder, scenes }) };
  assert.deepEqual([before.made, exists(folder, "isDirectory")], [false, false]);
  const { name, classes, train, val, fingerprint } = await openScenes({ folder, scenes });
  const { length } = train;
  const sizes = val.map(({ width, height }) => ({ width, height }));
  const after = { name, classes, train: { length }, val: sizes, fingerprint, made: true };
  assert.deepEqual(await describeScenes({ folder, scenes }), after);
  assert.deepEqual(before, { ...after, made: false });
});

Deno.test("the setups' scenes keep their names; when this fails, results have lost theirs", async () => {
  const fingerprint = async (scenes: typeof small.scenes) =>
    (await describeScenes({ folder: "nowhere", ...scenes && { scenes } })).fingerprint;
  assert.equal(await fingerprint({ classes: 20, train: 12_000, val: 2000 }), "6ff3d71645ce");
  assert.equal(await fingerprint(small.scenes), "0db745f48311");
  assert.equal(await fingerprint(smoke.scenes), "198d9031df8e");
});

Deno.test("more pictures of a class than its designs give variety for are refused", async () => {
  const asked = { ...scenes, train: 300_001 };
  await assert.rejects(
    async () => await describeScenes({ folder: "nowhere", scenes: asked }),
    /Cannot make 300001 scenes for train: the 6 designs .* 3 classes for 300000; ask for fewer/,
  );
});

Deno.test("colours and sizes are known from the drawing, and are those of the files", async () => {
  const folder = Deno.makeTempDirSync();
  const kinds = new Set<string>();
  const options = {
    folder,
    scenes: { ...scenes, train: 40 },
    onProgress: (kind: string) => kinds.add(kind),
  };
  const drawn = await openScenes(options);
  assert.deepEqual([...kinds], ["Drawing scenes"]);
  Deno.removeSync(join(drawn.train[0]!.file, "../../../.verydeep"), { recursive: true });
  assert.deepEqual(await openScenes(options), drawn);
  assert.deepEqual([...kinds], ["Drawing scenes", "Reading images"]);
});

Deno.test("pictures are the same for any number of workers, and in a larger data set", async () => {
  const [one, three, more] = [unfinished(), unfinished(), unfinished()];
  const recipe = { ...scenes, train: 60, seed: 5 };
  await drawScenes(one, recipe, { workers: 1 });
  await drawScenes(three, recipe, { workers: 3 });
  await drawScenes(more, { ...recipe, train: 66 });
  const expected = bytesBelow(one);
  assert.equal(expected.size, 60 + 4 + 1);
  assert.deepEqual(bytesBelow(three), expected);
  const larger = bytesBelow(more);
  for (const [file, bytes] of expected) assert.equal(larger.get(file), bytes, file);
});

Deno.test("an interrupted drawing goes on", async () => {
  const [whole, broken] = [unfinished(), unfinished()];
  const recipe = { ...scenes, seed: 0 };
  await drawScenes(whole, recipe);
  await drawScenes(broken, recipe);
  const files = [...bytesBelow(broken).keys()].filter((file) => file.endsWith(".jpg")).sort();
  for (const file of files.slice(3)) Deno.removeSync(join(broken, file));
  const before = Deno.statSync(join(broken, files[0]!)).mtime;
  await drawScenes(broken, recipe);
  assert.deepEqual(bytesBelow(broken), bytesBelow(whole));
  assert.deepEqual(Deno.statSync(join(broken, files[0]!)).mtime, before);
});

Deno.test("a data set that lost pictures is refused", async () => {
  const folder = Deno.makeTempDirSync();
  const { train } = await openScenes({ folder, scenes });
  Deno.removeSync(train[0]!.file);
  await assert.rejects(
    openScenes({ folder, scenes }),
    (error) =>
      error instanceof UserError &&
      /its 9 \+ 4 files are not the 10 \+ 4 that were generated/.test(error.message),
  );
});

Deno.test("sizes that cannot be are refused", async () => {
  const folder = Deno.makeTempDirSync();
  for (
    const wrong of [{ classes: 1 }, { classes: 500 }, { classes: 2.5 }, { train: 2 }, { val: 0 }]
  ) {
    await assert.rejects(openScenes({ folder, scenes: { ...scenes, ...wrong } }), UserError);
  }
  await assert.rejects(openScenes({ folder, scenes: { ...scenes, seed: -1 } }), UserError);
});

Deno.test("every package of artwork is credited", () => {
  const packages = Object.keys(project.imports).filter((name) => name.startsWith("@iconify-json/"));
  assert.deepEqual(ARTWORK.map((credit) => credit.package).sort(), packages.sort());
});

Deno.test("pictures that changed since they were drawn are refused; copies are not", async () => {
  const folder = Deno.makeTempDirSync();
  const { val, fingerprint } = await openScenes({ folder, scenes });
  const copy = Deno.makeTempDirSync();
  // without times, so that every file is looked at again
  new Deno.Command("cp", { args: ["-r", `${folder}/.`, copy] }).outputSync();
  assert.equal((await openScenes({ folder: copy, scenes })).fingerprint, fingerprint);
  const jpeg = Deno.readFileSync(val[0]!.file);
  const { mtime, ctime } = Deno.statSync(val[0]!.file);
  const changed = jpeg.slice();
  changed[Math.floor(jpeg.length / 2)]! ^= 1; // of its size, and under its time
  // Deno gives the time of a file's state in whole seconds
  while (Deno.statSync(val[0]!.file).ctime!.getTime() === ctime!.getTime()) {
    Deno.writeFileSync(val[0]!.file, changed);
    Deno.utimeSync(val[0]!.file, mtime!, mtime!);
  }
  await assert.rejects(
    openScenes({ folder, scenes, skipUnreadable: true }),
    /its 10 \+ 4 files are not the 10 \+ 4 that were generated; remove the folder, and it is/,
  );
});
