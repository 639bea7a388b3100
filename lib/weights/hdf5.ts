/**
 * HDF5 files, through h5wasm, which is the HDF Group's own library compiled to WebAssembly. It is
 * loaded when a file is opened.
 *
 * @module
 */
import type { Dataset as H5wasmDataset, Group } from "h5wasm/node";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";
import { systemReason } from "../system/file_errors.ts";
import { draftOf, flush, flushFolder, removeIfPossible } from "../system/files.ts";
import { type NumberType, sizeOf } from "./numbers.ts";

/** A dataset, before its values are read. */
export interface Hdf5Dataset {
  readonly shape: readonly number[];
  /** Undefined where weights cannot have the type. */
  readonly type: NumberType | undefined;
  /** Its values, row after row. */
  read(): Float32Array;
}

/** An open file; all paths begin at its root. */
export interface Hdf5 extends Disposable {
  /** Names in a group; empty where there is no such group. */
  names(path: string): string[];
  /** An attribute of strings; undefined where there is none. */
  texts(path: string, name: string): string[] | undefined;
  /** The dataset at a path; undefined where there is none. */
  dataset(path: string): Hdf5Dataset | undefined;
}

/** Values of one read. */
const PART = 2 ** 24;

/** Types of float by their size. */
const FLOATS: Readonly<Record<number, NumberType>> = { 2: "F16", 4: "F32", 8: "F64" };
/** HDF5's numbers for the classes of integers and floats. */
const [INTEGER_CLASS, FLOAT_CLASS] = [0, 1];

/**
 * Opens a file for reading. Later failures throw an `Error` with the library's first reason.
 *
 * @throws {Error} It is damaged.
 */
export async function openHdf5(file: string): Promise<Hdf5> {
  const { File, Group, Dataset } = await library();
  const open = tried(() => new File(file, "r"));

  /** The object at a path, in this file itself: no link is followed, and no other file opened. */
  function at(path: string) {
    let found: ReturnType<typeof open.get> = open;
    for (const name of path.split("/").filter((part) => part !== "")) {
      if (!(found instanceof Group) || !found.keys().includes(name)) return null;
      const place = `${found.path}/${name}`.replace("//", "/");
      const { filename } = open.get_external_link(place) as { readonly filename?: string };
      if (filename !== undefined || (open.get_link(place) as string | null) !== null) {
        throw new Error(`its ${place} is a link to another place`);
      }
      found = open.get(place);
    }
    return found;
  }

  return {
    names: (path) =>
      tried(() => {
        const found = at(path);
        return found instanceof Group ? found.keys() : [];
      }),
    texts: (path, name) =>
      tried(() => {
        const found = at(path);
        if (!(found instanceof Group)) return undefined;
        const value = found.attrs[name]?.value;
        if (typeof value === "string") return [value];
        // Python writes an empty list of strings as an empty list of numbers
        if (ArrayBuffer.isView(value)) return [];
        return Array.isArray(value) ? value.map(String) : undefined;
      }),
    dataset: (path) =>
      tried(() => {
        const found = at(path);
        if (!(found instanceof Dataset)) return undefined;
        const { shape, type, size, littleEndian, virtual_sources } = found.metadata;
        if (virtual_sources) throw new Error(`its ${path} is stored in other files`);
        if (type === FLOAT_CLASS && !littleEndian) throw new Error(`its ${path} is big-endian`);
        const sides = shape ?? [];
        const isHalf = type === FLOAT_CLASS && size === 2;
        return {
          shape: sides,
          type: type === FLOAT_CLASS ? FLOATS[size] : undefined,
          read: () => tried(() => valuesOf(isHalf ? asBits(found) : found, sides)),
        };
      }),
    [Symbol.dispose]() {
      try {
        open.close();
      } catch (error) {
        // the library gave up on a damaged file, and can do nothing more
        if (!hasGivenUp(error)) throw error;
      }
    },
  };
}

/** A dataset of float16, which h5wasm does not convert, as one of their bits. */
function asBits(dataset: InstanceType<typeof H5wasmDataset>): InstanceType<typeof H5wasmDataset> {
  const metadata = { ...dataset.metadata, type: INTEGER_CLASS, signed: false };
  return Object.create(dataset, { metadata: { value: metadata } });
}

