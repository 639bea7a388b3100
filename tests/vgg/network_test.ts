import assert from "node:assert/strict";
import { CONFIGS, layersOf } from "../../lib/vgg/configs.ts";
import { averageScores, forward, network, variablesOf } from "../../lib/vgg/network.ts";
import { Graph, placeholder } from "../../lib/tensorflow/graph.ts";
import { elements, float32, int32 } from "../../lib/tensorflow/session.ts";
import { setTensors } from "../../lib/vgg/train.ts";
import { addSetter } from "../../lib/tensorflow/variables.ts";
import { gap, noises } from "../support/formula.ts";
import { numbers, sessionOf } from "../support/run_graph.ts";

const SHAPE = { crop: 28, classes: 8, width: 1 / 32, fc: 8 };

Deno.test("scores of a crop are rows, those of a whole image a map that is averaged", () => {
  for (const config of CONFIGS) {
    const graph = new Graph();
    const net = network(graph, layersOf(config, SHAPE));
    const image = (name: string, shape: (number | null)[]) =>
      placeholder(graph, name, { dtype: "float32", shape });
    const crop = forward(net, image("crop", [4, 28, 28, 3]));
    assert.deepEqual(crop.shape, [4, 8]);
    assert.equal(averageScores(crop), crop);
    assert.deepEqual(forward(net, image("larger", [4, 64, 96, 3])).shape, [4, 2, 3, 8]);
    const whole = forward(net, image("whole", [null, null, null, 3]));
    assert.deepEqual(whole.shape, [null, null, null, 8]);
    assert.deepEqual(averageScores(whole).shape, [null, 8]);
  }
});

Deno.test("a score map's places are the scores of the crops around them", async () => {
  // fc6 to fc8 alone: they do not pad
  using run = await sessionOf((graph) => {
    const net = network(graph, layersOf("A", { ...SHAPE, crop: 64 }));
    const variables = variablesOf(net).filter(({ name }) => name.startsWith("fc"));
    for (const each of variables) addSetter(graph, each);
    const only = { ...net, layers: net.layers.filter((layer) => layer.kind === "conv").slice(-3) };
    const [crop, whole] = [["crop", 2, 2], ["whole", 3, 4]].map(([name, height, width]) =>
      placeholder(graph, String(name), {
        dtype: "float32",
        shape: [1, Number(height), Number(width), 16],
      })
    );
    return { variables, crop: forward(only, crop!), whole: forward(only, whole!) };
  });
  const { session, built: { variables, crop, whole } } = run;
  setTensors(
    session,
    new Map(variables.map(({ name, shape }, i) => {
      return [name, { shape, values: noises(elements(shape), { from: 1000 * i }) }];
    })),
  );
  const map = noises(3 * 4 * 16, { from: 9000 });
  const [scores] = session.run({ whole: float32(map, [1, 3, 4, 16]) }, [whole]);
  assert.deepEqual(scores!.shape, [1, 2, 3, 8]);
  for (const [y, x] of [[0, 0], [1, 2], [1, 0]] as const) {
    const at = (row: number) => ((y + row) * 4 + x) * 16;
    const part = [...map.slice(at(0), at(0) + 32), ...map.slice(at(1), at(1) + 32)];
    const [found] = session.run({ crop: float32(part, [1, 2, 2, 16]) }, [crop]);
    const place = (y * 3 + x) * 8;
    assert.ok(gap(numbers(found), scores!.values.slice(place, place + 8)) < 1e-5);
  }
});

Deno.test("fc6 and fc7 drop other units, and none that the other dropped a step before", async () => {
  const classes = 256;
  using run = await sessionOf((graph) => {
    const net = network(graph, layersOf("A", { ...SHAPE, classes, fc: classes }));
    const variables = variablesOf(net);
    for (const each of variables) addSetter(graph, each);
    const images = placeholder(graph, "images", { dtype: "float32", shape: [1, 28, 28, 3] });
    const seed = placeholder(graph, "seed", { dtype: "int32", shape: [2] });
    return { variables, scores: forward(net, images, { dropout: { rate: 0.5, seed } }) };
  });
  const { session, built: { variables, scores } } = run;
  // fc6 says 1 everywhere; fc7 and fc8 pass on what they get, so that scores show where it was kept
  const identity = Float32Array.from(
    { length: classes ** 2 },
    (_, i) => +(i % (classes + 1) === 0),
  );
  function set(special: Record<string, Float32Array>) {
    const tensors = variables.map(({ name, shape }) => {
      return [name, { shape, values: special[name] ?? new Float32Array(elements(shape)) }] as const;
    });
    setTensors(session, new Map(tensors));
  }
  const ones = new Float32Array(classes).fill(1);
  const kept = (seed: number, step: number) =>
    numbers(
      session.run({
        images: float32(new Float32Array(28 * 28 * 3), [1, 28, 28, 3]),
        seed: int32([seed, step]),
      }, [scores])[0],
    ).map((value) => value > 0);
  set({ "fc7.bias": ones, "fc8.kernel": identity });
  const fc7 = [0, 1, 2].map((step) => kept(3, step));
  set({ "fc6.bias": ones, "fc7.kernel": identity, "fc8.kernel": identity });
  const both = [0, 1, 2].map((step) => kept(3, step));
  // Where fc7 kept a unit, `both` shows fc6's choice. It must not follow fc7's at any step:
  // independent choices agree in half of some 128 places, give or take 6 (one deviation).
  for (const now of [0, 1, 2]) {
    for (const other of [0, 1, 2]) {
      const shown = both[now]!.flatMap((kept, i) => fc7[now]![i] ? [kept === fc7[other]![i]] : []);
      const alike = shown.filter(Boolean).length / shown.length;
      assert.ok(alike > 0.25 && alike < 0.75, `step ${now} and ${other}: ${alike}`);
    }
  }
});
