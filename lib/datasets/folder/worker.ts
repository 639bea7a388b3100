/** Probes image files: size, colours, whether they are whole. Runs as one of several Web Workers. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { addColours, type ColourSums, NO_COLOURS, sumColours } from "./colours.ts";
import type { ListedFile } from "./listing.ts";
import { readAt } from "../../system/files.ts";
import { answerJobs } from "../../system/workers.ts";
import { encodePng, probeImage } from "../pixels.ts";

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
  /** Where to save pictures that TensorFlow would decode differently. */
  readonly upright: string;
}

/** What was found in several files. */
export interface ProbeAnswer {
  readonly files: readonly ProbedFile[];
  readonly colours: ColourSums;
}

/** What was found in a file: its size, or why it is not an image. */
export type ProbedFile =
  | { readonly width: number; readonly height: number; readonly upright?: string }
  | { readonly fault: string };

answerJobs(async (jobs: readonly ProbeJob[], work: ProbeSettings): Promise<ProbeAnswer> => {
  let colours = NO_COLOURS;
  // while one file is summed up, the next is decoded
  const files: ProbedFile[] = [];
  let coming = see(jobs[0]!);
  for (const job of jobs.slice(1)) {
    const next = see(job);
    files.push(await coming);
    coming = next;
  }
  files.push(await coming);
  return { files, colours };

  async function see(job: ProbeJob): Promise<ProbedFile> {
    if (job.file.fault !== undefined) return { fault: job.file.fault };
    try {
      return await lookInto(job);
    } catch (error) {
      return { fault: faultOf(job.file, error) };
    }
  }

  /** Why a file cannot be used, as the end of a sentence that begins with its name. */
  function faultOf({ path, bytes }: ListedFile, error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    if (bytes === 0) return "is empty";
    if (/unsupported image format/i.test(message)) return "is not an image";
    if (!hasEnd(join(work.folder, path), bytes)) return "is cut off";
    return `cannot be read (${message.split("\n")[0]})`;
  }

  async function lookInto({ file, whole, countColours }: ProbeJob): Promise<ProbedFile> {
    const path = join(work.folder, file.path);
    let look = await probeImage(path, { sizeOnly: !whole });
    if (!whole) {
      if (!hasEnd(path, file.bytes)) throw new Error("premature end");
      if (look.needsConversion) look = await probeImage(path);
    }
    const { width, height, picture, needsConversion } = look;
    if (picture && countColours) colours = addColours(colours, sumColours(picture));
    if (!picture || !needsConversion) return { width, height };
    const identity = `${file.path}\n${file.bytes}\n${file.changed}`;
    const upright = createHash("sha256").update(identity).digest("hex").slice(0, 24) + ".png";
    await Deno.writeFile(join(work.upright, upright), await encodePng(picture));
    return { width, height, upright };
  }
});

/** How much of a file's end is searched for its end mark; some cameras write notes behind it. */
const TAIL = 4096;

/** End marks: JPEG's EOI, and PNG's IEND chunk. */
const ENDS = { jpeg: [0xFF, 0xD9], png: [0x49, 0x45, 0x4E, 0x44] } as const;

/** Whether a JPEG or PNG has its end mark; other formats are not checked. */
function hasEnd(path: string, bytes: number): boolean {
  using file = Deno.openSync(path);
  const length = Math.min(TAIL, bytes);
  const head = readAt(file, 0, 2), tail = readAt(file, bytes - length, length);
  if (head === undefined || tail === undefined) return false;
  const end = head[0] === 0xFF && head[1] === 0xD8
    ? ENDS.jpeg
    : head[0] === 0x89 && head[1] === 0x50
    ? ENDS.png
    : [];
  return tail.some((_, i) => end.every((byte, k) => tail[i + k] === byte));
}
