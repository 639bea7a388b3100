import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import {
  describeIlsvrc2012,
  ilsvrcIds,
  openIlsvrc2012,
} from "../../../lib/datasets/ilsvrc2012/mod.ts";
import { UserError } from "../../../lib/errors.ts";
import { shiftAxes } from "../../../lib/vgg/colours.ts";
import { folderWith, smallestFolder, solidPng } from "../../support/datasets.ts";
import {
  type Forms,
  idOfVal,
  IDS,
  kaggleFiles,
  kitOf,
  madeIlsvrc,
  nameOf,
  tarOf,
  wnidOf,
} from "../../support/ilsvrc2012/made.ts";

const SORTED = IDS.map((id) => wnidOf(id)).sort();

const ARCHIVES: Forms = { train: "archive", val: "archive", devkit: "archive", test: "archive" };

function refuses(opened: Promise<unknown>, ...words: readonly string[]) {
  return assert.rejects(opened, (error) => {
    assert(error instanceof UserError, String(error));
    for (const word of words) assert(error.message.includes(word), error.message);
    return true;
  });
}

/** Sides of the i-th image, as `madeIlsvrc` makes them. */
const sidesOf = (i: number) => [1 + i % 50, 1 + Math.floor(i / 50)];

Deno.test("the archives are read in place: classes, labels, order and places", async () => {
  const folder = madeIlsvrc(ARCHIVES);
  const dataset = await openIlsvrc2012({ folder });
  const { name, classes, train, val, test } = dataset;
  assert.equal(name, "ilsvrc2012");
  const first = IDS.find((id) => wnidOf(id) === SORTED[0])!;
  assert.equal(classes[0], `${SORTED[0]} thing ${first}`);
  assert.deepEqual(classes.map((text) => text.split(" ")[0]), SORTED);

  // an image of each class, then the second one of the one that has two
  assert.equal(train.length, 1001);
  assert.deepEqual(train.slice(0, 1000).map(({ label }) => label), [...Array(1000).keys()]);
  assert.equal(train[1000]!.label, SORTED.indexOf(wnidOf(1)));
  assert.deepEqual([train[0]!.width, train[0]!.height], sidesOf(first));

  // validation image i is of ID 7 i % 1000 + 1, and its sides tell i
  assert.equal(val.length, 1000);
  for (const { label, width, height } of val) {
    const i = (height - 1) * 50 + width - 1;
    assert.equal(SORTED[label], wnidOf(idOfVal(i)), `image ${i}`);
  }
  assert.deepEqual(val.map(({ label }) => label), [...Array(1000).keys()]);

  // what lies at a place begins as a PNG does
  for (const { file, at = NaN, bytes = NaN } of [train[5]!, train[1000]!, val[7]!]) {
    const png = Deno.readFileSync(file).subarray(at, at + bytes);
    assert.deepEqual([...png.subarray(1, 4), ...png.subarray(-8, -4)], [
      ...new TextEncoder().encode("PNGIEND"),
    ]);
    assert.equal(at % 512, 0);
  }

  assert.deepEqual(test!.images.map(({ width, label }) => [width, label]), [
    ...[[2, -1], [3, -1], [4, -1]],
  ]);
  assert.deepEqual(ilsvrcIds({ folder }).map(wnidOf), SORTED);

  // ImageNet's own colours: roots of the covariance's eigenvalues times 255
  const { mean, covariance } = dataset.colours;
  assert.deepEqual(mean, [123.68, 116.779, 103.939]);
  const lengths = shiftAxes(covariance, "root").map((axis) => Math.hypot(...axis));
  for (const [i, expected] of [118.9, 35.0, 17.1].entries()) {
    assert.ok(Math.abs(lengths[i]! - expected) < 0.1, `${lengths[i]} is not ${expected}`);
  }

  // once more, from the index, and after the archive has changed
  const reports: number[] = [];
  const onProgress = () => void reports.push(1);
  assert.deepEqual(await openIlsvrc2012({ folder, onProgress }), dataset);
  assert.deepEqual(reports, []);
  const seen = await describeIlsvrc2012({ folder, onProgress });
  assert.deepEqual(
    [seen.train.length, seen.val.length, seen.test!.images.length, seen.made, seen.fingerprint],
    [1001, 1000, 3, true, dataset.fingerprint],
  );
  assert.deepEqual(reports, []);
  Deno.utimeSync(`${folder}/ILSVRC2012_img_val.tar`, 1, 1);
  assert.equal((await openIlsvrc2012({ folder, onProgress })).fingerprint, dataset.fingerprint);
  assert.deepEqual(reports, [1]);
  // an index that is damaged is made again
  Deno.truncateSync(`${folder}/.verydeep/ilsvrc2012-train.index`, 30_000);
  assert.deepEqual((await openIlsvrc2012({ folder })).train, train);
});

