import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { basename, dirname, join } from "node:path";
import { describeFolder, openFolder } from "../../../lib/datasets/folder/mod.ts";
import { encodeJpeg, probeImage, sharp } from "../../../lib/datasets/pixels.ts";
import { UserError } from "../../../lib/errors.ts";
import {
  cmykJpeg,
  damaged,
  folderWith,
  png,
  smallestFolder,
  solidPng,
  turned,
} from "../../support/datasets.ts";
import { noisyPng } from "../../support/tiny.ts";

/** Refusal that a user sees, with these words in it. */
function refusal(...words: readonly (string | RegExp)[]) {
  return (error: unknown) => {
    assert(error instanceof UserError, String(error));
    for (const word of words) {
      assert(
        typeof word === "string" ? error.message.includes(word) : word.test(error.message),
        `"${error.message}" says nothing of ${word}`,
      );
    }
    return true;
  };
}

Deno.test("classes are sorted, labels are their indices, splits stay apart", async () => {
  const folder = smallestFolder();
  const { classes, train, val } = await openFolder({ folder });
  assert.deepEqual(classes, ["cat", "dog"]);
  assert.deepEqual(train, [
    { file: join(folder, "train/cat/1.png"), bytes: 76, label: 0, width: 2, height: 2 },
    { file: join(folder, "train/dog/1.png"), bytes: 72, label: 1, width: 2, height: 2 },
  ]);
  assert.deepEqual(val.map(({ file }) => file), [
    join(folder, "val/cat/1.png"),
    join(folder, "val/dog/1.png"),
  ]);
});

Deno.test("names of classes are texts that a terminal does not obey", async () => {
  const classes = ["cat", "do\u001bg"];
  const folder = folderWith(Object.fromEntries(
    ["train", "val"].flatMap((split) =>
      classes.map((name, i) => [`${split}/${name}/1.png`, solidPng(9 * i, 100, 90 * i, 2, 2)])
    ),
  ));
  const opened = await openFolder({ folder });
  assert.deepEqual(opened.classes, ["cat", "do\\u001bg"]);
});

Deno.test("classes take turns, so that the first images have all of them", async () => {
  const image = solidPng(9, 9, 9);
  const { train } = await openFolder({
    folder: smallestFolder({ "train/cat/2.png": image, "train/cat/3.png": image }),
  });
  assert.deepEqual(train.map(({ label }) => label), [0, 1, 0, 0]);
});

Deno.test("mean and covariance count every training pixel once", async () => {
  // Four pixels of (200, 0, 0) and twelve of (0, 100, 60): p = 1/4, variance p (1 - p) d^2.
  const folder = folderWith({
    "train/a/1.png": solidPng(200, 0, 0, 2, 2),
    "train/b/1.png": solidPng(0, 100, 60, 3, 4),
    "val/a/1.png": solidPng(255, 255, 255, 50, 50),
    "val/b/1.png": solidPng(255, 255, 255, 50, 50),
  });
  const { colours } = await openFolder({ folder });
  assert.deepEqual(colours.mean, [50, 75, 45]);
  const step = [200, -100, -60];
  for (const [i, row] of colours.covariance.entries()) {
    for (const [j, value] of row.entries()) {
      const expected = 3 / 16 * step[i]! * step[j]! / 255 ** 2;
      assert(Math.abs(value - expected) < 1e-15, `${i}, ${j}: ${value} instead of ${expected}`);
    }
  }
});

Deno.test("the fingerprint covers pixels: files of equal names and sizes are distinguished", async () => {
  const print = async (train: number, val: number) => {
    const folder = smallestFolder({ "train/cat/2.bmp": bmp(train), "val/cat/2.bmp": bmp(val) });
    return (await openFolder({ folder })).fingerprint;
  };
  const first = await print(200, 100);
  assert.equal(await print(200, 100), first);
  assert.notEqual(await print(50, 100), first);
  assert.notEqual(await print(200, 25), first);
});

