/** ImageNet's colours as Krizhevsky's code has them, four digits each, of values in [0, 1]. */

/** Eigenvalues of the covariance of R, G, B, and its eigenvectors as columns. */
export const IMAGENET = {
  values: [0.2175, 0.0188, 0.0045],
  rows: [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]],
};

/** P diag(values) P^T. */
export function covarianceOf({ values, rows }: typeof IMAGENET): number[][] {
  return rows.map((a) =>
    rows.map((b) => values.reduce((sum, value, i) => sum + a[i]! * value * b[i]!, 0))
  );
}
