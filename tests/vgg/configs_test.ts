import assert from "node:assert/strict";
import { small } from "../../experiments/setups.ts";
import type { ConfigName, NetLayers } from "../../lib/experiment.ts";
import {
  CONFIGS,
  convsOf,
  countMultiplyAdds,
  countParameters,
  IMAGENET,
  lastMapOf,
  layersInCommon,
  layersOf,
  netShapeOf,
  pooled,
  weightShapes,
} from "../../lib/vgg/configs.ts";
import { insertedLayers } from "../../lib/vgg/initialisation.ts";

Deno.test("Table 2: parameters at 1000 classes, and multiply-adds of a crop of 224", () => {
  const counts = Object.fromEntries(
    CONFIGS.map((config) => {
      const layers = layersOf(config);
      return [config, [countParameters(layers), countMultiplyAdds(layers, 224)]];
    }),
  );
  assert.deepEqual(counts, {
    "A": [132_863_336, 7_609_090_048],
    "A-LRN": [132_863_336, 7_609_090_048],
    "B": [133_047_848, 11_308_466_176],
    "C": [133_638_952, 11_770_888_192],
    "D": [138_357_544, 15_470_264_320],
    "E": [143_667_240, 19_632_062_464],
  });
});

Deno.test("layers are named by block and place, as deep as Table 1 says", () => {
  const names = (config: typeof CONFIGS[number]) =>
    convsOf(layersOf(config)).map(({ name }) => name).join(" ");
  assert.equal(
    names("A"),
    "conv1_1 conv2_1 conv3_1 conv3_2 conv4_1 conv4_2 conv5_1 conv5_2 fc6 fc7 fc8",
  );
  assert.equal(
    names("E"),
    "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv3_4 conv4_1 conv4_2 conv4_3 " +
      "conv4_4 conv5_1 conv5_2 conv5_3 conv5_4 fc6 fc7 fc8",
  );
  assert.deepEqual(CONFIGS.map((config) => convsOf(layersOf(config)).length), [
    ...[11, 11, 13, 16, 16, 19],
  ]);
});

Deno.test("C is D with 1 by 1 kernels at the end of blocks 3, 4 and 5", () => {
  const sizes = (config: "C" | "D") =>
    convsOf(layersOf(config)).filter(({ name }) => name.startsWith("conv"))
      .map(({ size }) => size).join("");
  assert.equal(sizes("C"), "3333331331331");
  assert.equal(sizes("D"), "3333333333333");
  const outputs = (config: "C" | "D") => convsOf(layersOf(config)).map((conv) => conv.outputs);
  assert.deepEqual(outputs("C"), outputs("D"));
});

Deno.test("B-5x5 is B with one 5 by 5 conv in place of each pair of 3 by 3", () => {
  const layers = layersOf("B-5x5");
  const convs = convsOf(layers);
  assert.deepEqual(
    convs.slice(0, 5).map(({ name, size, inputs, outputs }) => [name, size, inputs, outputs]),
    [
      ["conv1_1", 5, 3, 64],
      ["conv2_1", 5, 64, 128],
      ["conv3_1", 5, 128, 256],
      ["conv4_1", 5, 256, 512],
      ["conv5_1", 5, 512, 512],
    ],
  );
  assert.deepEqual(convs.slice(5), convsOf(layersOf("B")).slice(10));
  // weights and biases of the convs, then of fc6, fc7 and fc8
  const parameters = [4_864, 204_928, 819_456, 3_277_312, 6_554_112];
  const fc = [102_764_544, 16_781_312, 4_097_000];
  const total = [...parameters, ...fc].reduce((sum, count) => sum + count);
  assert.equal(countParameters(layers), total);
  assert.equal(total, 134_503_528);
  // 224^2 x 75 x 64 + (112^2 x 1600 x 128) x 3 + 14^2 x 12800 x 512 + the weights of fc6 to fc8
  assert.equal(countMultiplyAdds(layers, 224), 9_356_017_664);
});