Deno.test("the fingerprint covers names, labels and sizes, but neither paths nor times", async () => {
  const print = async (folder: string) => (await openFolder({ folder })).fingerprint;
  const folder = smallestFolder();
  const first = await print(folder);
  assert.match(first, /^[0-9a-f]{12}$/);
  assert.equal(await print(smallestFolder()), first);
  Deno.utimeSync(join(folder, "train/cat/1.png"), 1, 1);
  assert.equal(await print(folder), first);
  Deno.renameSync(join(folder, "train/cat/1.png"), join(folder, "train/cat/2.png"));
  assert.notEqual(await print(folder), first);
  assert.notEqual(
    await print(smallestFolder({ "train/cat/1.png": solidPng(200, 0, 0, 2, 3) })),
    first,
  );
});

Deno.test("the second opening reads no image; a change is noticed", async () => {
  const folder = smallestFolder();
  let looks = 0;
  const open = async () => {
    looks = 0;
    return await openFolder({ folder, onProgress: () => looks++ });
  };
  await open();
  assert(looks > 0);
  const before = await open();
  assert.equal(looks, 0);
  Deno.writeFileSync(join(folder, "train/cat/1.png"), solidPng(0, 0, 0, 5, 5));
  const after = await open();
  assert(looks > 0);
  assert.equal(after.train[0]!.width, 5);
  assert.notDeepEqual(after.colours, before.colours);
});

/** A BMP of 2 by 2 pixels of one colour: other colours leave its size as it is. */
function bmp(level: number): Uint8Array {
  const bytes = new Uint8Array(54 + 16);
  bytes.set([0x42, 0x4D, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40]);
  bytes.set([2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24], 18);
  return bytes.fill(level, 54);
}

Deno.test("a file that keeps its size and its time is another one after it changed all the same", async () => {
  const folder = smallestFolder({ "train/cat/2.bmp": bmp(200), "train/dog/2.bmp": bmp(50) });
  const [cat, dog] = ["cat", "dog"].map((name) => join(folder, `train/${name}/2.bmp`));
  const time = new Date(2020, 0, 1);
  for (const file of [cat!, dog!]) Deno.utimeSync(file, time, time);
  const print = async () => (await openFolder({ folder })).fingerprint;
  /** Changes files until the time of their state, which Deno gives in whole seconds, is another one. */
  const changing = (change: () => void) => {
    const state = () => Deno.statSync(cat!).ctime!.getTime();
    for (const before = state(); state() === before;) change();
  };
  const first = await print();
  // as cp --preserve=timestamps does
  changing(() => {
    Deno.writeFileSync(cat!, bmp(55));
    Deno.utimeSync(cat!, time, time);
  });
  const second = await print();
  assert.notEqual(second, first);
  // exchanged, and with them their labels
  const exchange = () => {
    Deno.renameSync(cat!, join(folder, "other"));
    Deno.renameSync(dog!, cat!);
    Deno.renameSync(join(folder, "other"), dog!);
  };
  exchange();
  changing(() => (exchange(), exchange()));
  assert.notEqual(await print(), second);
});

/** The warnings of opening a folder, at once and once more from its index. */
async function warnings(files: Readonly<Record<string, Uint8Array>>): Promise<string[]> {
  const folder = folderWith(files);
  const found: string[][] = [[], []];
  for (const list of found) {
    await openFolder({ folder, onWarning: (warning) => list.push(warning) });
  }
  assert.deepEqual(found[1], found[0]);
  return found[0]!;
}

/** Pictures of noise, all different. */
const noises = (...paths: readonly string[]) =>
  Object.fromEntries(paths.map((path, i) => [path, noisyPng(8, 8, 1000 * i)]));

const TWO_EACH = ["train", "val"].flatMap((split) =>
  ["cat", "dog"].flatMap((name) => [1, 2].map((i) => `${split}/${name}/${i}.png`))
);

Deno.test("different pictures cause no warning", async () => {
  assert.deepEqual(await warnings(noises(...TWO_EACH)), []);
});

Deno.test("validation images that are training images cause a warning", async () => {
  const files = noises(...TWO_EACH);
  const leaked = { "val/dog/2.png": files["train/dog/1.png"]!, "val/cat/9.png": noisyPng(8, 8) };
  assert.deepEqual(await warnings({ ...files, ...leaked }), [
    '2 of 5 validation images are training images, byte for byte: "val/dog/2.png" is ' +
    '"train/dog/1.png", "val/cat/9.png" is "train/cat/1.png". Errors on them say nothing about new ' +
    "images.",
  ]);
});

