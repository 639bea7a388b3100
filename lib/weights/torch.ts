/**
 * Files of PyTorch's `torch.save` that hold a state_dict: a pickle that names each tensor, and their
 * numbers. Since PyTorch 1.6 both are entries of a zip archive; before, as in torchvision's files of
 * 2017, they follow each other (torch/serialization.py, `_save` and `_legacy_save`).
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { UserError } from "../errors.ts";
import { cannotRead, isOfSystem, reading } from "../system/file_errors.ts";
import { PIECE, readAt } from "../system/files.ts";
import { storedEntries, type StoredEntry } from "../system/zip.ts";
import type { TensorFile } from "./weights_file.ts";
import { floatsOf, type NumberType, sizeOf, WIDTHS } from "./numbers.ts";
import {
  type Buildable,
  malformed,
  PickleError,
  type PickleGlobal,
  type Sequence,
  unpickle,
} from "./pickle.ts";

/** A number that PyTorch chose; a file of the older format begins with its pickle. */
const MAGIC = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** Bytes from which the older format is recognised: a frame of protocol 4 may precede the number. */
export const LEGACY_START = 32;

/** Whether a file that begins so is of the older format. */
export function isLegacyTorch(start: Uint8Array): boolean {
  return start[0] === 0x80 &&
    start.some((_, at) => MAGIC.every((byte, i) => start[at + i] === byte));
}

const REMEDY =
  "name a whole file with weights alone, as torch.save(model.state_dict(), FILE) writes it";

/** Longest pickle that is read, bytes; VGG 19's has some 5,000. */
const LONGEST_PICKLE = 2 ** 22;

/** A block of numbers that tensors share: its type, its key in the file, and its length. */
interface TorchStorage {
  readonly type: NumberType;
  readonly key: string;
  readonly count: number;
}

/** A view of a storage. */
class TorchTensor {
  readonly storage: TorchStorage;
  /** The first element. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** For each side, the number of elements between two neighbouring indices. */
  readonly strides: readonly number[];

  constructor(storage: unknown, offset: unknown, shape: unknown, strides: unknown) {
    const isStorage = typeof storage === "object" && storage !== null && "key" in storage;
    if (!isStorage || !isWhole(offset) || !areWhole(shape) || !areWhole(strides)) throw malformed();
    if (shape.length !== strides.length) throw malformed();
    this.storage = storage as TorchStorage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    if (sizeOf(shape) > 0 && this.end > this.storage.count) {
      throw new PickleError("a tensor reaches beyond its numbers");
    }
  }

  /** One past the last element of the storage that the tensor uses. */
  get end(): number {
    return this.shape.reduce((last, side, i) => last + (side - 1) * this.strides[i]!, this.offset) +
      1;
  }

  /** Its values row after row, from those between `offset` and `end`. */
  ordered(values: Float32Array): Float32Array {
    const count = sizeOf(this.shape);
    const { shape, strides } = this;
    const isInOrder = strides.every((stride, i) =>
      shape[i] === 1 || stride === sizeOf(shape.slice(i + 1))
    );
    if (isInOrder) return values;
    const result = new Float32Array(count);
    const index = shape.map(() => 0);
    for (let n = 0, at = 0; n < count; n++) {
      result[n] = values[at]!;
      for (let side = shape.length - 1; side >= 0; side--) {
        at += strides[side]!;
        if (++index[side]! < shape[side]!) break;
        at -= shape[side]! * strides[side]!;
        index[side] = 0;
      }
    }
    return result;
  }
}

/** Types of numbers by PyTorch's names of their storages. */
const STORAGES: Readonly<Record<string, NumberType>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
};

/** A tensor of PyTorch before 0.1.10: made without arguments, and given its parts as its state. */
class UnbuiltTensor implements Buildable {
  tensor: TorchTensor | undefined;

  build(state: unknown) {
    if (!Array.isArray(state)) throw malformed();
    this.tensor = rebuild(state);
  }
}

const rebuild = ([storage, offset, shape, strides]: Sequence) =>
  new TorchTensor(storage, offset, shape, strides);

/** With gradient and hooks, and with what is left to do with its numbers, as in `{"neg": True}`. */
function rebuildV2([storage, offset, shape, strides, , , metadata]: Sequence): TorchTensor {
  if (metadata !== undefined && !(metadata instanceof Map && metadata.size === 0)) {
    throw new PickleError("a tensor has metadata, such as a sign that its numbers lack");
  }
  return new TorchTensor(storage, offset, shape, strides);
}

