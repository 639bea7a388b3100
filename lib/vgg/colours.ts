/**
 * Colours of the input: the mean that is subtracted, and Krizhevsky's RGB shift along the principal
 * axes of a data set's colours (Section 3.1).
 *
 * @module
 */
import { hasAncestor, isImported, type TrainRun } from "../experiment.ts";

/** A symmetric 3 by 3 matrix, or any matrix, row by row. */
type Matrix = readonly (readonly number[])[];

/**
 * Mean colour that is subtracted from a net's input, 0-255: the data set's, unless the net's first
 * layer comes from elsewhere with another mean. The bias cannot replace the mean, because a crop is
 * padded with zeros after the subtraction.
 */
export function meanOf(
  { init }: TrainRun,
  { mean }: { readonly mean: readonly number[] },
): readonly number[] {
  if (isImported(init)) return init.mean ?? mean;
  if (!hasAncestor(init)) return mean;
  const { from, layers } = init;
  // every word for layers includes the first one: `all`, `deepen`, `perturb` and both kinds of `transfer`
  const takesFirst = typeof layers === "string" || layers.includes("conv1_1");
  return takesFirst ? meanOf(from, { mean }) : mean;
}

/**
 * The axes along which colours are shifted, on the 0-255 scale: the eigenvectors of the covariance
 * (of values in [0, 1]) times the root of their eigenvalue, as in Krizhevsky's code, or times the
 * eigenvalue itself, as his text has it; times 255.
 */
export function shiftAxes(covariance: Matrix, by: "root" | "eigenvalue"): number[][] {
  return eigen(covariance).map(({ value, vector }) => {
    const length = by === "root" ? Math.sqrt(Math.max(value, 0)) : value;
    return vector.map((part) => 255 * length * part);
  });
}

/** Eigenvalues, largest first, and unit eigenvectors of a symmetric matrix (cyclic Jacobi). */
export function eigen(matrix: Matrix): { value: number; vector: number[] }[] {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((_, j) => i === j ? 1 : 0));
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotate(a, v, p, q);
    }
  }
  return a
    .map((row, i) => ({ value: row[i]!, vector: v.map((parts) => parts[i]!) }))
    .sort((x, y) => y.value - x.value);
}

/** Rotates the plane (p, q) so that a[p][q] vanishes, and the vectors with it. */
function rotate(a: number[][], v: number[][], p: number, q: number) {
  const [rowP, rowQ] = [a[p]!, a[q]!];
  if (rowP[q] === 0) return;
  const theta = (rowQ[q]! - rowP[p]!) / (2 * rowP[q]!);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(t, 1);
  const sine = t * cosine;
  const turn = (row: number[]) => {
    const [x, y] = [row[p]!, row[q]!];
    row[p] = cosine * x - sine * y;
    row[q] = sine * x + cosine * y;
  };
  a.forEach(turn);
  v.forEach(turn);
  for (const [i, x] of rowP.entries()) {
    const y = rowQ[i]!;
    rowP[i] = cosine * x - sine * y;
    rowQ[i] = sine * x + cosine * y;
  }
}
