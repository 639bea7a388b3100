import assert from "node:assert/strict";
import { describeCifar100, openCifar100 } from "../../lib/datasets/cifar100.ts";
import { describeCifar10 } from "../../lib/datasets/cifar10.ts";
import { probeImage } from "../../lib/datasets/pixels.ts";
import { UserError } from "../../lib/errors.ts";
import { cifar100Labels, cifarRecords } from "../support/cifar.ts";
import { folderWith } from "../support/datasets.ts";

const LABELS = cifar100Labels();
const text = (words: string) => new TextEncoder().encode(words);

const below = (place: string, change: Record<string, Uint8Array> = {}) =>
  Object.fromEntries(
    Object.entries({
      "train.bin": cifarRecords(cifar100Labels(2), 7),
      "test.bin": cifarRecords(LABELS, 9),
      ...change,
    }).map(([name, bytes]) => [place + name, bytes]),
  );

/** Warnings of labels and names; the pictures of these files are all alike, which is doubted, too. */
async function warningsOf(files: Record<string, Uint8Array>): Promise<string[]> {
  const warnings: string[] = [];
  await describeCifar100({
    folder: folderWith(files),
    onWarning: (warning) => warnings.push(warning),
  });
  return warnings.filter((warning) => /^The files|^"fine_label_names/.test(warning));
}

const refuses = (files: Record<string, Uint8Array>, reason: RegExp, open = describeCifar100) =>
  assert.rejects(open({ folder: folderWith(files) }), (error) => {
    assert(error instanceof UserError, String(error));
    assert.match(error.message, reason);
    return true;
  });

Deno.test("records become coloured images of their fine label; the test file is for validation", async () => {
  const { classes, train, val, colours } = await openCifar100({
    folder: folderWith(below("cifar-100-binary/")),
  });
  assert.deepEqual([train.length, val.length, classes.length], [200, 100, 100]);
  // the first and last lines of the published fine_label_names.txt, and some between
  assert.deepEqual([0, 1, 19, 57, 99].map((i) => classes[i]), [
    ...["apple", "aquarium_fish", "cattle", "pear", "worm"],
  ]);
  const files = val.filter(({ label }) => label === 19).map(({ file }) => file);
  assert.equal(files.length, 1);
  // the 20th record is cattle
  assert.match(files[0]!, /val\/cattle\/00019\.png$/);
  const { width, height, pixels } = (await probeImage(files[0]!)).picture!;
  assert.deepEqual([width, height], [32, 32]);
  const [x, y] = [5, 20];
  assert.deepEqual([...pixels.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3)], [9, x, y]);
  assert.deepEqual(colours.mean, [7, 15.5, 15.5]);
});

Deno.test("describing agrees with opening", async () => {
  const folder = folderWith(below("cifar100/"));
  const seen = await describeCifar100({ folder });
  const { name, classes, train: { length }, fingerprint } = await openCifar100({ folder });
  const val = new Array(100).fill({ width: 32, height: 32 });
  assert.deepEqual(seen, { name, classes, train: { length }, val, fingerprint, made: false });
  assert.equal(name, "cifar100");
});

