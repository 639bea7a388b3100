/**
 * ONNX models: the messages that a net needs, with the field numbers of onnx.proto.
 *
 * @module
 */
import project from "../../deno.json" with { type: "json" };
import { messageTypes } from "../system/protobuf.ts";

const PROTO = `syntax = "proto2"; package onnx;
  message AttributeProto {
    optional string name = 1; optional float f = 2; optional int64 i = 3; repeated int64 ints = 8;
    optional int32 type = 20;
  }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; optional string doc_string = 3; }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; optional string name = 3;
    optional string op_type = 4; repeated AttributeProto attribute = 5;
  }
  message StringStringEntryProto { optional string key = 1; optional string value = 2; }
  message TensorProto {
    repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8;
    optional bytes raw_data = 9;
  }
  message TensorShapeProto {
    message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
    repeated Dimension dim = 1;
  }
  message TypeProto {
    message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
    optional Tensor tensor_type = 1;
  }
  message GraphProto {
    repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message ModelProto {
    optional int64 ir_version = 1; optional string producer_name = 2;
    optional string producer_version = 3; optional string doc_string = 6;
    optional GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
    repeated StringStringEntryProto metadata_props = 14;
  }`;

const ModelProto = messageTypes(PROTO)("onnx.ModelProto");

/** Version of the operators, and the first version of the format that has them (ONNX 1.12). */
const VERSIONS = { opset: 17, format: 8 } as const;

/** What wrote the file. */
const PRODUCER = "verydeep";

/** Numbers of types in TensorProto.DataType. */
const TYPES = { float32: 1, int64: 7 } as const;

/** Numbers of types in AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;

/** A node's attribute: a whole number, several, or a fraction, which has a type of its own. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number };

/** An operator in a graph; inputs and outputs are names of values. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A float32 value that a graph takes or gives. */
export interface OnnxValue {
  readonly name: string;
  /** Its sides; a name stands for one that is known only when the graph runs. */
  readonly shape: readonly (number | string)[];
  readonly description: string;
}

/** A constant of a graph. */
export interface OnnxConstant {
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** A graph, its nodes in the order of their computation. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  /** By name. */
  readonly constants: ReadonlyMap<string, OnnxConstant>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/**
 * A graph as the bytes of a file.
 *
 * @param metadata texts by name
 */
export function onnxModel(
  graph: OnnxGraph,
  { description, metadata }: {
    readonly description: string;
    readonly metadata: Readonly<Record<string, string>>;
  },
): Uint8Array {
  return ModelProto.encode(ModelProto.fromObject({
    ir_version: VERSIONS.format,
    producer_name: PRODUCER,
    producer_version: project.version,
    doc_string: description,
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ op, inputs, output, attributes = {} }) => ({
        ...{ op_type: op, name: output, input: inputs, output: [output] },
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      })),
      initializer: [...graph.constants].map(([name, { shape, values }]) => ({
        ...{ name, dims: shape },
        data_type: values instanceof Float32Array ? TYPES.float32 : TYPES.int64,
        raw_data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      })),
      input: graph.inputs.map(valueProto),
      output: graph.outputs.map(valueProto),
    },
    opset_import: [{ domain: "", version: VERSIONS.opset }],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  })).finish();
}

function attributeProto(name: string, value: OnnxAttribute) {
  if (typeof value === "number") return { name, i: value, type: ATTRIBUTE_TYPES.int };
  if ("float" in value) return { name, f: value.float, type: ATTRIBUTE_TYPES.float };
  return { name, ints: value, type: ATTRIBUTE_TYPES.ints };
}

function valueProto({ name, shape, description }: OnnxValue) {
  const dim = shape.map((side) =>
    typeof side === "number" ? { dim_value: side } : { dim_param: side }
  );
  return {
    ...{ name, doc_string: description },
    type: { tensor_type: { elem_type: TYPES.float32, shape: { dim } } },
  };
}

/** How every file of this project begins: the version of the format and the producer. */
export const OUR_ONNX_START: Uint8Array = ModelProto.encode({
  ir_version: VERSIONS.format,
  producer_name: PRODUCER,
}).finish();