Deno.test("a picture in two classes, and one that occurs twice, cause warnings", async () => {
  const files = noises(...TWO_EACH);
  const more = {
    "train/dog/9.png": files["train/cat/2.png"]!,
    "val/dog/2.png": files["val/dog/1.png"]!,
  };
  assert.deepEqual(await warnings({ ...files, ...more }), [
    '1 image occurs in two classes: "train/dog/9.png" is "train/cat/2.png".',
    '1 of 4 validation images occurs more than once: "val/dog/2.png" is "val/dog/1.png".',
  ]);
});

Deno.test("pictures that show nothing cause a warning", async () => {
  // a 12-bit camera's 4,095 of 65,535 is 15 of 255
  const dark = png({ width: 2, bits: 16, kind: 0, rows: [[0x0F, 0xFF, 0, 0], [0, 0, 0, 9]] });
  const dim = png({ width: 2, bits: 16, kind: 0, rows: [[0x10, 0, 0, 0], [0, 0, 0, 9]] });
  const files = { ...noises(...TWO_EACH), "train/cat/3.png": dark, "train/cat/4.png": dim };
  assert.deepEqual(await warnings({ ...files, "val/dog/5.png": solidPng(255, 255, 255) }), [
    '2 of 11 images show one colour, or nearly so: "train/cat/3.png", "val/dog/5.png". Pictures with ' +
    "numbers of 10 or 12 bits in files of 16 become almost black.",
  ]);
});

Deno.test("pictures with several pages or frames cause a warning: the first is used", async () => {
  const [first, second] = Object.values(noises("1.png", "2.png")) as [Uint8Array, Uint8Array];
  const both = await sharp([first, second], { join: { animated: true } }).toFormat("webp", {
    lossless: true,
  }).toBuffer();
  const folder = folderWith({ ...noises(...TWO_EACH), "train/cat/3.webp": both });
  const warnings: string[] = [];
  const { train } = await openFolder({ folder, onWarning: (text) => warnings.push(text) });
  assert.deepEqual(warnings, [
    '1 of 9 images has several pages or frames: "train/cat/3.webp". Only the first is used.',
  ]);
  const { file } = train.find(({ file }) => file.includes("upright"))!;
  assert.deepEqual((await probeImage(file)).picture, (await probeImage(first)).picture);
});

/** A TIFF of one row, little-endian, whose numbers take `bits` each. */
function tiff(
  { bits, format, photometric, samples }: Record<
    "bits" | "format" | "photometric" | "samples",
    number
  >,
): Uint8Array {
  const tags = [
    ...[[256, 4], [257, 1], [258, bits], [259, 1], [262, photometric], [273, 8], [277, samples]],
    ...[[278, 1], [279, 4 * samples * bits / 8], [339, format]],
  ];
  const start = 8 + 4 * samples * bits / 8;
  const bytes = Buffer.alloc(start + 2 + 12 * tags.length + 4, 1);
  bytes.write("II*\0", 0, "latin1");
  bytes.writeUInt32LE(start, 4);
  bytes.writeUInt16LE(tags.length, start);
  for (const [i, [tag, value]] of tags.entries()) {
    const at = start + 2 + 12 * i;
    for (const [offset, part] of [tag!, 3].entries()) bytes.writeUInt16LE(part, at + 2 * offset);
    bytes.writeUInt32LE(1, at + 4);
    bytes.writeUInt32LE(value!, at + 8);
  }
  bytes.writeUInt32LE(0, bytes.length - 4);
  return bytes;
}

