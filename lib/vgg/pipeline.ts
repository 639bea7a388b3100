/**
 * The input pipeline as a part of a graph: TensorFlow's threads read, decode, rescale and crop
 * while a step runs. JavaScript only says which crop of which image (`images.ts`).
 *
 * Training crops come from the image files or, if a data set fits in memory, from an image cache that
 * contains every image at every scale (`image_cache.ts`). Both give the same crops except for 1 byte in
 * 10,000, which differs by one because only the crop of a file is rescaled.
 *
 * @module
 */
import type { MappedFile } from "../tensorflow/files.ts";
import { batch, type DataNode, iterator, map, prefetch, tensorSlices } from "../tensorflow/data.ts";
import { attr, constant, type Graph, HOST, placeholder, type Tensor } from "../tensorflow/graph.ts";
import {
  decodeAndCrop,
  decodeImage,
  type Filter,
  flipWhere,
  resize,
  resizeWindow,
} from "../tensorflow/images.ts";
import {
  add,
  cast,
  concat,
  gather,
  matMul,
  multiply,
  reshape,
  scale,
  split,
  splitEvenly,
  tile,
} from "../tensorflow/operations.ts";
import { identityAfter } from "../tensorflow/variables.ts";
import { INTERPRETATIONS, type ResizeFilter } from "../setup.ts";
import { FILTERS, type Sample, type Sides } from "./images.ts";
import { addImageColumn, type ImageColumn } from "./sources.ts";

/** Input of a step. */
export interface Batch {
  /** Pixels minus the mean, scaled: `[batch, height, width, 3]`, float32. */
  readonly images: Tensor;
  /** The same in equal parts, each on a device of its own, if there are several; else empty. */
  readonly parts: readonly Tensor[];
  /** `[batch]`, int32. */
  readonly labels: Tensor;
}

/** Batches of training crops. */
export interface CropOptions {
  readonly batch: number;
  /** Side of a crop, pixels. */
  readonly crop: number;
  readonly inputScale: number;
  /** How images are rescaled; as usual if absent. Those of an image cache are rescaled already. */
  readonly resize?: ResizeFilter | undefined;
  /** The archive that contains the images, if they are not separate files. */
  readonly archive?: MappedFile | undefined;
  /** Devices that share a batch, which is a multiple of their number. */
  readonly devices?: readonly string[] | undefined;
}

/** Test images, or crops from them. */
export interface TestViews {
  /** Pixels minus the mean, scaled: `[views, height, width, 3]`, float32. */
  readonly whole: Tensor;
  /** The same in equal parts, each on a device of its own, if there are several; else empty. */
  readonly parts: readonly Tensor[];
}

/** Batches that are prepared ahead of the step that needs them. */
const AHEAD = 4;

/**
 * Where a crop's pixels are among the pixels of an image (or an image cache), row after row: pixel (y, x)
 * of the crop is number `start + y * stride + x * step`. A step of -1 flips the crop.
 *
 * @returns start, stride and step.
 */
export function pixelStrides(
  { top, left, flip }: Pick<Sample, "top" | "left" | "flip">,
  sides: Sides,
  crop: number,
  offset = 0,
) {
  const start = offset + top * sides.width + left;
  return flip ? [start + crop - 1, sides.width, -1] : [start, sides.width, 1];
}

/**
 * Adds batches of crops out of an image cache. To start: feed `crops/cache` (uint8 `[pixels, 3]`) and, for
 * each step, `crops/strides` (int32 `[steps, batch, 3]`), `crops/offsets` (float32, alike: what is
 * added to R, G, B) and `crops/labels` (int32 `[steps, batch]`), and fetch `crops/start`.
 */
export function cropsFromCache(graph: Graph, options: CropOptions): Batch {
  const { batch, crop } = options;
  const imageCache = placeholder(graph, "crops/cache", { dtype: "uint8", shape: [null, 3] });
  const table = tensorSlices(graph, [
    placeholder(graph, "crops/strides", { dtype: "int32", shape: [null, batch, 3] }),
    placeholder(graph, "crops/offsets", { dtype: "float32", shape: [null, batch, 3] }),
    placeholder(graph, "crops/labels", { dtype: "int32", shape: [null, batch] }),
  ]);
  // Each element has the whole image cache, which copies nothing, and the step cuts its crops: threads
  // that cut ahead would slow trainings on all cores down by more than the cutting takes.
  const planned = map(table, (_, ...parts) => parts, {
    name: "plan_with_cache",
    captured: [imageCache],
  });
  const [places, offsets, labels, pixels] = iterator(planned, "crops");
  // on the processor: the whole image cache would be sent to a GPU for each batch
  const cropped = graph.on(HOST, () => gatherCrops(pixels!, places!, crop));
  return normalised(cropped, { offsets: offsets!, labels: labels! }, options);
}

