/**
 * Data sets that come as arrays of pixels: each image becomes a PNG file in a folder of its class,
 * so that whatever reads an image folder reads them too.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { addColours, NO_COLOURS, sumColours } from "./folder/colours.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { openFolder } from "./folder.ts";
import { nameOfListing, writeIndex } from "./folder/index_file.ts";
import { listFolder } from "./folder/listing.ts";
import { makeFolder, writablePlaceFor } from "./made.ts";
import type { Dataset, DatasetOptions } from "./mod.ts";
import { inParallel } from "./parallel.ts";

/** Images of one size in one array. */
export interface RawImages {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** [images, height, width, channels] */
  readonly pixels: Uint8Array;
  /** [images]: indices of classes in the source's order. */
  readonly labels: Uint8Array;
}

/** A data set in memory. Classes are in the source's order and name folders. */
export interface RawDataset {
  readonly classes: readonly string[];
  readonly train: RawImages;
  readonly val: RawImages;
}

/** What a worker saves: images `from` to `to` of a split. */
export interface SaveJob {
  readonly split: "train" | "val";
  readonly from: number;
  readonly to: number;
}

/** Counts up with every change of what is saved. */
const VERSION = 1;

/** Images that a worker saves between two reports. */
const AT_ONCE = 500;

/**
 * Opens a data set whose source is `files`, saving its images first unless that is done: into the
 * folder of `--data`, or the user's cache folder where that cannot be written. The source is known
 * by its content, so that a changed one is noticed.
 */
export async function openRaw(
  name: string,
  { files, read, ...options }: DatasetOptions & {
    readonly files: readonly string[];
    readonly read: (contents: readonly Uint8Array[]) => RawDataset;
  },
): Promise<Dataset> {
  const contents = await Promise.all(files.map((file) => Deno.readFile(file)));
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  const source = hash.digest("hex").slice(0, 12);
  const folder = join(await writablePlaceFor(options.folder), `${name}-${source}-v${VERSION}`);
  await makeFolder(folder, (unfinished) => save(unfinished, read(contents), options));
  const dataset = await openFolder({ ...options, folder });
  return { ...dataset, name, fingerprint: fingerprintOf({ made: name, version: VERSION, source }) };
}

/** Saves every image that `folder` does not have, and an index: all is known already. */
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
  const worker = new URL("./raw_images/worker.ts", import.meta.url);
  let done = 0;
  for await (const { answer } of inParallel<SaveJob, number>(jobs, { worker, common })) {
    onProgress?.("Saving images", done += answer, total);
  }

  const listing = listFolder(folder);
  const { width, height } = train;
  const place = join(folder, ".verydeep");
  await Deno.mkdir(join(place, "upright"), { recursive: true });
  await writeIndex(place, nameOfListing(listing), {
    files: [...listing.train, ...listing.val].map(() => ({ width, height })),
    colours: addColours(NO_COLOURS, sumColours(train)),
  });
}

/** Images in memory that workers see without a copy. */
function shared(images: RawImages): RawImages {
  const pixels = new Uint8Array(new SharedArrayBuffer(images.pixels.length));
  pixels.set(images.pixels);
  return { ...images, pixels };
}