Deno.test("files that are missing or of a wrong size or label are named", async () => {
  await refuses({}, /train.bin and test.bin are not in .*\(cifar-100-binary.tar.gz\).*--data DIR/);
  const { "test.bin": _, ...incomplete } = below("");
  await refuses(incomplete, /test.bin is missing/);
  await refuses(
    below("", { "train.bin": cifarRecords(LABELS).subarray(0, 4000) }),
    /train.bin": 4000 bytes are not a whole number of records of 3074 bytes; get/,
  );
  await refuses(below("", { "test.bin": new Uint8Array() }), /test.bin": 0 bytes are not a whole/);
  await refuses(
    below("", { "train.bin": cifarRecords([...LABELS, [4, 100]]) }),
    /train.bin": record 100 has fine label 100, but the classes are 0 to 99/,
  );
  await refuses(
    below("", { "test.bin": cifarRecords([...LABELS, [20, 0]]) }),
    /test.bin": record 100 has coarse label 20, but the coarse labels are 0 to 19/,
  );
});

Deno.test("files of CIFAR-10, of one label or of the Python version are named for what they are", async () => {
  const one = cifarRecords(LABELS.map(([, fine]) => [fine]));
  await refuses(
    below("", { "train.bin": one }),
    /307300 bytes are .* of 3074 bytes, as CIFAR-100 has them, but of records of 3073, as CIFAR-10/,
  );
  const ten = cifarRecords(Array.from({ length: 10 }, (_, label) => [label]));
  const batches = [1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, ten]);
  const cifar10 = Object.fromEntries([...batches, ["test_batch.bin", ten]]);
  await refuses(cifar10, /data_batch_1.bin" is a file of another data set, cifar10; unpack/);
  await refuses(
    below(""),
    /Cannot find cifar10: .*train.bin" is a file of another data set, cifar100;/,
    describeCifar10,
  );
  await refuses(
    { ...cifar10, "data_batch_1.bin": cifarRecords(LABELS) },
    /data_batch_1.bin": 307400 bytes .* of 3073 bytes, as CIFAR-10 .* of 3074, as CIFAR-100/,
    describeCifar10,
  );
  await refuses(
    { "cifar-100-python/train": one },
    /cifar-100-python" is the Python version, which cannot be read; unpack .* binary version/,
  );
});

Deno.test("labels in each other's place are refused", async () => {
  const swapped = LABELS.map(([coarse, fine]) => [fine, coarse]);
  await refuses(
    below("", { "test.bin": cifarRecords(swapped) }),
    /test.bin": its records have the fine label before the coarse one/,
  );
  const coarse = LABELS.map(([coarse]) => [coarse, coarse]);
  await refuses(
    below("", { "train.bin": cifarRecords(coarse) }),
    /train.bin": its records have the coarse label in the place of the fine one/,
  );
});

Deno.test("labels that do not belong together are doubted", async () => {
  const labels = cifar100Labels();
  labels[78] = [1, 78]; // snakes are reptiles, 15
  labels[80] = [0, 80];
  const [warning, ...others] = await warningsOf(below("", { "test.bin": cifarRecords(labels) }));
  assert.deepEqual(others, []);
  assert.match(
    warning!,
    /the two labels of 2 records do not .* record 78 of test.bin: fine label 78 \(snake\), coarse label 1 \(fish\)/,
  );
});

Deno.test("variants, and other lists of classes, are distinguished from CIFAR-100", async () => {
  const [warning, ...others] = await warningsOf(below(""));
  assert.deepEqual(others, []);
  assert.match(
    warning!,
    /not the published CIFAR-100, which has 500 training images and 100 test images of each class/,
  );
  const lists = [["apple\nfish\n", /class 1 is "fish" instead of "aquarium_fish"/], [
    "apple",
    /class 1 is missing instead of "aquarium_fish"/,
  ]] as const;
  for (const [list, reason] of lists) {
    const [warning] = await warningsOf(below("", { "fine_label_names.txt": text(list) }));
    assert.match(
      warning!,
      /"fine_label_names.txt" is not the published list of CIFAR-100's classes/,
    );
    assert.match(warning!, reason);
  }
});

Deno.test("the published numbers of images and the published names raise no doubt", async () => {
  const { classes } = await describeCifar100({ folder: folderWith(below("")) });
  assert.deepEqual(
    await warningsOf(below("", {
      "train.bin": cifarRecords(cifar100Labels(500)),
      "test.bin": cifarRecords(cifar100Labels(100)),
      // with the line ends of Windows, as some programs unpack them
      "fine_label_names.txt": text(`${classes.join("\r\n")}\r\n`),
    })),
    [],
  );
});
