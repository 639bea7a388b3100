/**
 * An image cache contains every training image at every scale that a training draws from, decoded, in
 * memory: small data sets are read once, and a step's crops are gathered from bytes (`pipeline.ts`).
 */
import type { ResizeFilter } from "../setup.ts";
import type { Binding } from "../tensorflow/addon.ts";
import { Graph } from "../tensorflow/graph.ts";
import { int32, Session } from "../tensorflow/session.ts";
import { rescale, type Sides } from "./images.ts";
import { imagesForCache } from "./pipeline.ts";
import { archiveOf, feedOf, type ImageFile } from "./sources.ts";

/** Pixels of all images at some scales, RGB after RGB, shared between threads. */
export interface ImageCache {
  readonly scales: readonly number[];
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** What an image cache contains. */
export interface ImageCacheContents {
  readonly scales: readonly number[];
  /** How images are rescaled; as usual if absent. */
  readonly resize?: ResizeFilter | undefined;
  /** How many, from the first; all if absent. */
  readonly count?: number | undefined;
}

/** Largest size of an image cache, bytes: indices of its pixels have 32 bits. */
export const LARGEST_IMAGE_CACHE = 3 * (2 ** 31 - 1);

/**
 * Bytes of a data set in memory at these scales (pixels of the smallest side). Summation ends beyond
 * `limit`: ImageNet at every scale from 256 to 512 has 329 million pictures.
 */
export function imageCacheBytes(
  images: readonly Sides[],
  scales: readonly number[],
  limit = Infinity,
): number {
  let size = 0;
  for (const image of images) {
    size += paddedBytes(image, scales);
    if (size > limit) break;
  }
  return size;
}

/**
 * Where each image's pixels begin in an image cache, counted in pixels: image i at scale s is at
 * `i * scales.length + s`.
 */
export function imageCacheOffsets(
  images: readonly Sides[],
  scales: readonly number[],
): Float64Array {
  const offsets = new Float64Array(images.length * scales.length);
  let [next, byte] = [0, 0];
  for (const image of images) {
    let pixel = byte / 3;
    for (const side of scales) {
      offsets[next++] = pixel;
      pixel += pixelsOf(image, side);
    }
    byte += paddedBytes(image, scales);
  }
  return offsets;
}

function pixelsOf(image: Sides, side: number): number {
  const { height, width } = rescale(image, side);
  return height * width;
}

/** Bytes of an image at all scales, padded to whole int32s and whole pixels. */
function paddedBytes(image: Sides, scales: readonly number[]): number {
  const pixels = scales.reduce((sum, side) => sum + pixelsOf(image, side), 0);
  return Math.ceil(3 * pixels / 12) * 12;
}

/** Reads, decodes and rescales all images. `onProgress` receives the number of completed images. */
export function fillImageCache(
  binding: Binding,
  all: readonly ImageFile[],
  { scales, resize, count, onProgress }: ImageCacheContents & {
    onProgress?: (done: number, total: number) => void;
  },
): ImageCache {
  const images = all.slice(0, count);
  const graph = new Graph();
  const next = imagesForCache(graph, scales.length, { resize, archive: archiveOf(images) });
  const session = new Session(binding, graph);
  try {
    const sides = images.flatMap((image) =>
      scales.flatMap((side) => {
        const { height, width } = rescale(image, side);
        return [height, width];
      })
    );
    session.run({
      ...feedOf(images, "cache"),
      "cache/sides": int32(sides, [images.length, scales.length, 2]),
    }, ["cache/start"]);
    const bytes = alignedBytes(imageCacheBytes(images, scales));
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    let at = 0;
    for (const [i, image] of images.entries()) {
      words.set(session.run({}, [next])[0]!.values, at);
      at += paddedBytes(image, scales) / 4;
      onProgress?.(i + 1, images.length);
    }
    return { scales, bytes };
  } finally {
    session.close();
  }
}

/** TensorFlow copies memory unless its address is a multiple of this number of bytes. */
const ALIGNMENT = 64;

/** Shared memory of `size` bytes that TensorFlow does not copy. */
export function alignedBytes(size: number): Uint8Array<SharedArrayBuffer> {
  const bytes = new Uint8Array(new SharedArrayBuffer(size + ALIGNMENT));
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  const over = Number(BigInt(address) % BigInt(ALIGNMENT));
  return bytes.subarray((ALIGNMENT - over) % ALIGNMENT).subarray(0, size);
}
