/** torchvision's names and order of axes. */
import assert from "node:assert/strict";
import { openWeights } from "../../lib/weights/mod.ts";
import { type NamedTensor, safetensorsBytes } from "../../lib/weights/safetensors.ts";
import { writeTorchvision } from "../../lib/weights/torchvision.ts";
import { gap } from "../support/formula.ts";
import { SMALL, stateDict, writeTorchvisions } from "../parity/released.ts";
import { given, inFile, refused } from "../support/refused.ts";

/** The bytes of a state_dict in safetensors; `change` may spoil it first. */
function bytesOf(change: (tensors: Map<string, NamedTensor>) => void = () => {}): Uint8Array {
  const tensors = stateDict("A");
  change(tensors);
  return new Uint8Array(safetensorsBytes({ tensors, metadata: {} }).flatMap((part) => [...part]));
}

/** A tensor of zeros. */
function zeros(...shape: number[]): NamedTensor {
  return { shape, values: new Float32Array(shape.reduce((product, side) => product * side, 1)) };
}

Deno.test("an element keeps its output, input and place; fc6's columns go channel after channel", async () => {
  await inFile(new Uint8Array(), async (file) => {
    writeTorchvisions(file, "A");
    using weights = await openWeights(file);
    assert.deepEqual(weights.mean, [123.675, 116.28, 103.53]); // 255 * (0.485, 0.456, 0.406)
    const theirs = stateDict("A");
    const at = (values: ArrayLike<number>, shape: readonly number[], ...index: number[]) =>
      values[index.reduce((sum, i, side) => sum * shape[side]! + i, 0)]!;

    const [conv, fc] = ["conv3_2", "fc6"].map((name) => weights.read(`${name}.kernel`));
    // features.8, [outputs 16, inputs 16, 3, 3]: output 5, input 11, row 2, column 1
    assert.equal(
      at(conv!, [3, 3, 16, 16], 2, 1, 11, 5),
      at(theirs.get("features.8.weight")!.values, [16, 16, 3, 3], 5, 11, 2, 1),
    );
    // classifier.0, [outputs 64, 32 channels of 2 by 2]: output 63, channel 30, row 0, column 1
    assert.deepEqual(weights.shapes.get("fc6.kernel"), [2, 2, 32, 64]);
    assert.equal(
      at(fc!, [2, 2, 32, 64], 0, 1, 30, 63),
      at(theirs.get("classifier.0.weight")!.values, [64, 32, 2, 2], 63, 30, 0, 1),
    );
    // green, divided by 255 and by its deviation
    const first = at(theirs.get("features.0.weight")!.values, [4, 3, 3, 3], 3, 1, 0, 2);
    const ours = at(weights.read("conv1_1.kernel"), [3, 3, 3, 4], 0, 2, 1, 3);
    assert.ok(Math.abs(ours / (first / (255 * 0.224)) - 1) < 1e-7);
  });
});

Deno.test("what is exported is imported again: weights, mean and note", async () => {
  await inFile(new Uint8Array(), async (file) => {
    writeTorchvisions(file, "E");
    const read = async () => {
      using weights = await openWeights(file);
      const names = [...weights.shapes];
      const tensors = names.map(([name, shape]) =>
        [name, { shape, values: weights.read(name) }] as const
      );
      return { ...weights, tensors: new Map(tensors) };
    };
    const { tensors } = await read();
    const mean = [120.25, 110.5, 100];
    writeTorchvision(file, { tensors, mean, inputScale: 1, recipe: '{"run":{}}' });
    const again = await read();
    assert.deepEqual([again.mean, again.recipe], [mean, '{"run":{}}']);
    assert.deepEqual([...again.tensors.keys()], [...tensors.keys()]);
    for (const [name, { shape, values }] of tensors) {
      assert.deepEqual(again.tensors.get(name)!.shape, shape);
      assert.ok(gap(again.tensors.get(name)!.values, values) < 2e-7, name);
    }
    // a scale of the input goes into the first kernel
    const { inputScale } = SMALL.setup.train;
    writeTorchvision(file, { tensors, mean, inputScale, recipe: "" });
    const smaller = (await read()).tensors.get("conv1_1.kernel")!.values;
    const kernel = tensors.get("conv1_1.kernel")!.values;
    assert.ok(gap(smaller, kernel.map((value) => value / 64)) < 2e-7);
  });
});

Deno.test("a batch normalisation's bias is the layer's, the convolution's goes into the mean", async () => {
  await inFile(given("norm.pth"), async (file) => {
    using weights = await openWeights(file);
    assert.deepEqual([...weights.shapes], [
      ["conv1_1.kernel", [3, 3, 3, 2]],
      ...["bias", "scale", "mean", "variance"].map((part) => [`conv1_1.${part}`, [2]]),
    ]);
    // as PyTorch's BatchNorm2d begins
    assert.deepEqual(weights.read("conv1_1.scale"), Float32Array.of(1, 1));
    assert.deepEqual(weights.read("conv1_1.variance"), Float32Array.of(1, 1));
    assert.deepEqual(weights.read("conv1_1.bias"), Float32Array.of(0, 0));
    assert.ok(weights.read("conv1_1.mean").every((value) => value !== 0)); // minus the bias
  });
});

