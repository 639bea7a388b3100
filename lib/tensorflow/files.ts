/** Bytes of files in a graph: a whole file, or a part of one that is mapped into memory. */
import { attr, constant, type Graph, type Tensor } from "./graph.ts";
import { cast, gather, multiply, reshape, scale } from "./operations.ts";

/** A large file that contains many small ones, such as a tar. */
export interface MappedFile {
  readonly file: string;
  /** Number of bytes that are used, from its beginning. */
  readonly bytes: number;
}

/** Parts begin at multiples of this number of bytes, as the files in a tar do. */
export const BLOCK = 512;

/** Adds reading a whole file, given by its path: a string. */
export function readFile(path: Tensor): Tensor {
  return path.node.graph.op("ReadFile", [path], { contents: { dtype: "string", shape: [] } });
}

/**
 * Adds a file's bytes, uint8 `[bytes]`. They are mapped into memory: a byte is read from the disk when
 * it is first used, so that a file of any size is available at once.
 */
export function mapFile(graph: Graph, { file, bytes }: MappedFile): Tensor {
  return graph.op("ImmutableConst", [], { tensor: { dtype: "uint8", shape: [bytes] } }, {
    attrs: {
      dtype: attr.type("uint8"),
      shape: attr.shape([bytes]),
      memory_region_name: attr.text(file),
      // An empty list keeps TensorFlow from copying the file into the graph as a constant
      // (IsConstantFoldable in core/common_runtime/constant_folding.cc).
      _scoped_allocator: attr.ints([]),
    },
  });
}

/** Adds a part of a mapped file as a string; `part` is int32 `[2]`: its first block, and its bytes. */
export function readPart(archive: Tensor, part: Tensor): Tensor {
  const graph = part.node.graph;
  const [block, bytes] = [0, 1].map((i) => gather(part, constant(graph, [i])));
  const at = multiply(cast(block!, "int64"), constant(graph, [BLOCK], { dtype: "int64" }));
  const cut = graph.op("Slice", [archive, at, cast(bytes!, "int64")], {
    output: { dtype: "uint8", shape: [null] },
  }, { attrs: { T: attr.type("uint8"), Index: attr.type("int64") } });
  // The only way from numbers to a string: the end of a message that describes them.
  const message = graph.op(
    "SerializeTensor",
    [cut],
    { serialized: { dtype: "string", shape: [] } },
    {
      attrs: { T: attr.type("uint8") },
    },
  );
  const size = reshape(bytes!, []);
  return graph.op("Substr", [message, scale(size, -1), size], {
    output: { dtype: "string", shape: [] },
  }, { attrs: { T: attr.type("int32"), unit: attr.text("BYTE") } });
}
