import assert from "node:assert/strict";
import { batch, iterator, map, prefetch, tensorSlices } from "../../lib/tensorflow/data.ts";
import { constant, type Graph, placeholder } from "../../lib/tensorflow/graph.ts";
import { add, cast, multiply, scale } from "../../lib/tensorflow/operations.ts";
import { untunedOptions } from "../../lib/tensorflow/messages.ts";
import { int32 } from "../../lib/tensorflow/session.ts";
import { numbers, sessionOf } from "../support/run_graph.ts";

const counting = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Numbers that are fed as `numbers`. */
const fed = (graph: Graph) =>
  tensorSlices(graph, [placeholder(graph, "numbers", { dtype: "int32", shape: [null] })]);

Deno.test("elements come in order, however many are made at once, until there are no more", async () => {
  using run = await sessionOf((graph) => {
    const squares = map(fed(graph), (_, x) => [multiply(x!, x!)], { name: "square" });
    return iterator(prefetch(batch(squares, 4), 3), "squares");
  });
  const { session, built } = run;
  session.run({ numbers: int32(counting(200)) }, ["squares/start"]);
  const found = counting(50).flatMap(() => numbers(session.run({}, built)[0]));
  assert.deepEqual(found, counting(200).map((i) => i * i));
  assert.throws(() => session.run({}, built), /End of sequence/);
});

Deno.test("a start begins anew, with what is fed then", async () => {
  using run = await sessionOf((graph) => iterator(prefetch(fed(graph), 2), "plain"));
  const { session, built } = run;
  assert.throws(() => session.run({}, built), /plain|iterator/i);
  for (const from of [10, 20]) {
    session.run({ numbers: int32([from, from + 1, from + 2]) }, ["plain/start"]);
    assert.deepEqual(numbers(session.run({}, built)[0]), [from]);
    assert.deepEqual(numbers(session.run({}, built)[0]), [from + 1]);
  }
});

Deno.test("a map sees what it captures; parts of a row stay together", async () => {
  using run = await sessionOf((graph) => {
    const names = constant(graph, [1, 2, 3]);
    const values = constant(graph, [10, 20, 30, 40, 50, 60], { shape: [3, 2] });
    const factor = placeholder(graph, "factor", { dtype: "int32", shape: [] });
    const pairs = map(
      tensorSlices(graph, [names, values]),
      (_, name, row, factor) => [name!, multiply(row!, factor!), add(name!, factor!)],
      { captured: [factor] },
    );
    assert.deepEqual(pairs.elements.map(({ shape }) => shape), [[], [2], []]);
    return iterator(pairs, "pairs");
  });
  const { session, built } = run;
  session.run({ factor: int32([-1], []) }, ["pairs/start"]);
  session.run({}, built);
  assert.deepEqual(session.run({}, built).map(numbers), [[2], [-30, -40], [1]]);
});

Deno.test("a batch's size may be fed; what does not fill one is left out", async () => {
  using run = await sessionOf((graph) => {
    const size = cast(placeholder(graph, "size", { dtype: "int32", shape: [] }), "int64");
    const batches = batch(fed(graph), size);
    assert.deepEqual(batches.elements[0]!.shape, [null]);
    return [scale(iterator(batches, "batches")[0]!, 1)];
  });
  const { session, built } = run;
  session.run({ numbers: int32(counting(7)), size: int32([3], []) }, ["batches/start"]);
  assert.deepEqual(session.run({}, built)[0], { shape: [3], values: Int32Array.of(0, 1, 2) });
  assert.deepEqual(numbers(session.run({}, built)[0]), [3, 4, 5]);
  assert.throws(() => session.run({}, built), /End of sequence/);
});

Deno.test("tf.data's tuner is off: two switches in TensorFlow's own encoding", () => {
  // field 3 and field 7, each a message of two bytes: field 1 is 0
  assert.deepEqual([...untunedOptions()], [0x1a, 2, 0x08, 0, 0x3a, 2, 0x08, 0]);
});
