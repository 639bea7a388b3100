/** ReaL's labels, in small files of the layout that its authors publish. */
import assert from "node:assert/strict";
import { describeDataset, openDataset } from "../../../lib/datasets/mod.ts";
import { UserError } from "../../../lib/errors.ts";
import { type Forms, idOfVal, IDS, madeIlsvrc, wnidOf } from "../../support/ilsvrc2012/made.ts";

const SORTED = IDS.map((id) => wnidOf(id)).sort();
/** ILSVRC-2012's own label of the image with this number, from 1. */
const labelOf = (number: number) => SORTED.indexOf(wnidOf(idOfVal(number)));

/** Lists of right classes: none for every tenth image, three for every seventh. */
const LISTS = IDS.map((number) => {
  const label = labelOf(number);
  if (number % 10 === 0) return [];
  if (number % 7 === 0) return [(label + 1) % 1000, label, (label + 2) % 1000];
  return [label];
});

const FORMS: readonly Forms[] = [
  { train: "archive", val: "archive", devkit: "archive", test: "archive" },
  { train: "none", val: "flat", devkit: "folder" },
  { train: "none", val: "by class", devkit: "none" },
];

/** Images in some form, and a file of labels beside them. */
function made(content: unknown, forms = FORMS[1]!): string {
  const folder = madeIlsvrc(forms);
  Deno.writeTextFileSync(`${folder}/real.json`, JSON.stringify(content));
  return folder;
}

async function refused(folder: string, message: RegExp) {
  await assert.rejects(openDataset("ilsvrc2012-real", { folder }), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("ReaL's lists are those of the images in the order of names, in every layout", async () => {
  const prints = new Set<string>();
  for (const forms of FORMS) {
    const folder = made(LISTS, forms);
    const dataset = await openDataset("ilsvrc2012-real", { folder });
    assert.equal(dataset.name, "ilsvrc2012-real");
    assert.equal(dataset.train.length, 0);
    assert.match(dataset.untrainable!, /train with --dataset ilsvrc2012/);
    // every tenth image has no label
    assert.equal(dataset.val.length, 900);
    for (const { label, alsoRight = [], width, height } of dataset.val) {
      const number = (height - 1) * 50 + width - 1; // as `madeIlsvrc` makes them
      assert.deepEqual([label, ...alsoRight], LISTS[number - 1], `image ${number}`);
    }
    const described = await describeDataset("ilsvrc2012-real", { folder });
    assert.equal(described.fingerprint, dataset.fingerprint);
    assert.deepEqual([described.val.length, described.made], [900, true]);
    prints.add(dataset.fingerprint);
    // numbers under ReaL's labels have keys of their own
    const own = await openDataset("ilsvrc2012", { folder });
    assert.notEqual(own.fingerprint, dataset.fingerprint);
    assert.equal(own.val.length, 1000);
  }
  assert.equal(prints.size, 1);
  // a class that is listed twice is right once, and a byte order mark is no part of JSON
  const again = made([]);
  const text = JSON.stringify(LISTS.map((list) => [...list, ...list]));
  Deno.writeTextFileSync(`${again}/real.json`, `\uFEFF${text}`);
  prints.add((await openDataset("ilsvrc2012-real", { folder: again })).fingerprint);
  assert.equal(prints.size, 1);
  // and follow the labels
  const folder = made(LISTS.with(0, [...LISTS[0]!, 500]));
  const { fingerprint } = await openDataset("ilsvrc2012-real", { folder });
  assert.ok(!prints.has(fingerprint));
});

Deno.test("labels of another set, or of another length, are refused", async () => {
  const folder = made(LISTS);
  const refusedFor = async (content: unknown, message: RegExp) => {
    Deno.writeTextFileSync(`${folder}/real.json`, JSON.stringify(content));
    await refused(folder, message);
  };
  await refusedFor(
    LISTS.slice(1),
    /has the labels of 999 images, and there are 1,000 validation images; take both whole/,
  );
  await refusedFor([...LISTS, [1]], /has the labels of 1,001 images/);
  await refusedFor({ real: LISTS }, /real\.json": it is not a list; get it again from github/);
  await refusedFor(LISTS.with(16, [1000]), /its entry 16 is \[1000\], not a list of classes of 0/);
  await refusedFor(LISTS.map(([label = -1]) => label), /its entry 0 is \d+, not a list/);
  // shifted by one image, or all without labels
  await refusedFor(
    [...LISTS.slice(1), LISTS[0]],
    /real\.json": \d+ of its 900 lists have the class that ILSVRC-2012 gives the image, so it is of/,
  );
  await refusedFor(LISTS.map(() => []), /0 of its 0 lists/);
  Deno.writeTextFileSync(`${folder}/real.json`, "[[1], ");
  await refused(folder, /^Cannot read ".*real\.json": .*; get it again/);
});

Deno.test("without real.json, or without images, it is said what is missing and where to get it", async () => {
  const folder = madeIlsvrc(FORMS[1]!);
  const message =
    /^Cannot find ReaL's labels: "real\.json" is not in ".*"; put the file of github\.com/;
  await refused(folder, message);
  const described = await describeDataset("ilsvrc2012-real", { folder });
  assert.match(described.missing!, message);
  assert.equal(described.name, "ilsvrc2012-real");
  const empty = Deno.makeTempDirSync();
  await refused(empty, /Cannot find ilsvrc2012 in ".*": missing are the validation images/);
  // validation images with a gap: the lists would be of others
  const gap = made(LISTS.slice(1), FORMS[2]);
  const first = `${gap}/val/${wnidOf(idOfVal(1))}/ILSVRC2012_val_00000001.JPEG`;
  Deno.renameSync(first, first.replace("00000001", "00001001"));
  await refused(gap, /"ILSVRC2012_val_00000002\.JPEG" is image 1 of the validation images/);
});
