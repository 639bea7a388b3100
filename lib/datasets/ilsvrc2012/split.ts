/** A split's images, from its index, or from the headers of all images where it has no index. */
import { basename, join } from "node:path";
import { UserError } from "../../errors.ts";
import { inParallel } from "../../system/workers.ts";
import { foldersFor, writableFolderFor } from "../../system/cache_folder.ts";
import { openBytes, partOf } from "./bytes.ts";
import { indexOf, readIndex, type SplitIndex, stampOf, writeIndex } from "./index_file.ts";
import { classFoldersIn, type Split, type SplitLocation } from "./layout.ts";
import { faultOf, scanFile, sizeIn } from "./header.ts";
import { membersOf } from "./tar.ts";
import { isForeign } from "../folder/listing.ts";
import type { ImageContainer, ScannedContainer } from "./worker.ts";

/** The folder for indices, beside the images. */
export const INDICES = ".verydeep";

/** A split to open. */
export interface RequestedSplit {
  readonly split: Split;
  readonly form: SplitLocation;
}

/**
 * Opens splits. Where a split has no index beside the images in `place`, or in the user's cache folder, its
 * headers are read on all cores.
 *
 * @throws {UserError} An archive is damaged, or holds unexpected files.
 */
export async function openSplits(
  wanted: readonly RequestedSplit[],
  { place, indices = INDICES, onProgress }: {
    readonly place: string;
    /** Folder for indices below `place`. */
    readonly indices?: string;
    readonly onProgress?: (what: string, done: number, total: number, unit?: string) => void;
  },
): Promise<Map<Split, SplitIndex>> {
  const stamped = wanted.map((each) => ({ ...each, stamp: stampOf(each.form) }));
  const found = new Map(stamped.flatMap(({ split, form, stamp }) => {
    const index = foldersFor(place)
      .map((folder) => readIndex(join(folder, indices), split, stamp))
      .find((index) => index !== undefined);
    return index && !isRepaired(index, form) ? [[split, index] as const] : [];
  }));
  const containers = stamped.filter(({ split }) => !found.has(split)).flatMap((each) =>
    containersOf(each.form).map(([name, container]) => ({ ...each, name, container }))
  );

  if (containers.length === 0) return found;
  const folder = join(await writableFolderFor(place), indices);
  const seen: ScannedContainer[] = [];
  const worker = new URL("./worker.ts", import.meta.url);
  const jobs = containers.map(({ container }) => container);
  let done = 0;
  for await (
    const { index, answer } of inParallel<ImageContainer, ScannedContainer>(jobs, { worker })
  ) {
    seen[index] = answer;
    onProgress?.("Reading headers", ++done, jobs.length, "folders");
  }
  const bySplit = Map.groupBy(containers.keys(), (i) => containers[i]!.split);
  for (const [split, places] of bySplit) {
    const index = indexOf(places.map((i) => [containers[i]!.name, seen[i]!]));
    found.set(split, index);
    writeIndex(folder, split, containers[places[0]!]!.stamp, index);
  }
  return found;
}

/**
 * Whether a file that was faulty is another now: replacing one in place does not change its folder's
 * modification time, and programs that download give an archive the time of the site's. Files that were
 * whole are not read again at each opening: there are 1.3 million. They are compared with their sizes when
 * they are used.
 */
function isRepaired(index: SplitIndex, { kind, path }: SplitLocation): boolean {
  const { containers, names, faults } = index;
  if (Object.keys(faults).length === 0) return false;
  if (kind === "archive") return isRepairedInside(path, index);
  const list = names();
  let first = 0;
  return containers.some(([name, count]) => {
    const end = first + count;
    for (; first < end; first++) {
      const fault = faults[first];
      if (fault === undefined) continue;
      const { seen, bytes } = scanFile(join(path, name, list[first]!));
      if (faultOf(seen, bytes) !== fault) return true;
    }
    return false;
  });
}

/** Whether a part of an archive that was faulty is another now. */
function isRepairedInside(path: string, { at, bytes, faults }: SplitIndex): boolean {
  using archive = openBytes(path);
  return Object.entries(faults).some(([i, fault]) => {
    const [from, size] = [at[Number(i)]!, bytes[Number(i)]!];
    return faultOf(sizeIn(partOf(archive, from, size)), size) !== fault;
  });
}

/** The containers of a split's images, one a class or one for all, sorted by name. */
function containersOf({ kind, path, byClass }: SplitLocation): [name: string, ImageContainer][] {
  if (kind === "folder") {
    if (!byClass) return [["", { folder: path }]];
    return classFoldersIn(path).map((name) => [name, { folder: join(path, name) }]);
  }
  using archive = openBytes(path);
  if (!byClass) return [["", { archive: path, at: 0, size: archive.size }]];
  // a Mac's tar puts a file "._n01440764.tar" beside each
  const members = [...membersOf(archive)].filter(({ name }) => !isForeign(basename(name)));
  const containers = members.map(({ name, at, size }): [string, ImageContainer] => {
    const wnid = basename(name, ".tar");
    if (/^n\d{8}$/.test(wnid)) return [wnid, { archive: path, at, size }];
    throw new UserError(
      `Cannot use "${path}": "${name}" at byte ${at} is not the archive of a class, such as n01440764.tar; ` +
        "get the archive again",
    );
  });
  containers.sort(([a], [b]) => a < b ? -1 : 1);
  const twice = containers.find(([name], i) => name === containers[i + 1]?.[0]);
  if (twice === undefined) return containers;
  throw new UserError(
    `Cannot use "${path}": "${twice[0]}.tar" is in it twice; get the archive again`,
  );
}
