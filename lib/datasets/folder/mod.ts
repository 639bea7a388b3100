/**
 * `folder`: images of your own, train/<class>/* and val/<class>/*, of any size, colour model and
 * orientation. The other data sets end here too: as such a folder.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { firstOf, printable, quote, UserError } from "../../errors.ts";
import { addColours, coloursOf, NO_COLOURS } from "./colours.ts";
import { doubtsOf } from "./doubts.ts";
import {
  contentOf,
  findIndex,
  type FolderIndex,
  type FoundIndex,
  indexFolderOf,
  listingDigest,
  mustBeAsGenerated,
  writeIndex,
} from "./index_file.ts";
import { type FolderListing, type ListedFile, listFolder } from "./listing.ts";
import { CANNOT_OPEN } from "./formats.ts";
import type { ProbeAnswer, ProbedFile, ProbeJob, ProbeSettings } from "./worker.ts";
import type { Dataset, DatasetInfo, DatasetOptions, LabelledImage } from "../dataset.ts";
import { chunks, inParallel } from "../../system/workers.ts";

/** Most images that are decoded. Of larger folders a sample of this size is; of the rest, head and tail. */
const READ_WHOLE = 200_000;

/** Files that a worker probes between two reports. */
const AT_ONCE = 50;

/**
 * Opens a folder of images. The first time every file is read; later only the folder is listed.
 *
 * JPEG and 8-bit PNG files are used as they are. Those that a decoder without EXIF, profiles and
 * alpha would decode differently (rotated, CMYK, 16 bits, transparent), JPEG files with damage in their
 * middle or without an end mark, and other formats (BMP, PPM, WebP, GIF, TIFF, AVIF) are saved once as
 * upright PNG beside the index, on white where they are transparent.
 *
 * The fingerprint covers every file's path, class, sides and bytes; of folders with more than 200,000
 * images most files count with their first and last 4,096 bytes only.
 *
 * @param isGenerated whether the project generated the images, so that no file may have changed
 * @throws {UserError} where the layout is wrong, or a file is not a whole image, or one whose sides
 * differ by a factor of more than 50 (see `skipUnreadable`).
 */
export async function openFolder(
  options: DatasetOptions,
  { isGenerated = false } = {},
): Promise<Dataset> {
  const folder = resolve(options.folder);
  const listing = listFolder(folder);
  const listed = filesIn(listing);
  const name = listingDigest(listing);
  const known = await findIndex(folder, name);
  const { place, index } = known && !options.readAgain
    ? known
    : await makeIndex(listing, name, { ...options, folder, isGenerated });
  if (known && known.index.content !== index.content) {
    throw new UserError(
      `The files in "${folder}" are not those that were read before, though sizes and times are: their ` +
        "disk may be failing; compare them with a copy. They are another data set from now on",
    );
  }
  const { files } = index;
  if (!options.skipUnreadable) refuseFaults(listed, files);
  for (const doubt of index.doubts) options.onWarning?.(doubt);
  warnOfNumbers(listing.classes, options);

  const print = createHash("sha256").update(index.content);
  function images(from: number, to: number): LabelledImage[] {
    const images: LabelledImage[] = [];
    const lines: string[] = [];
    for (let i = from; i < to; i++) {
      const { path, label, bytes } = listed[i]!, seen = files[i]!;
      if ("fault" in seen) continue;
      const { width, height, upright } = seen;
      const file = upright
        ? { file: join(place, "upright", upright) }
        : { file: `${folder}/${path}`, bytes };
      images.push({ ...file, label, width, height });
      lines.push(`${path}\t${label}\t${width}\t${height}\t${bytes}\n`);
    }
    for (const piece of chunks(lines, 10_000)) print.update(piece.join(""));
    return images;
  }
  const train = images(0, listing.train.length), val = images(listing.train.length, listed.length);
  refuseLostClasses(folder, listing.classes, { train, val });
  return {
    name: "folder",
    classes: listing.classes.map(printable),
    train,
    val,
    fingerprint: print.digest("hex").slice(0, 12),
    colours: coloursOf(index.colours),
  };
}

/**
 * Describes a folder of images. What describes it is in the files, so it is opened.
 *
 * @throws {UserError} as opening does.
 */
export async function describeFolder(options: DatasetOptions): Promise<DatasetInfo> {
  const { name, classes, train, val, fingerprint } = await openFolder(options);
  return { name, classes, train, val, fingerprint, made: true };
}

/** Reads every file, and writes the index, unless a fault may go away without a change of its file. */
async function makeIndex(
  listing: FolderListing,
  name: string,
  { isGenerated, ...options }: DatasetOptions & { readonly isGenerated: boolean },
): Promise<FoundIndex> {
  const { folder } = options;
  let place: string;
  try {
    place = await indexFolderOf(folder);
  } catch (error) {
    const known = await unchangedIndex(listing, options);
    if (known !== undefined) return known;
    throw error;
  }
  const probed = await probeAll(listing, { ...options, upright: join(place, "upright") });
  if (isGenerated) mustBeAsGenerated({ folder, place, listing, index: probed });
  // what the project makes itself is what it should be
  const index = isGenerated ? { ...probed, doubts: [] } : probed;
  if (!index.files.some(mayHeal)) await writeIndex(place, name, index);
  return { place, index };
}

