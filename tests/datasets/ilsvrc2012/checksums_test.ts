import assert from "node:assert/strict";
import { checkArchives } from "../../../lib/datasets/ilsvrc2012/checksums.ts";
import { UserError } from "../../../lib/errors.ts";
import { folderWith } from "../../support/datasets.ts";

Deno.test("each archive is read once, and listed beside its known MD5", () => {
  const folder = folderWith({
    "ILSVRC2012/ILSVRC2012_img_val.tar": new TextEncoder().encode("abc"),
    "ILSVRC2012/ILSVRC2012_img_test.tar": new Uint8Array(),
    "ILSVRC2012/other.tar": new Uint8Array(),
  });
  const seen: number[][] = [];
  const checked = checkArchives(folder, (...bytes) => void seen.push(bytes));
  assert.deepEqual(checked, [
    {
      file: "ILSVRC2012_img_val.tar",
      md5: "900150983cd24fb0d6963f7d28e17f72", // of "abc": RFC 1321, A.5
      expected: "29b22e2961454d5413ddabcf34fc5622",
    },
    {
      file: "ILSVRC2012_img_test.tar",
      md5: "d41d8cd98f00b204e9800998ecf8427e",
      expected: undefined,
    },
  ]);
  assert.deepEqual(seen, [[3, 3]]);
});

Deno.test("without archives, all names that are searched for are listed", () => {
  assert.throws(() => checkArchives(folderWith({})), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /ILSVRC2012_img_train\.tar.*ILSVRC2012_devkit_t12\.tar\.gz/);
    return true;
  });
});
