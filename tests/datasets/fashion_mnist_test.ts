import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { describeFashionMnist, openFashionMnist } from "../../lib/datasets/fashion_mnist.ts";
import { coloursOf, sumColours } from "../../lib/datasets/folder/colours.ts";
import { exists } from "../../lib/system/files.ts";
import { probeImage } from "../../lib/datasets/pixels.ts";
import { readIdx } from "../../lib/datasets/raw_images/idx.ts";
import { UserError } from "../../lib/errors.ts";
import { folderWith } from "../support/datasets.ts";

const SIDE = 28;

function idx(shape: readonly number[], value: (i: number) => number): Uint8Array {
  const header = [0, 0, 8, shape.length, ...shape.flatMap((side) => [0, 0, side >> 8, side & 255])];
  const count = shape.reduce((a, b) => a * b);
  return Uint8Array.from([...header, ...Array.from({ length: count }, (_, i) => value(i))]);
}

/** Twenty training and ten validation images; image i is of class i % 10 and has level i. */
const images = (count: number) => idx([count, SIDE, SIDE], (i) => Math.floor(i / SIDE ** 2));
const labels = (count: number) => idx([count], (i) => i % 10);
const FILES = {
  "train-images-idx3-ubyte": images(20),
  "train-labels-idx1-ubyte": labels(20),
  "t10k-images-idx3-ubyte.gz": gzipSync(images(10)),
  "t10k-labels-idx1-ubyte": labels(10),
};

function refuses(files: Readonly<Record<string, Uint8Array>>, ...words: readonly RegExp[]) {
  return assert.rejects(openFashionMnist({ folder: folderWith(files) }), (error) => {
    assert(error instanceof UserError, String(error));
    for (const word of words) assert.match(error.message, word);
    return true;
  });
}

Deno.test("IDX files become labelled images, t10k for validation", async () => {
  const folder = folderWith(FILES);
  const { name, classes, train, val, colours, fingerprint } = await openFashionMnist({ folder });
  assert.deepEqual([name, train.length, val.length], ["fashion-mnist", 20, 10]);
  // 0 is T-shirt/top, 9 is ankle boot; as folders are sorted, the labels are others.
  assert.deepEqual(
    classes,
    "ankle-boot bag coat dress pullover sandal shirt sneaker t-shirt-top trouser".split(" "),
  );
  const boots = train.filter(({ label }) => label === 0);
  const levels = await Promise.all(boots.map(({ file }) => probeImage(file)));
  assert.deepEqual(levels.map(({ picture }) => picture!.pixels[100]), [9, 19]);
  // The levels 0 to 19: mean 9.5, variance (20^2 - 1) / 12.
  assert.deepEqual(colours.mean, [9.5, 9.5, 9.5]);
  assert(Math.abs(colours.covariance[0]![2]! * 255 ** 2 - 399 / 12) < 1e-9);

  let conversions = 0;
  const again = await openFashionMnist({ folder, onProgress: () => conversions++ });
  assert.deepEqual([again.fingerprint, conversions], [fingerprint, 0]);
});

Deno.test("describing saves nothing, and agrees with opening", async () => {
  const folder = folderWith(FILES);
  const entries = () => [...Deno.readDirSync(folder)].length;
  const before = await describeFashionMnist({ folder });
  assert.deepEqual([before.made, entries()], [false, 4]);
  const { name, classes, train: { length }, fingerprint } = await openFashionMnist({ folder });
  const val = new Array(10).fill({ width: SIDE, height: SIDE });
  assert.deepEqual(before, { name, classes, train: { length }, val, fingerprint, made: false });
  assert.deepEqual(await describeFashionMnist({ folder }), { ...before, made: true });
});

Deno.test("another content has another fingerprint", async () => {
  const print = async (files: Record<string, Uint8Array>) =>
    (await openFashionMnist({ folder: folderWith(files) })).fingerprint;
  const darker = FILES["train-images-idx3-ubyte"].map((byte, i) => i < 16 ? byte : byte >> 1);
  assert.notEqual(await print({ ...FILES, "train-images-idx3-ubyte": darker }), await print(FILES));
});

