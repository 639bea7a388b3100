import assert from "node:assert/strict";
import { eigen, shiftAxes } from "../../lib/vgg/colours.ts";
import { covarianceOf, IMAGENET } from "../support/imagenet_colours.ts";

const near = (a: number, b: number, tolerance: number) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

Deno.test("ImageNet's eigenvalues and eigenvectors come back out of its covariance", () => {
  const found = eigen(covarianceOf(IMAGENET));
  for (const [i, { value, vector }] of found.entries()) {
    // four digits were printed
    near(value, IMAGENET.values[i]!, 1e-4);
    const printed = IMAGENET.rows.map((row) => row[i]!);
    near(Math.abs(vector.reduce((sum, part, j) => sum + part * printed[j]!, 0)), 1, 2e-4);
  }
});

Deno.test("eigenvectors are units, at right angles, and satisfy A v = value v", () => {
  const matrix = [[4, 1, -2], [1, 2, 0.5], [-2, 0.5, 3]];
  const found = eigen(matrix);
  near(found.reduce((sum, { value }) => sum + value, 0), 4 + 2 + 3, 1e-12);
  for (const [i, { value, vector }] of found.entries()) {
    for (const [row, part] of vector.entries()) {
      near(matrix[row]!.reduce((sum, a, j) => sum + a * vector[j]!, 0), value * part, 1e-12);
    }
    for (const [j, { vector: other }] of found.entries()) {
      near(vector.reduce((sum, part, k) => sum + part * other[k]!, 0), i === j ? 1 : 0, 1e-12);
    }
  }
  assert.ok(found[0]!.value > found[1]!.value && found[1]!.value > found[2]!.value);
  const [first, second] = [{ value: 3, vector: [0, 1] }, { value: 2, vector: [1, 0] }];
  assert.deepEqual(eigen([[2, 0], [0, 3]]), [first, second]);
});

Deno.test("axes are 118.9, 35.0 and 17.1 long by the root, as in the code of the time", () => {
  const lengths = (by: "root" | "eigenvalue") =>
    shiftAxes(covarianceOf(IMAGENET), by).map((axis) => Math.hypot(...axis));
  [118.9, 35.0, 17.1].forEach((length, i) => near(lengths("root")[i]!, length, 0.06));
  [0.2175, 0.0188, 0.0045].forEach((value, i) =>
    near(lengths("eigenvalue")[i]!, 255 * value, 0.02)
  );
  // colours that do not vary: no shift, and no NaN from a root of less than nothing
  assert.deepEqual(shiftAxes([[0, 0, 0], [0, 0, 0], [0, 0, 0]], "root").flat(), Array(9).fill(0));
});