/** The names that a state_dict uses. */
const GLOBALS: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    { name: "collections.OrderedDict", call: ([items = []]: Sequence) => orderedDict(items) },
    { name: "torch._utils._rebuild_tensor", call: rebuild },
    { name: "torch._utils._rebuild_tensor_v2", call: rebuildV2 },
    { name: "torch._utils._rebuild_parameter", call: ([tensor]: Sequence) => tensor },
    ...Object.keys(STORAGES).flatMap((name): PickleGlobal[] => {
      const tensor = name.replace("Storage", "Tensor");
      return ["torch.", "torch.cuda."].map((prefix): PickleGlobal => ({
        name: tensor.replace("torch.", prefix),
        call: () => new UnbuiltTensor(),
      })).concat({ name });
    }),
  ].map((each): [string, PickleGlobal] => [each.name, each]),
);

function orderedDict(items: unknown): Map<unknown, unknown> {
  const isPair = (item: unknown) => Array.isArray(item) && item.length === 2;
  if (!Array.isArray(items) || !items.every(isPair)) throw malformed();
  return new Map(items as [unknown, unknown][]);
}

/** A storage from its name in a pickle: `("storage", type, key, device, count)`. */
function storageOf(id: unknown): TorchStorage {
  if (!Array.isArray(id) || id[0] !== "storage") throw malformed();
  const [, global, key, , count, view] = id as unknown[];
  const type = STORAGES[(global as PickleGlobal | undefined)?.name ?? ""];
  if (type === undefined || typeof key !== "string" || !isWhole(count)) throw malformed();
  if (view !== undefined) throw new PickleError("a storage is a part of another one");
  return { type, key, count };
}

/**
 * Opens a file of `torch.save`.
 *
 * @throws {UserError} It is damaged, or holds something other than tensors by name.
 */
export async function openTorch(file: string, isLegacy: boolean): Promise<TensorFile> {
  const handle = reading(file, () => Deno.openSync(file));
  try {
    const { tensors, places } = isLegacy ? contentOfLegacy(handle) : await contentOfZip(handle);
    for (const [name, { storage }] of tensors) mustBeThere(name, storage, places);
    return {
      types: new Map([...tensors].map(([name, { storage }]) => [name, storage.type])),
      shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
      metadata: {},
      read: (name) =>
        reading(file, () => {
          const tensor = tensors.get(name)!;
          return valuesOf(tensor, { handle, file, name, place: places.get(tensor.storage.key)! });
        }),
      [Symbol.dispose]: () => handle.close(),
    };
  } catch (error) {
    handle.close();
    if (error instanceof UserError) throw error;
    throw isOfSystem(error) ? cannotRead(file, error) : unreadable(file, (error as Error).message);
  }
}

/** Where the numbers of each storage are. */
type StorageSections = ReadonlyMap<string, StorageSection>;
type StorageSection =
  & Pick<StoredEntry, "at" | "size">
  & Partial<Pick<StoredEntry, "crc32">>;

/** Where the numbers of a tensor are. */
interface TensorPlace {
  readonly handle: Deno.FsFile;
  readonly file: string;
  readonly name: string;
  readonly place: StorageSection;
}

/** The values of a tensor, row after row. */
function valuesOf(tensor: TorchTensor, place: TensorPlace): Float32Array {
  const { storage: { type }, offset, end, shape } = tensor;
  if (sizeOf(shape) === 0) return new Float32Array();
  mustBeWhole(place);
  const width = WIDTHS[type];
  const bytes = readAt(place.handle, place.place.at + width * offset, width * (end - offset));
  if (bytes === undefined) throw unreadable(place.file, "it is cut off");
  return tensor.ordered(floatsOf(bytes, type));
}

/** Compares numbers with their CRC-32, which PyTorch itself does not do. The older format has none. */
function mustBeWhole({ handle, file, name, place }: TensorPlace) {
  const { at, size, crc32: expected = 0 } = place;
  if (expected === 0) return; // none was computed
  let found = 0;
  for (let from = 0; from < size; from += PIECE) {
    const piece = readAt(handle, at + from, Math.min(PIECE, size - from));
    if (piece === undefined) throw unreadable(file, "it is cut off");
    found = crc32(piece, found);
  }
  if (found === expected) return;
  throw unreadable(file, `the numbers of "${name}" are damaged: their CRC-32 is another one`);
}

interface TorchContent {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly places: StorageSections;
}

