import assert from "node:assert/strict";
import { constant, Graph, HOST, placeholder, type Shape } from "../../lib/tensorflow/graph.ts";
import {
  biasAdd,
  conv2d,
  dropout,
  dropoutMask,
  localResponseNormalisation,
  maxPool,
  relu,
  softmax,
  sparseSoftmaxCrossEntropy,
} from "../../lib/tensorflow/layers.ts";
import {
  add,
  cast,
  concat,
  extractPatches,
  flip,
  gather,
  matMul,
  multiply,
  reduceMean,
  reduceSum,
  tensordot,
  tile,
} from "../../lib/tensorflow/operations.ts";
import { int32 } from "../../lib/tensorflow/session.ts";
import { noises } from "../support/formula.ts";
import { evaluate, numbers, sessionOf } from "../support/run_graph.ts";

const floats = (graph: Graph, values: readonly number[], shape?: Shape) =>
  constant(graph, values, { dtype: "float32", ...shape === undefined ? {} : { shape } });

/** 1 to `count`. */
const counting = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

function near(found: readonly number[], expected: readonly number[], tolerance = 1e-6) {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(found[i]! - value) <= tolerance, `${found} is not ${expected}`);
  }
}

Deno.test("sums and products spread over sides of length 1", async () => {
  const [sum, product] = await evaluate((graph) => {
    const [column, row] = [floats(graph, [1, 2], [2, 1]), floats(graph, [10, 20, 30])];
    return [add(column, row), multiply(column, row)];
  });
  assert.deepEqual(sum, { shape: [2, 3], values: Float32Array.of(11, 21, 31, 12, 22, 32) });
  assert.deepEqual(numbers(product), [10, 20, 30, 20, 40, 60]);
});

Deno.test("bfloat16 keeps eight bits, rounded to even, in casts as in constants", async () => {
  // Neighbours of 1 are 2 ** -7 apart: 1 + 2 ** -8 and 1 + 3 * 2 ** -8 lie half-way.
  const values = [1.00390625, 1.01171875, -3.140625, 1e-3];
  const [casts, constants] = await evaluate((graph) => [
    cast(cast(floats(graph, values), "bfloat16"), "float32"),
    cast(constant(graph, values, { dtype: "bfloat16" }), "float32"),
  ]);
  // 1e-3 = 1.024 * 2 ** -10, and 1.024 * 128 = 131.07
  assert.deepEqual(numbers(casts), [1, 1.015625, -3.140625, 131 / 128 / 1024]);
  assert.deepEqual(casts, constants);
});

Deno.test("relu and biasAdd", async () => {
  const [positive, moved] = await evaluate((graph) => {
    const x = floats(graph, [-1, 2, 3, -4], [1, 1, 2, 2]);
    return [relu(x), biasAdd(x, floats(graph, [10, 20]))];
  });
  assert.deepEqual(numbers(positive), [0, 2, 3, 0]);
  assert.deepEqual(numbers(moved), [9, 22, 13, 16]);
});

Deno.test("a convolution pads with zeros; it does not mirror its kernel", async () => {
  const [same, shifted, channels] = await evaluate((graph) => {
    const x = floats(graph, counting(9), [1, 3, 3, 1]);
    const ones = floats(graph, Array(9).fill(1), [3, 3, 1, 1]);
    // 1 in the upper left corner: each place gets the value above it to the left
    const corner = floats(graph, [1, 0, 0, 0, 0, 0, 0, 0, 0], [3, 3, 1, 1]);
    const point = floats(graph, [1, 2, 3, 4], [1, 1, 2, 2]);
    return [
      conv2d(x, ones),
      conv2d(x, corner),
      conv2d(floats(graph, [10, 1], [1, 1, 1, 2]), point),
    ];
  });
  assert.deepEqual(numbers(same), [12, 21, 16, 27, 45, 33, 24, 39, 28]);
  assert.deepEqual(numbers(shifted), [0, 0, 0, 0, 1, 2, 0, 4, 5]);
  assert.deepEqual(numbers(channels), [13, 24]);
});

