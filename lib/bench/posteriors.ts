/** Posteriors from a formula, as many as in the paper's ensemble. */
import { join } from "node:path";
import { normal, uniform } from "../statistics/random.ts";
import { writeSafetensors } from "../weights/safetensors.ts";

/** Number of different rows: a prime, so that evaluations with other first rows stay different. */
const ROWS = 1009;
/** Deviation of the scores: the highest of 1,000 posteriors is then some tenths. */
const DEVIATION = 2.5;

/** Paths for `count` evaluations in a folder. */
export function posteriorFiles(folder: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => join(folder, `${i}.safetensors`));
}

/** Writes one evaluation of the same images to each path, in the store's format. */
export function writePosteriors(
  files: readonly string[],
  { images, classes }: { readonly images: number; readonly classes: number },
) {
  const rows = someRows(classes);
  const labels = Int32Array.from({ length: images }, (_, image) => image % classes);
  const values = new Float32Array(images * classes);
  for (const [i, file] of files.entries()) {
    for (let image = 0; image < images; image++) {
      values.set(rows[(image + 101 * i) % ROWS]!, image * classes);
    }
    const tensors = new Map([
      ["posteriors", { shape: [images, classes], values }],
      ["labels", { shape: [images], values: labels }],
    ]);
    writeSafetensors(file, { tensors, metadata: {} });
  }
}

/** Soft-max of normally distributed scores. */
function someRows(classes: number): Float32Array[] {
  const draw = uniform(0);
  return Array.from({ length: ROWS }, () => {
    const odds = Float32Array.from({ length: classes }, () => Math.exp(DEVIATION * normal(draw)));
    const sum = odds.reduce((a, b) => a + b);
    return odds.map((value) => value / sum);
  });
}
