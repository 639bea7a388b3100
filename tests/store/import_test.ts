import assert from "node:assert/strict";
import { smoke } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import type { Setup } from "../../lib/setup.ts";
import { type Context, type Inherited, isImported, type TrainRun } from "../../lib/experiment.ts";
import { importedNet, importNet, noteIn } from "../../lib/store/import.ts";
import { planOf } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { inherited } from "../../lib/vgg/initialisation.ts";
import { meanOf } from "../../lib/vgg/colours.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import {
  type NamedTensor,
  readSafetensors,
  writeSafetensors,
} from "../../lib/weights/safetensors.ts";
import { knownInput } from "../../lib/weights/inputs.ts";
import { openWeights } from "../../lib/weights/mod.ts";
import { noises } from "../support/formula.ts";
import { place, SMALL, stateDict, writeKerases, writeTorchvisions } from "../parity/released.ts";
import { setup as tiny } from "../support/tiny.ts";

const setup: Setup = { ...smoke, train: tiny };
const dataset = { name: "made up", classes: ["a", "b"], fingerprint: "made-up" };
const contexts: Context[] = [0, 1].map((seed) => ({
  ...{ train: tiny, evaluate: smoke.evaluate, seed, data: "made-up" },
}));
const asked = { config: "A", S: 256, setup, dataset, input: "own" } as const;

/** Weights of a tiny A, by formula. */
function weightsOfA(classes = 2): Map<string, NamedTensor> {
  const shapes = weightShapes(layersOf("A", netShapeOf(tiny, classes)));
  return new Map([...shapes].map(([name, shape], i) => {
    const count = shape.reduce((product, side) => product * side);
    return [name, { shape, values: noises(count, { from: 1000 * i }) }];
  }));
}

