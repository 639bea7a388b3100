import assert from "node:assert/strict";
import { gradients } from "../../lib/tensorflow/gradients.ts";
import {
  constant,
  Graph,
  placeholder,
  type Shape,
  type Tensor,
} from "../../lib/tensorflow/graph.ts";
import {
  biasAdd,
  conv2d,
  localResponseNormalisation,
  maxPool,
  relu,
  sparseSoftmaxCrossEntropy,
} from "../../lib/tensorflow/layers.ts";
import {
  add,
  addN,
  cast,
  matMul,
  multiply,
  reshape,
  scale,
} from "../../lib/tensorflow/operations.ts";
import { elements, float32 } from "../../lib/tensorflow/session.ts";
import { gap, noises } from "../support/formula.ts";
import { evaluate, numbers, sessionOf } from "../support/run_graph.ts";

/** An operation as a function of tensors of these shapes. */
interface GradientCase {
  readonly shapes: readonly (readonly number[])[];
  readonly f: (...inputs: Tensor[]) => Tensor;
  /** Values of the inputs; numbers between -1 and 1 if absent. */
  readonly values?: readonly Float32Array[];
}

/** Distinct numbers, 0.05 apart and none at 0: a step of a difference changes no comparison. */
function apart(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const place = (i * 37) % count;
    return 0.05 * (place - count / 2) + 0.025;
  });
}

const labels = (x: Tensor, values: readonly number[]) => constant(x.node.graph, values);
const CASES: Record<string, GradientCase> = {
  "reshape": { shapes: [[2, 6]], f: (x) => reshape(x!, [3, 4]) },
  "add": { shapes: [[2, 3], [2, 3]], f: (x, y) => add(x!, y!) },
  "multiply": { shapes: [[2, 3], [2, 3]], f: (x, y) => multiply(x!, y!) },
  "scale": { shapes: [[2, 3]], f: (x) => scale(x!, -2.5) },
  "addAll": { shapes: [[4], [4], [4]], f: (x, y, z) => addN([x!, y!, z!]) },
  "a value used twice": { shapes: [[5]], f: (x) => add(multiply(x!, x!), x!) },
  "relu": { shapes: [[30]], f: (x) => relu(x!), values: [apart(30)] },
  "biasAdd": { shapes: [[2, 3, 2, 4], [4]], f: (x, bias) => biasAdd(x!, bias!) },
  "biasAdd of rows": { shapes: [[3, 4], [4]], f: (x, bias) => biasAdd(x!, bias!) },
  "conv2d, 3 by 3": { shapes: [[2, 5, 4, 3], [3, 3, 3, 2]], f: (x, k) => conv2d(x!, k!) },
  "conv2d, 1 by 1": { shapes: [[2, 3, 4, 3], [1, 1, 3, 4]], f: (x, k) => conv2d(x!, k!) },
  "conv2d, 5 by 5": { shapes: [[1, 6, 5, 2], [5, 5, 2, 2]], f: (x, k) => conv2d(x!, k!) },
  "maxPool, even sides": {
    shapes: [[2, 4, 6, 2]],
    f: (x) => maxPool(x!),
    values: [apart(96)],
  },
  "maxPool, odd sides": { shapes: [[2, 5, 3, 2]], f: (x) => maxPool(x!), values: [apart(60)] },
  "maxPool, odd sides rounded down": {
    shapes: [[2, 5, 3, 2]],
    f: (x) => maxPool(x!, "down"),
    values: [apart(60)],
  },
  "matMul": { shapes: [[3, 4], [4, 2]], f: (a, b) => matMul(a!, b!) },
  "crossEntropy": {
    shapes: [[4, 5]],
    f: (x) => sparseSoftmaxCrossEntropy(x!, labels(x!, [0, 4, 2, 2]), 8),
  },
  "localResponseNormalisation": {
    shapes: [[1, 2, 2, 7]],
    // a greater alpha than the paper's, so that the normalisation shows
    f: (x) => localResponseNormalisation(x!, { alpha: 0.5 }),
  },
};