Deno.test("TIFFs without a rule for black and white, or of YCbCr, are named", async () => {
  const grey = { samples: 1, photometric: 1 };
  const folder = smallestFolder({
    "train/cat/2.tif": tiff({ ...grey, bits: 8, format: 1 }),
    "train/cat/3.tif": tiff({ ...grey, bits: 16, format: 1 }),
    "train/cat/4.tif": tiff({ ...grey, bits: 32, format: 3 }),
    "train/cat/5.tif": tiff({ ...grey, bits: 32, format: 1 }),
    "train/cat/6.tif": tiff({ ...grey, bits: 16, format: 2 }),
    "train/cat/7.tif": tiff({ bits: 8, format: 1, photometric: 6, samples: 3 }),
  });
  await assert.rejects(
    openFolder({ folder }),
    refusal(
      "Cannot read 4 images",
      '"train/cat/4.tif" is a TIFF of signed numbers or fractions; save it with 8 or 16 bits',
      '"train/cat/5.tif" is a TIFF of whole numbers of 32 bits',
      '"train/cat/6.tif" is a TIFF of signed numbers or fractions',
      '"train/cat/7.tif" is a TIFF of YCbCr; save it as RGB',
    ),
  );
  const { train } = await openFolder({ folder, skipUnreadable: true });
  assert.deepEqual(train.map(({ width }) => width), [2, 2, 4, 4]);
});

Deno.test("a damaged index is made again", async () => {
  const folder = smallestFolder();
  const { colours } = await openFolder({ folder });
  Deno.writeTextFileSync(join(folder, ".verydeep/index.json"), '{"version":1,"li');
  assert.deepEqual((await openFolder({ folder })).colours, colours);
});

Deno.test("hidden files and folders are left out, links to files are followed", async () => {
  const folder = smallestFolder({
    "train/.trash/1.png": solidPng(0, 0, 0),
    "train/cat/.DS_Store": new Uint8Array(3),
    "elsewhere.png": solidPng(0, 0, 0, 7, 7),
  });
  Deno.symlinkSync(join(folder, "elsewhere.png"), join(folder, "train/cat/2.png"));
  const { train } = await openFolder({ folder });
  assert.deepEqual(train.map(({ width }) => width), [2, 2, 7]);
});

Deno.test("greyscale and JPEG images are used as they are", async () => {
  const rows = [[10, 20, 30], [40, 50, 60]];
  const jpeg = await encodeJpeg({
    width: 40,
    height: 30,
    channels: 3,
    pixels: new Uint8Array(40 * 30 * 3).fill(128),
  });
  const folder = smallestFolder({
    "train/cat/2.png": png({ width: 3, bits: 8, kind: 0, rows }),
    "train/cat/3.jpg": jpeg,
  });
  const { train } = await openFolder({ folder });
  assert.deepEqual(
    train.map(({ file, width, height }) => [basename(dirname(file)), width, height]),
    [["cat", 2, 2], ["dog", 2, 2], ["cat", 3, 2], ["cat", 40, 30]],
  );
});

Deno.test("an image that a plain decoder would show otherwise is saved upright", async () => {
  const half = new Uint8Array(40 * 30 * 3).map((_, i) => Math.floor(i / 3) % 40 < 20 ? 250 : 5);
  const jpeg = await encodeJpeg({ width: 40, height: 30, channels: 3, pixels: half });
  const folder = smallestFolder({
    "train/cat/2.jpg": turned(jpeg, 6), // its left half is white: upright, its top is
    "train/cat/3.png": png({ width: 1, bits: 16, kind: 0, rows: [[0x80, 0xFF]] }),
    "train/cat/4.png": png({ width: 2, bits: 8, kind: 6, rows: [[9, 9, 9, 0, 9, 8, 7, 255]] }),
    "train/cat/5.jpg": cmykJpeg(),
  });
  const { train } = await openFolder({ folder });
  const [turnedImage, deep, transparent, inks] = train.slice(2);
  for (const image of [turnedImage, deep, transparent, inks]) {
    assert(image!.file.endsWith(".png") && image!.file.includes("/upright/"), image!.file);
    const { needsConversion, width, height } = await probeImage(image!.file);
    assert.deepEqual([needsConversion, width, height], [false, image!.width, image!.height]);
  }
  const pixels = async (file: string) => [...(await probeImage(file)).picture!.pixels];
  assert.deepEqual([turnedImage!.width, turnedImage!.height], [30, 40]);
  const upright = await pixels(turnedImage!.file);
  assert(upright[0]! > 200 && upright.at(-1)! < 50);
  assert.deepEqual((await pixels(deep!.file)).slice(0, 1), [0x80]);
  assert.deepEqual(await pixels(transparent!.file), [255, 255, 255, 9, 8, 7]);
  // Half of each ink under half of black leaves a quarter of the light or a little less.
  const [r, g, b] = await pixels(inks!.file);
  assert(r! > 30 && r! < 110 && Math.abs(r! - g!) < 20 && Math.abs(g! - b!) < 20, `${r} ${g} ${b}`);

  Deno.removeSync(turnedImage!.file);
  await openFolder({ folder });
  assert(Deno.statSync(turnedImage!.file).isFile);
});

