/** Images in a graph: decoded, rescaled. */
import { attr, constant, type Tensor } from "./graph.ts";
import { cast, reshape, scale } from "./operations.ts";

/** Adds decoding the bytes of a JPEG, PNG, GIF or BMP file to RGB, uint8 `[height, width, 3]`. */
export function decode(contents: Tensor): Tensor {
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
 * Adds rescaling an image `[height, width, 3]` to `sides` (int32: height, width): bicubic (Keys,
 * a = -0.5), antialiased where it shrinks, as MATLAB's imresize and PIL do. The result is rounded
 * to uint8, as an image file would hold it.
 */
export function resize(image: Tensor, sides: Tensor): Tensor {
  return rescaled(image, { sides, corner: constant(image.node.graph, [0, 0]), size: sides });
}

/**
 * Adds a window of `size` (height, width) out of what `resize` would give, from `corner` (int32:
 * top, left) on; nothing else of it is computed, which takes less than half as long. Places are
 * reckoned in float32, from the window's corner on: 1 byte in 10,000 may round to its neighbour.
 */
export function resizeWindow(
  image: Tensor,
  { sides, corner, size }: {
    readonly sides: Tensor;
    readonly corner: Tensor;
    readonly size: readonly [height: number, width: number];
  },
): Tensor {
  const graph = image.node.graph;
  return reshape(rescaled(image, { sides, corner, size: constant(graph, [...size]) }), [
    ...size,
    3,
  ]);
}

function rescaled(
  image: Tensor,
  { sides, corner, size }: {
    readonly sides: Tensor;
    readonly corner: Tensor;
    readonly size: Tensor;
  },
): Tensor {
  const graph = image.node.graph;
  const pair = { dtype: "int32", shape: [2] } as const;
  const shape = graph.op("Shape", [image], { output: { dtype: "int32", shape: [3] } }, {
    attrs: { T: attr.type("uint8"), out_type: attr.type("int32") },
  });
  const own = graph.op("Slice", [shape, constant(graph, [0]), constant(graph, [2])], {
    output: pair,
  }, { attrs: { T: attr.type("int32"), Index: attr.type("int32") } });
  const factors = graph.op("RealDiv", [cast(sides, "float32"), cast(own, "float32")], {
    z: { dtype: "float32", shape: [2] },
  }, { attrs: { T: attr.type("float32") } });
  const batch = graph.op("ExpandDims", [image, constant(graph, 0)], {
    output: { dtype: "uint8", shape: [1, null, null, 3] },
  }, { attrs: { T: attr.type("uint8"), Tdim: attr.type("int32") } });
  const move = cast(scale(corner, -1), "float32");
  const resized = graph.op("ScaleAndTranslate", [batch, size, factors, move], {
    resized_images: { dtype: "float32", shape: [1, null, null, 3] },
  }, {
    attrs: {
      T: attr.type("uint8"),
      kernel_type: attr.text("keyscubic"),
      antialias: attr.bool(true),
    },
  });
  return graph.op("Squeeze", [toBytes(resized)], {
    output: { dtype: "uint8", shape: [null, null, 3] },
  }, { attrs: { T: attr.type("uint8"), squeeze_dims: attr.ints([0]) } });
}

/** Adds mirroring an image `[height, width, 3]` where `flip` (int32 `[1]`) is 1, and not where it is 0. */
export function mirrored(image: Tensor, flip: Tensor): Tensor {
  const graph = image.node.graph;
  const across = graph.op("Slice", [constant(graph, [1]), constant(graph, [0]), flip], {
    output: { dtype: "int32", shape: [null] },
  }, { attrs: { T: attr.type("int32"), Index: attr.type("int32") } });
  return graph.op(
    "ReverseV2",
    [image, across],
    { output: { dtype: "uint8", shape: image.shape } },
    {
      attrs: { T: attr.type("uint8"), Tidx: attr.type("int32") },
    },
  );
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