/** The sum of a tensor's values, each times a fixed number of its own: a scalar. */
function weighed(y: Tensor, weights: Float32Array): Tensor {
  const column = constant(y.node.graph, [...weights], {
    dtype: "float32",
    shape: [weights.length, 1],
  });
  return reshape(matMul(reshape(y, [1, weights.length]), column), []);
}

/** Half the width of a central difference. */
const STEP = 1e-2;

for (const [name, { shapes, f, values }] of Object.entries(CASES)) {
  // Of the difference: rounding, 6e-8 / 1e-2 for each output, and the third derivative, 1e-4 / 6.
  Deno.test(`the gradient of ${name} is its finite difference`, async () => {
    const points = values ??
      shapes.map((shape, i) => noises(elements(shape), { from: 1000 * i }));
    const count = (shape: Shape) => elements(shape);
    using run = await sessionOf((graph) => {
      const inputs = shapes.map((shape, i) =>
        placeholder(graph, `x${i}`, { dtype: "float32", shape })
      );
      const y = f(...inputs);
      const weights = noises(count(y.shape), { from: 5000 });
      return { y, weights, slopes: gradients(weighed(y, weights), inputs) };
    });
    const { y, weights, slopes } = run.built;
    const feeds = (moved: readonly Float32Array[]) =>
      Object.fromEntries(moved.map((point, i) => [`x${i}`, float32(point, shapes[i])]));
    // the weighing is done again in double precision
    const loss = (moved: readonly Float32Array[]) =>
      numbers(run.session.run(feeds(moved), [y])[0])
        .reduce((sum, value, i) => sum + value * weights[i]!, 0);
    const found = run.session.run(feeds(points), slopes);
    for (const [which, point] of points.entries()) {
      const differences = Array.from(point, (_, i) => {
        const at = (step: number) =>
          loss(points.map((p, j) => j === which ? p.with(i, p[i]! + step) : p));
        return (at(STEP) - at(-STEP)) / (2 * STEP);
      });
      assert.deepEqual(found[which]!.shape, shapes[which]);
      const error = gap(found[which]!.values, differences);
      assert.ok(error < 2e-4, `input ${which} is off by ${error}`);
    }
  });
}

Deno.test("the gradient of a cast is cast back", async () => {
  // 1.00390625 = 1 + 2 ** -8 is half-way between bfloat16's neighbours 1 and 1 + 2 ** -7.
  const [slope] = await evaluate((graph) => {
    const x = constant(graph, [3, 4], { dtype: "float32" });
    const weights = Float32Array.of(1.00390625, 1.01171875);
    return gradients(weighed(cast(cast(x, "bfloat16"), "float32"), weights), [x]);
  });
  assert.deepEqual(numbers(slope), [1, 1.015625]);
});

Deno.test("a value that the loss does not depend on has no gradient", () => {
  const graph = new Graph();
  const [x, y] = ["x", "y"].map((name) =>
    placeholder(graph, name, { dtype: "float32", shape: [] })
  );
  assert.throws(
    () => gradients(scale(x!, 2), [y!]),
    /Cannot differentiate Mul:0 by y:0: no path leads there/,
  );
});

Deno.test("no gradient is computed where no variable lies behind", () => {
  const build = (learns: boolean) => {
    const graph = new Graph();
    const spec = { dtype: "float32" } as const;
    const x = placeholder(graph, "x", { ...spec, shape: [1, 4, 4, 1] });
    const kernel = placeholder(graph, "kernel", { ...spec, shape: [3, 3, 1, 1] });
    const loss = weighed(conv2d(x, kernel), noises(16));
    gradients(loss, learns ? [kernel, x] : [kernel]);
    return graph.size;
  };
  // Conv2DBackpropInput, and the constant that holds the shape of its result
  assert.equal(build(true) - build(false), 2);
});