Deno.test("windows slide inside, row after row; a matrix is applied at every place", async () => {
  const [slid, projected] = await evaluate((graph) => {
    const x = floats(graph, counting(12), [1, 2, 3, 2]);
    return [extractPatches(x, 2), tensordot(x, floats(graph, [1, 0, 1, 10, 1, 1], [2, 3]))];
  });
  assert.deepEqual(slid, {
    shape: [1, 1, 2, 8],
    values: Float32Array.of(1, 2, 3, 4, 7, 8, 9, 10, 3, 4, 5, 6, 9, 10, 11, 12),
  });
  assert.deepEqual(projected!.shape, [1, 2, 3, 3]);
  assert.deepEqual(numbers(projected).slice(0, 6), [21, 2, 3, 43, 4, 7]);
});

Deno.test("max-pooling rounds odd sides up", async () => {
  const [pooled] = await evaluate((graph) => [
    maxPool(floats(graph, counting(15).map((i) => -i), [1, 3, 5, 1])),
  ]);
  assert.deepEqual(pooled!.shape, [1, 2, 3, 1]);
  assert.deepEqual(numbers(pooled), [-1, -3, -5, -11, -13, -15]);
});

Deno.test("max-pooling rounds odd sides down where it is asked to: their last row counts nowhere", async () => {
  const [pooled, even] = await evaluate((graph) => [
    maxPool(floats(graph, counting(15), [1, 3, 5, 1]), "down"),
    maxPool(floats(graph, counting(8), [1, 2, 4, 1]), "down"),
  ]);
  assert.deepEqual(pooled, { shape: [1, 1, 2, 1], values: Float32Array.of(7, 9) });
  assert.deepEqual(even, { shape: [1, 1, 2, 1], values: Float32Array.of(6, 8) });
});

Deno.test("matrix products, either side transposed", async () => {
  const found = await evaluate((graph) => {
    const a = floats(graph, counting(6), [2, 3]);
    const b = floats(graph, counting(6), [3, 2]);
    return [matMul(a, b), matMul(a, a, { transposeB: true }), matMul(b, b, { transposeA: true })];
  });
  assert.deepEqual(found.map(numbers), [[22, 28, 49, 64], [14, 32, 32, 77], [35, 44, 44, 56]]);
});

Deno.test("mean and sum over space, soft-max over classes", async () => {
  const [average, total, posteriors] = await evaluate((graph) => [
    reduceMean(floats(graph, counting(8), [1, 2, 2, 2]), [1, 2]),
    reduceSum(floats(graph, counting(8), [1, 2, 2, 2]), [1, 2]),
    softmax(floats(graph, [0, Math.log(3), 5, 5], [2, 2])),
  ]);
  assert.deepEqual(average, { shape: [1, 2], values: Float32Array.of(4, 5) });
  assert.deepEqual(total, { shape: [1, 2], values: Float32Array.of(16, 20) });
  near(numbers(posteriors), [0.25, 0.75, 0.5, 0.5]);
});

Deno.test("cross-entropy: ln 4 for equal scores of four classes; a part of a batch counts as such", async () => {
  const losses = await evaluate((graph) => {
    const scores = floats(graph, [7, 7, 7, 7, 0, Math.log(5), 0, 0], [2, 4]);
    const labels = constant(graph, [3, 1]);
    return [
      sparseSoftmaxCrossEntropy(scores, labels, 2),
      sparseSoftmaxCrossEntropy(scores, labels, 16),
    ];
  });
  // the second image's posterior is 5 / 8
  const sum = Math.log(4) + Math.log(8 / 5);
  near(losses.flatMap(numbers), [sum / 2, sum / 16]);
});

