import assert from "node:assert/strict";
import { join } from "node:path";
import { listFolder } from "../../../lib/datasets/folder/listing.ts";
import { UserError } from "../../../lib/errors.ts";
import { folderWith, smallestFolder } from "../../support/datasets.ts";

const file = new Uint8Array(1);

function refuses(folder: string, ...words: readonly RegExp[]) {
  assert.throws(() => listFolder(folder), (error) => {
    assert(error instanceof UserError, String(error));
    for (const word of words) assert.match(error.message, word);
    return true;
  });
}

Deno.test("a folder without train/ or val/ is refused", () => {
  refuses(folderWith({ "train/cat/1.png": file }), /no folder val\//, /--data DIR/);
  refuses(folderWith({ "val/cat/1.png": file }), /no folder train\//);
  refuses(join(Deno.makeTempDirSync(), "nothing"), /the folder does not exist/, /--data DIR/);
  refuses(folderWith({ "train/1.png": file, "val/1.png": file }), /train\/ has no classes/);
});

Deno.test("classes that differ between the splits are named", () => {
  refuses(
    smallestFolder({ "train/fox/1.png": file, "val/owl/1.png": file }),
    /only train\/ has "fox"/,
    /only val\/ has "owl"/,
  );
});

Deno.test("one class is too few", () => {
  refuses(
    folderWith({ "train/cat/1.png": file, "val/cat/1.png": file }),
    /"cat" is its only class/,
  );
});

Deno.test("an empty class is named", () => {
  const folder = smallestFolder({ "val/owl/1.png": file });
  Deno.mkdirSync(join(folder, "train/owl"));
  refuses(folder, /train\/ has no images of "owl"/);
});

Deno.test("classes are in Python's order, by code point, with emoji, too", () => {
  // sorted(["\U0001F98A", "\uFF21", "z", "\uFF21b"]) of Python 3; JavaScript has the fox before \uFF21
  const sorted = ["z", "\uFF21", "\uFF21b", "\u{1F98A}"];
  const files = sorted.toReversed().flatMap((name) =>
    ["train", "val"].map((split) => [`${split}/${name}/1.png`, file] as const)
  );
  assert.deepEqual(listFolder(folderWith(Object.fromEntries(files))).classes, sorted);
});

Deno.test("files are listed with their sizes", () => {
  const { train } = listFolder(smallestFolder({ "train/cat/0.png": new Uint8Array(321) }));
  assert.deepEqual(
    train.map(({ path, label }) => [path, label]),
    [["train/cat/0.png", 0], ["train/dog/1.png", 1], ["train/cat/1.png", 0]],
  );
  assert.equal(train[0]!.bytes, 321);
});

Deno.test("images beside the folders of classes are refused; other files are not images", () => {
  const files = {
    "val/1.png": file,
    "val/2.JPG": file,
    "val/.3.png": file,
    "train/labels.csv": file,
  };
  refuses(
    smallestFolder(files),
    /val\/ has 2 images beside its folders of classes, such as "(1\.png|2\.JPG)"; move each into/,
  );
  assert.equal(listFolder(smallestFolder({ "train/labels.csv": file })).train.length, 2);
});

Deno.test("images in folders below a class's belong to it; other systems' folders are left out", () => {
  const { train } = listFolder(smallestFolder({
    "train/cat/images/0.png": file, // as Tiny ImageNet has them
    "train/cat/more/deep/2.png": file,
    "train/cat/.thumbnails/1.png": file,
    "train/cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg": file, // a Synology drive's thumbnails
    "train/__MACOSX/cat/._1.png": file,
    "train/cat/Thumbs.db": file,
  }));
  assert.deepEqual(
    train.map(({ path, label }) => [path, label]),
    [
      ["train/cat/1.png", 0],
      ["train/dog/1.png", 1],
      ["train/cat/images/0.png", 0],
      ["train/cat/more/deep/2.png", 0],
    ],
  );
});

Deno.test("a link that leads back ends with a message", () => {
  const folder = smallestFolder();
  Deno.symlinkSync(join(folder, "train/cat"), join(folder, "train/cat/loop"));
  refuses(folder, /"train\/cat\/loop\/loop.*" is more than 16 folders deep; remove links/);
});

Deno.test("names that are not UTF-8 are named with the reason", () => {
  // Deno writes no such names: a shell does
  const shell = (line: string) => new Deno.Command("sh", { args: ["-c", line] }).outputSync();
  const folder = smallestFolder();
  shell(`cp '${folder}/train/cat/1.png' "$(printf '${folder}/train/cat/caf\\351.png')"`);
  const odd = listFolder(folder).train.find(({ fault }) => fault !== undefined);
  assert.deepEqual(
    [odd?.path, odd?.fault],
    ["train/cat/caf\uFFFD.png", "has a name that is not UTF-8"],
  );
  for (const split of ["train", "val"]) {
    shell(`cp -r '${folder}/${split}/cat' "$(printf '${folder}/${split}/caf\\351')"`);
  }
  refuses(folder, /the name of the class "caf\uFFFD" in train\/ is not UTF-8; rename its folder/);
});