/** Values of a dataset, read in parts, so that they are not in memory twice. */
function valuesOf(
  dataset: { slice(ranges: [number, number][]): unknown },
  shape: readonly number[],
): Float32Array {
  const [rows = 1, ...others] = shape;
  const row = sizeOf(others);
  const values = new Float32Array(sizeOf(shape));
  const step = Math.max(1, Math.floor(PART / Math.max(1, row)));
  for (let from = 0; from < rows; from += step) {
    const part = dataset.slice([[from, Math.min(from + step, rows)]]);
    const floats = part instanceof Uint16Array
      ? new Float16Array(part.buffer as ArrayBuffer, part.byteOffset, part.length)
      : part as Float32Array | Float64Array;
    values.set(floats, from * row);
  }
  return values;
}

/** The content of a group: attributes of strings, and datasets by their paths below it. */
export interface Hdf5Group {
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
  readonly datasets: readonly {
    readonly path: string;
    readonly shape: readonly number[];
    /** Called when the dataset is written. */
    values(): Float32Array;
  }[];
}

/** Writes a file: a root of attributes, and groups by name. The same content gives the same bytes. */
export async function writeHdf5(
  file: string,
  root: Hdf5Group["attributes"],
  groups: ReadonlyMap<string, Hdf5Group>,
) {
  const { File } = await library();
  const draft = draftOf(file);
  try {
    withoutTime(() => {
      const open = tried(() => new File(draft, "w"));
      try {
        tried(() => {
          writeAttributes(open, root);
          for (const [name, content] of groups) writeGroup(open.create_group(name), content);
        });
      } finally {
        open.close();
      }
    });
    await flush([draft]);
    Deno.renameSync(draft, file);
    flushFolder(dirname(file));
  } catch (error) {
    removeIfPossible(draft); // the library may fail when the file is there
    throw new UserError(
      `Cannot write "${file}": ${libraryReason(error)}; free some space, or name another file`,
      { cause: error },
    );
  }
}

/**
 * Works while the clock stands at 0. The library writes the time into each group and dataset, and the same
 * content must give the same bytes: an imported net's key has those of its file.
 */
function withoutTime(work: () => void) {
  const { now } = Date;
  Date.now = () => 0; // all that the library asks for the time
  try {
    work();
  } finally {
    Date.now = now;
  }
}

/** Why the library failed, in the system's words: it wraps them in a page of its own. */
function libraryReason(error: unknown): string {
  const reason = systemReason(error);
  const [, words] = /error message = '([^']*)'/.exec(reason) ?? [];
  return words ?? reason.split("\n")[0]!;
}

function writeGroup(group: Group, { attributes, datasets }: Hdf5Group) {
  writeAttributes(group, attributes);
  for (const { path, shape, values } of datasets) {
    const [name = "", ...folders] = path.split("/").reverse();
    const place = folders.reverse().reduce(
      (above, folder) =>
        above.keys().includes(folder) ? above.get(folder) as Group : above.create_group(folder),
      group,
    );
    place.create_dataset({ name, data: values(), shape: [...shape] });
  }
}

function writeAttributes(group: Group, attributes: Hdf5Group["attributes"]) {
  for (const [name, value] of Object.entries(attributes)) {
    group.create_attribute(name, typeof value === "string" ? value : [...value]);
  }
}

/** The library, set to throw its failures instead of printing them. */
async function library() {
  const { default: h5wasm } = await import("h5wasm/node");
  const module = await h5wasm.ready as unknown as { activate_throwing_error_handler(): void };
  module.activate_throwing_error_handler();
  return h5wasm;
}

/** Whether the library ended itself, as C's `abort` does. */
function hasGivenUp(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** Calls the library; a failure becomes an error of one line. */
function tried<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (hasGivenUp(error)) throw new Error("it is damaged (the HDF5 library gives up)");
    const { message = String(error) } = error as Error;
    // a stack of functions; the innermost says most
    const reason = [...message.matchAll(/#\d+: .*\(\): (.+)/g)].at(-1)?.[1];
    if (reason === undefined) throw new Error(message);
    if (/plugin|filter/.test(message)) {
      throw new Error("it is compressed by another method than gzip; save it with gzip or without");
    }
    throw new Error(/truncated/.test(reason) ? "it is cut off" : `it is damaged (${reason})`);
  }
}
