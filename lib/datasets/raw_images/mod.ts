/**
 * Data sets that come as arrays of pixels: each image becomes a PNG file in a folder of its class,
 * so that the code that reads image folders reads them, too.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { join } from "node:path";
import { fingerprintOf } from "../fingerprint.ts";
import { openFolder } from "../folder/mod.ts";
import { sumColours } from "../folder/colours.ts";
import { doubtsOf, isFlat } from "../folder/doubts.ts";
import { UserError } from "../../errors.ts";
import { indexMade } from "../folder/index_file.ts";
import { foldersFor, writableFolderFor } from "../../system/cache_folder.ts";
import { exists, readBytes } from "../../system/files.ts";
import { makeImageFolder } from "../generated.ts";
import type { Dataset, DatasetInfo, DatasetOptions } from "../dataset.ts";
import { pathOf, type RawDataset, type RawImages } from "./images.ts";
import type { SaveJob } from "./worker.ts";
import { inParallel } from "../../system/workers.ts";

/** Files that hold such images. */
export interface RawFiles {
  readonly name: string;
  readonly files: readonly string[];
  /** In the source's order; they name folders. */
  readonly classes: readonly string[];
  /** Takes a split out of the files' contents. @throws {UserError} where they are damaged. */
  read(split: "train" | "val", contents: readonly Uint8Array[]): RawImages;
  /**
   * Says why the files are probably another data set, if they are.
   *
   * @throws {UserError} where they certainly are
   */
  doubt?(contents: readonly Uint8Array[]): string | undefined;
}

/** Raised with every change of what is saved. */
const VERSION = 1;

/** Images that a worker saves between two reports. */
const AT_ONCE = 500;

/**
 * Opens a data set from its source, saving its images first unless that is done: into the folder
 * of `--data`, or the user's cache folder where that cannot be written. The source is identified by
 * its content, so that a change is noticed.
 *
 * @throws {UserError} where the source is damaged
 */
export async function openRaw(source: RawFiles, options: DatasetOptions): Promise<Dataset> {
  const { name, classes } = source;
  const { contents, folderName, fingerprint } = await load(source, options);
  const made = foldersFor(options.folder).map((place) => join(place, folderName))
    .find((folder) => exists(folder, "isDirectory"));
  const folder = made ?? join(await writableFolderFor(options.folder), folderName);
  await makeImageFolder(folder, (unfinished) => {
    const [train, val] = [source.read("train", contents), source.read("val", contents)];
    return save(unfinished, { classes, train, val }, options);
  });
  return { ...await openFolder({ ...options, folder }, { isGenerated: true }), name, fingerprint };
}

/**
 * Describes what `openRaw` would open, from its source and with nothing saved.
 *
 * @throws {UserError} where the source is damaged
 */
export async function describeRaw(source: RawFiles, options: DatasetOptions): Promise<DatasetInfo> {
  const { contents, folderName, fingerprint } = await load(source, options);
  const { width, height, labels } = source.read("val", contents);
  return {
    name: source.name,
    classes: source.classes.filter((_, label) => labels.includes(label)).sort(),
    train: { length: source.read("train", contents).labels.length },
    val: new Array(labels.length).fill({ width, height }),
    fingerprint,
    made: foldersFor(options.folder)
      .some((place) => exists(join(place, folderName), "isDirectory")),
  };
}

/** Reads a source, and names the folder and the fingerprint of its images by its content. */
async function load(source: RawFiles, { onWarning }: DatasetOptions) {
  const { name, files, classes } = source;
  const contents = await Promise.all(files.map(readBytes));
  const doubt = source.doubt?.(contents);
  const [train, val] = [source.read("train", contents), source.read("val", contents)];
  mustHaveSides(train, val, files);
  const doubts = doubtsOfPixels(classes, { train, val });
  for (const each of doubt === undefined ? doubts : [doubt, ...doubts]) onWarning?.(each);
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  const digest = hash.digest("hex").slice(0, 12);
  return {
    contents,
    folderName: `${name}-${digest}-v${VERSION}`,
    fingerprint: fingerprintOf({ made: name, version: VERSION, source: digest }),
  };
}

/** Refuses validation images of other sides than the training images: they become one data set. */
function mustHaveSides(train: RawImages, val: RawImages, files: readonly string[]) {
  if (train.width === val.width && train.height === val.height) return;
  const sides = ({ width, height }: RawImages) => `${width} x ${height}`;
  throw new UserError(
    `Cannot use "${files.join('", "')}": training images have ${
      sides(train)
    } pixels, but validation ` +
      `images ${sides(val)}; get the files again`,
  );
}

/** What is doubtful in the pictures themselves, as in a folder of images. */
function doubtsOfPixels(
  classes: readonly string[],
  splits: Readonly<Record<"train" | "val", RawImages>>,
): string[] {
  const pictures = Object.values(splits).flatMap(({ labels, pixels }) => {
    const size = pixels.length / labels.length;
    return Array.from(labels, (_, i) => pixels.subarray(i * size, (i + 1) * size));
  });
  // a digest takes longer: only pictures with a common checksum may be the same
  const checksums = pictures.map((pixels) => crc32(pixels));
  const times = new Map<number, number>();
  for (const sum of checksums) times.set(sum, (times.get(sum) ?? 0) + 1);
  const seen = pictures.map((pixels, i) => ({
    digest: times.get(checksums[i]!) === 1
      ? new Uint8Array()
      : createHash("sha256").update(pixels).digest(),
    isFlat: isFlat({ pixels }),
  }));
  const listed = (split: "train" | "val") =>
    Array.from(splits[split].labels, (label, i) => ({
      ...{ path: pathOf(split, classes[label]!, i), label },
    }));
  return doubtsOf({ train: listed("train"), val: listed("val") }, seen);
}

/** Saves every image that `folder` does not have, and its index. */
async function save(
  folder: string,
  dataset: RawDataset,
  { onProgress }: Pick<DatasetOptions, "onProgress">,
) {
  const jobs: SaveJob[] = (["train", "val"] as const).flatMap((split) => {
    const count = dataset[split].labels.length;
    return Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, i) => (
      { split, from: i * AT_ONCE, to: Math.min((i + 1) * AT_ONCE, count) }
    ));
  });
  const { train, val } = dataset;
  const common = { folder, dataset: { ...dataset, train: shared(train), val: shared(val) } };
  const total = train.labels.length + val.labels.length;
  const worker = new URL("./worker.ts", import.meta.url);
  let done = 0;
  for await (const { answer } of inParallel<SaveJob, number>(jobs, { worker, common })) {
    onProgress?.("Saving images", done += answer, total);
  }

  const { width, height } = train;
  await indexMade(folder, { sizeOf: () => ({ width, height }), colours: sumColours(train) });
}

/** Images in memory that workers see without a copy. */
function shared(images: RawImages): RawImages {
  const pixels = new Uint8Array(new SharedArrayBuffer(images.pixels.length));
  pixels.set(images.pixels);
  return { ...images, pixels };
}