Deno.test("a state_dict of another net is refused with the name that gives it away", async () => {
  const cases: readonly (readonly [change: Parameters<typeof bytesOf>[0], message: RegExp])[] = [
    [
      (t) => t.set("layer1.0.conv1.weight", zeros(1)),
      /"layer1\.0\.conv1\.weight", which is not part/,
    ],
    [
      (t) => t.set("module.features.0.weight", zeros(1)),
      /its names begin with "", "module\.", so it may hold several nets; save one of them alone/,
    ],
    [(t) => t.delete("features.6.bias"), /it has no features\.6\.bias;/],
    [
      (t) => t.set("features.1.weight", zeros(4, 4, 3, 3)),
      /features\.1 is where VGG has no conv/,
    ],
    [(t) => t.set("classifier.1.weight", zeros(4, 4)), /its classifier\.1 is not a layer of VGG/],
    [
      (t) => t.set("features.6.weight", zeros(16, 8, 3)),
      /features\.6\.weight is \[16, 8, 3\], which/,
    ],
    [
      (t) => t.set("features.6.weight", zeros(16, 8, 3, 5)),
      /\[16, 8, 3, 5\], which is not a kernel/,
    ],
    [
      (t) => t.set("classifier.0.weight", zeros(64, 130)),
      /\[64, 130\], which is not a kernel of VGG/,
    ],
    [
      (t) => t.set("features.0.bias", { shape: [4], values: new Int32Array(4) }),
      /its features\.0\.bias has the type I32/,
    ],
  ];
  for (const [change, message] of cases) await refused(bytesOf(change), message);
});

/** The tensors of net A under other names, and in other shapes. */
async function readAs(
  change: (name: string, tensor: NamedTensor) => readonly [string, NamedTensor],
): Promise<[string, Float32Array][]> {
  const tensors = new Map([...stateDict("A")].map(([name, tensor]) => change(name, tensor)));
  const bytes = safetensorsBytes({ tensors, metadata: {} }).flatMap((part) => [...part]);
  return await inFile(new Uint8Array(bytes), async (file) => {
    using weights = await openWeights(file);
    return [...weights.shapes.keys()].sort().map((name) => [name, weights.read(name)]);
  });
}

Deno.test("names of the same net by wrappers, old versions and timm are read", async () => {
  const expected = await readAs((name, tensor) => [name, tensor]);
  assert.equal(expected.length, 22);
  const renamed = (rename: (name: string) => string) =>
    readAs((name, tensor) => [rename(name), tensor]);
  const ways: readonly ((name: string) => string)[] = [
    (name) => `module.${name}`, // DataParallel
    (name) => `_orig_mod.${name}`, // torch.compile
    (name) => `model._orig_mod.module.${name}`, // Lightning, and both
    (name) => name.replace("features.", "features.module."), // PyTorch's example for ImageNet
    // torchvision before March 2017
    (name) => name.replace("classifier.0", "classifier.1").replace("classifier.3", "classifier.4"),
  ];
  for (const way of ways) assert.deepEqual(await renamed(way), expected, way("features.0.weight"));
  // these names are doubtful, though: the nets of the paper's authors had them, with Caffe's input
  const large = (tensors: Map<string, NamedTensor>, first: string) => {
    const { shape, values } = tensors.get("features.0.weight")!;
    tensors.set("features.0.weight", { shape, values: values.map((value) => value + 0.2) });
    for (const part of ["weight", "bias"]) {
      const moved = [["classifier.0", first], [
        "classifier.3",
        first === "classifier.1" ? "classifier.4" : "classifier.3",
      ]];
      for (const [from, to] of moved) {
        const tensor = tensors.get(`${from}.${part}`)!;
        tensors.delete(`${from}.${part}`);
        tensors.set(`${to}.${part}`, tensor);
      }
    }
  };
  for (
    const [first, doubt] of [["classifier.0", undefined], ["classifier.1", "its names are those"]]
  ) {
    await inFile(bytesOf((tensors) => large(tensors, first!)), async (file) => {
      using weights = await openWeights(file);
      assert.equal(weights.doubt()?.slice(0, 19), doubt);
    });
  }
  const timm = new Map([
    ["classifier.0", "pre_logits.fc1"],
    ["classifier.3", "pre_logits.fc2"],
    ["classifier.6", "head.fc"],
  ]);
  const asTimm = await readAs((name, tensor) => {
    const [module, part] = [name.slice(0, name.lastIndexOf(".")), name.split(".").at(-1)!];
    const isConv = part === "weight" && module.startsWith("classifier") &&
      module !== "classifier.6";
    const size = module === "classifier.0" ? 2 : 1; // of the small net's last map
    const [outputs, columns] = tensor.shape as [number, number];
    const shape = isConv ? [outputs, columns / size ** 2, size, size] : tensor.shape;
    return [`${timm.get(module) ?? module}.${part}`, { ...tensor, shape }];
  });
  assert.deepEqual(asTimm, expected);
});

Deno.test("numbers of half the length are read, in safetensors as in a pickle", async () => {
  // features.0.bias of net A, which has 4 values, as bfloat16: 1, -2, 0.5 and 0
  const bytes = [0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3f, 0x00, 0x00];
  const whole = bytesOf();
  const length = Number(new DataView(whole.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(8, 8 + length)));
  const end = whole.length - 8 - length;
  header["features.0.bias"] = { dtype: "BF16", shape: [4], data_offsets: [end, end + 8] };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(text.length), true);
  await inFile(
    new Uint8Array([...size, ...text, ...whole.subarray(8 + length), ...bytes]),
    async (file) => {
      using weights = await openWeights(file);
      assert.deepEqual([...weights.read("conv1_1.bias")], [1, -2, 0.5, 0]);
    },
  );
});
