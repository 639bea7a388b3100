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
  refuses(join(Deno.makeTempDirSync(), "nothing"), /no such folder/, /--data DIR/);
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

Deno.test("files are listed with their sizes", () => {
  const { train } = listFolder(smallestFolder({ "train/cat/0.png": new Uint8Array(321) }));
  assert.deepEqual(
    train.map(({ path, label }) => [path, label]),
    [["train/cat/0.png", 0], ["train/dog/1.png", 1], ["train/cat/1.png", 0]],
  );
  assert.equal(train[0]!.bytes, 321);
});