Deno.test("files that are not whole images are refused by name, or left out on request", async () => {
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => i * i * 7);
  const jpeg = await encodeJpeg({ width: 64, height: 64, channels: 3, pixels: noise });
  const folder = smallestFolder({
    "train/cat/2.jpg": jpeg.subarray(0, jpeg.length / 2),
    "train/dog/3.jpg": new Uint8Array(),
    "train/dog/4.txt": new TextEncoder().encode("not an image"),
    "val/cat/5.png": solidPng(1, 2, 3, 40, 40).subarray(0, 60),
  });
  Deno.symlinkSync(join(folder, "nowhere"), join(folder, "val/dog/6.png"));
  await assert.rejects(
    openFolder({ folder }),
    refusal(
      "Cannot read 5 images",
      '"train/cat/2.jpg" is cut off',
      '"train/dog/3.jpg" is empty',
      '"train/dog/4.txt" is not an image',
      '"val/cat/5.png" is cut off',
      '"val/dog/6.png" is a broken link',
      "--skip-unreadable",
    ),
  );
  const { train, val } = await openFolder({ folder, skipUnreadable: true });
  assert.deepEqual([train.length, val.length], [2, 2]);
});

Deno.test("of many unreadable files five are named", async () => {
  const files = Array.from({ length: 8 }, (_, i) => [`train/cat/x${i}.jpg`, new Uint8Array()]);
  const folder = smallestFolder(Object.fromEntries(files));
  await assert.rejects(openFolder({ folder }), refusal("8 images", "x4.jpg", "and 3 more"));
  await assert.rejects(openFolder({ folder }), (error: Error) => !error.message.includes("x5"));
});

Deno.test("a class that is lost to unreadable files is named", async () => {
  const folder = smallestFolder({ "val/dog/1.png": new Uint8Array() });
  await assert.rejects(openFolder({ folder, skipUnreadable: true }), refusal("val/", '"dog"'));
});

Deno.test("a JPEG with damage in its middle is converted, as far as it can be decoded", async () => {
  const jpeg = await encodeJpeg({
    width: 64,
    height: 64,
    channels: 3,
    pixels: new Uint8Array(64 * 64 * 3).map((_, i) => i % 7 * 30),
  });
  const { train } = await openFolder({
    folder: smallestFolder({ "train/cat/2.jpg": jpeg, "train/cat/3.jpg": damaged(jpeg) }),
  });
  const [whole, broken] = train.slice(2);
  assert.equal(basename(whole!.file), "2.jpg");
  assert(broken!.file.includes("/upright/"), broken!.file);
  assert.deepEqual([broken!.width, broken!.height], [64, 64]);
  const [seen, lost] = await Promise.all([whole, broken].map(async (image) => {
    return (await probeImage(image!.file)).picture!.pixels;
  }));
  assert.deepEqual(lost!.subarray(0, 8 * 64 * 3), seen!.subarray(0, 8 * 64 * 3));
  assert.notDeepEqual(lost, seen);
});

Deno.test("a folder is described by what opening finds", async () => {
  const folder = smallestFolder();
  const { fingerprint } = await openFolder({ folder });
  const { classes, train, val, ...rest } = await describeFolder({ folder });
  assert.equal(train.length, 2);
  assert.deepEqual(rest, { name: "folder", fingerprint, made: true });
  assert.deepEqual(classes, ["cat", "dog"]);
  assert.deepEqual(val.map(({ width, height }) => [width, height]), [[2, 2], [2, 2]]);
});