/** A file with tensors, in a folder of its own. */
async function inFile(
  tensors: ReadonlyMap<string, NamedTensor>,
  work: (file: string, folder: string) => Promise<void>,
  metadata: Record<string, string> = {},
) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    writeSafetensors(`${folder}/given.safetensors`, { tensors, metadata });
    await work(`${folder}/given.safetensors`, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function refused(work: Promise<unknown>, message: RegExp) {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("imported weights are a finished training, keyed by the digest of their file", () =>
  inFile(weightsOfA(), async (file, folder) => {
    const net = await importedNet(file, asked);
    const { stdout } = new Deno.Command("sha256sum", { args: [file] }).outputSync();
    const [digest] = new TextDecoder().decode(stdout).split(" ");
    assert.deepEqual(net.run, { config: "A", S: 256, init: { weights: digest } });

    const store = makeStore(`${folder}/results`);
    await importNet(net, { store, contexts });
    const planned = planOf([net.run], contexts);
    assert.deepEqual(store.runs().map(({ key }) => key).sort(), planned.map((r) => r.key).sort());
    for (const run of planned) {
      assert.equal(store.status(run).state, "done");
      assert.deepEqual(store.readWeights(run), weightsOfA());
      const written = readSafetensors(`${store.folderOf(run)}/weights.safetensors`);
      assert.equal(written.metadata.run, run.key);
      assert.deepEqual(JSON.parse(written.metadata.recipe!).run, net.run);
    }
    // once there, the file is not needed
    Deno.removeSync(file);
    await importNet(net, { store, contexts });
  }));

Deno.test("a file of this project is compared with its checksum, in whatever layout", async () => {
  const damaged = (file: string) => {
    const bytes = Deno.readFileSync(file);
    bytes[bytes.length - 5]! ^= 1; // of the last weight
    Deno.writeFileSync(file, bytes);
  };
  const message =
    /its checksum does not match its content; copy or export it again, or, if another/;
  await inFile(weightsOfA(), async (file) => {
    damaged(file);
    await refused(importedNet(file, asked), message);
  });
  await inFile(stateDict("A"), async (file) => {
    damaged(file);
    await refused(importedNet(file, { ...SMALL, config: "A", S: 256 }), message);
  });
});

Deno.test("a file with another net or number of classes is refused with both shapes", async () => {
  await inFile(weightsOfA(), async (file) => {
    await refused(
      importedNet(file, { ...asked, config: "B" }),
      /^Cannot import ".*given\.safetensors" as weights of B under the setup "smoke" for the 2 classes of made up: it has no conv1_2\.kernel, .*; name the --config, --setup and --dataset/,
    );
    await refused(
      importedNet(file, { ...asked, setup: smoke }),
      /its conv1_1\.kernel is \[3, 3, 3, 2\], the net's is \[3, 3, 3, 4\]/, // width 1/32 and 1/16 of 64
    );
  });
  await inFile(weightsOfA(1000), async (file) => {
    await refused(
      importedNet(file, asked),
      /its fc8\.kernel is \[1, 1, 16, 1000\], the net's is \[1, 1, 16, 2\]/,
    );
  });
});

Deno.test("a net of other classes is a start for others, by all layers but its last", async () => {
  await inFile(weightsOfA(1000), async (file, folder) => {
    const net = await importedNet(file, { ...asked, isStart: true });
    assert.equal((net.run.init as { classes?: number }).classes, 1000);
    const store = makeStore(`${folder}/results`);
    await importNet(net, { store, contexts });
    const [planned] = planOf([net.run], contexts);
    const expected = new Map([...weightsOfA(1000)].filter(([name]) => !name.startsWith("fc8.")));
    assert.deepEqual(store.readWeights(planned!), expected);
    // the start of a net takes what is there
    const run: TrainRun = { config: "A", S: 256, init: { from: net.run, layers: "all" } };
    const shape = netShapeOf(tiny, 2);
    const start = inherited(run, {
      ...{ ancestor: store.readWeights(planned!), setup: tiny, shape },
      drawn: () => assert.fail("there is no noise"),
    });
    assert.deepEqual(start, expected);
  });
  // with the classes of the data set nothing is left out
  await inFile(weightsOfA(2), async (file) => {
    const { run } = await importedNet(file, { ...asked, isStart: true });
    assert.deepEqual(run, (await importedNet(file, asked)).run);
  });
  // nor is another layer than the last
  await inFile(weightsOfA(1000), async (file) => {
    await refused(
      importedNet(file, { ...asked, config: "B", isStart: true }),
      /it has no conv1_2\.kernel/,
    );
  });
});

Deno.test("a net with a NaN weight is not imported", async () => {
  const tensors = weightsOfA();
  tensors.get("fc7.kernel")!.values[5] = NaN;
  await inFile(tensors, async (file, folder) => {
    const store = makeStore(`${folder}/results`);
    const net = await importedNet(file, asked);
    await refused(
      importNet(net, { store, contexts }),
      /: value 5 of fc7\.kernel is NaN; import weights from a training that did not diverge/,
    );
    assert.deepEqual(store.runs(), []);
  });
});

Deno.test("a file without float32 weights is refused, without advice to remove it", async () => {
  const counts = { shape: [2], values: Int32Array.of(1, 2) };
  await inFile(weightsOfA().set("conv1_1.bias", counts), async (file) => {
    await refused(importedNet(file, asked), /: "conv1_1\.bias" has the type I32; name a whole/);
    Deno.writeTextFileSync(file, "weights, or anything else");
    await refused(
      noteIn(file),
      /^Cannot read ".*": its header is cut off; name a whole safetensors/,
    );
  });
  // eight bytes of length, and a header with a tensor of half precision
  const header = '{"conv1_1.bias":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}';
  await inFile(new Map(), async (file) => {
    const length = new Uint8Array(8);
    length[0] = header.length;
    Deno.writeFileSync(file, length);
    Deno.writeTextFileSync(file, `${header}\0\0\0\0`, { append: true });
    await refused(
      noteIn(file),
      /"conv1_1\.bias" has the type F16; name a whole .* float32 \(F32\)/,
    );
  });
});

Deno.test("a store's own file names its net; other files do not", async () => {
  const noted = async (recipe: string | undefined) => {
    let note = {};
    await inFile(
      weightsOfA(),
      async (file) => {
        note = await noteIn(file);
      },
      recipe === undefined ? {} : { recipe },
    );
    return note;
  };
  assert.deepEqual(await noted('{"run":{"config":"E","S":384,"init":"random"}}'), {
    config: "E",
    S: 384,
  });
  assert.deepEqual(await noted('{"run":{"config":"D","S":[256,512]}}'), {
    config: "D",
    S: [256, 512],
  });
  for (const recipe of [undefined, "{", '{"run":{"config":"VGG","S":256}}', '{"run":{"S":[1]}}']) {
    assert.deepEqual(await noted(recipe), {});
  }
});

Deno.test("the layout of a foreign file is recognised, and kept in the run with its mean", async () => {
  using here = place();
  const files = { torchvision: `${here.folder}/b.safetensors`, keras: `${here.folder}/d.h5` };
  writeTorchvisions(files.torchvision, "B");
  await writeKerases(files.keras, "D", "now");
  assert.deepEqual(await noteIn(files.torchvision), { layout: "torchvision", config: "B" });
  assert.deepEqual(await noteIn(files.keras), { layout: "keras", config: "D" });
  const { init } = (await importedNet(files.keras, { ...SMALL, config: "D", S: 256 })).run;
  assert.ok(isImported(init));
  assert.deepEqual([init.layout, init.mean], ["keras", [123.68, 116.779, 103.939]]);
  // the net of 64-pixel crops and ten classes, under the tiny setup with two
  await refused(
    importedNet(files.torchvision, { ...asked, config: "B", input: undefined }),
    /its conv1_1\.kernel is \[3, 3, 3, 4\], the net's is \[3, 3, 3, 2\] \(and \d+ more do not fit\)/,
  );
  await refused(
    importedNet(files.torchvision, { ...SMALL, config: "E", S: 256 }),
    /as weights of E .*: it has no conv3_3\.kernel, .* and 9 more; name the --config/,
  );
});

Deno.test("a foreign file with a NaN weight is not imported", async () => {
  using here = place();
  const file = `${here.folder}/a.safetensors`;
  const tensors = stateDict("A");
  tensors.get("classifier.3.weight")!.values[3] = NaN; // input 3 of output 0
  writeSafetensors(file, { tensors, metadata: {} });
  const store = makeStore(`${here.folder}/results`);
  const net = await importedNet(file, { ...SMALL, config: "A", S: 256 });
  await refused(
    importNet(net, { store, contexts }),
    /: value 192 of fc7\.kernel is NaN; import weights from a training that did not diverge/,
  );
  assert.deepEqual(store.runs(), []);
});

Deno.test("a net that starts from an imported net subtracts the same mean", () => {
  const imported: TrainRun = { config: "D", S: 256, init: { weights: "", mean: [1, 2, 3] } };
  const colours = { mean: [4, 5, 6] };
  const from = (layers: Inherited, run = imported): TrainRun => ({
    ...{ config: "D", S: 384 },
    init: { from: run, layers },
  });
  assert.deepEqual(meanOf(imported, colours), [1, 2, 3]);
  assert.deepEqual(meanOf(from("all", from(["conv1_1", "fc6"])), colours), [1, 2, 3]);
  // the first layer is among those that each word stands for
  for (const layers of ["all", "deepen", "perturb", "transfer"] as const) {
    assert.deepEqual(meanOf(from(layers), colours), [1, 2, 3], layers);
    assert.deepEqual(meanOf(from("all", from(layers)), colours), [1, 2, 3], layers);
  }
  assert.deepEqual(meanOf(from(["fc6"]), colours), [4, 5, 6]); // its first layer is initialised again
  assert.deepEqual(meanOf({ config: "A", S: 256, init: { weights: "" } }, colours), [4, 5, 6]);
  assert.deepEqual(meanOf({ config: "A", S: 256, init: "random" }, colours), [4, 5, 6]);
});

/** The recipe of a training of net A that made a file. */
function recipeOf(data: string, inputScale: number, init: TrainRun["init"] = "random"): string {
  const run: TrainRun = { config: "A", S: 256, init };
  return JSON.stringify({ run, ...contexts[0], data, train: { ...tiny, inputScale } });
}

Deno.test("a net from a store's file keeps its mean on other data; a file without one is refused", async () => {
  const import_ = { ...asked, input: undefined };
  const meanWith = async (metadata: Record<string, string>) => {
    let found: readonly number[] | undefined;
    await inFile(weightsOfA(), async (file) => {
      const { init } = (await importedNet(file, import_)).run;
      assert.ok(isImported(init));
      found = init.mean;
    }, metadata);
    return found;
  };
  const recipe = recipeOf("made-up", tiny.inputScale);
  assert.deepEqual(await meanWith({ recipe, mean: "120.5 110.25 100" }), [120.5, 110.25, 100]);
  // it was trained on these very images: their mean is its mean
  assert.deepEqual(await meanWith({ recipe }), undefined);
  const elsewhere = recipeOf("other", tiny.inputScale);
  assert.deepEqual(await meanWith({ recipe: elsewhere, mean: "1 2 3" }), [1, 2, 3]);
  const fromCaffe = recipeOf("other", tiny.inputScale, {
    from: { config: "A", S: 256, init: { weights: "", mean: [4, 5, 6] } },
    layers: "all",
  });
  assert.deepEqual(await meanWith({ recipe: fromCaffe }), [4, 5, 6]);
  for (const metadata of [{}, { recipe: elsewhere }, { recipe: elsewhere, mean: "1 2" }]) {
    await refused(
      meanWith(metadata as Record<string, string>),
      /does not say which mean colour .* not trained on these images of made up; .* --input own$/,
    );
  }
});

Deno.test("a net that was trained on other images, or saw them otherwise, causes warnings", async () => {
  const doubts = async (data: string, more: object) => {
    const run: TrainRun = { config: "A", S: 256, init: "random" };
    const recipe = JSON.stringify({ run, ...contexts[0], data, train: { ...tiny, ...more } });
    let found: readonly string[] = [];
    await inFile(weightsOfA(), async (file) => {
      const net = await importedNet(file, { ...asked, input: undefined });
      found = net.doubts.map((doubt) => doubt.replace(`"${file}" `, ""));
    }, { recipe, mean: "1 2 3" });
    return found;
  };
  assert.deepEqual(await doubts("made-up", { dropout: 0.1, kernels: "glorot" }), []);
  // the same shapes: crops of 28 and 24 pixels both end as a map of one place
  assert.deepEqual(await doubts("other", { crop: 24, resize: "lanczos3" }), [
    "was trained under a setup with crop 24 and not 28, resize lanczos3 and not bicubic.",
    "was trained on other images than these of made up: its classes are taken to be the same, in the " +
    "same order.",
  ]);
});

Deno.test("the first kernel is rescaled if it was trained with another input scale", async () => {
  const kernels = async (inputScale: number) => {
    let found: Float32Array = new Float32Array();
    await inFile(weightsOfA(), async (file, folder) => {
      const store = makeStore(`${folder}/results`);
      const net = await importedNet(file, { ...asked, input: undefined });
      await importNet(net, { store, contexts });
      const [planned] = planOf([net.run], contexts);
      found = store.readWeights(planned!).get("conv1_1.kernel")!.values;
      assert.deepEqual(
        store.readWeights(planned!).get("fc6.kernel"),
        weightsOfA().get("fc6.kernel"),
      );
    }, { recipe: recipeOf("made-up", inputScale) });
    return found;
  };
  const given = weightsOfA().get("conv1_1.kernel")!.values as Float32Array;
  assert.deepEqual(await kernels(tiny.inputScale), given);
  // (pixel - mean) / 128 is half of (pixel - mean) / 64, so the kernel is halved
  assert.equal(tiny.inputScale, 1 / 64);
  assert.deepEqual(await kernels(1 / 128), given.map((value) => value / 2));
});

Deno.test("Caffe's input under torchvision's names needs an option, and causes a warning without it", async () => {
  using here = place();
  const [theirs, released] = [`${here.folder}/caffe.safetensors`, `${here.folder}/d.h5`];
  await writeKerases(released, "D", "now"); // Keras has Caffe's input
  using keras = await openWeights(released);
  const tensors = stateDict("D");
  // Keras's first kernel [3, 3, blue green red, 4] as [4, blue green red, 3, 3]
  const first = tensors.get("features.0.weight")!;
  const rgb = keras.read("conv1_1.kernel");
  const values = first.values.map((_, i) => {
    const [output, bgr, at] = [Math.floor(i / 27), Math.floor(i / 9) % 3, i % 9];
    return rgb[at * 12 + (2 - bgr) * 4 + output]!;
  });
  tensors.set("features.0.weight", { ...first, values });
  writeSafetensors(theirs, { tensors, metadata: {} });

  const target = { ...SMALL, config: "D", S: 256 } as const;
  const told = await importedNet(theirs, { ...target, input: "caffe" });
  assert.ok(isImported(told.run.init));
  assert.deepEqual(
    [told.run.init.layout, told.run.init.input, told.run.init.mean, told.doubts],
    ["torchvision", "caffe", [123.68, 116.779, 103.939], []],
  );
  using open = await openWeights(theirs, { input: "caffe" });
  assert.deepEqual(open.read("conv1_1.kernel"), rgb);
  const store = makeStore(`${here.folder}/results`);
  const context = { ...contexts[0]!, train: SMALL.setup.train };
  await importNet(told, { store, contexts: [context] });
  const [planned] = planOf([told.run], [context]);
  assert.deepEqual(
    store.readWeights(planned!).get("conv1_1.kernel")!.values,
    rgb.map((value) => value * 64), // of an input that is divided by 64
  );

  // a kernel for 0 to 255 is some 60 times smaller than one for [0, 1]
  const small = { ...first, values: values.map((value) => value / 64) };
  writeSafetensors(theirs, { tensors: tensors.set("features.0.weight", small), metadata: {} });
  const { doubts: [doubt], run } = await importedNet(theirs, target);
  assert.match(doubt!, /torchvision's input, but its first kernel is so small .* --input caffe\.$/);
  assert.deepEqual(isImported(run.init) && run.init.input, undefined);
});

Deno.test("the input that a foreign file is taken to have is said, unless it is noted, asked for or known", async () => {
  using here = place();
  const file = `${here.folder}/a.safetensors`;
  const target = { ...SMALL, config: "A", S: 256 } as const;
  const assumption = async (more: object = {}) =>
    (await importedNet(file, { ...target, ...more })).assumption;
  writeTorchvisions(file, "A");
  assert.match(
    (await assumption())!,
    /^".*" has torchvision's layout, and no note of its net's input, which is taken to be torchvision's \(red, green and blue of 0 to 1, .*\); --input names another\.$/,
  );
  assert.equal(await assumption({ input: "torchvision" }), undefined);
  writeSafetensors(file, { tensors: stateDict("A"), metadata: { mean: "1 2 3" } });
  assert.equal(await assumption(), undefined);
});

Deno.test("an input that contradicts a file's metadata is refused; known files need no option", async () => {
  await inFile(weightsOfA(), (file) =>
    refused(
      importedNet(file, { ...asked, input: "caffe" }),
      /with --input caffe: .* notes its own mean colour, 1, 2, 3; leave --input out/,
    ), { mean: "1 2 3" });
  assert.equal(knownInput(`00b39a1b${"0".repeat(56)}`), "caffe");
  assert.equal(knownInput(`d01eb7cb${"0".repeat(56)}`), "caffe");
  assert.equal(knownInput("397923af"), undefined); // torchvision's own vgg16-397923af.pth
});
