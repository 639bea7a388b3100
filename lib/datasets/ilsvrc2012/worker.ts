/** Reads the headers of the images of one class or of a whole split. Runs as one of several Web Workers. */
import { quote, UserError } from "../../errors.ts";
import { isForeign } from "../folder/listing.ts";
import { reading } from "../../system/file_errors.ts";
import { listed } from "../../system/files.ts";
import { answerJobs } from "../../system/workers.ts";
import { type Bytes, openBytes, partOf } from "./bytes.ts";
import { faultOf, scanFile, scanned, type ScannedFile } from "./header.ts";
import { membersOf } from "./tar.ts";

/** Holds the images of a class or of a split: a folder, or a tar archive, which may be inside another. */
export type ImageContainer =
  | { readonly folder: string }
  | { readonly archive: string; readonly at: number; readonly size: number };

/** The images of a container, sorted by name. */
export interface ScannedContainer {
  readonly names: readonly string[];
  /** Offset of each in its archive; 0 where it is a file. */
  readonly at: Float64Array;
  readonly bytes: Uint32Array;
  /** Width and height of each; 0 and 0 where it is not an image. */
  readonly sides: Uint16Array;
  /** 64 bits of each's digest, as two numbers; see `ScannedFile`. */
  readonly digests: Uint32Array;
  /** By index: why a file is not an image. */
  readonly faults: Readonly<Record<number, string>>;
}

/** An image, as its header describes it. */
interface ScannedImage extends ScannedFile {
  readonly name: string;
  readonly at: number;
}

answerJobs((container: ImageContainer) => {
  const found = "folder" in container ? [...filesIn(container.folder)] : [...partsOf(container)];
  return joined(found.sort((a, b) => a.name < b.name ? -1 : 1), container);
});

function* filesIn(folder: string): Iterable<ScannedImage> {
  for (const { name, isDirectory } of reading(folder, () => listed(folder))) {
    if (isForeign(name)) continue;
    if (isDirectory) {
      throw new UserError(
        `Cannot use "${folder}": it has a folder ${
          quote(name)
        }, where images are expected; move its ` +
          "images up, or the folder away",
      );
    }
    yield { name, at: 0, ...scanFile(`${folder}/${name}`) };
  }
}

function* partsOf(
  { archive, at, size }: Extract<ImageContainer, { archive: string }>,
): Iterable<ScannedImage> {
  using file: Bytes & Disposable = openBytes(archive);
  for (const entry of membersOf(partOf(file, at, size))) {
    const name = entry.name.slice(entry.name.lastIndexOf("/") + 1);
    if (isForeign(name)) continue;
    const place = at + entry.at;
    yield { name, at: place, ...scanned(partOf(file, place, entry.size)) };
  }
}

function joined(found: readonly ScannedImage[], container: ImageContainer): ScannedContainer {
  const faults: Record<number, string> = {};
  const sides = new Uint16Array(2 * found.length);
  const digests = new Uint32Array(2 * found.length);
  for (const [i, { name, bytes, seen, digest }] of found.entries()) {
    digests.set(digest, 2 * i);
    if (name === found[i - 1]?.name) {
      const place = "folder" in container ? container.folder : container.archive;
      throw new UserError(`Cannot use "${place}": "${name}" is in it twice; get it again`);
    }
    const fault = faultOf(seen, bytes);
    if (fault !== undefined) faults[i] = fault;
    else if ("width" in seen) sides.set([seen.width, seen.height], 2 * i);
  }
  return {
    names: found.map(({ name }) => name),
    at: Float64Array.from(found, ({ at }) => at),
    bytes: Uint32Array.from(found, ({ bytes }) => bytes),
    ...{ sides, digests },
    faults,
  };
}