Deno.test("the same images are the same data set, whatever form they are in", async () => {
  const opened = async (forms: Forms) => {
    const folder = madeIlsvrc(forms);
    const { classes, train, val, fingerprint } = await openIlsvrc2012({ folder });
    const facts = ({ label, width, height }: typeof val[number]) => [label, width, height];
    return {
      facts: { wnids: classes.map((name) => name.split(" ")[0]), fingerprint },
      images: [train.map(facts), val.map(facts)],
      files: [...train, ...val].map(({ file }) => file.slice(folder.length)),
      classes,
    };
  };
  const archives = await opened({ train: "archive", val: "archive", devkit: "archive" });
  const flat = await opened({ train: "folder", val: "flat", devkit: "folder" });
  const byClass = await opened({ train: "folder", val: "by class", devkit: "none" });
  for (const { facts, images } of [flat, byClass]) {
    assert.deepEqual(facts, archives.facts);
    assert.deepEqual(images, archives.images);
  }
  assert.deepEqual(flat.classes, archives.classes);
  assert.deepEqual(byClass.classes, SORTED);
  const wnid = SORTED[0]!;
  assert.equal(byClass.files[0], `/train/${wnid}/${wnid}_1.JPEG`);
  assert.match(byClass.files[1001]!, /^\/val\/n\d{8}\/ILSVRC2012_val_\d{8}\.JPEG$/);
});

