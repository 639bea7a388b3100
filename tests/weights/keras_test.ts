/** Files of Keras: `files/make.py` had Keras 3.12 and h5py write some. */
import assert from "node:assert/strict";
import { type Hdf5Group, writeHdf5 } from "../../lib/weights/hdf5.ts";
import { writeKeras } from "../../lib/weights/keras.ts";
import { openWeights } from "../../lib/weights/mod.ts";
import { gap } from "../support/formula.ts";
import { writeKerases } from "../parity/released.ts";
import { given, inFile, pathOf, refused } from "../support/refused.ts";

const KERAS = ["keras.h5", "keras-model.h5", "keras3.weights.h5"];
/** The first again: in float16, and compressed. */
const PACKED = ["keras-half.h5", "keras-gzip.h5"];

for (const name of [...KERAS, ...PACKED]) {
  Deno.test(`${name}: names from attributes, input channels reversed, fc1 over maps`, async () => {
    using weights = await openWeights(pathOf(name));
    assert.deepEqual(
      new Map([...weights.shapes].sort()),
      new Map([
        ["conv1_1.bias", [2]],
        ["conv1_1.kernel", [3, 3, 3, 2]],
        ["fc6.bias", [4]],
        ["fc6.kernel", [1, 1, 2, 4]],
      ]),
    );
    assert.deepEqual(weights.mean, [123.68, 116.779, 103.939]);
    // eighths from 0: two outputs of blue, two of green, two of red; here red comes first
    const kernel = weights.read("conv1_1.kernel").map((value) => 8 * value);
    assert.deepEqual([...kernel.slice(0, 12)], [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7]);
    assert.deepEqual([...weights.read("fc6.kernel")].map((value) => 8 * value), [
      ...Array(8).keys(),
    ]);
  });

  Deno.test(`${name}: cut off anywhere, it is refused in one line`, async () => {
    const bytes = given(name);
    for (const share of [0.001, 0.01, 0.1, 0.5, 0.9, 0.999]) {
      await refused(bytes.subarray(0, Math.ceil(share * bytes.length)), /it is (cut off|damaged)/);
    }
  });
}

/** What WebAssembly throws where a program ends itself: a module with one function, unreachable. */
function trap(): never {
  const code = [
    ...[0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
    ...[7, 5, 1, 1, 0x66, 0, 0, 0x0A, 5, 1, 3, 0, 0, 0x0B],
  ];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(code)));
  (exports.f as () => void)();
  throw new Error("it returned");
}

Deno.test("where the HDF5 library aborts in a damaged file, the file is refused in one line", async () => {
  // the library has opened some 2,700 damaged files when it aborts by itself
  const library = ["h5wasm", "node"].join("/");
  const { Group, File } = await import(library) as Record<
    "Group" | "File",
    { prototype: { keys(): string[]; close(): void } }
  >;
  const [keys, close] = [Group.prototype.keys, File.prototype.close];
  try {
    Group.prototype.keys = trap;
    await refused(given("keras.h5"), /it is damaged \(the HDF5 library gives up\)/);
    File.prototype.close = trap; // it can do nothing more
    await refused(given("keras.h5"), /it is damaged \(the HDF5 library gives up\)/);
  } finally {
    Object.assign(Group.prototype, { keys });
    Object.assign(File.prototype, { close });
  }
  using weights = await openWeights(pathOf("keras.h5"));
  assert.equal(weights.shapes.size, 4);
});

Deno.test("what is exported is imported again: weights, mean and note", async () => {
  await inFile(new Uint8Array(), async (file) => {
    await writeKerases(file, "E", "first");
    const read = async () => {
      using weights = await openWeights(file);
      const tensors = [...weights.shapes].map(([name, shape]) =>
        [name, { shape, values: weights.read(name) }] as const
      );
      return { ...weights, tensors: new Map(tensors) };
    };
    const { tensors } = await read();
    const mean = [120.25, 110.5, 100];
    await writeKeras(file, { tensors, mean, inputScale: 1 / 64, recipe: '{"run":{}}' });
    const again = await read();
    assert.deepEqual([again.mean, again.recipe], [mean, '{"run":{}}']);
    for (const [name, { shape, values }] of tensors) {
      const expected = name === "conv1_1.kernel" ? values.map((value) => value / 64) : values;
      assert.deepEqual(again.tensors.get(name)!.shape, shape);
      assert.equal(gap(again.tensors.get(name)!.values, expected), 0, name);
    }
  });
});