Deno.test("formats that TensorFlow does not read are converted, or named as what they are", async () => {
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => i * i * 7);
  const picture = { width: 64, height: 64, channels: 3, pixels: noise } as const;
  const jpeg = await encodeJpeg(picture);
  const progressive = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
    .jpeg({ progressive: true }).toBuffer();
  const text = (text: string) => new TextEncoder().encode(text);
  const folder = smallestFolder({
    "train/cat/2.jpg": text("P3 2 1 255 1 2 3 4 5 6"), // a portable map under the name of a JPEG
    "train/cat/3.jpg": jpeg.subarray(0, -2), // whole, but without its end mark
  });
  const { train } = await openFolder({ folder });
  const [map, unmarked] = train.slice(2);
  assert.deepEqual([...(await probeImage(map!.file)).picture!.pixels], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(
    (await probeImage(unmarked!.file)).picture!.pixels,
    (await probeImage(jpeg)).picture!.pixels,
  );

  const odd = smallestFolder({
    "train/cat/2.jpg": text("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), // phones' name for HEIC files
    "train/cat/3.jp2": text("\0\0\0\x0CjP  \r\n"),
    "train/cat/4.jpg": jpeg.subarray(0, jpeg.length / 2),
    "train/cat/5.jpg": progressive.subarray(0, -2),
  });
  await assert.rejects(
    openFolder({ folder: odd }),
    refusal(
      '"train/cat/2.jpg" is a HEIC image; save it as JPEG or PNG',
      '"train/cat/3.jp2" is a JPEG 2000 image; save it as JPEG or PNG',
      '"train/cat/4.jpg" is cut off',
      '"train/cat/5.jpg" is cut off',
    ),
  );
  // and they are known from then on
  let looks = 0;
  await openFolder({ folder: odd, skipUnreadable: true, onProgress: () => looks++ });
  assert.equal(looks, 0);
});

Deno.test("an image that is far too thin is named before anything is trained", async () => {
  const rows = (height: number) => Array.from({ length: height }, () => [7]);
  const folder = smallestFolder({
    "val/cat/2.png": png({ width: 1, bits: 8, kind: 0, rows: rows(50) }),
    "val/dog/2.png": png({ width: 1, bits: 8, kind: 0, rows: rows(51) }),
  });
  await assert.rejects(
    openFolder({ folder }),
    refusal('"val/dog/2.png" is 1 x 51 pixels, one side more than 50 times the other'),
  );
  const { val } = await openFolder({ folder, skipUnreadable: true });
  assert.deepEqual(val.map(({ height }) => height), [2, 2, 50]);
});

const shared = smallestFolder();
const before = await openFolder({ folder: shared });

Deno.test({
  name: "a folder with an index is opened where nothing can be written",
  permissions: { read: true, env: true, write: false },
  async fn() {
    assert.deepEqual(await openFolder({ folder: shared }), before);
  },
});

const shut = smallestFolder();
const beforeShut = await openFolder({ folder: shut });
for (const split of ["train", "val"]) {
  const image = join(shut, split, "cat/1.png");
  Deno.chmodSync(image, 0o444);
  Deno.utimeSync(image, 1, 1); // later than the index by its state, whatever the clock's ticks
}

Deno.test({
  name: "a folder whose permissions changed after its index was made is opened by it all the same",
  permissions: { read: true, env: true, ffi: true, sys: true, write: false },
  fn: async () => assert.deepEqual(await openFolder({ folder: shut }), beforeShut),
});

const other = smallestFolder();
await openFolder({ folder: other });
Deno.writeFileSync(join(other, "train/cat/1.png"), solidPng(9, 9, 9));

Deno.test({
  name: "where no index can be kept, an index of other files does not count",
  permissions: { read: true, env: true, ffi: true, sys: true, write: false },
  fn: () => assert.rejects(openFolder({ folder: other }), refusal("Cannot write to")),
});

const bare = smallestFolder();

Deno.test({
  name: "where no index can be kept, both places are named",
  permissions: { read: true, env: true, write: false },
  fn: () =>
    assert.rejects(
      openFolder({ folder: bare }),
      refusal(`Cannot write to "${bare}" nor, in its place, to "`, "set VERYDEEP_CACHE"),
    ),
});