Deno.test("local response normalisation has the paper's n = 5, k = 2, alpha = 1e-4, beta = 0.75", async () => {
  const x = [100, 0, 30, 40, 0, 0, 200];
  const [found] = await evaluate((graph) => [
    localResponseNormalisation(floats(graph, x, [1, 1, 1, 7])),
  ]);
  const by = (sumOfSquares: number) => (2 + 1e-4 * sumOfSquares) ** 0.75;
  near(numbers(found), [
    100 / by(100 ** 2 + 30 ** 2),
    0,
    30 / by(100 ** 2 + 30 ** 2 + 40 ** 2),
    40 / by(30 ** 2 + 40 ** 2),
    0,
    0,
    200 / by(200 ** 2),
  ], 2e-5);
});

Deno.test("dropout: the mask follows from the seed, keeps 1 - rate of the values and the mean", async () => {
  const count = 20_000;
  using run = await sessionOf((graph) => {
    const seed = placeholder(graph, "seed", { dtype: "int32", shape: [2] });
    return dropoutMask([count], 0.1, seed);
  });
  const draw = (...seed: number[]) =>
    numbers(run.session.run({ seed: int32(seed) }, [run.built])[0]);
  const first = draw(1, 2);
  assert.deepEqual(draw(1, 2), first);
  // independent masks agree in 0.9 ** 2 + 0.1 ** 2 = 82 % of the places
  for (const other of [draw(1, 3), draw(2, 2)]) {
    const alike = other.filter((value, i) => value === first[i]).length / count;
    assert.ok(Math.abs(alike - 0.82) < 0.02, `${alike}`);
  }
  assert.deepEqual(new Set(first), new Set([0, Math.fround(1 / 0.9)]));
  // six deviations of a binomial: 6 * sqrt(0.1 * 0.9 / 20000) = 0.013
  const kept = first.filter((value) => value > 0).length / count;
  assert.ok(Math.abs(kept - 0.9) < 0.013, `${kept}`);
});

Deno.test("the loss is computed on the processor, as TensorFlow refuses it on GPUs in deterministic mode", () => {
  const graph = new Graph();
  sparseSoftmaxCrossEntropy(floats(graph, counting(6), [2, 3]), constant(graph, [0, 1]), 2);
  const text = new TextDecoder("latin1").decode(graph.serialise());
  // a node: its name and kind, its inputs, its device, its attributes
  const [node] = /SparseSoftmaxCrossEntropyWithLogits.*?Tlabels/s.exec(text)!;
  const [device] = /\/device:CPU:\d/.exec(node) ?? [];
  assert.equal(device, HOST);
});

Deno.test("dropout keeps the mean in bfloat16: the product is rounded, not the factor", async () => {
  const count = 20_000;
  const values = noises(count).map((value) => 2 + value); // 1 to 3
  const [x, mask, y] = await evaluate((graph) => {
    const x = cast(floats(graph, [...values], [1, count]), "bfloat16");
    const mask = dropoutMask([1, count], 0.1, constant(graph, [1, 2]));
    return [cast(x, "float32"), mask, cast(dropout(x, mask), "float32")];
  });
  const sum = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const factors = numbers(mask);
  const kept = numbers(x).filter((_, i) => factors[i]! > 0);
  // 1.109375 in place of 1 / 0.9 would make it 0.99844
  assert.ok(Math.abs(sum(numbers(y)) / (sum(kept) / 0.9) - 1) < 2e-4);
});

Deno.test("gathering, joining, mirroring, repeating", async () => {
  const [rows, joined, mirrored, repeated] = await evaluate((graph) => [
    gather(floats(graph, counting(6), [3, 2]), constant(graph, [2, 0, 2], { shape: [3, 1] })),
    concat([floats(graph, [1]), floats(graph, [2, 3])]),
    flip(floats(graph, counting(12), [2, 1, 3, 2])),
    tile(floats(graph, counting(4), [2, 2]), 2),
  ]);
  assert.deepEqual(rows, { shape: [3, 1, 2], values: Float32Array.of(5, 6, 1, 2, 5, 6) });
  assert.deepEqual(numbers(joined), [1, 2, 3]);
  assert.deepEqual(numbers(mirrored), [5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8]);
  assert.deepEqual(repeated, {
    shape: [2, 4],
    values: Float32Array.of(1, 2, 1, 2, 3, 4, 3, 4),
  });
});
