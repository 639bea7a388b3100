import assert from "node:assert/strict";
import { netToEvaluate, netToTrain } from "../../lib/command_line/find_net.ts";
import { JITTERED, net } from "../../experiments/protocol.ts";
import table3 from "../../experiments/table3.ts";
import table6 from "../../experiments/table6.ts";
import { UserError } from "../../lib/errors.ts";
import { hasAncestor, type TrainRun } from "../../lib/experiment.ts";
import { key } from "../../lib/key.ts";
import { ownNet } from "../../lib/tables/own_net.ts";
import { plan, planOf } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { writeTorchvision } from "../../lib/weights/torchvision.ts";
import { readSafetensors, writeSafetensors } from "../../lib/weights/safetensors.ts";
import { layersOf, netShapeOf, weightShapes, withBatchNorm } from "../../lib/vgg/configs.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { hearing } from "../support/hearing.ts";

/** The net that a command line means. */
async function meant(sandbox: CommandSandbox, command: "train" | "evaluate", ...args: string[]) {
  const options = sandbox.options(command, ...args);
  const study = await sandbox.study(options);
  return await (command === "train" ? netToTrain : netToEvaluate)(options, study);
}

/** Notes in the sandbox's store that a net is trained; its key. */
async function begun(sandbox: CommandSandbox, run: TrainRun, ...args: string[]): Promise<string> {
  const options = sandbox.options("train", ...args);
  const { contexts } = await sandbox.study(options);
  const [planned] = planOf([run], contexts).slice(-1);
  makeStore(options.results).begin(planned!);
  return planned!.key;
}

