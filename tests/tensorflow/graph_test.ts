import assert from "node:assert/strict";
import { map, tensorSlices } from "../../lib/tensorflow/data.ts";
import { constant, Graph, placeholder, stringPlaceholder } from "../../lib/tensorflow/graph.ts";
import { conv2d, maxPool } from "../../lib/tensorflow/layers.ts";
import { add, cast, extractPatches, reshape, scale } from "../../lib/tensorflow/operations.ts";
import { float32 } from "../../lib/tensorflow/session.ts";
import { evaluate, numbers, sessionOf } from "../support/run_graph.ts";

Deno.test("a name that is taken gets a number; inputs come before their users", () => {
  const graph = new Graph();
  const [x, y] = [1, 2].map(() => placeholder(graph, "x", { dtype: "float32", shape: [] }));
  assert.deepEqual([x!.name, y!.name], ["x:0", "x_1:0"]);
  const sum = add(x!, y!);
  assert.deepEqual(sum.node.inputs, [x, y]);
  assert.ok(sum.node.order > y!.node.order);
});

Deno.test("shapes follow through operations, where they are known", () => {
  const graph = new Graph();
  const x = placeholder(graph, "x", { dtype: "float32", shape: [null, 7, 5, 3] });
  const kernel = placeholder(graph, "k", { dtype: "float32", shape: [3, 3, 3, 8] });
  const spec = { dtype: "float32", shape: [null, null, null, 3] } as const;
  assert.deepEqual(conv2d(x, kernel).shape, [null, 7, 5, 8]);
  assert.deepEqual(extractPatches(x, 3).shape, [null, 5, 3, 27]);
  assert.deepEqual(maxPool(x).shape, [null, 4, 3, 3]);
  const whole = placeholder(graph, "whole", spec);
  assert.deepEqual(maxPool(conv2d(whole, kernel)).shape, [null, null, null, 8]);
  assert.deepEqual(reshape(x, [null, 105]).shape, [null, 105]);
});

Deno.test("constants of every type arrive as they are written", async () => {
  const found = await evaluate((graph) => [
    constant(graph, -7),
    constant(graph, [1, 2, 3, 4], { shape: [2, 2] }),
    constant(graph, [0.1, -1e30], { dtype: "float32" }),
    cast(constant(graph, [2 ** 31 - 1, -1], { dtype: "int64" }), "int32"),
    cast(constant(graph, [0, 255], { dtype: "uint8" }), "int32"),
    cast(constant(graph, [1, 0], { dtype: "bool" }), "int32"),
  ]);
  assert.deepEqual(found.map(({ shape }) => shape), [[], [2, 2], [2], [2], [2], [2]]);
  assert.deepEqual(found.map(numbers), [
    [-7],
    [1, 2, 3, 4],
    [Math.fround(0.1), Math.fround(-1e30)],
    [2147483647, -1],
    [0, 255],
    [1, 0],
  ]);
  assert.throws(
    () => constant(new Graph(), 1, { dtype: "variant" }),
    /Cannot write a constant of type variant/,
  );
});

Deno.test("a fed string goes its own way: what was fed may be freed", async () => {
  using run = await sessionOf((graph) => {
    const text = stringPlaceholder(graph, "text", [null]);
    const spec = { dtype: "int32", shape: [null] } as const;
    const attrs = { unit: { s: new TextEncoder().encode("BYTE") } };
    return graph.op("StringLength", [text], { output: spec }, { attrs });
  });
  const values = ["", "scale", "très profond"];
  const text = { dtype: "string", shape: [3], values } as const;
  assert.deepEqual(numbers(run.session.run({ text }, [run.built])[0]), [0, 5, 13]);
});

Deno.test("functions of one graph get names of their own", () => {
  const graph = new Graph();
  const data = tensorSlices(graph, [constant(graph, [1, 2, 3])]);
  const names = [2, 3].map((factor) => {
    const doubled = map(data, (_, x) => [scale(x!, factor)], { name: "times" });
    assert.deepEqual(doubled.elements, [{ dtype: "int32", shape: [] }]);
    return graph.function("times", {}, () => []).name;
  });
  assert.equal(new Set([...names, "times"]).size, 3);
});

Deno.test("TensorFlow's complaint names the node that it is about", async () => {
  using run = await sessionOf((graph) => {
    const x = placeholder(graph, "photos", { dtype: "float32", shape: [2] });
    return reshape(scale(x, 2), [2]);
  });
  const { session, built } = run;
  assert.throws(() => session.run({}, [built]), /photos/);
  assert.throws(() => session.run({ photos: float32([1, 2, 3]) }, [built]), /photos|Reshape/);
});
