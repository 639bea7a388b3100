import assert from "node:assert/strict";
import { describeIlsvrc2012, openIlsvrc2012 } from "../../lib/datasets/ilsvrc2012.ts";
import { UserError } from "../../lib/errors.ts";
import { folderWith, smallestFolder, solidPng } from "./fixtures.ts";

/** A thousand classes with an image each in both splits, below `place`. */
function thousandClasses(place: string): string {
  const names = Array.from({ length: 1000 }, (_, i) => `n${String(i).padStart(8, "0")}`);
  const paths = names.flatMap((name) => [`train/${name}/1.png`, `val/${name}/1.png`]);
  return folderWith(Object.fromEntries(paths.map((path) => [place + path, solidPng(1, 2, 3)])));
}

function refuses(opened: Promise<unknown>, ...words: readonly string[]) {
  return assert.rejects(opened, (error) => {
    assert(error instanceof UserError, String(error));
    for (const word of words) assert(error.message.includes(word), error.message);
    return true;
  });
}

Deno.test("a thousand classes are ImageNet, in the folder or below it", async () => {
  const folder = thousandClasses("ilsvrc2012/");
  const { name, classes, val, fingerprint } = await openIlsvrc2012({ folder });
  assert.deepEqual([name, classes.length, val.length], ["ilsvrc2012", 1000, 1000]);
  const seen = await describeIlsvrc2012({ folder: `${folder}/ilsvrc2012` });
  assert.deepEqual([seen.name, seen.fingerprint, seen.made], ["ilsvrc2012", fingerprint, true]);
});

Deno.test("another number of classes is refused, by describing too", async () => {
  const folder = smallestFolder();
  await refuses(openIlsvrc2012({ folder }), "2 classes", "--dataset folder");
  await refuses(describeIlsvrc2012({ folder }), "2 classes", "--dataset folder");
});

Deno.test("where there is none, opening says what is needed, describing assumes the paper's", async () => {
  const folder = Deno.makeTempDirSync();
  await refuses(openIlsvrc2012({ folder }), "train/<wnid>/*.JPEG", folder, "--data DIR");
  const { classes, train, val, ...rest } = await describeIlsvrc2012({ folder });
  const { fingerprint, made, missing } = rest;
  assert.deepEqual([classes, train, val].map(({ length }) => length), [1000, 1_281_167, 50_000]);
  assert.deepEqual([fingerprint, made], ["", false]);
  assert(missing?.includes(folder) && missing.includes("--data DIR"), String(missing));
});