/**
 * Adds batches of crops out of image files; only the crops are decoded and rescaled. To start:
 * feed, for each image in order, `crops/files` (string `[images]`; or `crops/parts`, see
 * `addImageColumn`), `crops/windows` (int32 `[images, 4]`), `crops/factors` and `crops/moves` (float32
 * `[images, 2]`; see `CropWindow`), `crops/flips` (int32 `[images]`: 1 to flip), `crops/offsets`
 * (float32 `[images, 3]`) and `crops/labels`, and fetch `crops/start`.
 */
export function cropsFromFiles(graph: Graph, options: CropOptions): Batch {
  const { batch: size, crop, resize, archive } = options;
  const filter = filterOf(resize);
  const source = addImageColumn(graph, "crops", archive);
  const table = tensorSlices(graph, [
    source.column,
    placeholder(graph, "crops/windows", { dtype: "int32", shape: [null, 4] }),
    placeholder(graph, "crops/factors", { dtype: "float32", shape: [null, 2] }),
    placeholder(graph, "crops/moves", { dtype: "float32", shape: [null, 2] }),
    placeholder(graph, "crops/flips", { dtype: "int32", shape: [null] }),
    placeholder(graph, "crops/offsets", { dtype: "float32", shape: [null, 3] }),
    placeholder(graph, "crops/labels", { dtype: "int32", shape: [null] }),
  ]);
  const crops = map(table, (body, ...parts) => {
    const [file, window, factors, moves, flip, offset, label, ...captured] = parts;
    const part = decodeAndCrop(source.read(file!, captured), window!);
    const size = constant(body, [crop, crop]);
    const pixels = resizeWindow(part, { size, factors: factors!, moves: moves!, filter });
    return [flipWhere(reshape(pixels, [crop, crop, 3]), flip!), offset!, label!];
  }, { name: "crop_from_file", captured: source.captured });
  const [pixels, offsets, labels] = iterator(prefetch(batch(crops, size), AHEAD), "crops");
  return normalised(pixels!, { offsets: offsets!, labels: labels! }, options);
}

/** Crops `[n, crop, crop, 3]` out of pixels `[count, 3]` by places `[n, 3]`. */
function gatherCrops(pixels: Tensor, places: Tensor, crop: number): Tensor {
  const graph = pixels.node.graph;
  const range = Array.from({ length: crop }, (_, i) => i);
  // the product of start, stride and step with these is the index of each pixel of a crop
  const factors = [
    ...range.flatMap(() => range.map(() => 1)),
    ...range.flatMap((y) => range.map(() => y)),
    ...range.flatMap(() => range),
  ];
  const numbers = matMul(places, constant(graph, factors, { shape: [3, crop * crop] }));
  return gather(pixels, reshape(numbers, [places.shape[0] ?? null, crop, crop]));
}

/** A batch of crops, called `crops/pixels`, as a net takes it. */
function normalised(
  pixels: Tensor,
  { offsets, labels }: { readonly offsets: Tensor; readonly labels: Tensor },
  { batch, crop, inputScale, devices = [] }: CropOptions,
): Batch {
  const imagesFrom = (pixels: Tensor, offsets: Tensor, size: number) => {
    // by rows of a crop: TensorFlow is slow at adding vectors of three numbers
    const rows = reshape(cast(pixels, "float32"), [size, crop, 3 * crop]);
    const shifts = reshape(tile(offsets, crop), [size, 1, 3 * crop]);
    return reshape(scale(add(rows, shifts), inputScale), [size, crop, crop, 3]);
  };
  const { graph } = pixels.node;
  const several = devices.length > 1;
  const named = graph.on(several ? HOST : undefined, () => identityAfter("crops/pixels", pixels));
  if (!several) return { images: imagesFrom(named, offsets, batch), parts: [], labels };
  // cut on the processor, so that each device gets its own bytes and no others
  const size = batch / devices.length;
  const sizes = Array<number>(devices.length).fill(size);
  const [bytes, colours] = graph.on(HOST, () => [split(named, sizes), split(offsets, sizes)]);
  const parts = devices.map((device, i) =>
    graph.on(device, () => imagesFrom(bytes![i]!, colours![i]!, size))
  );
  return { images: imagesFrom(named, offsets, batch), parts, labels };
}

/**
 * Adds batches of whole test images. To start: feed `images/files` (string `[images]`; or
 * `images/parts`, see `addImageColumn`), `images/sides` (int32 `[images, 2]`: height and width after
 * rescaling; alike within a batch) and `images/batch` (int32 scalar), and fetch `images/start`; feed
 * `images/mean` (float32 `[3]`) to each run.
 */
export function wholeImages(
  graph: Graph,
  { inputScale, resize: by, archive, devices }: Pick<
    CropOptions,
    "inputScale" | "resize" | "archive" | "devices"
  >,
): TestViews {
  const source = addImageColumn(graph, "images", archive);
  const images = map(
    tensorSlices(graph, testImages(graph, source)),
    (_, file, sides, ...captured) => {
      return [resize(decodeImage(source.read(file!, captured)), sides!, filterOf(by))];
    },
    { name: "rescale_file", captured: source.captured },
  );
  return testBatch(images, { inputScale, devices });
}