Deno.test("validation images alone are a data set to test nets on", async () => {
  const whole = await openIlsvrc2012({
    folder: madeIlsvrc({ train: "archive", val: "archive", devkit: "archive" }),
  });
  for (const form of [{ val: "flat", devkit: "folder" }, { val: "by class", devkit: "none" }]) {
    const folder = madeIlsvrc({ train: "none", ...form } as Forms);
    const { classes, train, val, untrainable, fingerprint } = await openIlsvrc2012({ folder });
    assert.deepEqual(classes.map((text) => text.split(" ")[0]), SORTED);
    assert.deepEqual(train, []);
    assert.deepEqual(val.map(({ label }) => label), whole.val.map(({ label }) => label));
    assert.match(
      untrainable!,
      /^the training images \(ILSVRC2012_img_train\.tar or .* --data DIR$/,
    );
    const seen = await describeIlsvrc2012({ folder });
    assert.deepEqual(
      [seen.train.length, seen.untrainable, seen.fingerprint, seen.missing],
      [0, untrainable, fingerprint, undefined],
    );
    assert.notEqual(fingerprint, whole.fingerprint);
  }
});

Deno.test("missing parts are named with the files that are searched for", async () => {
  const forms = { train: "archive", val: "flat", devkit: "none" } as const;
  await refuses(
    openIlsvrc2012({ folder: madeIlsvrc(forms) }),
    ...["the classes of val/*.JPEG", "ILSVRC2012_devkit_t12.tar.gz", "--data DIR"],
  );
  const folder = madeIlsvrc({ ...forms, val: "none" });
  await refuses(openIlsvrc2012({ folder }), "ILSVRC2012_img_val.tar", "val/<wnid>/*.JPEG");
  assert.match(
    (await describeIlsvrc2012({ folder })).missing!,
    /missing are the validation images/,
  );
  assert.throws(() => ilsvrcIds({ folder }), /ILSVRC2012_devkit_t12\.tar\.gz/);
});

Deno.test("a ground truth of another length, and classes of another kit, are refused", async () => {
  const forms = { train: "folder", val: "flat", devkit: "folder" } as const;
  const short = madeIlsvrc({ ...forms, truth: "1\n2\n" });
  await refuses(openIlsvrc2012({ folder: short }), "has 2, but there are 1000 images", "val");
  Deno.renameSync(`${short}/train/${SORTED[3]}`, `${short}/train/n09999999`);
  await refuses(
    openIlsvrc2012({ folder: short }),
    ...["devkit_t12", `"n09999999", which it lacks`, `not "${SORTED[3]}", which it has`],
  );
});

Deno.test("files that are not whole images are named, or left out on request", async () => {
  const folder = madeIlsvrc({ train: "folder", val: "by class", devkit: "none" });
  const [wnid] = SORTED;
  Deno.writeTextFileSync(`${folder}/train/${wnid}/text.JPEG`, "no image");
  Deno.writeFileSync(`${folder}/train/${wnid}/empty.JPEG`, new Uint8Array());
  Deno.writeTextFileSync(`${folder}/train/${wnid}/.hidden`, "no image");
  Deno.symlinkSync("/nowhere/at/all", `${folder}/train/${wnid}/link.JPEG`);
  await refuses(
    openIlsvrc2012({ folder }),
    ...[
      '"link.JPEG" is a broken link',
      '"empty.JPEG" is empty',
      '"text.JPEG" is not an image',
      "--skip-unreadable",
    ],
  );
  const { train, fingerprint } = await openIlsvrc2012({ folder, skipUnreadable: true });
  assert.equal(train.length, 1001);
  const seen = await describeIlsvrc2012({ folder, skipUnreadable: true });
  assert.deepEqual([seen.train.length, seen.fingerprint], [1001, fingerprint]);
});

Deno.test("a class that is twice in the training archive is refused, though another is missing", async () => {
  const again = { name: `./again/${SORTED[6]}.tar`, bytes: tarOf([]) };
  const folder = madeIlsvrc({ ...ARCHIVES, more: [again] });
  await refuses(openIlsvrc2012({ folder }), `"${SORTED[6]}.tar" is in it twice`);
});

Deno.test("another number of classes is refused, by describing too", async () => {
  const folder = smallestFolder();
  await refuses(openIlsvrc2012({ folder }), "2 classes", "--dataset folder");
  await refuses(describeIlsvrc2012({ folder }), "2 classes", "--dataset folder");
});

Deno.test("without the data, opening says what is needed, and describing assumes the paper's", async () => {
  const folder = Deno.makeTempDirSync();
  await refuses(openIlsvrc2012({ folder }), "train/<wnid>/*.JPEG", folder, "--data DIR");
  const { classes, train, val, ...rest } = await describeIlsvrc2012({ folder });
  const { fingerprint, made, missing } = rest;
  assert.deepEqual([classes, train, val].map(({ length }) => length), [1000, 1_281_167, 50_000]);
  assert.deepEqual([fingerprint, made], ["", false]);
  assert(missing?.includes(folder) && missing.includes("--data DIR"), String(missing));
});

Deno.test("images beside folders of classes are refused, both counted", async () => {
  const folder = madeIlsvrc({ train: "folder", val: "by class", devkit: "archive" });
  // as if sorting had stopped after 997 of 1,000 images
  for (const wnid of SORTED.slice(0, 3)) {
    const [{ name }] = [...Deno.readDirSync(`${folder}/val/${wnid}`)] as [Deno.DirEntry];
    Deno.renameSync(`${folder}/val/${wnid}/${name}`, `${folder}/val/${name}`);
    Deno.removeSync(`${folder}/val/${wnid}`);
  }
  await refuses(openIlsvrc2012({ folder }), "val", "has 3 images beside 997 folders of classes");
  const deeper = madeIlsvrc({ train: "folder", val: "flat", devkit: "folder" });
  Deno.mkdirSync(`${deeper}/train/${SORTED[0]}/images`);
  await refuses(openIlsvrc2012({ folder: deeper }), SORTED[0]!, 'it has a folder "images"');
});

Deno.test("a flat split that lacks an image is refused, though there are as many as labels", async () => {
  const folder = madeIlsvrc({ train: "none", val: "flat", devkit: "folder" });
  Deno.renameSync(`${folder}/val/${nameOf("val", 500)}`, `${folder}/val/${nameOf("val", 1001)}`);
  await refuses(
    openIlsvrc2012({ folder }),
    `"${nameOf("val", 1001)}" in "${folder}/val" has the number 1001, not 1 to 1000`,
    "get the one that is not whole again",
  );
});

Deno.test("labels follow the numbers in names, which may have no zeros in front", async () => {
  const folder = madeIlsvrc({ train: "none", val: "flat", devkit: "folder", test: "archive" });
  const rename = (i: number, name: string) =>
    Deno.renameSync(`${folder}/val/${nameOf("val", i)}`, `${folder}/val/${name}`);
  for (const i of IDS) rename(i, `val_${i}.JPEG`);
  const { val } = await openIlsvrc2012({ folder });
  const label = (i: number) => val.find(({ file }) => file.endsWith(`/val_${i}.JPEG`))!.label;
  for (const i of [1, 2, 10, 999]) assert.equal(label(i), SORTED.indexOf(wnidOf(idOfVal(i))));

  const again = (name: string) =>
    Deno.renameSync(`${folder}/val/val_10.JPEG`, `${folder}/val/${name}`);
  again("tench.JPEG");
  await refuses(openIlsvrc2012({ folder }), '"tench.JPEG"', "has no number in its name");
  Deno.renameSync(`${folder}/val/tench.JPEG`, `${folder}/val/val_0007.JPEG`);
  await refuses(openIlsvrc2012({ folder }), "has image 7 twice");
  Deno.renameSync(`${folder}/val/val_0007.JPEG`, `${folder}/val/${nameOf("test", 10)}`);
  await refuses(openIlsvrc2012({ folder }), `"${nameOf("test", 10)}"`, "is not one of");
});

Deno.test("images of the test server are in the order of the numbers in their names", async () => {
  const folder = madeIlsvrc({ train: "none", val: "by class", devkit: "none" });
  Deno.mkdirSync(`${folder}/test`);
  for (const i of [2, 10, 1]) {
    const [from] = Deno.readDirSync(`${folder}/val/${SORTED[i]}`);
    Deno.copyFileSync(`${folder}/val/${SORTED[i]}/${from!.name}`, `${folder}/test/${i}.JPEG`);
  }
  const { test } = await openIlsvrc2012({ folder });
  const names = test!.images.map(({ file }) => file.slice(folder.length));
  assert.deepEqual(names, ["/test/1.JPEG", "/test/2.JPEG", "/test/10.JPEG"]);
});

Deno.test("a damaged file that is replaced in place is read again", async () => {
  const folder = madeIlsvrc({ train: "folder", val: "by class", devkit: "none" });
  const file = `${folder}/train/${SORTED[7]}/${SORTED[7]}_1.JPEG`;
  const whole = Deno.readFileSync(file);
  Deno.writeFileSync(file, whole.subarray(0, whole.length / 2));
  await refuses(openIlsvrc2012({ folder }), `_1.JPEG" is cut off`, "get what is damaged again");
  await refuses(openIlsvrc2012({ folder }), `_1.JPEG" is cut off`);
  Deno.writeFileSync(file, whole);
  const { train } = await openIlsvrc2012({ folder });
  assert.equal(train.length, 1001);
  let looks = 0;
  await openIlsvrc2012({ folder, onProgress: () => looks++ });
  assert.equal(looks, 0);
});

/** Replaces a file by another of its size, under the time that it had. */
function replaced(file: string, bytes: Uint8Array) {
  const { mtime, size } = Deno.statSync(file);
  assert.equal(bytes.length, size);
  Deno.writeFileSync(file, bytes);
  Deno.utimeSync(file, mtime!, mtime!);
}

Deno.test("an archive that is replaced by one of its size and time is read again", async () => {
  const folder = madeIlsvrc({ train: "none", val: "archive", devkit: "folder" });
  const archive = `${folder}/ILSVRC2012_img_val.tar`;
  const whole = Deno.readFileSync(archive);
  const { val, fingerprint } = await openIlsvrc2012({ folder });
  const at = val[5]!.at!;

  // an image that arrived damaged, and is whole in the next download
  const damaged = whole.slice();
  damaged.fill(0, at, at + 8);
  replaced(archive, damaged);
  Deno.removeSync(`${folder}/.verydeep`, { recursive: true });
  await refuses(openIlsvrc2012({ folder }), '.JPEG" is not an image', "get what is damaged again");
  replaced(archive, whole);
  const healed = await openIlsvrc2012({ folder });
  assert.deepEqual([healed.val, healed.fingerprint], [val, fingerprint]);

  // the same images in another order: a thousand of one block and its header each
  const members = Array.from({ length: 1000 }, (_, i) => whole.subarray(1024 * i, 1024 * (i + 1)));
  assert.ok(
    members.every((member) => /^ILSVRC/.test(new TextDecoder().decode(member.slice(0, 9)))),
  );
  const rest = whole.subarray(1024 * 1000);
  replaced(archive, Buffer.concat([...members.toReversed(), rest]));
  const packed = await openIlsvrc2012({ folder });
  assert.equal(packed.fingerprint, fingerprint);
  assert.notEqual(packed.val[5]!.at, at);
  const file = Deno.readFileSync(archive);
  for (const { at = NaN, width } of packed.val) assert.equal(file[at + 19], width); // of its PNG
});

Deno.test("the fingerprint covers the ends of every file: images that exchange names are noticed", async () => {
  const forms = { train: "folder", val: "by class", devkit: "none" } as const;
  const { fingerprint } = await openIlsvrc2012({ folder: madeIlsvrc(forms) });
  for (const split of ["train", "val"]) {
    const folder = madeIlsvrc(forms);
    const place = `${folder}/${split}/${SORTED[3]}`;
    const [{ name }] = [...Deno.readDirSync(place)] as [Deno.DirEntry];
    const bytes = Deno.readFileSync(`${place}/${name}`);
    bytes[bytes.length - 20]! ^= 1; // of its pixels: neither its size nor its sides
    Deno.writeFileSync(`${place}/${name}`, bytes);
    assert.notEqual((await openIlsvrc2012({ folder })).fingerprint, fingerprint);
  }
});

Deno.test("validation images in folders 0 to 999 are refused: their order is not that of labels", async () => {
  const folder = madeIlsvrc({ train: "none", val: "by class", devkit: "none" });
  for (const [label, wnid] of SORTED.entries()) {
    Deno.renameSync(`${folder}/val/${wnid}`, `${folder}/val/${label}`);
  }
  await refuses(
    openIlsvrc2012({ folder }),
    '1,000 folders of classes are not called by a WordNet ID such as n01440764, but "0", "1", "10"',
    "put all images into one folder beside the development kit",
  );
});

Deno.test("validation images that are training images cause a warning", async () => {
  const folder = madeIlsvrc({ train: "folder", val: "flat", devkit: "folder" });
  const [one, other] = [5, 6].map((i) => `${folder}/train/${SORTED[i]}/${SORTED[i]}_1.JPEG`);
  for (const [i, file] of [one!, other!].entries()) {
    Deno.copyFileSync(file, `${folder}/val/${nameOf("val", 700 + i)}`);
  }
  const warnings: string[] = [];
  await openIlsvrc2012({ folder, onWarning: (warning) => warnings.push(warning) });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^2 of 1,000 validation images are training images, as their sizes/);
});

