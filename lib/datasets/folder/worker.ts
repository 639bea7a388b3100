/** Probes image files: size, colours, whether they are whole. Runs as one of several Web Workers. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { decodeBitmap, isBitmap } from "./bitmaps.ts";
import { addColours, type ColourSums, NO_COLOURS, sumColours } from "./colours.ts";
import {
  CANNOT_OPEN,
  hasEndMark,
  isBaselineJpeg,
  oddTiff,
  unreadableFormat,
  withEndMark,
} from "./formats.ts";
import { isFlat } from "./doubts.ts";
import type { ListedFile } from "./listing.ts";
import { systemReason, writing } from "../../system/file_errors.ts";
import { readAt } from "../../system/files.ts";
import { answerJobs } from "../../system/workers.ts";
import { encodePng, type Picture, type Probe, probeImage } from "../pixels.ts";

/** A file to probe. */
export interface ProbeJob {
  readonly file: ListedFile;
  /** Whether to decode it, or to read only its beginning and its last bytes. */
  readonly whole: boolean;
  /** Whether to sum its colours. */
  readonly countColours: boolean;
}

/** What all jobs share. */
export interface ProbeSettings {
  readonly folder: string;
  /** Where to save pictures that TensorFlow would decode differently; nowhere if absent. */
  readonly upright?: string;
}

/** What was found in several files. */
export interface ProbeAnswer {
  readonly files: readonly ProbedFile[];
  readonly colours: ColourSums;
  /** SHA-256 of each file's bytes, or, where it was not decoded, of its ends. */
  readonly digests: readonly Uint8Array[];
  /** Whether each file was decoded and shows one colour, or nearly so. */
  readonly flat: readonly boolean[];
  /** Whether each file was decoded and has more pages or frames than the first, which is used. */
  readonly paged: readonly boolean[];
}

/** What was found in a file: its size, or why it is not an image. */
export type ProbedFile =
  | { readonly width: number; readonly height: number; readonly upright?: string }
  | { readonly fault: string };

/**
 * Longer sides at most, as a multiple of the shorter ones. The shorter side is scaled to 256 pixels or
 * more, so that an image of 30,000 x 1 would have two thousand million of them.
 */
const THINNEST = 50;

answerJobs(async (jobs: readonly ProbeJob[], settings: ProbeSettings): Promise<ProbeAnswer> => {
  let colours = NO_COLOURS;
  // while one file is summed up, the next is decoded
  const found: Found[] = [];
  let coming = probe(jobs[0]!);
  for (const job of jobs.slice(1)) {
    const next = probe(job);
    found.push(await coming);
    coming = next;
  }
  found.push(await coming);
  return {
    files: found.map(({ file }) => file),
    digests: found.map(({ digest }) => digest),
    flat: found.map(({ flat = false }) => flat),
    paged: found.map(({ paged = false }) => paged),
    colours,
  };

  async function probe({ file, whole, countColours }: ProbeJob): Promise<Found> {
    if (file.fault !== undefined) return faulty(file.fault);
    if (file.bytes === 0) return faulty("is empty");
    const path = join(settings.folder, file.path);
    const probed = (whole ? undefined : await probeEnds(path, file)) ?? await probeWhole(path);
    if ("fault" in probed) return faulty(probed.fault);
    const { image: { width, height, picture, needsConversion, pages = 1 }, digest } = probed;
    if (Math.max(width, height) > THINNEST * Math.min(width, height)) {
      return faulty(
        `is ${width} x ${height} pixels, one side more than ${THINNEST} times the other`,
      );
    }
    if (picture && countColours) colours = addColours(colours, sumColours(picture));
    const facts = { digest, flat: picture !== undefined && isFlat(picture), paged: pages > 1 };
    if (!picture || !needsConversion) return { file: { width, height }, ...facts };
    const upright = await save(picture, file);
    return { file: { width, height, upright }, ...facts };
  }

  /** Saves a picture as PNG under a name that changes with its file. @returns the name */
  async function save(picture: Picture, { path, bytes, changed }: ListedFile): Promise<string> {
    const identity = `${path}\n${bytes}\n${changed}`;
    const name = createHash("sha256").update(identity).digest("hex").slice(0, 24) + ".png";
    const { upright } = settings;
    if (upright === undefined) return name;
    const png = await encodePng(picture);
    const file = join(upright, name);
    await writing(file, () => Deno.writeFile(file, png), "--data");
    return name;
  }
});

/** What was found, and the digest of what was read for it. */
interface Found {
  readonly file: ProbedFile;
  readonly digest: Uint8Array;
  readonly flat?: boolean;
  readonly paged?: boolean;
}

function faulty(fault: string): Found {
  return { file: { fault }, digest: new Uint8Array() };
}

type Probed = { readonly image: Probe; readonly digest: Uint8Array } | { readonly fault: string };

/** Bytes that are read of either end of a file that is not decoded. */
const END = 4096;

/** Reads the header and the ends of a file; undefined where that is not enough to use it. */
async function probeEnds(path: string, { bytes }: ListedFile): Promise<Probed | undefined> {
  try {
    using file = Deno.openSync(path);
    const length = Math.min(END, bytes);
    const ends = [readAt(file, 0, length), readAt(file, bytes - length, length)] as const;
    const [head, tail] = ends;
    if (head === undefined || tail === undefined || !hasEndMark(head, tail)) return undefined;
    const image = await probeImage(path, { sizeOnly: true });
    return image.needsConversion ? undefined : { image, digest: sha256(head, tail) };
  } catch {
    return undefined;
  }
}

/** Decodes a file. */
async function probeWhole(path: string): Promise<Probed> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    return { fault: `${CANNOT_OPEN} (${systemReason(error)})` };
  }
  const odd = oddTiff(bytes);
  if (odd !== undefined) return { fault: odd };
  try {
    return { image: await decoded(bytes), digest: sha256(bytes) };
  } catch (error) {
    const { message } = error as Error;
    const format = unreadableFormat(bytes);
    if (format !== undefined) return { fault: `is ${format}; save it as JPEG or PNG` };
    if (isBitmap(bytes)) return { fault: message };
    if (/unsupported image format/i.test(message)) return { fault: "is not an image" };
    if (!hasEndMark(bytes, bytes.subarray(-END))) return { fault: "is cut off" };
    // the bytes alone decide, so that the file is known for good
    return { fault: `cannot be decoded (${message.split("\n")[0]})` };
  }
}

async function decoded(bytes: Uint8Array): Promise<Probe> {
  if (isBitmap(bytes)) {
    const picture = decodeBitmap(bytes);
    return { width: picture.width, height: picture.height, picture, needsConversion: true };
  }
  const isWhole = hasEndMark(bytes, bytes.subarray(-END));
  if (isWhole || !isBaselineJpeg(bytes)) return await probeImage(bytes);
  // Some cameras leave the end mark out. If the decoder has no complaint once it is there, all pixels are.
  const { needsConversion: _, ...image } = await probeImage(withEndMark(bytes), { strict: true });
  return { ...image, needsConversion: true };
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
