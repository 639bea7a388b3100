import assert from "node:assert/strict";
import { exportNet } from "../../lib/commands/export.ts";
import { CODE, type Planned } from "../../lib/commands/export_code.ts";
import { net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import type { ConfigName, NetLayers } from "../../lib/experiment.ts";
import { ownNet } from "../../lib/tables/own_net.ts";
import { plannedRun } from "../../lib/plan.ts";
import type { TrainSetup } from "../../lib/setup.ts";
import { python } from "../../lib/system/subprocess.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { openWeights } from "../../lib/weights/mod.ts";
import { gap, noises } from "../support/formula.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { versionsOf } from "../support/python_packages.ts";
import { whileFailing } from "../support/failing_calls.ts";

/** Mean of the sandbox's training images, 0 to 255: noise from the same formula in every channel. */
const GREY = 127.5;

/** Puts a net of S = 256 into the sandbox's store, by formula. */
async function trained(
  sandbox: CommandSandbox,
  config: ConfigName | NetLayers,
  precision = "float32",
) {
  const options = sandbox.options("export", "--precision", precision);
  const { contexts } = await sandbox.study(options);
  const run = typeof config === "string" ? net(config, 256) : ownNet(config, 256);
  const planned = plannedRun(run, contexts[0]!);
  const shapes = weightShapes(layersOf(config, netShapeOf(options.setup.train, 2)));
  const tensors = new Map([...shapes].map(([name, shape], i) => {
    const count = shape.reduce((product, side) => product * side);
    return [name, { shape, values: noises(count, { from: 1000 * i }) }];
  }));
  const store = makeStore(options.results);
  store.begin(planned);
  store.writeWeights(planned, tensors);
  return { ...planned, tensors, scale: options.setup.train.inputScale };
}

async function refused(sandbox: CommandSandbox, words: string[], as: string[], message: RegExp) {
  await assert.rejects(exportNet(words, sandbox.options("export", ...as)), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

for (const [layout, ending] of [["torchvision", "safetensors"], ["keras", "h5"]] as const) {
  Deno.test(`a net is exported for ${layout}, with the mean that it was trained with`, async () => {
    using sandbox = new CommandSandbox();
    const { key, tensors, scale } = await trained(sandbox, "B");
    const file = `${sandbox.folder}/b.${ending}`;
    const said = await sandbox.printed("export", [key.slice(0, 8), file], "--as", layout);
    using weights = await openWeights(file);
    assert.ok(weights.mean!.every((part) => Math.abs(part - GREY) < 3), String(weights.mean));
    const [red] = weights.mean!;
    assert.ok(said.includes(layout === "keras" ? red!.toFixed(3) : (red! / 255).toFixed(6)), said);
    assert.match(said, layout === "keras" ? /blue, green and\s+red/ : /Normalize\(mean=\[/);
    assert.deepEqual(JSON.parse(weights.recipe!).run, net("B", 256));
    for (const [name, { values }] of tensors) {
      const ours = name === "conv1_1.kernel" ? values.map((value) => scale * value) : values;
      assert.ok(gap(weights.read(name), ours) < 2e-7, name);
    }
  });
}

Deno.test("A-LRN goes to TensorFlow with its normalisation, and nowhere without it", async () => {
  using sandbox = new CommandSandbox();
  const { key } = await trained(sandbox, "A-LRN");
  const file = `${sandbox.folder}/lrn`;
  for (const layout of ["torchvision", "keras"]) {
    await refused(
      sandbox,
      [key, file],
      ["--as", layout],
      /^Cannot export A-LRN for torchvision or Keras: .*; choose --as savedmodel or --as onnx, which have it$/,
    );
  }
  await sandbox.printed("export", [key, file], "--as", "savedmodel");
  const graph = Deno.readFileSync(`${file}/saved_model.pb`);
  assert.ok(new TextDecoder().decode(graph).includes("LRN"));
});

Deno.test("a folder with the draft of an export that was killed is exported into again", async () => {
  using sandbox = new CommandSandbox();
  const { key } = await trained(sandbox, "A");
  const folder = `${sandbox.folder}/a`;
  Deno.mkdirSync(folder);
  Deno.writeTextFileSync(`${folder}/saved_model.pb.${crypto.randomUUID()}.part`, "cut off");
  await sandbox.printed("export", [key, folder], "--as", "savedmodel");
  assert.ok(Deno.statSync(`${folder}/saved_model.pb`).size > 1000);
  const other = `${sandbox.folder}/other`;
  Deno.mkdirSync(other);
  Deno.writeTextFileSync(`${other}/notes.part`, "somebody's");
  await refused(
    sandbox,
    [key, other],
    ["--as", "savedmodel"],
    /^Cannot write ".*other": it exists/,
  );
});

Deno.test("a net of one's own goes to torchvision where its make_layers can make it", async () => {
  using sandbox = new CommandSandbox();
  const blocks = [[64], [128, 128], [256]];
  const { key, tensors } = await trained(sandbox, { config: "F", blocks });
  const file = `${sandbox.folder}/f.safetensors`;
  const said = await sandbox.printed("export", [key, file], "--as", "torchvision");
  // a 32nd of the channels; 28 pixels are 14, 7 and 4
  assert.match(said.replaceAll(/\s+/g, " "), /make_layers\(\[2, "M", 4, 4, "M", 8, "M"\]\), each/);
  assert.match(said.replaceAll(/\s+/g, " "), /classifier gets 8 channels of 4 by 4 places\./);
  const theirs = openSafetensors(file, { remedy: "" });
  // conv, ReLU, pooling; conv, ReLU, conv, ReLU, pooling; conv
  assert.deepEqual(
    [...theirs.shapes.keys()].filter((name) => name.endsWith("weight")).map((name) => [
      name,
      theirs.shapes.get(name),
    ]),
    [
      ["features.0.weight", [2, 3, 3, 3]],
      ["features.3.weight", [4, 2, 3, 3]],
      ["features.5.weight", [4, 4, 3, 3]],
      ["features.8.weight", [8, 4, 3, 3]],
      ["classifier.0.weight", [16, 8 * 4 * 4]],
      ["classifier.3.weight", [16, 16]],
      ["classifier.6.weight", [2, 16]],
    ],
  );
  theirs[Symbol.dispose]();
  using weights = await openWeights(file);
  assert.deepEqual(weights.read("conv3_1.kernel"), tensors.get("conv3_1.kernel")!.values);
  await sandbox.printed("export", [key, `${sandbox.folder}/f`], "--as", "savedmodel");
  const c = await trained(sandbox, "C");
  await refused(
    sandbox,
    [c.key, file],
    ["--as", "torchvision"],
    /^Cannot export C for torchvision: .* conv3_3 is 1x1; choose --as savedmodel or --as onnx$/,
  );
  await refused(
    sandbox,
    [key, `${sandbox.folder}/f.h5`],
    ["--as", "keras"],
    /^Cannot export F for Keras: it makes no VGG of other blocks; choose --as torchvision, --as savedmodel or --as onnx$/,
  );
  const odd = await trained(sandbox, { config: "G", blocks: [[{ size: 5, channels: 64 }]] });
  await refused(
    sandbox,
    [odd.key, file],
    ["--as", "torchvision"],
    /^Cannot export G for torchvision: .* conv1_1 is 5x5; choose --as savedmodel or --as onnx$/,
  );
  const normalised = await trained(sandbox, { config: "N", blocks, batchNorm: true });
  const saidOf = await sandbox.printed("export", [normalised.key, file], "--as", "torchvision");
  assert.match(saidOf.replaceAll(/\s+/g, " "), /make_layers\(\[2, .*, "M"\], batch_norm=True\)/);
  const halving = { size: 3, channels: 64, stride: 2 as const };
  const strided = await trained(sandbox, { config: "I", blocks: [[halving]] });
  await refused(
    sandbox,
    [strided.key, file],
    ["--as", "torchvision"],
    /conv1_1 is 3x3 of stride 2;/,
  );
  const averaged = await trained(sandbox, { config: "H", blocks: [[64]], average: true });
  await refused(
    sandbox,
    [averaged.key, file],
    ["--as", "torchvision"],
    /^Cannot export H .* has two hidden fully-connected layers, this one 0; choose --as savedmodel or --as onnx$/,
  );
});

for (const precision of ["float32", "bfloat16"]) {
  Deno.test(`a net trained in ${precision} is exported as ONNX in float32`, async () => {
    using sandbox = new CommandSandbox();
    const { key, tensors, scale } = await trained(sandbox, "A-LRN", precision);
    const file = `${sandbox.folder}/a.onnx`;
    const asked = ["--precision", precision, "--as", "onnx"];
    const said = await sandbox.printed("export", [key, file], ...asked);
    assert.match(
      said.replace(/\s+/g, " "),
      /float32, \[batch, 3, height, width\].*gives posteriors/,
    );
    const bytes = Deno.readFileSync(file);
    const { values } = tensors.get("conv1_1.bias")!;
    assert.ok(includes(bytes, new Uint8Array(values.buffer)));
    const text = new TextDecoder("latin1").decode(bytes);
    assert.ok(text.includes('["even","odd"]') && text.includes(key) && text.includes("Softmax"));
    const raw = await sandbox.printed("export", [key, file], ...asked, "--raw");
    assert.match(
      raw.replace(/\s+/g, " "),
      new RegExp(`minus 12\\d.*, times ${scale}. It gives scores`),
    );
    assert.ok(!new TextDecoder("latin1").decode(Deno.readFileSync(file)).includes("Softmax"));
  });
}

/** The Python of a card. */
function codeIn(card: string): string {
  return /^```python\n([^]*?)\n```$/m.exec(Deno.readTextFileSync(card))![1]!;
}

/** Runs the Python of cards on two crops, and compares the posteriors with the ONNX file's. */
const COMPARE = `
import json, sys
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("net.onnx")
mean = np.float32(session.get_modelmeta().custom_metadata_map["mean"].split())
side = int(sys.argv[1])
crops = np.random.default_rng(0).integers(0, 256, (2, side, side, 3)).astype("float32")
[expected] = session.run(["posteriors"], {"images": crops.transpose(0, 3, 1, 2)})
layout, code = sys.argv[2:]
if layout == "keras":
    there = {"images": (crops - mean)[..., ::-1].copy()}
else:
    import torch
    try:
        import torchvision
    except RuntimeError:  # one of another build than torch; its VGG needs none of these operations
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor x) -> Tensor")
    crops = (crops / 255 - mean / 255) / np.float32([0.229, 0.224, 0.225])
    there = {"images": torch.tensor(crops).permute(0, 3, 1, 2)}
exec(code, there)
found = there["posteriors"].detach().numpy()
print(json.dumps([list(found.shape), float(abs(found - expected).max())]))`;

/** Layouts whose cards' Python is run: the packages that it needs, the file's name, and a net. */
const READERS = [
  ["torchvision", ["torch", "torchvision", "safetensors"], "net.safetensors", "D"],
  ["keras", ["torch", "keras", "h5py"], "net.h5", "C"],
] as const;
for (const [layout, packages, name, config] of READERS) {
  const isThere = await versionsOf("onnxruntime", ...packages) !== undefined;
  if (!isThere) {
    console.warn(
      `Python lacks onnxruntime or one of ${packages.join(", ")}: a card's Python is not run`,
    );
  }
  Deno.test({
    name: `the Python in a card makes the net of a file for ${layout} (where Python has it)`,
    ignore: !isThere,
    async fn() {
      using sandbox = new CommandSandbox();
      const { key, context: { train } } = await trained(sandbox, config);
      const file = `${sandbox.folder}/${name}`;
      await sandbox.printed("export", [key, file], "--as", layout);
      await sandbox.printed("export", [key, `${sandbox.folder}/net.onnx`], "--as", "onnx");
      const [program = "", ...args] = python();
      const { stdout, stderr } = await new Deno.Command(program, {
        args: [...args, "-c", COMPARE, String(train.crop), layout, codeIn(`${file}.md`)],
        ...{ cwd: sandbox.folder, env: { KERAS_BACKEND: "torch", OMP_NUM_THREADS: "1" } },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.notEqual(text, "", new TextDecoder().decode(stderr));
      const [shape, difference] = JSON.parse(text.trim().split("\n").at(-1)!);
      assert.deepEqual(shape, [2, 2]);
      assert.ok(difference < 1e-5, String(difference));
    },
  });
}

Deno.test("nets of the paper's channels have names of their own in other libraries, small ones do not", () => {
  const layersFor = (config: ConfigName, train: TrainSetup, classes: number) =>
    layersOf(config, netShapeOf(train, classes));
  const codeFor = (layout: "torchvision" | "keras", config: ConfigName, train: TrainSetup) => {
    const planned = plannedRun(net(config, 256), { ...paper, train, seed: 0, data: "" });
    return CODE[layout]!({
      file: "d.file",
      planned: planned as Planned,
      layers: layersFor(config, train, 20),
    });
  };
  assert.equal(
    codeFor("torchvision", "D", paper.train),
    "import torchvision\nfrom safetensors.torch import load_file\n\n" +
      "net = torchvision.models.vgg16(num_classes=20)\n" +
      'net.load_state_dict(load_file("d.file"))\nnet.eval()\n' +
      "posteriors = net(images).softmax(1)  # images: [batch, 3, 224, 224]",
  );
  assert.match(codeFor("torchvision", "A", paper.train), /models\.vgg11\(num_classes=20\)/);
  assert.match(codeFor("keras", "E", paper.train), /VGG19\(weights=None, classes=20\)/);
  // Keras has neither A nor B
  assert.match(codeFor("keras", "A", paper.train), /\[\(64, 3\)\], \[\(128, 3\)\], \[\(256, 3\), /);
  assert.match(
    codeFor("torchvision", "D", small.train),
    /make_layers\(\[16, 16, "M", 32, 32, "M", 64, /,
  );
  const down = { ...small.train, oddSides: "down" } as const;
  assert.doesNotMatch(codeFor("torchvision", "D", down), /ceil_mode/);
  assert.match(codeFor("keras", "D", down), /MaxPooling2D\(padding="valid"\)/);
});

Deno.test("a card is written beside a file or into a folder, and replaces nothing else", async () => {
  using sandbox = new CommandSandbox();
  const { key } = await trained(sandbox, "B");
  const places = [["keras", "b.h5", "b.h5.md"], ["savedmodel", "b", "b/README.md"]] as const;
  for (const [layout, name, card] of places) {
    await sandbox.printed("export", [key, `${sandbox.folder}/${name}`], "--as", layout);
    const text = Deno.readTextFileSync(`${sandbox.folder}/${card}`);
    assert.ok(text.includes(`key \`${key}\``));
    assert.ok(text.includes(layout === "keras" ? 'load_weights("b.h5")' : 'saved_model.load("b")'));
    assert.match(text, /It was not tested here\./);
  }
  Deno.writeTextFileSync(`${sandbox.folder}/b.onnx.md`, "# Mine");
  await refused(
    sandbox,
    [key, `${sandbox.folder}/b.onnx`],
    ["--as", "onnx"],
    /^Cannot write ".*b\.onnx\.md": it exists, and is not a card that this command wrote; name/,
  );
  assert.equal(Deno.readTextFileSync(`${sandbox.folder}/b.onnx.md`), "# Mine");
});

/** Whether bytes occur in others. */
function includes(all: Uint8Array, part: Uint8Array): boolean {
  const latin1 = new TextDecoder("latin1");
  return latin1.decode(all).includes(latin1.decode(part));
}

Deno.test("what cannot be exported is refused with the way out", async () => {
  using sandbox = new CommandSandbox();
  const { key, context } = await trained(sandbox, "A");
  const file = `${sandbox.folder}/a.h5`;
  await refused(
    sandbox,
    [key],
    ["--as", "keras"],
    /export needs .*: deno task export 0123abcd d\.h5/,
  );
  await refused(sandbox, [key, file], [], /export needs a training's key, a file and --as/);
  await refused(
    sandbox,
    [key, file],
    ["--as", "keras", "--raw"],
    /^--raw leaves parts of an ONNX file out; --as keras has no such parts, so leave --raw out$/,
  );
  const D = plannedRun(net("D", 256), context).key;
  await refused(
    sandbox,
    [D, file],
    ["--as", "keras"],
    new RegExp(`^Cannot export ${D} \\(D 256\\): it is todo; deno task train makes it$`),
  );
  const test = plannedRun({ net: net("A", 256), Q: 256, method: "dense" }, context);
  await refused(
    sandbox,
    [test.key, file],
    ["--as", "keras"],
    new RegExp(
      `it is an evaluation, A 256 at Q = 256, dense; the training that it tests is ${key}$`,
    ),
  );
  // what is no net is not replaced; a net is
  const other = `${sandbox.folder}/other`;
  Deno.mkdirSync(`${other}.folder`);
  for (const place of [other, `${other}.folder/letter`]) Deno.writeTextFileSync(place, "precious");
  for (const layout of ["torchvision", "keras", "savedmodel", "onnx"]) {
    await refused(sandbox, [key, other], ["--as", layout], /other": it exists, and is not a net/);
  }
  await refused(sandbox, [key, `${other}.folder`], ["--as", "savedmodel"], /it exists, and is not/);
  assert.equal(Deno.readTextFileSync(other), "precious");
  for (const layout of ["torchvision", "keras", "savedmodel", "onnx"]) {
    for (let i = 0; i < 2; i++) {
      await sandbox.printed("export", [key, `${sandbox.folder}/${layout}.out`], "--as", layout);
    }
  }
  for (const layout of ["torchvision", "keras", "savedmodel", "onnx"]) {
    await refused(
      sandbox,
      [key, `${sandbox.folder}/train/odd/1.png/a`],
      ["--as", layout],
      /^Cannot write ".*a": /,
    );
  }
});

Deno.test("weights that a disk withholds are named, and a net without its last layer is refused", async () => {
  using sandbox = new CommandSandbox();
  const { key, context } = await trained(sandbox, "A");
  const as = ["--as", "torchvision"];
  const file = `${sandbox.folder}/a.safetensors`;
  for (const call of ["openSync", "statSync"] as const) {
    await whileFailing(
      { call, part: "weights.safetensors" },
      () =>
        refused(sandbox, [key, file], as, /^Cannot read ".*weights\.safetensors": Input\/output/),
    );
  }
  // the mean of their input is that of pictures
  await whileFailing(
    { call: "readDirSync", part: "train/odd", skip: 1 },
    () =>
      refused(sandbox, [key, file], as, /"train\/odd" cannot be listed \(Input\/output error\)/),
  );
  const init = { weights: "0".repeat(64), classes: 1000 };
  const part = plannedRun({ config: "A", S: 256, init }, context);
  makeStore(sandbox.options("export").results).begin(part);
  await refused(
    sandbox,
    [part.key, file],
    as,
    /: it was imported without its last layer; name the/,
  );
});

Deno.test("nothing is written where a disk withholds what is there already", async () => {
  using sandbox = new CommandSandbox();
  const { key } = await trained(sandbox, "A");
  const mine = "my notes";
  for (
    const [layout, name, theirs] of [
      ["torchvision", "a.safetensors", "a.safetensors"],
      ["torchvision", "b.safetensors", "b.safetensors.md"],
      ["onnx", "c.onnx", "c.onnx"],
    ] as const
  ) {
    const [file, other] = [`${sandbox.folder}/${name}`, `${sandbox.folder}/${theirs}`];
    Deno.writeTextFileSync(other, mine);
    for (const call of ["statSync", ...layout === "onnx" ? ["openSync" as const] : []] as const) {
      await whileFailing(
        { call, part: other },
        () =>
          refused(
            sandbox,
            [key, file],
            ["--as", layout],
            /^Cannot read ".*": Input\/output error; check/,
          ),
      );
    }
    assert.equal(Deno.readTextFileSync(other), mine);
  }
});

Deno.test("a net is exported as a page, again over its own folder, and over nothing else", async () => {
  using sandbox = new CommandSandbox();
  const { key } = await trained(sandbox, "A");
  const folder = `${sandbox.folder}/net`;
  for (let time = 0; time < 2; time++) {
    const said = await sandbox.printed("export", [key, folder], "--as", "page");
    assert.match(
      said.replaceAll(/\s+/g, " "),
      /A 256 for browsers\. Open its index\.html in a browser/,
    );
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["README.md", "index.html", "net-0.js", "runtime.js"]);
  }
  const [, facts] = /<script id="facts"[^>]*>(.*?)<\/script>/s.exec(
    Deno.readTextFileSync(`${folder}/index.html`),
  )!;
  assert.deepEqual(JSON.parse(facts!).classes, ["even", "odd"]);
  assert.doesNotMatch(Deno.readTextFileSync(`${folder}/README.md`), /```python/);
  const other = `${sandbox.folder}/site`;
  Deno.mkdirSync(other);
  Deno.writeTextFileSync(`${other}/index.html`, "<!doctype html>somebody's");
  await refused(
    sandbox,
    [key, other],
    ["--as", "page"],
    /^Cannot write ".*site": it exists, and is/,
  );
  await refused(sandbox, [key, folder], ["--as", "page", "--raw"], /--as page has no such parts/);
});
