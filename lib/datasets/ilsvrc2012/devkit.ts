/**
 * The development kit of ILSVRC-2012 (tasks 1 and 2): number, WordNet ID and words of each class, and
 * the classes of the validation images.
 *
 * The kit's own class numbers, ILSVRC2012_ID, are not labels. A label is the rank of a class's
 * WordNet ID (WNID) among all, as in Caffe, Keras and torchvision.
 *
 * @module
 */
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { UserError } from "../../errors.ts";
import { reading } from "../../system/file_errors.ts";
import { ifThere } from "../../system/files.ts";
import { bytesInMemory } from "./bytes.ts";
import { type MatStruct, type MatValue, readMat } from "./mat.ts";
import { membersOf } from "./tar.ts";

/** The classes of the data set. */
export interface ClassList {
  /** Sorted by code point; a label is an index. */
  readonly wnids: readonly string[];
  /** By label: synonyms with commas between. */
  readonly words: readonly string[];
}

/** The content of the kit. */
export interface Devkit extends ClassList {
  /** By label: ILSVRC2012_ID, from 1 on. */
  readonly ids: readonly number[];
  /** Labels of the validation images: the first is that of ILSVRC2012_val_00000001.JPEG. */
  readonly validation: readonly number[];
}

/** The kit as ImageNet's site publishes it, and unpacked. */
export const DEVKIT = { archive: "ILSVRC2012_devkit_t12.tar.gz", folder: "ILSVRC2012_devkit_t12" };

const META = "meta.mat";
const TRUTH = "ILSVRC2012_validation_ground_truth.txt";

/** Most bytes that are unpacked; the kit has 4 MB. */
const LARGEST = 2 ** 28;

/**
 * Reads the kit at `place`, the archive or the folder.
 *
 * @throws {UserError} It lacks a file, is damaged, or is not a kit of 2012.
 */
export function readDevkit(place: string): Devkit {
  const files = place.endsWith(".gz") ? filesInArchive(place) : filesInFolder(place);
  return devkitOf(files, place);
}

/** Reads the kit's two files. */
export function devkitOf(
  { meta, truth }: { readonly meta: Uint8Array; readonly truth: string },
  name: string,
): Devkit {
  const leaves = leavesIn(readMat(meta, `${name}: ${META}`), name);
  const ranked = leaves.toSorted((a, b) => a.wnid < b.wnid ? -1 : 1);
  const labelOf = new Map(ranked.map(({ id }, label) => [id, label]));
  return {
    wnids: ranked.map(({ wnid }) => wnid),
    words: ranked.map(({ words }) => words),
    ids: ranked.map(({ id }) => id),
    validation: truth.trimEnd().split("\n").map((line, i) => {
      const label = labelOf.get(Number(line));
      if (label !== undefined && /^\d+$/.test(line.trim())) return label;
      throw new UserError(
        `Cannot use "${name}": line ${i + 1} of ${TRUTH} is "${
          line.trim().slice(0, 40)
        }", not an ` +
          `ILSVRC2012_ID from 1 to ${leaves.length}; get the kit again`,
      );
    }),
  };
}

interface Synset {
  readonly id: number;
  readonly wnid: string;
  readonly words: string;
}

/** The classes that have images: the leaves of the tree. The file lists inner nodes, too. */
function leavesIn(variables: ReadonlyMap<string, MatValue>, name: string): Synset[] {
  const refuse = (reason: string) =>
    new UserError(
      `Cannot use "${name}": ${reason}; needed is the kit of 2012, tasks 1 and 2 (${DEVKIT.archive})`,
    );
  const synsets = variables.get("synsets");
  if (!Array.isArray(synsets) || synsets.length === 0) {
    throw refuse(`${META} has no list "synsets"`);
  }
  const leaves = (synsets as readonly unknown[]).flatMap((synset, i) => {
    const field = (name: string) => (synset as MatStruct)?.[name];
    const [id, wnid, words, children] = [
      ...[field("ILSVRC2012_ID")?.[0], field("WNID"), field("words")],
      field("num_children")?.[0],
    ];
    if (typeof id !== "number" || typeof children !== "number" || typeof wnid !== "string") {
      throw refuse(`entry ${i + 1} of ${META} has no ILSVRC2012_ID, WNID or num_children`);
    }
    return children === 0 ? [{ id, wnid, words: typeof words === "string" ? words : "" }] : [];
  });
  const ids = new Set(leaves.map(({ id }) => id));
  const isNumbered = leaves.every(({ id }) =>
    Number.isInteger(id) && id > 0 && id <= leaves.length
  );
  if (!isNumbered || ids.size < leaves.length) {
    throw refuse(
      `the ILSVRC2012_IDs of its ${leaves.length} classes are not 1 to ${leaves.length}`,
    );
  }
  const odd = leaves.find(({ wnid }) => !/^n\d{8}$/.test(wnid));
  if (odd !== undefined) throw refuse(`"${odd.wnid}" is not a WNID`);
  if (new Set(leaves.map(({ wnid }) => wnid)).size < leaves.length) {
    throw refuse("a WNID appears twice");
  }
  return leaves;
}

function filesInArchive(place: string) {
  const packed = reading(place, () => Deno.readFileSync(place));
  let tar: Uint8Array;
  try {
    tar = gunzipSync(packed, { maxOutputLength: LARGEST });
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(`Cannot read "${place}": ${message}; get the archive again`);
  }
  const bytes = bytesInMemory(place, tar);
  const found = new Map<string, Uint8Array>();
  for (const { name: path, at, size } of membersOf(bytes)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if ([META, TRUTH].includes(name) && found.has(name)) {
      throw new UserError(`Cannot use "${place}": ${name} is in it twice; get the kit again`);
    }
    found.set(name, tar.subarray(at, at + size));
  }
  return chosen((name) => found.get(name), place);
}

function filesInFolder(place: string) {
  return chosen((name) => {
    const file = join(place, "data", name);
    return ifThere(() => reading(file, () => Deno.readFileSync(file)));
  }, place);
}

function chosen(file: (name: string) => Uint8Array | undefined, place: string) {
  const read = (name: string) => {
    const bytes = file(name);
    if (bytes !== undefined) return bytes;
    throw new UserError(`Cannot use "${place}": it has no data/${name}; get the kit again`);
  };
  return { meta: read(META), truth: new TextDecoder().decode(read(TRUTH)) };
}