/**
 * Adds batches of crops from test images. It is started as `wholeImages`
 * is, with `images/strides` (int32 `[images, crops, 3]`; see `pixelStrides`) besides; images of a batch
 * may differ in shape. The crops are those of the first image, of the second, ...
 */
export function cropsOfImages(
  graph: Graph,
  { crop, crops, resize: by, archive, ...options }: Omit<CropOptions, "batch"> & {
    readonly crops: number;
  },
): TestViews {
  const source = addImageColumn(graph, "images", archive);
  const places = placeholder(graph, "images/strides", { dtype: "int32", shape: [null, crops, 3] });
  const table = tensorSlices(graph, [...testImages(graph, source), places]);
  const images = map(table, (_, file, sides, places, ...captured) => {
    const image = decodeImage(source.read(file!, captured));
    return [gatherCrops(reshape(resize(image, sides!, filterOf(by)), [null, 3]), places!, crop)];
  }, { name: "cut_grid", captured: source.captured });
  return testBatch(images, { ...options, crop });
}

/** A setup's filter, or the usual one. */
function filterOf(resize: ResizeFilter = INTERPRETATIONS.train.resize): Filter {
  return FILTERS[resize];
}

/** Test images: their files, and their sides after rescaling. */
function testImages(graph: Graph, { column }: ImageColumn): Tensor[] {
  return [
    column,
    placeholder(graph, "images/sides", { dtype: "int32", shape: [null, 2] }),
  ];
}

/** The next batch of test images, or of their crops of side `crop`, as a net takes it. */
function testBatch(
  images: DataNode,
  { inputScale, crop, devices = [] }: Pick<CropOptions, "inputScale" | "devices"> & {
    readonly crop?: number;
  },
): TestViews {
  const graph = images.handle.node.graph;
  const size = cast(placeholder(graph, "images/batch", { dtype: "int32", shape: [] }), "int64");
  const [pixels] = iterator(prefetch(batch(images, size), AHEAD), "images");
  const mean = placeholder(graph, "images/mean", { dtype: "float32", shape: [3] });
  const viewsFrom = (pixels: Tensor) => {
    const views = scale(add(cast(pixels, "float32"), scale(mean, -1)), inputScale);
    return crop === undefined ? views : reshape(views, [null, crop, crop, 3]);
  };
  const whole = viewsFrom(pixels!);
  if (devices.length < 2) return { whole, parts: [] };
  const parts = graph.on(HOST, () => splitEvenly(pixels!, devices.length));
  return {
    whole,
    parts: parts.map((part, i) => graph.on(devices[i], () => viewsFrom(part))),
  };
}

/**
 * Adds reading images at several scales, for an image cache. To start: feed `cache/files` (string
 * `[images]`; or `cache/parts`, see `addImageColumn`) and `cache/sides` (int32 `[images, scales, 2]`), and
 * fetch `cache/start`.
 *
 * @returns The next image's bytes, scale after scale, padded to whole int32s: int32 `[words]`.
 */
export function imagesForCache(
  graph: Graph,
  scales: number,
  { resize: by, archive }: Pick<CropOptions, "resize" | "archive">,
): Tensor {
  const source = addImageColumn(graph, "cache", archive);
  const table = tensorSlices(graph, [
    source.column,
    placeholder(graph, "cache/sides", { dtype: "int32", shape: [null, scales, 2] }),
  ]);
  const images = map(table, (body, file, sides, ...captured) => {
    const image = decodeImage(source.read(file!, captured));
    const bytesAt = (i: number) =>
      reshape(resize(image, gather(sides!, constant(body, i)), filterOf(by)), [null]);
    const others = Array.from({ length: scales - 1 }, (_, i) => bytesAt(i + 1));
    return [words(body, [bytesAt(0), ...others])];
  }, { name: "rescale_for_cache", captured: source.captured });
  return iterator(prefetch(images, AHEAD * 8), "cache")[0]!;
}

/** Concatenates bytes, pads them with zeros and reads them as int32, which JavaScript can fetch. */
function words(graph: Graph, bytes: readonly [Tensor, ...Tensor[]]): Tensor {
  const joined = concat(bytes);
  const size = graph.op("Size", [joined], { output: { dtype: "int32", shape: [] } }, {
    attrs: { T: attr.type("uint8"), out_type: attr.type("int32") },
  });
  const missing = graph.op("FloorMod", [scale(size, -1), constant(graph, 4)], {
    z: { dtype: "int32", shape: [] },
  }, { attrs: { T: attr.type("int32") } });
  const paddings = reshape(multiply(missing, constant(graph, [0, 1])), [1, 2]);
  const padded = graph.op("Pad", [joined, paddings], {
    output: { dtype: "uint8", shape: [null] },
  }, { attrs: { T: attr.type("uint8"), Tpaddings: attr.type("int32") } });
  return graph.op("Bitcast", [reshape(padded, [null, 4])], {
    output: { dtype: "int32", shape: [null] },
  }, { attrs: { T: attr.type("uint8"), type: attr.type("int32") } });
}
