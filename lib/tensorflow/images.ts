/** Images in a graph: decoding, cropping, rescaling, flipping. */
import { attr, constant, type Tensor } from "./graph.ts";
import { cast, concat, reshape, scale } from "./operations.ts";

/** Adds decoding the bytes of a JPEG, PNG, GIF or BMP file to RGB, uint8 `[height, width, 3]`. */
export function decodeImage(contents: Tensor): Tensor {
  return contents.node.graph.op("DecodeImage", [contents], {
    image: { dtype: "uint8", shape: [null, null, 3] },
  }, {
    attrs: {
      channels: attr.int(3),
      dtype: attr.type("uint8"),
      expand_animations: attr.bool(false),
    },
  });
}

/**
 * Adds decoding a part of an image, `window` (int32: top, left, height, width): the bytes that
 * `decodeImage` gives there. Only that part of a JPEG is decoded. If the window is inside the image,
 * its first and last columns may lack the colours of their neighbours.
 */
export function decodeAndCrop(contents: Tensor, window: Tensor): Tensor {
  const graph = contents.node.graph;
  const given = { contents, window };
  const image = { dtype: "uint8", shape: [null, null, 3] } as const;
  const jpeg = graph.function("decode_jpeg_window", given, (body, contents, window) => [
    body.op("DecodeAndCropJpeg", [contents!, window!], { image }, {
      attrs: { channels: attr.int(3) },
    }),
  ]);
  const other = graph.function("decode_window", given, (body, contents, window) => {
    const part = (from: number) =>
      body.op("Slice", [window!, constant(body, [from]), constant(body, [2])], { output: PAIR }, {
        attrs: SLICE,
      });
    const begin = concat([part(0), constant(body, [0])]);
    const size = concat([part(2), constant(body, [3])]);
    return [
      body.op("Slice", [decodeImage(contents!), begin, size], { output: image }, {
        attrs: { T: attr.type("uint8"), Index: attr.type("int32") },
      }),
    ];
  });
  return graph.node("StatelessIf", [isJpeg(contents), contents, window], { output: [image] }, {
    attrs: {
      Tcond: attr.type("bool"),
      Tin: attr.types([contents, window]),
      Tout: attr.types([image]),
      output_shapes: attr.shapes([image]),
      then_branch: attr.function(jpeg.name),
      else_branch: attr.function(other.name),
    },
  }).outputs[0]!;
}

/** Whether an image file is a JPEG: no other format begins with 255. */
function isJpeg(contents: Tensor): Tensor {
  const graph = contents.node.graph;
  const first = graph.op("Substr", [contents, constant(graph, 0), constant(graph, 1)], {
    output: { dtype: "string", shape: [] },
  }, { attrs: { T: attr.type("int32"), unit: attr.text("BYTE") } });
  const byte = graph.op("DecodeRaw", [first], { output: { dtype: "uint8", shape: [1] } }, {
    attrs: { out_type: attr.type("uint8"), little_endian: attr.bool(true) },
  });
  return graph.op("Equal", [reshape(byte, []), constant(graph, 255, { dtype: "uint8" })], {
    z: { dtype: "bool", shape: [] },
  }, { attrs: { T: attr.type("uint8") } });
}

const PAIR = { dtype: "int32", shape: [2] } as const;
const SLICE = { T: attr.type("int32"), Index: attr.type("int32") };

/**
 * How pixels are weighted: by a cubic (Keys, a = -0.5, as in MATLAB's imresize and PIL), linearly, or
 * by Lanczos's kernel. With antialiasing the kernel is widened by the factor by which an image shrinks.
 */
export interface Filter {
  readonly kernel: "keyscubic" | "triangle" | "lanczos3";
  readonly antialias: boolean;
}

/**
 * Adds rescaling an image `[height, width, 3]` to `sides` (int32: height, width). The result is rounded
 * to uint8, as in an image file.
 */
export function resize(image: Tensor, sides: Tensor, filter: Filter): Tensor {
  const graph = image.node.graph;
  const own = concat(sidesOf(image));
  const factors = graph.op("RealDiv", [cast(sides, "float32"), cast(own, "float32")], {
    z: { dtype: "float32", shape: [2] },
  }, { attrs: { T: attr.type("float32") } });
  const moves = constant(graph, [0, 0], { dtype: "float32" });
  return resizeWindow(image, { size: sides, factors, moves, filter });
}

/** How a part of an image becomes a part of the rescaled image; vertical before horizontal. */
export interface Rescaling {
  /** Sides of the result, int32 `[2]`. */
  readonly size: Tensor;
  /** Scale factors, float32 `[2]`. */
  readonly factors: Tensor;
  /** Translations after the scaling, float32 `[2]`. */
  readonly moves: Tensor;
  readonly filter: Filter;
}

