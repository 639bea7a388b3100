/** ImageNet-V2, in small files of the layout that its archives unpack to. */
import assert from "node:assert/strict";
import { describeDataset, openDataset } from "../../lib/datasets/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { folderWith, solidPng } from "../support/datasets.ts";

const NAME = "imagenetv2-matched-frequency";

/** Images in folders of classes, one each; sides tell the class of those that are numbers. */
function made(folders: readonly string[], place = `${NAME}-format-val`, most = folders.length) {
  return folderWith(Object.fromEntries(
    folders.map((name, i) => {
      const label = /^\d+$/.test(name) ? Number(name) : i;
      // names as the set has them: a digest
      const file = `${String((label * 7919) % 100_003).padStart(40, "0")}.jpeg`;
      const bytes = solidPng(label % 256, 100, 200, 1 + label % 50, 1 + Math.floor(label / 50));
      return [`${place}/${name}/${file}`, bytes];
    }).slice(0, most),
  ));
}

const labelIn = ({ width, height }: { readonly width: number; readonly height: number }) =>
  (height - 1) * 50 + width - 1;

const NUMBERS = Array.from({ length: 1000 }, (_, label) => String(label));
const WNIDS = NUMBERS.map((name) => `n${name.padStart(8, "0")}`);

async function refused(folder: string, message: RegExp) {
  await assert.rejects(openDataset(NAME, { folder }), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("folders 0 to 999 are ordered as numbers, not by the alphabet", async () => {
  const folder = made(NUMBERS);
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning);
  const dataset = await openDataset(NAME, { folder, onWarning });
  assert.equal(dataset.name, NAME);
  assert.deepEqual([dataset.classes.length, dataset.classes[10]], [1000, "class 10"]);
  assert.deepEqual([dataset.train.length, dataset.val.length], [0, 1000]);
  assert.match(dataset.untrainable!, /no training images; train with --dataset ilsvrc2012/);
  // by the alphabet, folder 10 would be the third
  assert.deepEqual(dataset.val.map(({ label }) => label), [...Array(1000).keys()]);
  for (const image of dataset.val) assert.equal(image.label, labelIn(image));
  assert.match(
    warnings.join(),
    /not ImageNet-V2 as its authors publish it, 10 images .*: 1,000 of its/,
  );
  assert.deepEqual(dataset.colours.mean, [123.68, 116.779, 103.939]);

  // again, from the index; beside it, as the folder itself
  const reports: string[] = [];
  const onProgress = (what: string) => void reports.push(what);
  const itself = `${folder}/${NAME}-format-val`;
  const described = await describeDataset(NAME, { folder: itself, onProgress });
  assert.deepEqual([described.fingerprint, described.made], [dataset.fingerprint, true]);
  assert.deepEqual(reports, []);

  // another set is not looked for in its place
  await assert.rejects(
    openDataset("imagenetv2-top-images", { folder }),
    /Cannot find imagenetv2-top-images in .*: it has no folder imagenetv2-top-images-format-val\//,
  );

  // a class that is missing would shift those that follow, if folders were only sorted
  Deno.renameSync(`${itself}/0`, `${itself}/1000`);
  await refused(
    folder,
    /as ImageNet-V2: it lacks "0", and it has "1000"; unpack the archive again/,
  );
  Deno.removeSync(`${itself}/1000`, { recursive: true });
  await refused(folder, /it lacks "0"; unpack/);
  Deno.mkdirSync(`${itself}/n01440764`);
  await refused(folder, /it lacks "0", and it has "n01440764"/);
});

Deno.test("the older edition's folders are WNIDs", async () => {
  const folder = made(WNIDS, "imagenetv2/imagenet-matched-frequency-format-val");
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning);
  const { classes, val } = await openDataset(NAME, { folder, onWarning });
  assert.deepEqual(classes, WNIDS);
  // ranks among other WordNet IDs than ILSVRC-2012's are labels of other classes
  assert.match(
    warnings.join(),
    /The 1,000 WordNet IDs in ".*" are not those of ILSVRC-2012's classes, so its errors are of another/,
  );
  for (const image of val) assert.equal(image.label, labelIn(image));
  await refused(made(WNIDS, undefined, 7), /it has 7 folders of classes, not 1000/);
});

Deno.test("an image beside the folders of classes is refused: sorting was interrupted", async () => {
  const folder = made(NUMBERS);
  Deno.writeFileSync(`${folder}/${NAME}-format-val/late.jpeg`, solidPng(1, 2, 3, 4, 5));
  await refused(folder, /it has 1 image beside 1,000 folders of classes; put every image into/);
});

Deno.test("a folder of images whose classes are numbers says in which order they are", async () => {
  const pictures = (names: readonly string[]) =>
    folderWith(Object.fromEntries(
      names.flatMap((name, i) =>
        ["train", "val"].map((split, j) => [
          `${split}/${name}/1.png`,
          solidPng(20 * i, 100 * j, 0, 30 + i, 30),
        ])
      ),
    ));
  const warningsOf = async (names: readonly string[]) => {
    const warnings: string[] = [];
    const onWarning = (warning: string) => void warnings.push(warning);
    await openDataset("folder", { folder: pictures(names), onWarning });
    return warnings.join("\n");
  };
  assert.match(
    await warningsOf(["0", "1", "2", "10"]),
    /in the order of the alphabet: "10" comes before "2"\. .* --dataset imagenetv2-matched-frequency/,
  );
  assert.ok(!(await warningsOf(["0", "1", "2", "9"])).includes("alphabet"));
  assert.ok(!(await warningsOf(["0", "10", "2", "x"])).includes("alphabet"));
});