Deno.test("damaged and missing files are named", async () => {
  const { "train-labels-idx1-ubyte": _, ...incomplete } = FILES;
  await refuses(incomplete, /train-labels-idx1-ubyte \(or .gz\) is missing/);
  await refuses(
    { ...FILES, "train-labels-idx1-ubyte": labels(19) },
    /20 images, but "train-labels-idx1-ubyte" has 19 labels/,
  );
  await refuses(
    { ...FILES, "t10k-labels-idx1-ubyte": idx([10], (i) => i === 4 ? 10 : i) },
    /t10k-labels-idx1-ubyte.*label 4 is 10/,
  );
  await refuses(
    { ...FILES, "train-images-idx3-ubyte": images(20).subarray(0, 9000) },
    /train-images-idx3-ubyte.*it has 8984 values/,
  );
});

Deno.test("other data sets' files of these names are distinguished from Fashion-MNIST's", async () => {
  const warnings: string[] = [];
  await describeFashionMnist({
    folder: folderWith(FILES),
    onWarning: (text) => warnings.push(text),
  });
  assert.match(
    warnings[0]!,
    /^"train-images-idx3-ubyte" is not the published file .* MNIST's digits/,
  );

  // MNIST has 980, 1135, ... images of the digits in t10k (LeCun, Cortes and Burges)
  const counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
  const digits = counts.flatMap((count, digit) => Array(count).fill(digit));
  await refuses(
    { ...FILES, "t10k-labels-idx1-ubyte": idx([10_000], (i) => digits[i]) },
    /Cannot open ".*t10k-labels.*" as fashion-mnist: its labels are those of MNIST's digits/,
  );
});

Deno.test("validation images of other sides than the training images are refused", () =>
  refuses(
    { ...FILES, "t10k-images-idx3-ubyte.gz": gzipSync(idx([10, 1, SIDE ** 2], (i) => i)) },
    /training images have 28 x 28 pixels, but validation images 784 x 1;/,
  ));

Deno.test("files are found under Kaggle's names: with a dot, or in a folder of their own name", async () => {
  const { fingerprint } = await describeFashionMnist({ folder: folderWith(FILES) });
  const renamed = (name: (file: string) => string) =>
    folderWith(Object.fromEntries(
      Object.entries(FILES).map(([file, bytes]) => [name(file.replace(".gz", "")), bytes]),
    ));
  for (
    const name of [
      (file: string) => file.replace("-idx", ".idx"),
      (file: string) => `${file}/${file}`,
      (file: string) => `${file.replace("-idx", ".idx")}/${file}`,
    ]
  ) {
    assert.equal((await describeFashionMnist({ folder: renamed(name) })).fingerprint, fingerprint);
  }
  // files with other names are named, and another folder's are not opened in their place
  const odd = Object.fromEntries(
    Object.entries(FILES).map(([file, bytes]) => [`my-${file}`, bytes]),
  );
  await refuses(odd, /are missing, but there is "my-t10k-images-idx3-ubyte\.gz"/);
});

const DEBIAN = "/usr/share/datasets/fashion-mnist";

Deno.test({
  name: "the published mean and deviation of the real images are found",
  ignore: !exists(DEBIAN, "isDirectory"),
  fn() {
    const file = `${DEBIAN}/train-images-idx3-ubyte.gz`;
    const { shape, values } = readIdx(Deno.readFileSync(file), { file, rank: 3 });
    assert.deepEqual(shape, [60_000, 28, 28]);
    const sums = sumColours({ width: 28, height: 60_000 * 28, channels: 1, pixels: values });
    const { mean, covariance } = coloursOf(sums);
    assert.equal((mean[0] / 255).toFixed(4), "0.2860");
    assert.equal(Math.sqrt(covariance[0]![0]!).toFixed(4), "0.3530");
  },
});

Deno.test({
  name: "where nothing is found, the message says how to get it",
  ignore: exists(DEBIAN, "isDirectory"),
  fn: () => refuses({}, /apt install dataset-fashion-mnist/, /--data DIR/),
});
