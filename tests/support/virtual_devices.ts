/**
 * TensorFlow with several processors that it takes for devices of their own, through its C library:
 * `/device:CPU:0`, `/device:CPU:1` and so on. What shares a batch among GPUs runs on these, too.
 *
 * @module
 */
import type { Binding, NativeTensor, TensorInput } from "../../lib/tensorflow/addon.ts";
import { here } from "../../lib/tensorflow/install/mod.ts";

const SYMBOLS = {
  TF_NewStatus: { parameters: [], result: "pointer" },
  TF_GetCode: { parameters: ["pointer"], result: "i32" },
  TF_Message: { parameters: ["pointer"], result: "pointer" },
  TF_NewSessionOptions: { parameters: [], result: "pointer" },
  TF_SetConfig: { parameters: ["pointer", "buffer", "usize", "pointer"], result: "void" },
  TF_NewBuffer: { parameters: [], result: "pointer" },
  TF_NewBufferFromString: { parameters: ["buffer", "usize"], result: "pointer" },
  TF_DeleteBuffer: { parameters: ["pointer"], result: "void" },
  TF_NewGraph: { parameters: [], result: "pointer" },
  TF_LoadSessionFromSavedModel: {
    parameters: [
      ...["pointer", "pointer", "buffer", "buffer", "i32", "pointer", "pointer", "pointer"],
    ] as const,
    result: "pointer",
  },
  TF_CloseSession: { parameters: ["pointer", "pointer"], result: "void" },
  TF_DeleteSession: { parameters: ["pointer", "pointer"], result: "void" },
  TF_GraphOperationByName: { parameters: ["pointer", "buffer"], result: "pointer" },
  TF_SessionRun: {
    parameters: [
      ...["pointer", "pointer", "buffer", "buffer", "i32", "buffer", "buffer", "i32"],
      ...["pointer", "i32", "pointer", "pointer"],
    ] as const,
    result: "void",
  },
  TF_AllocateTensor: { parameters: ["i32", "buffer", "i32", "usize"], result: "pointer" },
  TF_DeleteTensor: { parameters: ["pointer"], result: "void" },
  TF_TensorData: { parameters: ["pointer"], result: "pointer" },
  TF_TensorByteSize: { parameters: ["pointer"], result: "usize" },
  TF_TensorType: { parameters: ["pointer"], result: "i32" },
  TF_NumDims: { parameters: ["pointer"], result: "i32" },
  TF_Dim: { parameters: ["pointer", "i32"], result: "i64" },
  TF_StringInit: { parameters: ["pointer"], result: "void" },
  TF_StringCopy: { parameters: ["pointer", "buffer", "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** A tensor of strings has 24 bytes for each (tensorflow/core/platform/ctstring.h). */
const STRING = 24;

/** A node as TensorFlow placed it. */
export interface PlacedByTensorFlow {
  readonly name: string;
  readonly op: string;
  /** As in `/job:localhost/replica:0/task:0/device:CPU:1`. */
  readonly device: string;
}

/** What `Session` needs of the addon, with several devices. */
export type VirtualDevices =
  & Pick<
    Binding,
    "createTensor" | "deleteTensor" | "tensorDataSync" | "loadSavedModel" | "deleteSavedModel"
  >
  & Pick<Binding, "runSavedModel">
  & {
    /** The nodes of the last run, after TensorFlow's optimisations. */
    readonly placed: () => readonly PlacedByTensorFlow[];
  };

/** Opens TensorFlow, which the addon has loaded, with `count` processors of one thread each. */
export function virtualDevices(count: number): Binding & VirtualDevices {
  const file = `${here().package}/deps/lib/libtensorflow_cc.so.2`;
  const { symbols: tf } = Deno.dlopen(file, SYMBOLS);
  const status = tf.TF_NewStatus();
  const check = () => {
    if (tf.TF_GetCode(status) === 0) return;
    throw new Error(new Deno.UnsafePointerView(tf.TF_Message(status)!).getCString());
  };
  const held = new Map<number, Deno.PointerValue>();
  const sessions = new Map<number, { session: Deno.PointerValue; graph: Deno.PointerValue }>();
  let last = 0;
  let metadata = new Uint8Array();
  const hold = (tensor: Deno.PointerValue) => {
    held.set(++last, tensor);
    return last;
  };
  const bytesAt = (pointer: Deno.PointerValue, length: number) =>
    pointer === null
      ? new Uint8Array()
      : new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));

  function createTensor(shape: readonly number[], dtype: number, values: TensorInput): number {
    const isText = Array.isArray(values);
    const length = isText ? STRING * values.length : (values as Uint8Array).byteLength;
    const sides = BigInt64Array.from(shape, BigInt);
    const tensor = tf.TF_AllocateTensor(dtype, sides, shape.length, BigInt(length));
    const data = tf.TF_TensorData(tensor);
    if (isText) {
      for (const [i, text] of (values as Uint8Array<ArrayBuffer>[]).entries()) {
        const place = Deno.UnsafePointer.offset(data!, STRING * i);
        tf.TF_StringInit(place);
        tf.TF_StringCopy(place, text, BigInt(text.length));
      }
    } else {
      const { buffer, byteOffset, byteLength } = values as Uint8Array;
      bytesAt(data, length).set(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return hold(tensor);
  }

  function loadSavedModel(folder: string, tags: string): number {
    const options = tf.TF_NewSessionOptions();
    const config = configOf(count);
    tf.TF_SetConfig(options, config, BigInt(config.length), status);
    check();
    const [graph, metagraph] = [tf.TF_NewGraph(), tf.TF_NewBuffer()];
    const tag = cString(tags);
    const list = pointers([Deno.UnsafePointer.of(tag)]);
    const session = tf.TF_LoadSessionFromSavedModel(
      ...[options, null, cString(folder), list, 1, graph, metagraph, status] as const,
    );
    check();
    sessions.set(++last, { session, graph });
    return last;
  }

  function runSavedModel(
    id: number,
    inputs: readonly number[],
    feeds: string,
    fetches: string,
  ): NativeTensor[] {
    const { session, graph } = sessions.get(id)!;
    const names = (list: string) => list.split(",").filter((name) => name !== "");
    const outputs = (list: string) => {
      const all = names(list).map((name) => {
        const [node = "", index = "0"] = name.split(":");
        const operation = tf.TF_GraphOperationByName(graph, cString(node));
        if (operation === null) throw new Error(`The graph has no node "${node}"`);
        return [BigInt(Deno.UnsafePointer.value(operation)), BigInt(index)];
      });
      return BigUint64Array.from(all.flat());
    };
    const fetched = new BigUint64Array(names(fetches).length);
    const options = tf.TF_NewBufferFromString(PARTITIONS, BigInt(PARTITIONS.length));
    const found = tf.TF_NewBuffer();
    tf.TF_SessionRun(
      ...[session, options, outputs(feeds), pointers(inputs.map((id) => held.get(id)!))] as const,
      ...[inputs.length, outputs(fetches), fetched, fetched.length] as const,
      ...[null, 0, found, status] as const,
    );
    check();
    const view = new Deno.UnsafePointerView(found!);
    metadata = bytesAt(view.getPointer(0), Number(view.getBigUint64(8))).slice();
    tf.TF_DeleteBuffer(found);
    tf.TF_DeleteBuffer(options);
    return [...fetched].map((address) => {
      const tensor = Deno.UnsafePointer.create(address);
      const rank = tf.TF_NumDims(tensor);
      const shape = Array.from({ length: rank }, (_, axis) => Number(tf.TF_Dim(tensor, axis)));
      return { id: hold(tensor), dtype: tf.TF_TensorType(tensor), shape };
    });
  }

  const binding: VirtualDevices = {
    createTensor,
    deleteTensor(id) {
      tf.TF_DeleteTensor(held.get(id)!);
      held.delete(id);
    },
    tensorDataSync(id) {
      const tensor = held.get(id)!;
      const size = Number(tf.TF_TensorByteSize(tensor));
      const { buffer } = bytesAt(tf.TF_TensorData(tensor), size).slice();
      return tf.TF_TensorType(tensor) === 1 ? new Float32Array(buffer) : new Int32Array(buffer);
    },
    loadSavedModel,
    deleteSavedModel(id) {
      const { session } = sessions.get(id)!;
      tf.TF_CloseSession(session, status);
      tf.TF_DeleteSession(session, status);
      sessions.delete(id);
    },
    runSavedModel,
    placed: () =>
      fieldsOf(metadata).filter(({ field }) => field === PARTITION).flatMap(({ bytes: graph }) =>
        fieldsOf(graph).filter(({ field }) => field === 1).map(({ bytes: node }) => {
          const text = (number: number) =>
            new TextDecoder().decode(fieldsOf(node).find(({ field }) => field === number)?.bytes);
          return { name: text(1), op: text(2), device: text(4) };
        })
      ),
  };
  return binding as Binding & VirtualDevices;
}

const cString = (text: string) => new TextEncoder().encode(`${text}\0`);

const pointers = (all: readonly Deno.PointerValue[]) =>
  BigUint64Array.from(all, (pointer) => BigInt(Deno.UnsafePointer.value(pointer)));

/** RunOptions with output_partition_graphs (tensorflow/core/protobuf/config.proto). */
const PARTITIONS = Uint8Array.of(5 << 3, 1);
/** RunMetadata.partition_graphs. */
const PARTITION = 3;

/** ConfigProto with device_count {CPU: count} and one thread inside an operation. */
function configOf(count: number): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode("CPU");
  const entry = [1 << 3 | 2, name.length, ...name, 2 << 3, count];
  return Uint8Array.from([1 << 3 | 2, entry.length, ...entry, 2 << 3, 1]);
}

/** Fields of a protobuf message; numbers have no bytes. */
function fieldsOf(message: Uint8Array): { field: number; bytes: Uint8Array }[] {
  const fields = [];
  let at = 0;
  const varint = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = message[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < message.length) {
    const key = varint();
    const kind = key & 7;
    const length = kind === 2 ? varint() : kind === 1 ? 8 : kind === 5 ? 4 : 0;
    if (kind === 0) varint();
    fields.push({ field: key >>> 3, bytes: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