Deno.test("a training image that is named after another class causes a warning", async () => {
  const folder = madeIlsvrc({ train: "folder", val: "by class", devkit: "none" });
  const [from, to] = [SORTED[3], SORTED[4]];
  Deno.copyFileSync(
    `${folder}/train/${from}/${from}_1.JPEG`,
    `${folder}/train/${to}/${from}_1.JPEG`,
  );
  for (let i = 0; i < 2; i++) {
    const warnings: string[] = [];
    await openIlsvrc2012({ folder, onWarning: (warning) => warnings.push(warning) });
    assert.deepEqual(warnings, [
      `1 training image is named after another class than its folder: "${from}_1.JPEG".`,
    ]);
  }
});

Deno.test("validation images in other classes' folders than the kit, or Kaggle, says are refused", async () => {
  for (const devkit of ["folder", "none"] as const) {
    const folder = madeIlsvrc({ train: "folder", val: "by class", devkit });
    if (devkit === "none") folderWith(kaggleFiles(), folder);
    await openIlsvrc2012({ folder });
    const [one, other] = [3, 8].map((i) => `${folder}/val/${SORTED[i]}`);
    Deno.renameSync(one!, `${folder}/val/x`);
    Deno.renameSync(other!, one!);
    Deno.renameSync(`${folder}/val/x`, other!);
    await refuses(
      openIlsvrc2012({ folder }),
      "2 images of 1000 are in the folder of another class than",
      "sort them again",
    );
  }
});

