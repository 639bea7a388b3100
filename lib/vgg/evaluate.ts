/** Dense evaluation: class posteriors of whole, uncropped images (Section 3.2). */
import { float32, int32, type Session } from "../tensorflow/session.ts";
import type { ImageFile } from "./bank.ts";
import { rescale } from "./images.ts";

/** Images that are evaluated together: all are alike in shape after rescaling. */
export interface Group {
  /** Images in a batch. */
  readonly batch: number;
  /** Indices of the images, a multiple of `batch`. */
  readonly images: readonly number[];
}

/**
 * Sorts images into batches of one shape each. What is left of a shape fills a last batch up with
 * repeats where it is a quarter of one at least; else its images go one by one: each new shape
 * of a batch costs TensorFlow's kernels some time.
 */
export function groupByShape(
  images: readonly ImageFile[],
  { side, largest }: { side: number; largest: number },
): Group[] {
  const shapes = Map.groupBy(images.keys(), (i) => {
    const { height, width } = rescale(images[i]!, side);
    return `${height}x${width}`;
  });
  const [batches, singles]: [number[], number[]] = [[], []];
  for (const indices of shapes.values()) {
    const left = indices.length % largest;
    const fill = left >= largest / 4 ? largest - left : 0;
    const whole = fill > 0 ? indices.length : indices.length - left;
    batches.push(...indices.slice(0, whole), ...Array<number>(fill).fill(indices.at(-1)!));
    singles.push(...indices.slice(whole));
  }
  return [{ batch: largest, images: batches }, { batch: 1, images: singles }]
    .filter(({ images }) => images.length > 0);
}

/** How posteriors are asked for. */
export interface EvaluateOptions {
  /** Test scale: smallest side of the rescaled image, pixels. */
  readonly side: number;
  readonly classes: number;
  /** Mean colour that is subtracted, 0-255. */
  readonly mean: readonly number[];
  /** Whether the mirror image's posteriors are averaged in; the paper's way. */
  readonly flips: boolean;
  /** Images at once at most. */
  readonly largest?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Posteriors of images under the weights that a session holds.
 *
 * @returns `[images, classes]`, row after row.
 */
export function posteriorsOf(
  session: Session,
  images: readonly ImageFile[],
  options: EvaluateOptions,
): Float32Array {
  const { side, classes, mean, flips, largest = 16, onProgress } = options;
  const result = new Float32Array(images.length * classes);
  const fetch = flips ? "posteriors:0" : "posteriors/upright:0";
  const means = { "images/mean": float32(mean) };
  let done = 0;
  for (const group of groupByShape(images, { side, largest })) {
    const chosen = group.images.map((i) => images[i]!);
    const sides = chosen.flatMap((image) => {
      const { height, width } = rescale(image, side);
      return [height, width];
    });
    session.run({
      "images/files": {
        dtype: "string",
        shape: [chosen.length],
        values: chosen.map(({ file }) => file),
      },
      "images/sides": int32(sides, [chosen.length, 2]),
      "images/batch": int32([group.batch], []),
    }, ["images/start:0"]);
    for (let at = 0; at < chosen.length; at += group.batch) {
      const [posteriors] = session.run(means, [fetch]);
      for (let row = 0; row < group.batch; row++) {
        const values = posteriors!.values.subarray(row * classes, (row + 1) * classes);
        result.set(values, group.images[at + row]! * classes);
      }
      done += group.batch;
      onProgress?.(Math.min(done, images.length), images.length);
    }
  }
  return result;
}
