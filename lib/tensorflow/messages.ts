/** TensorFlow's protobuf messages that a SavedModel needs, with TensorFlow's own field numbers. */
import { messageTypes } from "../system/protobuf.ts";

const PROTO = `syntax = "proto3"; package tensorflow;
  message TensorShapeProto { message Dim { int64 size = 1; } repeated Dim dim = 2; }
  message TensorProto {
    int32 dtype = 1; TensorShapeProto tensor_shape = 2; bytes tensor_content = 4;
    repeated bytes string_val = 8;
  }
  message NameAttrList { string name = 1; }
  message AttrValue {
    message ListValue {
      repeated int64 i = 3 [packed = true]; repeated int32 type = 6 [packed = true];
      repeated TensorShapeProto shape = 7;
    }
    oneof value {
      ListValue list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6;
      TensorShapeProto shape = 7; TensorProto tensor = 8; NameAttrList func = 10;
    }
  }
  message NodeDef {
    string name = 1; string op = 2; repeated string input = 3; string device = 4;
    map<string, AttrValue> attr = 5;
  }
  message OpDef {
    message ArgDef {
      string name = 1; int32 type = 3; string type_attr = 4; string number_attr = 5;
      string type_list_attr = 6;
    }
    message AttrDef { string name = 1; string type = 2; AttrValue default_value = 3; }
    string name = 1; repeated ArgDef input_arg = 2; repeated ArgDef output_arg = 3;
    repeated AttrDef attr = 4; bool is_stateful = 17;
  }
  message OpList { repeated OpDef op = 1; }
  message KernelDef {
    message AttrConstraint { string name = 1; AttrValue allowed_values = 2; }
    string op = 1; string device_type = 2; repeated AttrConstraint constraint = 3;
    repeated string host_memory_arg = 4; string label = 5; int32 priority = 6;
  }
  message KernelList { repeated KernelDef kernel = 1; }
  message FunctionDef {
    OpDef signature = 1; repeated NodeDef node_def = 3; map<string, string> ret = 4;
  }
  message FunctionDefLibrary { repeated FunctionDef function = 1; }
  message VersionDef { int32 producer = 1; }
  message GraphDef {
    repeated NodeDef node = 1; FunctionDefLibrary library = 2; VersionDef versions = 4;
  }
  message TensorInfo { string name = 1; int32 dtype = 2; TensorShapeProto tensor_shape = 3; }
  message SignatureDef {
    map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; string method_name = 3;
  }
  message MetaGraphDef {
    message MetaInfoDef { repeated string tags = 4; }
    MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; map<string, SignatureDef> signature_def = 5;
  }
  message Switch { oneof set { bool on = 1; } }
  message DatasetOptions { Switch optimization = 3; Switch autotune = 7; }
  message SavedModel {
    int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2;
  }`;

const typeOf = messageTypes(PROTO);
const SavedModel = typeOf("tensorflow.SavedModel");
const DatasetOptions = typeOf("tensorflow.DatasetOptions");
const OpList = typeOf("tensorflow.OpList");
const KernelList = typeOf("tensorflow.KernelList");

/** Shape of a tensor; `null` is a side that is known only when the graph runs. */
export type Shape = readonly (number | null)[];

interface ShapeProto {
  readonly dim: readonly { readonly size: number }[];
}

interface TensorProto {
  readonly dtype: number;
  readonly tensor_shape: ShapeProto;
  readonly tensor_content?: Uint8Array;
  readonly string_val?: readonly Uint8Array[];
}

/** The value of a node's attribute: exactly one field. */
export type Attr =
  | { readonly type: number }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: Uint8Array }
  | { readonly shape: ShapeProto }
  | { readonly tensor: TensorProto }
  | { readonly func: { readonly name: string } }
  | {
    readonly list: {
      readonly i?: readonly number[];
      readonly type?: readonly number[];
      readonly shape?: readonly ShapeProto[];
    };
  };

/** A node of a graph or of a function's body. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly device?: string;
  readonly attr: Readonly<Record<string, Attr>>;
}

/** A function that tf.data calls for each element. */
export interface FunctionDef {
  readonly signature: {
    readonly name: string;
    readonly input_arg: readonly { readonly name: string; readonly type: number }[];
    readonly output_arg: readonly { readonly name: string; readonly type: number }[];
    readonly is_stateful: boolean;
  };
  readonly node_def: readonly NodeDef[];
  readonly ret: Readonly<Record<string, string>>;
}

/** A shape as a message; unknown sides are -1. */
export function shapeProto(shape: Shape): ShapeProto {
  return { dim: shape.map((size) => ({ size: size ?? -1 })) };
}

/** The version of the graph format that TensorFlow 2.21 writes (core/public/version.h). */
const PRODUCER = 2474;

/** A tensor of a signature. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: number;
  readonly tensor_shape: ShapeProto;
}

/** A SavedModel's inputs and outputs by name. */
export interface SignatureDef {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

/** The signature that TensorFlow's own programs use. */
const SERVING = { name: "serving_default", method_name: "tensorflow/serving/predict" };

/** A SavedModel of one graph, tagged `serve`, as the bytes of `saved_model.pb`. */
export function savedModel(
  nodes: readonly NodeDef[],
  functions: readonly FunctionDef[],
  signature?: SignatureDef,
): Uint8Array {
  const graph_def = {
    node: nodes,
    library: { function: functions },
    versions: { producer: PRODUCER },
  };
  return SavedModel.encode(SavedModel.fromObject({
    saved_model_schema_version: 1,
    meta_graphs: [{
      meta_info_def: { tags: ["serve"] },
      graph_def,
      ...signature &&
        { signature_def: { [SERVING.name]: { ...signature, method_name: SERVING.method_name } } },
    }],
  })).finish();
}

/**
 * tf.data's options for a data set that TensorFlow neither rewrites nor tunes
 * (core/framework/dataset_options.proto).
 */
export function untunedOptions(): Uint8Array {
  return DatasetOptions.encode({ optimization: { on: false }, autotune: { on: false } }).finish();
}

/** An argument of an operation: one tensor, or as many as an attribute says or lists. */
export interface ArgumentDef {
  readonly name: string;
  readonly number_attr?: string;
  readonly type_list_attr?: string;
}

/** An operation as TensorFlow's library describes it. */
export interface OpDef {
  readonly name: string;
  readonly input_arg?: readonly ArgumentDef[];
  readonly output_arg?: readonly ArgumentDef[];
  readonly attr?: readonly { readonly name: string; readonly default_value?: Attr }[];
}

/** A kernel that TensorFlow's library registers. */
export interface KernelDef {
  readonly op: string;
  readonly device_type: string;
  readonly constraint?: readonly {
    readonly name: string;
    readonly allowed_values: { readonly list: { readonly type?: readonly number[] } };
  }[];
  readonly host_memory_arg?: readonly string[];
  readonly label?: string;
  readonly priority?: number;
}

/** The operations in the bytes of an `OpList`. */
export function opsIn(bytes: Uint8Array): readonly OpDef[] {
  return OpList.toObject(OpList.decode(bytes), { longs: Number }).op ?? [];
}

/** The kernels in the bytes of a `KernelList`. */
export function kernelsIn(bytes: Uint8Array): readonly KernelDef[] {
  return KernelList.toObject(KernelList.decode(bytes), { longs: Number }).kernel ?? [];
}