Deno.test("the same net is the same file at any time: its digest is in the key of an imported net", async () => {
  const { now } = Date;
  try {
    const files: Uint8Array[] = [];
    for (const year of [2014, 2030]) {
      const then = () => Date.UTC(year, 3, 10);
      Date.now = then;
      await oneLayer("block1_conv1", ["kernel", "bias"], (file) => {
        files.push(Deno.readFileSync(file));
        return Promise.resolve();
      });
      assert.equal(Date.now, then); // the clock goes on
    }
    assert.deepEqual(files[0], files[1]);
  } finally {
    Date.now = now;
  }
});

/** A file of one layer; `more` are attributes of the root, and layers without weights. */
async function oneLayer(
  layer: string,
  paths: readonly string[],
  work: (file: string) => Promise<void>,
  shape: readonly number[] = [3, 3, 3, 2],
  { layers = [], ...attributes }: {
    readonly layers?: readonly string[];
    readonly [name: string]: string | readonly string[];
  } = {},
) {
  const values = () => new Float32Array(shape.reduce((product, side) => product * side, 1));
  const group: Hdf5Group = {
    attributes: { weight_names: ["kernel", "bias"] },
    datasets: paths.map((path) => ({ path, shape, values })),
  };
  await inFile(new Uint8Array(), async (file) => {
    const without = layers.map((name): [string, Hdf5Group] => [
      name,
      { attributes: {}, datasets: [] },
    ]);
    await writeHdf5(
      file,
      { layer_names: [...layers, layer], ...attributes },
      new Map([...without, [layer, group]]),
    );
    await work(file);
  });
}

Deno.test("a file of another net is refused with the name that gives it away", async () => {
  const check = (message: RegExp) => (file: string) => refused(Deno.readFileSync(file), message);
  const both = ["kernel", "bias"];
  await oneLayer("conv2d_1", both, check(/its layer "conv2d_1" is not in Keras's VGG; name the/));
  await oneLayer("block1_conv1", ["kernel"], check(/it has no \/block1_conv1\/bias/));
  await oneLayer("fc1", both, check(/its fc1 has a kernel of \[3,3,3,2\], which fits no map/));
  await oneLayer("block1_conv1", both, check(/has a kernel of \[54\]/), [54]);
  await inFile(new Uint8Array(), async (file) => {
    await writeHdf5(file, {}, new Map());
    await refused(Deno.readFileSync(file), /it has no layers of Keras's/);
  });
});

Deno.test("what shapes do not tell is read: Theano's kernels, channels first, rescaling inside", async () => {
  const check = (message: RegExp) => (file: string) => refused(Deno.readFileSync(file), message);
  const opens = async (file: string) => (await openWeights(file))[Symbol.dispose]();
  const layer = (work: (file: string) => Promise<void>, more: Parameters<typeof oneLayer>[4]) =>
    oneLayer("block1_conv1", ["kernel", "bias"], work, [3, 3, 3, 2], more);
  const config = (order: string) =>
    JSON.stringify({ config: { layers: [{ data_format: order }] } });
  await layer(check(/kernels are Theano's, turned by half a turn/), { backend: "theano" });
  await layer(check(/images have their channels first/), {
    model_config: config("channels_first"),
  });
  await layer(check(/its layer "rescaling", which has no weights, is not/), {
    layers: ["rescaling"],
  });
  await layer(check(/its layer "lambda_1", which has no weights, is not/), {
    layers: ["lambda_1"],
  });
  await layer(opens, {
    ...{ backend: "tensorflow", model_config: config("channels_last") },
    layers: ["input_1", "random_flip", "block1_pool", "flatten", "dropout_2"],
  });
});

Deno.test("a link to somewhere else is not followed", async () => {
  const { default: h5wasm } = await import("h5wasm/node");
  await oneLayer("block1_conv1", ["kernel"], async (file) => {
    const open = new h5wasm.File(file, "a");
    (open.get("block1_conv1") as InstanceType<typeof h5wasm.Group>)
      .create_external_link("/etc/passwd", "/bias", "bias");
    open.close();
    await refused(Deno.readFileSync(file), /its \/block1_conv1\/bias is a link to another place/);
  });
});

Deno.test("numbers of another type are refused", async () => {
  const { default: h5wasm } = await import("h5wasm/node");
  await oneLayer("block1_conv1", ["kernel"], async (file) => {
    const open = new h5wasm.File(file, "a");
    (open.get("block1_conv1") as InstanceType<typeof h5wasm.Group>)
      .create_dataset({ name: "bias", data: Int32Array.of(1, 2) });
    open.close();
    await refused(
      Deno.readFileSync(file),
      /its \/block1_conv1\/bias is not of float16, float32 or float64/,
    );
  });
});