async function refused(work: Promise<unknown>, message: RegExp) {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("a net without another start is the run that the tables use, to its key", async () => {
  using sandbox = new CommandSandbox();
  const { contexts } = await sandbox.study(sandbox.options("train"));
  const keys = new Set(plan([table3, table6], contexts).map(({ key }) => key));
  for (const line of ["A 256", "E 384", "C [256;512]", "D 256,512 fc"]) {
    const [config, S, update = "all"] = line.split(" ") as [string, string, string?];
    const args = ["--config", config, "--S", S, "--update", update];
    for (const command of ["train", "evaluate"] as const) {
      const { run } = await meant(sandbox, command, ...args);
      assert.ok(keys.has(key(run, contexts[0]!)), line);
    }
  }
});

Deno.test("starting by key from what the paper's net starts from makes the paper's net", async () => {
  using sandbox = new CommandSandbox();
  const A = await begun(sandbox, net("A", 256));
  const D = await begun(sandbox, net("D", 256));
  const start = (from: string, S: string) =>
    meant(sandbox, "train", "--config", "D", "--S", S, "--init-from", from.slice(0, 8));
  assert.deepEqual((await start(A, "256")).run, net("D", 256));
  assert.deepEqual((await start(D, "384")).run, net("D", 384));
});

Deno.test("--config FILE/NAME is a file's net as the file starts it, or from another start", async () => {
  using sandbox = new CommandSandbox();
  const file = `${sandbox.folder}/mine.ts`;
  Deno.writeTextFileSync(
    file,
    `import { evaluations, net, ownNet } from "verydeep";
    const F = { config: "F", blocks: [[64], [128], [256, 256], [512, 512], [512, 512], [512]] };
    const row = (run) => ({ evaluations: evaluations(run, [384], "dense") });
    const rows = [row(ownNet(F, 256, net("A", 256))), row(ownNet(F, 384, ownNet(F, 256)))];
    export default { name: "mine", caption: "", headings: ["config"], rows };`,
  );
  const F = { config: "F", blocks: [[64], [128], [256, 256], [512, 512], [512, 512], [512]] };
  const at = (name: string, ...more: string[]) => ["--config", `${file}/${name}`, ...more];
  for (const command of ["train", "evaluate"] as const) {
    const { run } = await meant(sandbox, command, ...at("F", "--S", "384"));
    assert.deepEqual(run, ownNet(F, 384, ownNet(F, 256)));
    const of = (...args: string[]) => meant(sandbox, command, ...args);
    await refused(
      of(...at("F")),
      /is trained at S = 256, 384 in its file; add one of these as --S$/,
    );
    await refused(
      of(...at("F", "--S", "256")),
      /from 2 starts in its file; add --init-from random/,
    );
    await refused(
      of(...at("F", "--S", "512")),
      /not trained at S = 512 in its file, but at 256, 384/,
    );
    await refused(of(...at("f")), /There is no net "f" in ".*": its nets are .*\/F, .*\/A\./);
    await refused(of("--config", file), /names a file; its nets are .*mine\.ts\/F, /);
  }
  const start = ["--S", "512", "--init-from"];
  const { run: random } = await meant(sandbox, "train", ...at("F", ...start, "random"));
  assert.deepEqual(random, { ...F, S: 512, init: "random" });
  const A = await begun(sandbox, net("A", 256));
  const { run } = await meant(sandbox, "train", ...at("F", ...start, A, "--update", "fc"));
  // all that fit: the sandbox's fc6 covers one place in both nets
  const convs = ["conv1_1", "conv2_1", "conv3_1", "conv3_2", "conv4_1", "conv4_2"];
  assert.deepEqual(run, {
    ...{ ...F, S: 512, update: "fc" },
    init: { from: net("A", 256), layers: [...convs, "conv5_1", "conv5_2", "fc6", "fc7", "fc8"] },
  });
});

Deno.test("a file with batch normalisation is a net of one's own: the paper's, normalised", async () => {
  using sandbox = new CommandSandbox();
  const shape = netShapeOf(sandbox.options("train").setup.train, 2);
  const run = (fields: object) => ({ ...withBatchNorm("B"), ...fields });
  const tensors = new Map([...weightShapes(layersOf(run({}), shape))].map(([name, sides]) => {
    const count = sides.reduce((product, side) => product * side);
    return [name, { shape: sides, values: new Float32Array(count).fill(0.5) }];
  }));
  const file = `${sandbox.folder}/b.safetensors`;
  writeTorchvision(file, { tensors, mean: [120, 120, 120], inputScale: 1, recipe: "" });
  const meantBy = (...args: string[]) => meant(sandbox, "evaluate", "--weights", file, ...args);
  const { run: found } = await meantBy();
  const { init: _, ...net } = found;
  assert.deepEqual(net, run({ S: 256 }));
  await refused(
    meantBy("--config", "B"),
    /as another net: it is B-BN 256 \(imported\); leave --config/,
  );
  // the same as a net of a file, and another one
  const table = (config: string, blocks: unknown) => ({
    ...{ name: "mine", caption: "", headings: ["config"] },
    rows: [{
      evaluations: [{
        net: { config, blocks, batchNorm: true, S: 256, init: "random" },
        ...{ Q: 256, method: "dense" },
      }],
    }],
  });
  const mine = `${sandbox.folder}/mine.json`;
  const { blocks } = withBatchNorm("B");
  Deno.writeTextFileSync(mine, JSON.stringify(table("Mine", blocks)));
  const { run: named } = await meantBy("--config", `${mine}/Mine`);
  assert.equal(named.config, "Mine");
  const other = `${sandbox.folder}/other.json`;
  Deno.writeTextFileSync(other, JSON.stringify(table("Other", blocks!.slice(1))));
  await refused(
    meantBy("--config", `${other}/Other`),
    /as weights of Other .*: the net has no conv/,
  );
});

Deno.test("random weights and chosen layers are starts, too; layers come in the net's order", async () => {
  using sandbox = new CommandSandbox();
  const A = await begun(sandbox, net("A", 256));
  const line = ["--config", "D", "--S", "256", "--init-from"];
  assert.deepEqual((await meant(sandbox, "train", ...line, "random")).run.init, "random");
  assert.deepEqual(
    (await meant(sandbox, "train", ...line, A, "--layers", "fc6,conv1_1")).run.init,
    {
      from: net("A", 256),
      layers: ["conv1_1", "fc6"],
    },
  );
});

Deno.test("--layers takes all layers, deepens or perturbs, where the nets allow it", async () => {
  using sandbox = new CommandSandbox();
  const A = await begun(sandbox, net("A", 256));
  const C = await begun(sandbox, net("C", 256));
  const start = (config: string, from: string, layers: string, ...more: string[]) =>
    meant(
      sandbox,
      ...["train", "--config", config, "--S", "256", "--init-from", from] as const,
      ...["--layers", layers, ...more],
    );
  const initOf = async (...args: Parameters<typeof start>) => (await start(...args)).run.init;
  const from = net("A", 256);
  assert.deepEqual(await initOf("A", A, "all"), { from, layers: "all" });
  assert.deepEqual(await initOf("A", A, "perturb"), { from, layers: "perturb" });
  assert.deepEqual(await initOf("E", A, "deepen"), { from, layers: "deepen" });
  await refused(start("D", A, "all"), /^Cannot take all layers of A 256 over into D, .* deepen$/);
  await refused(start("D", C, "deepen"), /^Cannot deepen C into D: conv3_3, .* another shape/);
});

Deno.test("a key of a table's run that is still to do is a start as well", async () => {
  using sandbox = new CommandSandbox();
  const { contexts } = await sandbox.study(sandbox.options("train"));
  const D = key(net("D", JITTERED), contexts[0]!);
  const { run } = await meant(sandbox, "evaluate", "--weights", D.slice(0, 10));
  assert.deepEqual(run, net("D", JITTERED));
});

Deno.test("layers that do not fit are named, with those that do", async () => {
  using sandbox = new CommandSandbox();
  const A = await begun(sandbox, net("A", 256));
  const line = ["--S", "256", "--init-from", A];
  await refused(
    meant(sandbox, "train", "--config", "D", ...line, "--layers", "conv1_2,fc6"),
    /^Cannot copy conv1_2 from A 256 into D: .* are conv1_1, conv2_1, conv3_1, conv3_2, conv4_1,/,
  );
  await refused(
    meant(sandbox, "train", "--config", "B-5x5", ...line),
    /^Cannot copy conv1_1, conv2_1, .* are fc6, fc7, fc8; choose among them with --layers$/,
  );
});

Deno.test("an evaluation is no start: the message names the training that it tests", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("train");
  const { contexts } = await sandbox.study(options);
  const [D, atQ] = planOf([{ net: net("D", 256), Q: 256, method: "dense" }], contexts).slice(-2);
  makeStore(options.results).begin(atQ!);
  for (const [command, option] of [["train", "--init-from"], ["evaluate", "--weights"]] as const) {
    await refused(
      meant(sandbox, command, "--config", "D", "--S", "256", option, atQ!.key),
      new RegExp(`is an evaluation, D 256 at Q = 256, dense; .* tests is ${D!.key}$`),
    );
  }
});