/**
 * Adds a part of what `resize` would give, computed from the part of an image that it depends on.
 * Coordinates are float32 and counted from another corner, so that 1 byte in 10,000 differs by one.
 */
export function resizeWindow(
  image: Tensor,
  { size, factors, moves, filter }: Rescaling,
): Tensor {
  // Columns are transposed to rows and back, because TensorFlow adds rows far faster.
  const pass = (image: Tensor, axis: number) =>
    rescaleRows(image, {
      size: at(size, axis),
      factors: at(factors, axis),
      moves: at(moves, axis),
      filter,
    });
  return toBytes(transpose(pass(transpose(pass(image, 0)), 1)));
}

/** Rescales the height only: all values of a row are one pixel of many channels. */
function rescaleRows(
  image: Tensor,
  { size, factors, moves, filter: { kernel, antialias } }: Rescaling,
): Tensor {
  const graph = image.node.graph;
  const float = (value: number) => constant(graph, [value], { dtype: "float32" });
  const one = constant(graph, [1]);
  const [height, width] = sidesOf(image);
  const column = toShape(image, [one, height, one, scale(width, 3)]);
  const resized = graph.op(
    "ScaleAndTranslate",
    [
      ...[column, concat([size, one]), concat([factors, float(1)]), concat([moves, float(0)])],
    ],
    { resized_images: { dtype: "float32", shape: [1, null, 1, null] } },
    {
      attrs: {
        T: attr.type(image.dtype),
        kernel_type: attr.text(kernel),
        antialias: attr.bool(antialias),
      },
    },
  );
  return toShape(resized, [size, width, constant(graph, [3])]);
}

/** Height and width of an image, each int32 `[1]`. */
function sidesOf(image: Tensor): [height: Tensor, width: Tensor] {
  const sides = image.node.graph.op("Shape", [image], { output: { dtype: "int32", shape: [3] } }, {
    attrs: { T: attr.type(image.dtype), out_type: attr.type("int32") },
  });
  return [at(sides, 0), at(sides, 1)];
}

/** A vector's value at an index, as a vector. */
function at(vector: Tensor, index: number): Tensor {
  const graph = vector.node.graph;
  return graph.op("Slice", [vector, constant(graph, [index]), constant(graph, [1])], {
    output: { dtype: vector.dtype, shape: [1] },
  }, { attrs: { T: attr.type(vector.dtype), Index: attr.type("int32") } });
}

/** The same values in a shape that is computed when the graph runs: each side int32 `[1]`. */
function toShape(x: Tensor, sides: readonly [Tensor, ...Tensor[]]): Tensor {
  const output = { dtype: x.dtype, shape: sides.map(() => null) };
  return x.node.graph.op("Reshape", [x, concat(sides)], { output }, {
    attrs: { T: attr.type(x.dtype), Tshape: attr.type("int32") },
  });
}

/** Swaps rows and columns. */
function transpose(image: Tensor): Tensor {
  const graph = image.node.graph;
  return graph.op("Transpose", [image, constant(graph, [1, 0, 2])], {
    y: { dtype: image.dtype, shape: [null, null, 3] },
  }, { attrs: { T: attr.type(image.dtype), Tperm: attr.type("int32") } });
}

/** Adds flipping an image `[height, width, 3]` left to right if `flip` (int32 scalar) is 1, not 0. */
export function flipWhere(image: Tensor, flip: Tensor): Tensor {
  const graph = image.node.graph;
  const axes = graph.op("Slice", [constant(graph, [1]), constant(graph, [0]), reshape(flip, [1])], {
    output: { dtype: "int32", shape: [null] },
  }, { attrs: SLICE });
  return graph.op("ReverseV2", [image, axes], {
    output: { dtype: image.dtype, shape: image.shape },
  }, { attrs: { T: attr.type(image.dtype), Tidx: attr.type("int32") } });
}

/** Rounds to the nearest of 0 ... 255. */
function toBytes(x: Tensor): Tensor {
  const graph = x.node.graph;
  const attrs = { T: attr.type("float32") };
  const spec = { dtype: "float32", shape: x.shape } as const;
  const limit = (value: number) => constant(graph, value, { dtype: "float32" });
  const rounded = graph.op("Round", [x], { y: spec }, { attrs });
  const limited = graph.op("ClipByValue", [rounded, limit(0), limit(255)], { output: spec }, {
    attrs,
  });
  return cast(limited, "uint8");
}
