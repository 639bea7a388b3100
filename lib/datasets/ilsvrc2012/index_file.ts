/**
 * The index of a split: what was read from the headers of all its images, stored so that the next
 * opening is immediate. It is made again when an archive's size, modification time or some of its blocks
 * differ, or the modification time of a folder, which changes when a file in it is added, removed or
 * renamed.
 *
 * The file: a line of JSON with a checksum, padded with spaces to a multiple of eight bytes; offsets
 * (float64), sizes in bytes (uint32), sides (uint16, twice) and digests (uint32, twice) of all images;
 * then their names, one a line. The first line has the SHA-256 of the rest, so that damage is noticed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { firstOf, quote } from "../../errors.ts";
import { count } from "../../numbers.ts";
import { openBytes } from "./bytes.ts";
import { reading } from "../../system/file_errors.ts";
import { ifThere, writeAtomically } from "../../system/files.ts";
import { verifyChecksum, withChecksum } from "../../system/checksums.ts";
import { classFoldersIn, type Split, type SplitLocation } from "./layout.ts";
import { BLOCK } from "./tar.ts";
import type { ScannedContainer } from "./worker.ts";

/** The images of a split, class by class and by name, or by name alone. */
export interface SplitIndex {
  /** Name and number of images of each container: by WNID, or one without a name. */
  readonly containers: readonly (readonly [name: string, count: number])[];
  readonly at: Float64Array;
  readonly bytes: Uint32Array;
  readonly sides: Uint16Array;
  readonly digests: Uint32Array;
  readonly faults: Readonly<Record<number, string>>;
  /** Names of the images, decoded on each call. */
  names(): string[];
  /** SHA-256 of names, sizes, sides and digests: the same from an archive and from folders. */
  readonly digest: string;
  /** Why the images are doubtful, as sentences. */
  readonly doubts: readonly string[];
}

/** Raised with every change of the file's content. */
const VERSION = 4;

interface IndexHeader extends Pick<SplitIndex, "containers" | "faults" | "digest" | "doubts"> {
  readonly version: number;
  readonly stamp: string;
  /** SHA-256 of what follows, hexadecimal. */
  readonly content: string;
}

const fileOf = (folder: string, split: Split) => join(folder, `ilsvrc2012-${split}.index`);

/** Identifies the state of a split's files that its index was made from. */
export function stampOf({ kind, path, byClass }: SplitLocation): string {
  const state = (path: string) => reading(path, () => Deno.statSync(path));
  const changed = (path: string) => state(path).mtime?.getTime() ?? 0;
  const facts = kind === "archive"
    ? [basename(path), state(path).size, changed(path), sampleOf(path)]
    : [
      changed(path),
      ...(byClass ? classFoldersIn(path) : []).map((name) => [name, changed(join(path, name))]),
    ];
  return createHash("sha256").update(JSON.stringify([kind, byClass, facts])).digest("hex");
}

/** Blocks of an archive that its stamp contains. */
const SAMPLES = 16;

/**
 * SHA-256 of some blocks of an archive: one that was packed in another order has the same size, and may
 * have been given the same time.
 */
function sampleOf(path: string): string {
  using archive = openBytes(path);
  const last = Math.max(0, Math.floor(archive.size / BLOCK) - 1);
  const blocks = Array.from({ length: SAMPLES }, (_, i) => Math.floor(i * last / (SAMPLES - 1)));
  return sha256(blocks.flatMap((block) => archive.read(block * BLOCK, BLOCK)?.slice() ?? []));
}