Deno.test("A-LRN normalises once, between conv1_1 and the first pooling", () => {
  const [first, second, third, ...others] = layersOf("A-LRN");
  assert.deepEqual([first, second, third].map((layer) => layer!.kind), ["conv", "lrn", "maxpool"]);
  assert.ok(others.every(({ kind }) => kind !== "lrn"));
  assert.deepEqual(layersOf("A-LRN").filter(({ kind }) => kind !== "lrn"), layersOf("A"));
});

Deno.test("a pooling ends each of the five blocks, and nothing pools after them", () => {
  for (const config of [...CONFIGS, "B-5x5"] as const) {
    const blocks = layersOf(config)
      .map((layer) => layer.kind === "conv" ? layer.name[4] : layer.kind === "maxpool" ? "|" : "")
      .join("").replaceAll(/(\d)\1+/g, "$1");
    assert.equal(blocks, "1|2|3|4|5|", config);
  }
});

Deno.test("the seven layers that A hands on have the same shapes in B to E, and not by position", () => {
  const a = convsOf(layersOf("A"));
  const seven = ["conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8"];
  for (const config of ["B", "C", "D", "E"] as const) {
    const convs = convsOf(layersOf(config));
    for (const name of seven) {
      const [theirs, ours] = [a, convs].map((list) => list.find((conv) => conv.name === name));
      assert.ok(theirs);
      assert.deepEqual(ours, theirs);
    }
    assert.notEqual(convs[1]!.outputs, a[1]!.outputs);
  }
});

Deno.test("nets of an eighth of the channels, fc6 over the last map of a crop of 56 pixels", () => {
  const shape = netShapeOf({ ...small.train, crop: 56, width: 1 / 8 }, 20);
  const convs = convsOf(layersOf("D", shape));
  assert.deepEqual(convs.slice(0, 13).map(({ outputs }) => outputs), [
    ...[8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64],
  ]);
  // 56, 28, 14, 7, 4, 2
  assert.deepEqual(convs.slice(13), [
    { kind: "conv", name: "fc6", size: 2, inputs: 64, outputs: 512 },
    { kind: "conv", name: "fc7", size: 1, inputs: 512, outputs: 512 },
    { kind: "conv", name: "fc8", size: 1, inputs: 512, outputs: 20 },
  ]);
  const sides = [224, 256, 56, 36, 33, 28, 1];
  assert.deepEqual(sides.map((side) => pooled(side)), [7, 8, 2, 2, 2, 1, 1]);
  assert.deepEqual(sides.map((side) => pooled(side, "down")), [7, 8, 1, 1, 1, 0, 0]);
});

Deno.test("odd sides that are rounded down: a smaller fc6, smaller maps; none at 224 pixels", () => {
  const oddSides = "down";
  assert.deepEqual(
    weightShapes(layersOf("D", { ...IMAGENET, oddSides })),
    weightShapes(layersOf("D")),
  );
  const layers = layersOf(
    "A",
    netShapeOf({ ...small.train, crop: 56, width: 1 / 8, oddSides }, 20),
  );
  assert.deepEqual(weightShapes(layers).get("fc6.kernel"), [1, 1, 64, 512]);
  // 341 pixels: 170, 85, 42, 21, 10 rather than 171, 86, 43, 22, 11; channels 1, 2, 4, 8, 8
  const shape = { crop: 32, classes: 10, width: 1 / 64, fc: 4 };
  const expected = (w: readonly [number, number, number, number, number, number]) =>
    9 * (256 * w[0] * 3 + 128 * w[1] * 1 * 2 + 64 * w[2] * (2 * 4 + 4 * 4) +
        32 * w[3] * (4 * 8 + 8 * 8) + 16 * w[4] * (8 * 8 + 8 * 8)) +
    8 * w[5] * (8 * 4 + 4 * 4 + 4 * 10);
  assert.equal(
    countMultiplyAdds(layersOf("A", { ...shape, oddSides }), 256, 341),
    expected([341, 170, 85, 42, 21, 10]),
  );
  assert.equal(
    countMultiplyAdds(layersOf("A", shape), 256, 341),
    expected([341, 171, 86, 43, 22, 11]),
  );
});