async function contentOfZip(handle: Deno.FsFile): Promise<TorchContent> {
  const sections = await storedEntries(handle);
  const pickle = sections.values().find(({ name }) => name.endsWith("/data.pkl"));
  if (pickle === undefined) throw new Error("it is a zip file, but not one of PyTorch's");
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const contentOf = ({ at, size, crc32: expected }: StoredEntry) => {
    const bytes = size > LONGEST_PICKLE ? undefined : readAt(handle, at, size);
    if (bytes === undefined) throw new Error("its pickle is cut off, or absurdly long");
    if (expected !== 0 && crc32(bytes) !== expected) {
      throw new Error("its pickle is damaged: its CRC-32 is another one");
    }
    return bytes;
  };
  const order = sections.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(contentOf(order)) !== "little") {
    throw new Error("its numbers are big-endian");
  }
  const { value } = unpickle(contentOf(pickle), { globals: GLOBALS, persistent: storageOf });
  const data = `${folder}data/`;
  return {
    tensors: tensorsIn(value),
    places: new Map(
      [...sections].filter(([name]) => name.startsWith(data))
        .map(([name, section]) => [name.slice(data.length), section]),
    ),
  };
}

/** The older format: a magic number, a version, the machine, the object, its storages, their numbers. */
function contentOfLegacy(handle: Deno.FsFile): TorchContent {
  const { size } = handle.statSync();
  const bytes = readAt(handle, 0, Math.min(size, LONGEST_PICKLE))!;
  const storages = new Map<string, TorchStorage>();
  const persistent = (id: unknown) => {
    const storage = storageOf(id);
    storages.set(storage.key, storage);
    return storage;
  };
  let end = 0;
  const next = () => {
    const found = unpickle(bytes, { globals: GLOBALS, persistent }, end);
    end = found.end;
    return found.value;
  };
  const [, , machine, value, keys] = [next(), next(), next(), next(), next()];
  if (!(machine instanceof Map) || !machine.get("little_endian")) {
    throw new Error("its numbers are big-endian");
  }
  if (!Array.isArray(keys)) throw malformed();
  const places = new Map<string, { at: number; size: number }>();
  let at = end;
  for (const key of keys) {
    const storage = storages.get(key);
    const header = readAt(handle, at, 8);
    if (storage === undefined || header === undefined) throw new Error("it is cut off");
    const count = Number(new DataView(header.buffer).getBigUint64(0, true));
    const length = WIDTHS[storage.type] * count;
    if (at + 8 + length > size) throw new Error("it is cut off");
    places.set(key, { at: at + 8, size: length });
    at += 8 + length;
  }
  return { tensors: tensorsIn(value), places };
}

/**
 * The tensors of a file by their names: the file is a dict of them, or a checkpoint of a training, which
 * has one among other things.
 *
 * @throws {PickleError} There is no such dict, or there are several.
 */
function tensorsIn(value: unknown): Map<string, TorchTensor> {
  if (!(value instanceof Map)) throw new PickleError("it holds no dict of tensors");
  const dicts = [...value].filter(([, item]) => asTensors(item) !== undefined);
  if (dicts.length > 1) {
    const names = dicts.map(([name]) => JSON.stringify(name)).join(", ");
    throw new PickleError(`it holds several dicts of tensors: ${names}; save one of them alone`);
  }
  const [, item] = dicts[0] ?? ["", value];
  const tensors = asTensors(item);
  if (tensors !== undefined) return tensors;
  const [odd] =
    [...value].find(([name, item]) => typeof name !== "string" || tensorOf(item) === undefined) ??
      [""];
  throw new PickleError(`its ${JSON.stringify(odd)} is not a tensor`);
}

/** A dict of nothing but tensors by their names; undefined for anything else. */
function asTensors(value: unknown): Map<string, TorchTensor> | undefined {
  if (!(value instanceof Map) || value.size === 0) return undefined;
  const tensors = new Map<string, TorchTensor>();
  for (const [name, item] of value) {
    const tensor = tensorOf(item);
    if (typeof name !== "string" || tensor === undefined) return undefined;
    tensors.set(name, tensor);
  }
  return tensors;
}

function tensorOf(value: unknown): TorchTensor | undefined {
  if (value instanceof UnbuiltTensor) return value.tensor;
  return value instanceof TorchTensor ? value : undefined;
}

function mustBeThere(name: string, { type, key, count }: TorchStorage, places: StorageSections) {
  const place = places.get(key);
  if (place === undefined) throw new Error(`the numbers of "${name}" are missing`);
  if (place.size !== WIDTHS[type] * count) {
    throw new Error(`"${name}" names ${count} numbers, but there are ${place.size} bytes of them`);
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areWhole(values: unknown): values is number[] {
  return Array.isArray(values) && values.every(isWhole);
}

function unreadable(file: string, what: string): UserError {
  return new UserError(`Cannot read "${file}": ${what}; ${REMEDY}`);
}