Deno.test("labels of Kaggle's that contradict themselves, or that lack an image, are refused", async () => {
  const forms = { train: "folder", val: "flat", devkit: "none" } as const;
  const changed = (
    file: keyof ReturnType<typeof kaggleFiles>,
    change: (text: string) => string,
  ) => {
    const files = kaggleFiles();
    const text = change(new TextDecoder().decode(files[file]));
    return openIlsvrc2012({
      folder: folderWith({ ...files, [file]: new TextEncoder().encode(text) }, madeIlsvrc(forms)),
    });
  };
  const [solution, mapping] = ["LOC_val_solution.csv", "LOC_synset_mapping.txt"];
  await refuses(
    changed(mapping!, (text) => `${text}${text.split("\n")[0]}\n`),
    `it has the class ${wnidOf(1)} twice`,
  );
  const first = nameOf("val", 1).replace(".JPEG", "");
  const [own, other] = [wnidOf(idOfVal(1)), wnidOf(idOfVal(2))];
  await refuses(
    changed(solution!, (text) => `${text}${first},${other} 1 2 3 4\n`),
    `it has "${first}" in two classes; get it again`,
  );
  await refuses(
    changed(
      solution!,
      (text) => text.replace(`${first},${own}`, `${first},${own} 1 2 3 4 ${other}`),
    ),
    "not an image and one of the classes",
  );
  // the same line twice, and two boxes of one class, say the same
  await changed(solution!, (text) => `${text}${first},${own} 1 2 3 4 ${own} 5 6 7 8\n`);
  await refuses(
    changed(solution!, (text) => `${text}ILSVRC2012_val_00001001,${other} 1 2 3 4\n`),
    "it has 1000 images, but",
    "lists 1001; get the one that is not whole again",
  );
});

