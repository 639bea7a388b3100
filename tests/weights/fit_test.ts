import assert from "node:assert/strict";
import { firstNonFinite, shapeMismatch } from "../../lib/weights/fit.ts";

const shapes = (...all: [string, number[]][]) => new Map(all);
const needed = shapes(
  ["conv1_1.kernel", [3, 3, 3, 4]],
  ["conv1_1.bias", [4]],
  ["fc8.kernel", [1, 1, 16, 20]],
  ["fc8.bias", [20]],
);

Deno.test("weights fit in any order", () => {
  assert.equal(shapeMismatch(new Map([...needed].reverse()), needed), undefined);
});

Deno.test("names that are missing or unknown are named, three at most", () => {
  const others = ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"]
    .map((name): [string, number[]] => [name, [4]]);
  assert.equal(
    shapeMismatch(shapes(["conv1_1.kernel", [3, 3, 3, 4]], ...others), needed),
    "it has no conv1_1.bias, fc8.kernel, fc8.bias, and the net has no 0.weight, 0.bias, 1.weight " +
      "and 2 more",
  );
  assert.equal(
    shapeMismatch(new Map([...needed, ["fc9.bias", [1]]]), needed),
    "the net has no fc9.bias",
  );
});

Deno.test("a shape that does not fit is set beside the one that would", () => {
  const thousand = new Map([...needed, ["fc8.kernel", [1, 1, 16, 1000]], ["fc8.bias", [1000]]]);
  assert.equal(
    shapeMismatch(thousand, needed),
    "its fc8.kernel is [1, 1, 16, 1000], the net's is [1, 1, 16, 20] (and 1 more do not fit)",
  );
  // as many values, in another order: out, in, height, width
  const turned = new Map([...needed, ["conv1_1.kernel", [4, 3, 3, 3]]]);
  assert.equal(
    shapeMismatch(turned, needed),
    "its conv1_1.kernel is [4, 3, 3, 3], the net's is [3, 3, 3, 4]",
  );
});

Deno.test("the first value that is not finite is found", () => {
  assert.equal(firstNonFinite("fc8.bias", Float32Array.of(0, -1, 3e38)), undefined);
  assert.equal(
    firstNonFinite("fc8.bias", Float32Array.of(0, NaN, Infinity)),
    "value 1 of fc8.bias is NaN",
  );
  assert.equal(
    firstNonFinite("fc8.bias", Float32Array.of(-Infinity)),
    "value 0 of fc8.bias is -Infinity",
  );
});