/**
 * The index of files whose state changed and whose content did not, as after `chmod -R a-w`, where no new
 * index can be kept; undefined for others. Reads every file.
 */
async function unchangedIndex(
  listing: FolderListing,
  options: DatasetOptions,
): Promise<FoundIndex | undefined> {
  const known = await findIndex(options.folder, undefined);
  if (known === undefined || known.index.files.length !== filesIn(listing).length) return undefined;
  const { content } = await probeAll(listing, options);
  return content === known.index.content ? known : undefined;
}

/** Reads every file, on all cores. Without a folder for upright pictures none is saved. */
async function probeAll(
  listing: FolderListing,
  { folder, upright, onProgress }: DatasetOptions & { readonly upright?: string },
): Promise<FolderIndex> {
  const { train, val } = listing;
  const total = train.length + val.length;
  const stride = Math.max(1, train.length / READ_WHOLE);
  const isSampled = (i: number) => Math.floor((i + 1) / stride) > Math.floor(i / stride);
  const jobs: ProbeJob[] = [
    ...train.map((file, i) => ({ file, whole: isSampled(i), countColours: isSampled(i) })),
    ...val.map((file) => ({ file, whole: total <= READ_WHOLE, countColours: false })),
  ];

  const files: ProbedFile[] = new Array(total);
  const digests: Uint8Array[] = new Array(total);
  const flat: boolean[] = new Array(total), paged: boolean[] = new Array(total);
  let colours = NO_COLOURS, done = 0;
  const common: ProbeSettings = { folder, ...upright !== undefined && { upright } };
  const worker = new URL("./worker.ts", import.meta.url);
  for await (
    const { index, answer } of inParallel<ProbeJob[], ProbeAnswer>(chunks(jobs, AT_ONCE), {
      worker,
      common,
    })
  ) {
    for (const [i, seen] of answer.files.entries()) {
      files[index * AT_ONCE + i] = seen;
      digests[index * AT_ONCE + i] = answer.digests[i]!;
      flat[index * AT_ONCE + i] = answer.flat[i]!;
      paged[index * AT_ONCE + i] = answer.paged[i]!;
    }
    colours = addColours(colours, answer.colours);
    onProgress?.("Reading images", done += answer.files.length, total);
  }
  const doubts = doubtsOf(
    listing,
    jobs.map(({ whole }, i) => ({
      digest: whole ? digests[i]! : new Uint8Array(),
      isFlat: flat[i]!,
      isPaged: paged[i]!,
    })),
  );
  return { files, colours, content: contentOf(digests), doubts };
}

/** All files of a listing: training, then validation. */
function filesIn({ train, val }: FolderListing): ListedFile[] {
  return [...train, ...val];
}

/**
 * Warns of classes that are numbers and are not in the order of numbers. Nets that were trained here
 * know them in this order, those of others may not: as ImageNet-V2's 0 to 999.
 */
function warnOfNumbers(classes: readonly string[], { onWarning }: DatasetOptions) {
  if (!classes.every((name) => /^\d+$/.test(name))) return;
  const at = classes.findIndex((name, i) => i > 0 && Number(name) < Number(classes[i - 1]));
  if (at < 0) return;
  onWarning?.(
    `The names of the classes are numbers, and are taken in the order of the alphabet: ${
      quote(classes[at - 1]!)
    } comes before ${
      quote(classes[at]!)
    }. That is right for nets that are trained here. A net from elsewhere may take them in the order ` +
      "of numbers; ImageNet-V2 is opened with --dataset imagenetv2-matched-frequency.",
  );
}

/** Whether a fault may go away without a change of the file, such as a missing permission. */
function mayHeal(seen: ProbedFile): boolean {
  return "fault" in seen && seen.fault.startsWith(CANNOT_OPEN);
}

function refuseFaults(listed: readonly ListedFile[], files: readonly ProbedFile[]) {
  const faults = files.flatMap((seen, i) =>
    "fault" in seen ? [`${quote(listed[i]!.path)} ${seen.fault}`] : []
  );
  if (faults.length === 0) return;
  const [what, them] = faults.length === 1
    ? ["an image", "it"]
    : [`${faults.length} images`, "them"];
  const more = faults.length > 5 ? `, and ${faults.length - 5} more` : "";
  throw new UserError(
    `Cannot read ${what}: ${faults.slice(0, 5).join(", ")}${more}; remove ${them}, or add ` +
      "--skip-unreadable",
  );
}

function refuseLostClasses(
  folder: string,
  classes: readonly string[],
  splits: Readonly<Record<"train" | "val", readonly LabelledImage[]>>,
) {
  for (const [split, images] of Object.entries(splits)) {
    const left = new Set(images.map(({ label }) => label));
    const lost = classes.filter((_, label) => !left.has(label));
    if (lost.length === 0) continue;
    throw new UserError(
      `Cannot train on "${folder}": no image in ${split}/ of ${
        firstOf(lost.map(quote))
      } can be read; ` +
        "replace them, or remove the class from train/ and val/",
    );
  }
}