Deno.test("a run of another seed or other data is no start; the message says what to add", async () => {
  using sandbox = new CommandSandbox();
  const other = await begun(sandbox, net("A", 256), "--seed", "7");
  const line = ["--config", "B", "--S", "256", "--init-from", other];
  await refused(meant(sandbox, "train", ...line), /it was trained with seed 7; add --seed 7$/);
  assert.deepEqual((await meant(sandbox, "train", ...line, "--seed", "7")).run, net("B", 256));
  Deno.removeSync(`${sandbox.folder}/train/odd/1.png`);
  await refused(
    meant(sandbox, "train", ...line, "--seed", "7"),
    /on data other than .* --data DIR, or name the file of its weights$/,
  );
});

Deno.test("what a net lacks, or says twice, is answered with a command line", async () => {
  using sandbox = new CommandSandbox();
  const A = await begun(sandbox, net("A", 256));
  await refused(meant(sandbox, "train", "--S", "256"), /deno task train --config D --S 256$/);
  await refused(
    meant(sandbox, "evaluate", "--config", "D"),
    /deno task evaluate --config D --S 256$/,
  );
  await refused(
    meant(sandbox, "train", "--config", "D", "--S", "256", "--layers", "fc6"),
    /^--layers needs --init-from KEY/,
  );
  for (const more of [["--config", "B"], ["--S", "384"], ["--update", "fc"]]) {
    await refused(
      meant(sandbox, "evaluate", "--weights", A, ...more),
      /as another net: it is A 256; leave --config, --S and --update out$/,
    );
  }
  await refused(
    meant(sandbox, "evaluate", "--weights", "best.h5"),
    /it is neither a file nor a key/,
  );
  await refused(meant(sandbox, "evaluate", "--weights", "0123"), /deno task status lists keys$/);
});

Deno.test("a file is what its note says it is, or else what the command line says", async () => {
  using sandbox = new CommandSandbox();
  const { setup } = sandbox.options("train");
  const tensors = new Map([...weightShapes(layersOf("A", netShapeOf(setup.train, 2)))]
    .map(([name, shape]) => {
      const values = new Float32Array(shape.reduce((product, side) => product * side));
      return [name, { shape, values }];
    }));
  const write = (name: string, metadata: Record<string, string>) => {
    writeSafetensors(`${sandbox.folder}/${name}`, { tensors, metadata });
    return `${sandbox.folder}/${name}`;
  };
  const silent = write("silent.safetensors", {});
  const noted = write("noted.safetensors", { recipe: '{"run":{"config":"A","S":[256,512]}}' });
  const odd = write("odd.safetensors", { recipe: '{"run":{"config":"Z","S":"big"}}' });
  const evaluate = (file: string, ...args: string[]) =>
    meant(sandbox, "evaluate", "--weights", file, "--input", "own", ...args);

  await refused(
    evaluate(silent),
    /^Cannot tell which net is in ".*silent.safetensors"; add its --c/,
  );
  await refused(evaluate(odd), /add its --config/);
  const { run, imported } = await evaluate(silent, "--config", "A");
  assert.deepEqual([run.config, run.S, imported[0]!.file], ["A", 256, silent]);
  assert.deepEqual((await evaluate(noted)).run.S, [256, 512]);
  for (const other of [["--config", "A-LRN"], ["--S", "384"]]) {
    await refused(evaluate(noted, ...other), /as another net: it is A \[256;512\]/);
  }
  await refused(
    evaluate(silent, "--config", "B"),
    /as weights of B .* it has no conv1_2.kernel, conv1_2.bias, conv2_2.kernel and 1 more;/,
  );

  const from = await meant(
    sandbox,
    ...["train", "--config", "D", "--S", "256", "--init-from", noted, "--input", "own"] as const,
  );
  assert.ok(hasAncestor(from.run.init));
  assert.deepEqual([from.run.init.from.config, from.run.init.layers], ["A", "transfer"]);
});

