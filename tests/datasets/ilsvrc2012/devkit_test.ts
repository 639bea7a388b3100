import assert from "node:assert/strict";
import { devkitOf, readDevkit } from "../../../lib/datasets/ilsvrc2012/devkit.ts";
import { UserError } from "../../../lib/errors.ts";
import { folderWith } from "../../support/datasets.ts";
import { array, element, file, synsets } from "../../support/ilsvrc2012/mats.ts";
import { gzipSync } from "node:zlib";
import {
  idOfVal,
  IDS,
  kitOf,
  madeIlsvrc,
  META,
  tarOf,
  TRUTH,
  wnidOf,
} from "../../support/ilsvrc2012/made.ts";

Deno.test("a label is the rank of a WNID, not an ID; inner nodes are not classes", () => {
  const { wnids, words, ids, validation } = devkitOf({ meta: META, truth: TRUTH }, "kit");
  const sorted = IDS.map(wnidOf).sort();
  assert.deepEqual(wnids, sorted);
  // of ID 1: n01007919 has rank 791 among i * 7919 % 10007 for i = 1 ... 1000 (counted by Python)
  assert.equal(wnids[ids.indexOf(1)], "n01007919");
  assert.equal(ids.indexOf(1), 791);
  assert.equal(words[791], "thing 1, matter 1");
  assert.notDeepEqual(ids, IDS);
  assert.deepEqual(validation, IDS.map((i) => sorted.indexOf(wnidOf(idOfVal(i)))));
});

Deno.test("archive and folder say the same", () => {
  const forms = { train: "folder", val: "none" } as const;
  const archive = madeIlsvrc({ ...forms, devkit: "archive" });
  const folder = madeIlsvrc({ ...forms, devkit: "folder" });
  assert.deepEqual(
    readDevkit(`${archive}/ILSVRC2012_devkit_t12.tar.gz`),
    readDevkit(`${folder}/ILSVRC2012_devkit_t12`),
  );
});

Deno.test("a kit that is another, not whole or damaged is refused", () => {
  const refuses = (read: () => unknown, ...reasons: readonly RegExp[]) =>
    assert.throws(read, (error) => {
      assert.ok(error instanceof UserError, String(error));
      for (const reason of reasons) assert.match(error.message, reason);
      return true;
    });
  const truth = (line: string) => TRUTH.replace("\n15\n", `\n${line}\n`);
  for (const line of ["0", "1001", "-1", "1.5", "", "x"]) {
    refuses(() => devkitOf({ meta: META, truth: truth(line) }, "kit"), /line 2 of/, /1 to 1000/);
  }
  const without = folderWith({ "data/readme.txt": new Uint8Array() });
  refuses(() => readDevkit(without), /no data\/meta\.mat/);
  const broken = folderWith({ "kit.tar.gz": new Uint8Array(100) });
  refuses(() => readDevkit(`${broken}/kit.tar.gz`), /get the archive again/);
});

Deno.test("a kit with two ground truths is refused: which of them is meant cannot be told", () => {
  const other = TRUTH.split("\n").toReversed().join("\n").trimStart() + "\n";
  const name = "old/ILSVRC2012_validation_ground_truth.txt";
  const tar = tarOf([...kitOf(TRUTH), { name, bytes: new TextEncoder().encode(other) }]);
  const folder = folderWith({ "kit.tar.gz": gzipSync(tar) });
  assert.throws(
    () => readDevkit(`${folder}/kit.tar.gz`),
    /ILSVRC2012_validation_ground_truth\.txt is in it twice; get the kit again/,
  );
});

Deno.test("a list of classes of another year is refused with the reason", () => {
  const refuses = (meta: Uint8Array, reason: RegExp) =>
    assert.throws(() => devkitOf({ meta, truth: TRUTH }, "kit"), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, reason);
      assert.match(error.message, /ILSVRC2012_devkit_t12/);
      return true;
    });
  const leaf = (id: number, wnid: string, children = 0) => ({ id, wnid, children });
  const [one, two] = [leaf(1, "n00000002"), leaf(2, "n00000001")];
  refuses(synsets([]), /no list "synsets"/);
  refuses(file(array(6, [1, 1], element(2, [1]))), /no list "synsets"/);
  // the kit of 2010 calls its numbers otherwise
  refuses(synsets([one, two], "ILSVRC2010_ID"), /entry 1 .* has no ILSVRC2012_ID/);
  refuses(synsets([leaf(1, "n00000003", 2), two]), /IDs of its 1 classes are not 1 to 1/);
  refuses(synsets([one, leaf(1, "n00000001")]), /IDs of its 2 classes are not 1 to 2/);
  refuses(synsets([one, leaf(2, "dog")]), /"dog" is not a WNID/);
  refuses(synsets([one, leaf(2, "n00000002")]), /a WNID appears twice/);
  const { wnids, ids } = devkitOf({ meta: synsets([one, two]), truth: "1\n2\n" }, "kit");
  assert.deepEqual([wnids, ids], [["n00000001", "n00000002"], [2, 1]]);
});