/** The stored index of a split, or undefined where it must be made. */
export function readIndex(folder: string, split: Split, stamp: string): SplitIndex | undefined {
  const place = fileOf(folder, split);
  const file = ifThere(() => reading(place, () => Deno.readFileSync(place)));
  if (file === undefined) return undefined; // not made yet
  try {
    const end = file.indexOf(0x0A) + 1;
    const line = new TextDecoder().decode(file.subarray(0, end));
    const header = verifyChecksum<IndexHeader>(JSON.parse(line));
    if (header?.version !== VERSION || header.stamp !== stamp) return undefined;
    if (header.content !== sha256([file.subarray(end)])) return undefined; // damaged
    const count = header.containers.reduce((sum, [, count]) => sum + count, 0);
    const at = new Float64Array(file.buffer, end, count);
    const bytes = new Uint32Array(file.buffer, end + 8 * count, count);
    const sides = new Uint16Array(file.buffer, end + 12 * count, 2 * count);
    const digests = new Uint32Array(file.buffer, end + 16 * count, 2 * count);
    const names = file.subarray(end + 24 * count);
    return { ...header, at, bytes, sides, digests, names: () => lines(names) };
  } catch {
    return undefined; // damaged: it is made again
  }
}

/** Joins scanned containers into an index. */
export function indexOf(
  containers: readonly (readonly [name: string, ScannedContainer])[],
): SplitIndex {
  const names = containers.flatMap(([, { names }]) => names);
  const hash = createHash("sha256");
  const faults: Record<number, string> = {};
  let at = 0;
  const strays: string[] = [];
  for (const [container, scanned] of containers) {
    const { names, faults: own } = scanned;
    hash.update(names.map((name, i) => factsOf(`${container}/${name}`, i, scanned)).join(""));
    strays.push(...names.filter((name) => isOfAnother(container, name)));
    for (const [i, fault] of Object.entries(own)) faults[at + Number(i)] = fault;
    at += names.length;
  }
  return {
    containers: containers.map(([name, { names }]) => [name, names.length]),
    at: joined(Float64Array, containers.map(([, { at }]) => at)),
    bytes: joined(Uint32Array, containers.map(([, { bytes }]) => bytes)),
    sides: joined(Uint16Array, containers.map(([, { sides }]) => sides)),
    digests: joined(Uint32Array, containers.map(([, { digests }]) => digests)),
    faults,
    names: () => names,
    digest: hash.digest("hex"),
    doubts: strays.length === 0 ? [] : [
      `${count(strays.length, "training image")} ${
        strays.length === 1
          ? "is named after another class than its folder"
          : "are named after other classes than their folders"
      }: ${firstOf(strays.map(quote), 3)}.`,
    ],
  };
}

/** What an index knows of image `i`, as a line of a digest that begins with `name`. */
export function factsOf(
  name: string,
  i: number,
  { sides, bytes, digests }: Pick<SplitIndex, "sides" | "bytes" | "digests">,
): string {
  const facts = [sides[2 * i], sides[2 * i + 1], bytes[i], digests[2 * i], digests[2 * i + 1]];
  return `${[name, ...facts].join("\t")}\n`;
}

/** Whether a training image is named after another class, as in `n01440764_10026.JPEG`. */
function isOfAnother(container: string, name: string): boolean {
  const [, wnid] = /^(n\d{8})_/.exec(name) ?? [];
  return wnid !== undefined && container !== "" && wnid !== container;
}

/** Stores an index atomically. */
export function writeIndex(folder: string, split: Split, stamp: string, index: SplitIndex) {
  const { containers, faults, digest, doubts, at, bytes, sides, digests } = index;
  const content = [
    ...[at, bytes, sides, digests].map(({ buffer, byteOffset, byteLength }) =>
      new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
    ),
    new TextEncoder().encode(index.names().join("\n")),
  ];
  const header: IndexHeader = {
    ...{ version: VERSION, stamp, containers, faults, digest, doubts },
    content: sha256(content),
  };
  const line = new TextEncoder().encode(JSON.stringify(withChecksum(header)));
  const padding = new TextEncoder().encode(" ".repeat(7 - line.length % 8) + "\n");
  writeAtomically(fileOf(folder, split), [line, padding, ...content], { option: "--data" });
}

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function lines(text: Uint8Array): string[] {
  return text.length === 0 ? [] : new TextDecoder().decode(text).split("\n");
}

/** Concatenates arrays. */
function joined<Values extends Float64Array | Uint32Array | Uint16Array>(
  kind: new (length: number) => Values,
  parts: readonly Values[],
): Values {
  const whole = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