Deno.test("multiply-adds of a whole image: fc6 slides over its larger map", () => {
  const shape = { crop: 32, classes: 10, width: 1 / 64, fc: 4 };
  // channels 1, 2, 4, 8, 8; a map of 2 by 3 before fc6, whose kernel is 1 by 1
  const expected = 64 * 96 * 9 * 3 * 1 + 32 * 48 * 9 * 1 * 2 + 16 * 24 * 9 * (2 * 4 + 4 * 4) +
    8 * 12 * 9 * (4 * 8 + 8 * 8) + 4 * 6 * 9 * (8 * 8 + 8 * 8) + 2 * 3 * (8 * 4 + 4 * 4 + 4 * 10);
  assert.equal(countMultiplyAdds(layersOf("A", shape), 64, 96), expected);
});

Deno.test("a net's weights have names and shapes: two for each layer, Table 2's in all", () => {
  const shapes = weightShapes(layersOf("D"));
  assert.equal(shapes.size, 2 * 16);
  assert.deepEqual(shapes.get("conv1_1.kernel"), [3, 3, 3, 64]);
  assert.deepEqual(shapes.get("fc6.kernel"), [7, 7, 512, 4096]);
  assert.deepEqual(shapes.get("fc8.bias"), [1000]);
  const values = [...shapes.values()].map((sides) => sides.reduce((a, b) => a * b));
  assert.equal(values.reduce((a, b) => a + b), 138_357_544);
});

Deno.test("what nets have in common has one name and one shape", () => {
  const common = (one: ConfigName, other: ConfigName) =>
    layersInCommon(layersOf(one), layersOf(other)).join(" ");
  // the paper's seven, and what else happens to fit by name
  assert.equal(
    common("A", "D"),
    "conv1_1 conv2_1 conv3_1 conv3_2 conv4_1 conv4_2 conv5_1 conv5_2 fc6 fc7 fc8",
  );
  assert.equal(common("C", "D").includes("conv3_3"), false); // 1x1 and 3x3
  assert.equal(common("B-5x5", "B"), "fc6 fc7 fc8");
});

Deno.test("blocks of one's own make the same layers as the paper's column of Table 1", () => {
  const C = [
    ...[[64, 64], [128, 128], [256, 256, { size: 1, channels: 256 }]],
    ...[[512, 512, { size: 1, channels: 512 }], [512, 512, { size: 1, channels: 512 }]],
  ];
  assert.deepEqual(layersOf({ config: "mine", blocks: C }), layersOf("C"));
  const lrn = [[64, "lrn"], [128], [256, 256], [512, 512], [512, 512]] as const;
  assert.deepEqual(layersOf({ config: "mine", blocks: lrn }), layersOf("A-LRN"));
});

Deno.test("a sixth block halves the last map once more, and fc6 covers it", () => {
  const six = { config: "F", blocks: [[64], [128], [256, 256], [512, 512], [512, 512], [512]] };
  const layers = layersOf(six);
  assert.equal(layers.filter(({ kind }) => kind === "maxpool").length, 6);
  // 224 112 56 28 14 7 4, rounded up
  assert.deepEqual(
    convsOf(layers).slice(-4).map(({ name, size, inputs }) => [name, size, inputs]),
    [
      ["conv6_1", 3, 512],
      ["fc6", 4, 512],
      ["fc7", 1, 4096],
      ["fc8", 1, 4096],
    ],
  );
  // A has 132,863,336 parameters; its fc6 gets 7 x 7 maps, and here 4 x 4; conv6_1 is 3 x 3 x 512 + 1
  assert.equal(
    countParameters(layers),
    132_863_336 - (49 - 16) * 512 * 4096 + (9 * 512 + 1) * 512,
  );
});

Deno.test("a net has its own fully-connected layers; the last, to the classes, is fc8", () => {
  const blocks = [[64], [128]];
  const full = (fc: number[], shape = IMAGENET) =>
    convsOf(layersOf({ config: "F", blocks, fc }, shape)).slice(2)
      .map(({ name, size, inputs, outputs }) => `${name} ${size} ${inputs} ${outputs}`);
  assert.deepEqual(full([1000, 500]), ["fc6 56 128 1000", "fc7 1 1000 500", "fc8 1 500 1000"]);
  assert.deepEqual(full([1000]), ["fc6 56 128 1000", "fc8 1 1000 1000"]);
  assert.deepEqual(full([]), ["fc8 56 128 1000"]);
  // as the small setup has an eighth of 4096
  const small = { crop: 28, classes: 10, width: 1 / 4, fc: 512 };
  assert.deepEqual(full([2048], small), ["fc6 7 32 256", "fc8 1 256 10"]);
});

