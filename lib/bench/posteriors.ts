/** A bank of posteriors made from a formula, as large as that of the paper's own fusion. */
import { join } from "node:path";
import { normal, uniform } from "../random.ts";
import { writeSafetensors } from "../weights/safetensors.ts";

/** Rows that differ; a prime, so that evaluations which begin at other ones never fall in step. */
const ROWS = 1009;
/** Deviation of the scores: the highest of 1,000 posteriors is some tenths then. */
const DEVIATION = 2.5;

/** Paths in a folder for so many evaluations. */
export function posteriorFiles(folder: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => join(folder, `${i}.safetensors`));
}

/** Writes one evaluation of the same images to each path, in the form in which a store keeps them. */
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