Deno.test("images in folders have their sizes, so that one that is replaced in place is noticed", async () => {
  const folder = madeIlsvrc({ train: "folder", val: "by class", devkit: "none" });
  const { train, val } = await openIlsvrc2012({ folder });
  for (const { file, bytes } of [...train, ...val]) {
    assert.equal(bytes, Deno.statSync(file).size);
  }
});

Deno.test("files that a Mac's tar puts beside the classes are left out", async () => {
  const forms = { train: "archive", val: "by class", devkit: "none" } as const;
  const { train, fingerprint } = await openIlsvrc2012({ folder: madeIlsvrc(forms) });
  const more = SORTED.slice(0, 2).map((wnid) => ({
    name: `./._${wnid}.tar`,
    bytes: new Uint8Array(9),
  }));
  const repacked = await openIlsvrc2012({ folder: madeIlsvrc({ ...forms, more }) });
  assert.deepEqual([repacked.train.length, repacked.fingerprint], [train.length, fingerprint]);
});

Deno.test("Kaggle's copy is read with Kaggle's labels, wherever --data points into it", async () => {
  const forms = { train: "folder", val: "flat", devkit: "none" } as const;
  const whole = await openIlsvrc2012({ folder: madeIlsvrc({ ...forms, devkit: "folder" }) });
  const folder = Deno.makeTempDirSync();
  Deno.mkdirSync(`${folder}/ILSVRC/Data`, { recursive: true });
  Deno.renameSync(madeIlsvrc(forms), `${folder}/ILSVRC/Data/CLS-LOC`);
  await refuses(openIlsvrc2012({ folder }), "LOC_val_solution.csv and LOC_synset_mapping.txt");
  folderWith(kaggleFiles(), folder);
  for (const place of [folder, `${folder}/ILSVRC/Data/CLS-LOC`]) {
    const { classes, val, fingerprint } = await openIlsvrc2012({ folder: place });
    assert.equal(classes[0], `${SORTED[0]} word ${IDS.find((id) => wnidOf(id) === SORTED[0])}`);
    assert.deepEqual(val.map(({ label }) => label), whole.val.map(({ label }) => label));
    assert.equal(fingerprint, whole.fingerprint);
    // the test server's numbers of classes are in the development kit alone
    assert.throws(() => ilsvrcIds({ folder: place }), /ILSVRC2012_devkit_t12\.tar\.gz/);
  }
  Deno.renameSync(
    `${folder}/ILSVRC/Data/CLS-LOC/val/${nameOf("val", 3)}`,
    `${folder}/ILSVRC/Data/CLS-LOC/val/${nameOf("val", 2000)}`,
  );
  await refuses(openIlsvrc2012({ folder }), `"${nameOf("val", 2000)}"`, "does not list it");
});

Deno.test("a copy with as many validation images as ILSVRC-2012 is compared with the published one", async () => {
  // made-up classes; a copy with fewer images departs from the paper anyway
  const numbers = Array.from({ length: 50_000 }, (_, i) => i + 1);
  const bytes = solidPng(1, 2, 3, 4, 5);
  const truth = numbers.map((i) => `${idOfVal(i)}\n`).join("");
  const folder = folderWith({
    "ILSVRC2012_img_val.tar": tarOf(numbers.map((i) => ({ name: nameOf("val", i), bytes }))),
    "ILSVRC2012_devkit_t12.tar.gz": gzipSync(tarOf(kitOf(truth))),
  });
  const warnings: string[] = [];
  const { val } = await openIlsvrc2012({ folder, onWarning: (line) => void warnings.push(line) });
  assert.equal(val.length, 50_000);
  assert.deepEqual(warnings, [
    `The 1,000 classes of "${folder}/ILSVRC2012_devkit_t12.tar.gz" are not those of ILSVRC-2012, so its ` +
    "errors are of another task, such as that of 2010.",
  ]);
});