Deno.test("what is assumed about a file's input, and what speaks against it, is printed", async () => {
  using sandbox = new CommandSandbox();
  const shape = netShapeOf(sandbox.options("train").setup.train, 2);
  const file = `${sandbox.folder}/a.safetensors`;
  /** What is said of a file of torchvision's whose first kernel has this root mean square. */
  const saidOf = async (size: number, ...args: string[]) => {
    const tensors = new Map([...weightShapes(layersOf("A", shape))].map(([name, sides]) => {
      const count = sides.reduce((product, side) => product * side);
      return [name, { shape: sides, values: new Float32Array(count).fill(size) }];
    }));
    // read as torchvision reads it: the kernel is 1 / (255 deviations) of what the file has
    writeTorchvision(file, { tensors, mean: [120, 120, 120], inputScale: 1 / 57.4, recipe: "" });
    const { tensors: named } = readSafetensors(file);
    writeSafetensors(file, { tensors: named, metadata: {} }); // nobody else notes a mean
    const { said } = await hearing(() =>
      meant(sandbox, "evaluate", "--weights", file, "--config", "A", ...args)
    );
    return said.replace(/\s+/g, " ");
  };
  assert.match(
    await saidOf(0.2),
    /^".*a\.safetensors" has torchvision's layout, and no note of .* taken to be torchvision's \(red, /,
  );
  const doubtful = await saidOf(0.004);
  assert.match(
    doubtful,
    /^warning: ".*" is read as weights with torchvision's input, but its first/,
  );
  assert.match(doubtful, /\(root mean square 0\.00\d+\) .* add --input caffe\. $/);
  assert.equal(await saidOf(0.004, "--input", "caffe"), "");
});

Deno.test("--input is refused where no net comes from a file", async () => {
  using sandbox = new CommandSandbox();
  const A = await begun(sandbox, net("A", 256));
  const message = /--input needs a file of weights/;
  const line = ["--config", "A", "--S", "256", "--input", "caffe"];
  await refused(meant(sandbox, "train", ...line), message);
  await refused(meant(sandbox, "train", ...line, "--init-from", "random"), message);
  await refused(meant(sandbox, "train", ...line, "--init-from", A), message);
  await refused(meant(sandbox, "evaluate", ...line), message);
  await refused(meant(sandbox, "evaluate", "--weights", A, "--input", "own"), message);
});

Deno.test("a file of a net with other classes is a start, but nothing to evaluate", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("train", "--config", "A", "--S", "256");
  const { train } = options.setup;
  const { dataset } = await sandbox.study(options);
  const tensors = new Map(
    [...weightShapes(layersOf("A", netShapeOf(train, dataset.classes.length + 7)))].map(
      ([name, shape]) => {
        return [name, { shape, values: new Float32Array(shape.reduce((a, b) => a * b)) }];
      },
    ),
  );
  const file = `${sandbox.folder}/other.safetensors`;
  writeSafetensors(file, { tensors, metadata: { mean: "1 2 3" } });
  const line = ["--config", "A", "--S", "256", "--init-from", file];
  const { run, imported } = await meant(sandbox, "train", ...line);
  const { from, layers } = run.init as { from: TrainRun; layers: unknown };
  assert.equal(layers, "all");
  assert.equal((from.init as { classes?: number }).classes, dataset.classes.length + 7);
  assert.equal(imported.length, 1);
  await refused(
    meant(sandbox, "train", ...line, "--layers", "conv1_1,fc8"),
    /^Cannot copy fc8: A 256 \(imported\) has \d+ classes, and .* has \d+; leave it out of --layers$/,
  );
  await refused(
    meant(sandbox, "evaluate", "--config", "A", "--weights", file),
    /its fc8\.kernel is/,
  );
  const key = await begun(sandbox, from);
  await refused(
    meant(sandbox, "evaluate", "--weights", key),
    /^Cannot evaluate A 256 \(imported\): it was imported without its last layer/,
  );
});
