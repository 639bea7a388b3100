import assert from "node:assert/strict";
import { describeCifar10, openCifar10 } from "../../lib/datasets/cifar10.ts";
import { Buffer } from "node:buffer";
import { probeImage } from "../../lib/datasets/pixels.ts";
import { UserError } from "../../lib/errors.ts";
import { cifarRecords } from "../support/cifar.ts";
import { folderWith } from "../support/datasets.ts";

/** Ten records, one of each class, with this red. */
const batch = (level: number) =>
  cifarRecords(Array.from({ length: 10 }, (_, label) => [label]), level);

const below = (place: string, change: Record<string, Uint8Array> = {}) =>
  Object.fromEntries(
    Object.entries({
      "data_batch_1.bin": batch(1),
      "data_batch_2.bin": batch(2),
      "data_batch_3.bin": batch(3),
      "data_batch_4.bin": batch(4),
      "data_batch_5.bin": batch(5),
      "test_batch.bin": batch(6),
      ...change,
    }).map(([name, bytes]) => [place + name, bytes]),
  );

Deno.test("records become coloured images; the test batch is for validation", async () => {
  for (const place of ["", "cifar-10-batches-bin/"]) {
    const { classes, train, val, colours } = await openCifar10({
      folder: folderWith(below(place)),
    });
    assert.deepEqual([train.length, val.length, classes[3]], [50, 10, "cat"]);
    const cat = val.find(({ label }) => label === 3)!;
    const { width, height, pixels } = (await probeImage(cat.file)).picture!;
    assert.deepEqual([width, height], [32, 32]);
    const [x, y] = [5, 20];
    assert.deepEqual([...pixels.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3)], [6, x, y]);
    assert.deepEqual(colours.mean, [3, 15.5, 15.5]);
  }
});

Deno.test("describing agrees with opening", async () => {
  const folder = folderWith(below("cifar10/"));
  const seen = await describeCifar10({ folder });
  const { name, classes, train: { length }, fingerprint } = await openCifar10({ folder });
  const val = new Array(10).fill({ width: 32, height: 32 });
  assert.deepEqual(seen, { name, classes, train: { length }, val, fingerprint, made: false });
});

Deno.test("files that are missing or of a wrong size or label are named", async () => {
  const refuses = (files: Record<string, Uint8Array>, reason: RegExp) =>
    assert.rejects(openCifar10({ folder: folderWith(files) }), (error) => {
      assert(error instanceof UserError, String(error));
      assert.match(error.message, reason);
      return true;
    });
  await refuses({}, /unpack the data set's binary version/);
  const { "data_batch_4.bin": _, ...incomplete } = below("");
  await refuses(incomplete, /data_batch_4.bin is missing/);
  await refuses(
    below("", { "data_batch_2.bin": batch(1).subarray(0, 4000) }),
    /data_batch_2.bin": 4000 bytes are not a whole number of records of 3073 bytes/,
  );
  await refuses(
    below("", { "test_batch.bin": batch(1).subarray(0, 3 * 3073) }),
    /test_batch.bin": it has 3 records/,
  );
  const stray = batch(1);
  stray[2 * 3073] = 10;
  await refuses(
    below("", { "data_batch_5.bin": stray }),
    /data_batch_5.bin": record 2 has label 10/,
  );
});

Deno.test("variants with other numbers of images are distinguished from CIFAR-10", async () => {
  const warnings: string[] = [];
  await describeCifar10({
    folder: folderWith(below("")),
    onWarning: (text) => warnings.push(text),
  });
  assert.match(warnings[0]!, /are not the published CIFAR-10, which has 5,000 training images and/);
});

Deno.test("another list of classes is doubted", async () => {
  const warnings: string[] = [];
  const names = new TextEncoder().encode("airplane\nautomobile\nbird\nkitten\n");
  await describeCifar10({
    folder: folderWith(below("", { "batches.meta.txt": names })),
    onWarning: (text) => warnings.push(text),
  });
  assert.match(warnings[0]!, /batches.meta.txt" is not .* CIFAR-10's classes: class 3 is "kitten"/);
});

Deno.test("the test batch in a training batch's place, and a batch of zeros, are doubted", async () => {
  // unlike those of `batch`, each of these pictures is another one
  const batchOf = (number: number) =>
    Buffer.concat([0, 1, 2].map((label) => cifarRecords([[label]], 3 * number + label)));
  const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  const files = Object.fromEntries(
    [...names, "test_batch.bin"].map((name, i) => [name, batchOf(i)]),
  );
  const warningsWith = async (more: Readonly<Record<string, Uint8Array>>) => {
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    await describeCifar10({ folder: folderWith({ ...files, ...more }), onWarning });
    return warnings.slice(1);
  };
  assert.deepEqual(await warningsWith({}), []);
  const test = files["test_batch.bin"]!;
  const count = test.length / 3073;
  const [leak, ...others] = await warningsWith({ "data_batch_3.bin": test });
  assert.deepEqual(others, []);
  assert.match(leak!, new RegExp(`^${count} of ${count} validation images are training images`));
  // the third batch begins behind two others
  const image = (i: number) => String(i).padStart(5, "0");
  assert.match(leak!, new RegExp(`${image(0)}.png" is "train/\\w+/${image(2 * count)}.png"`));

  const [twice, flat] = await warningsWith({ "data_batch_3.bin": new Uint8Array(test.length) });
  assert.equal(flat, undefined);
  assert.match(twice!, new RegExp(`^${count} of ${6 * count} images show one colour`));
});