Deno.test("a stride of 2 halves a map, at a block's end in place of the pooling", () => {
  const halving = { size: 3, channels: 64, stride: 2 as const };
  const blocks = [[64, halving], [halving, 64], [halving, "lrn" as const]];
  const layers = layersOf({ config: "F", blocks });
  assert.deepEqual(
    layers.map((layer) =>
      layer.kind === "conv" ? `${layer.name}/${layer.stride ?? 1}` : layer.kind
    ),
    [
      ...["conv1_1/1", "conv1_2/2"],
      ...["conv2_1/2", "conv2_2/1", "maxpool"],
      ...["conv3_1/2", "lrn"],
      ...["fc6/1", "fc7/1", "fc8/1"],
    ],
  );
  // halved four times; odd sides are rounded up, whatever poolings do
  assert.equal(lastMapOf(layers, 224), 14);
  assert.equal(lastMapOf(layers, 15, "down"), 1); // 8 4 2 1
  const small = { crop: 8, classes: 10, width: 1, fc: 4096 };
  const net = { config: "F", blocks: [[{ ...halving, channels: 2 }]], fc: [4] };
  // 16 places of 27 x 2, then a map of 16 x 2 to 4, and 4 to 10
  assert.equal(countMultiplyAdds(layersOf(net, small), 8), 16 * 54 + 32 * 4 + 4 * 10);
});

Deno.test("an averaged map has one place, and no hidden layers unless it says so", () => {
  const F = { config: "F", blocks: [[64]], average: true as const };
  assert.deepEqual(layersOf(F).slice(2), [
    { kind: "avgpool" },
    { kind: "conv", name: "fc8", size: 1, inputs: 64, outputs: 1000 },
  ]);
  const convs = convsOf(layersOf({ ...F, fc: [512] })).map(({ name, size }) => `${name} ${size}`);
  assert.deepEqual(convs, ["conv1_1 3", "fc6 1", "fc8 1"]);
  assert.equal(countParameters(layersOf(F)), 27 * 64 + 64 + 64 * 1000 + 1000);
  assert.equal(lastMapOf(layersOf(F), 0, "down"), 0);
});

Deno.test("nets are deepened only where both halve and average alike", () => {
  const F = { config: "F", blocks: [[64, { size: 3, channels: 64, stride: 2 as const }], [64]] };
  const deepened = (one: NetLayers, other: NetLayers) =>
    insertedLayers([one.config, layersOf(one)], [other.config, layersOf(other)]);
  assert.throws(
    () => deepened({ config: "G", blocks: [[64, 64], [64]] }, F),
    /Cannot deepen G into F: conv1_2 would halve maps in one of them alone/,
  );
  const averaged = { config: "H", blocks: [[64], [64]], average: true as const, fc: [64] };
  assert.throws(
    () => deepened(averaged, { ...averaged, blocks: [[64], [64, F.blocks[0]![1]!]] }),
    /conv2_2 would halve maps/,
  );
});

Deno.test("batch normalisation adds a scale for each channel of the convolutions", () => {
  const blocks = [[64], [128], [256, 256], [512, 512], [512, 512]];
  const layers = layersOf({ config: "A-BN", blocks, batchNorm: true });
  // torchvision's vgg11_bn has 132,868,840, of which 2752 are biases that its normalisation takes away
  assert.equal(countParameters(layers), 132_868_840 - 2752);
  assert.deepEqual(weightShapes(layers).get("conv2_1.variance"), [128]);
  assert.equal(weightShapes(layers).has("fc6.scale"), false);
  assert.deepEqual(layersInCommon(layers, layersOf("A")), ["fc6", "fc7", "fc8"]);
});
