import assert from "node:assert/strict";
import { join } from "node:path";
import { JITTERED, net } from "../../experiments/protocol.ts";
import * as setups from "../../experiments/setups.ts";
import { ownSetup, readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { SETUP, type SetupField, setupFields } from "../../lib/command_line/setup_fields.ts";
import { openSetup, setupSchema } from "../../lib/command_line/setup_file.ts";
import { UserError } from "../../lib/errors.ts";
import type { EvalRun, Run, TrainRun } from "../../lib/experiment.ts";
import { key } from "../../lib/key.ts";
import { INTERPRETATIONS, type Setup, TRANSFER } from "../../lib/setup.ts";

const { paper, small, smoke } = setups;

/** Opens a setup from a file of this text. */
async function opened(name: string, text: string): Promise<Setup> {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  Deno.writeTextFileSync(join(folder, name), text);
  try {
    return await openSetup(join(folder, name), { word: `./${name}`, setups });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const json = (value: unknown) => opened("mine.json", JSON.stringify(value));

Deno.test("a file changes the fields that it has, and no others", async () => {
  const found = await json({
    ...{ from: "small", name: "mine" },
    train: { dropout: 0.5, validationImages: null, biases: { rate: 1 } },
    evaluate: { centreCrop: "mirrored" },
  });
  const { validationImages: _, ...train } = small.train;
  assert.deepEqual(found, {
    ...{ ...small, name: "mine", note: `${small.note}; with changes of mine.json` },
    train: { ...train, dropout: 0.5, biases: { rate: 1, decay: 0 } },
    evaluate: { ...small.evaluate, centreCrop: "mirrored" },
  });
});

Deno.test("a rule for drops is a whole one: no field of the old rule is left", async () => {
  const { train } = await json({
    ...{ from: "smoke", name: "mine" },
    train: { schedules: { first: { drops: { rule: "plateau", patience: 2, times: 1 } } } },
  });
  assert.deepEqual(train.schedules.first, {
    ...smoke.train.schedules.first,
    drops: { rule: "plateau", patience: 2, times: 1 },
  });
  assert.deepEqual(train.schedules.finer, smoke.train.schedules.finer);
});

Deno.test("a whole setup from code takes nothing of another one", async () => {
  const found = await opened(
    "mine.ts",
    `import { paper } from "verydeep"; export default { ...paper, name: "mine" };`,
  );
  assert.deepEqual(found, { ...paper, name: "mine" });
});

/** Files that are no setups, and what is said of them. */
const FAULTS: readonly (readonly [value: unknown, message: RegExp])[] = [
  [5, /it has no setup; it is \{ "from": "small"/],
  [{ name: "mine" }, /from: must be one of .*, whose other fields it takes/],
  [{ from: "smal", name: "mine" }, /from: must be one of .*Did you mean "small"\?$/],
  [{ from: "small" }, /name: a setup needs one/],
  [{ from: "small", name: "paper" }, /name: "paper" is a setup of the project/],
  [{ from: "small", name: "a/b" }, /name: must be a word of letters/],
  [{ from: "small", name: "x", dropout: 0.1 }, /no field "dropout"/],
  [{ from: "small", name: "x", train: { dropot: 0 } }, /"train\.dropot".*Did you mean "dropout"/],
  [{ from: "small", name: "x", train: { dropout: 2 } }, /train\.dropout: .*<=1/],
  [{ from: "small", name: "x", train: { crop: null } }, /train\.crop: /],
  [{ from: "small", name: "x", train: { dropout: 1 } }, /dropout to "1": it is .* below 1$/],
  [{ from: "small", name: "x", train: { width: 0.3 } }, /width to "0.3": .* whole channels$/],
  [
    { from: "small", name: "x", note: "erased\u001b[2J" },
    /"erased\\u001b\[2J" has a line break or/,
  ],
  [{ from: "small", name: "x", train: { batch: 1e9 } }, /batch to "1000000000": it is a whole/],
  [{ from: "small", name: "x", train: { kernels: "hee" } }, /train\.kernels: .*"he"/],
  [
    { from: "small", name: "x", train: { schedules: { first: { drops: { rule: "plateau" } } } } },
    /train\.schedules\.first\.drops/,
  ],
  [
    { from: "small", name: "x", train: { schedules: { first: { warmup: 1 } } } },
    /Cannot train by schedules\.first: its warm-up/,
  ],
  [{ from: "small", name: "x", train: { crop: 28, oddSides: "down" } }, /five poolings shrink/],
];

for (const [value, message] of FAULTS) {
  Deno.test(`a setup is refused: ${message.source}`, async () => {
    await assert.rejects(json(value), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /^Cannot read the setup "\.\/mine\.json": /);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("the project's setups are of the shape that files have to have", () => {
  for (const setup of Object.values(setups)) SETUP.parse(setup);
});

Deno.test("results of a setup in a file are in a folder of its name", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const file = join(folder, "my setup.json");
  Deno.writeTextFileSync(file, '{"from": "smoke", "name": "mine", "train": {"dropout": 0}}');
  const line = readCommandLine(["--setup", file, "--results", folder]);
  const options = resolveOptions(line, {
    ...{ command: "plan", takes: ["setup", "results"] },
    ...await ownSetup(line),
  });
  assert.equal(options.results, join(folder, "mine"));
  assert.equal(options.setup.train.dropout, 0);
  assert.equal(options.choice, `--setup '${file}'`);
  Deno.removeSync(folder, { recursive: true });
  const wrong = readCommandLine(["--setup", "smal"]);
  assert.throws(
    () => resolveOptions(wrong, { command: "plan", takes: ["setup"] }),
    /--setup is one of .*, not "smal"\. Did you mean "small"\?$/,
  );
});

Deno.test("docs/reference/setup.schema.json is what a setup in a file is checked with", async () => {
  const file = new URL("../../docs/reference/setup.schema.json", import.meta.url);
  assert.deepEqual(
    JSON.parse(await Deno.readTextFile(file)),
    JSON.parse(JSON.stringify(setupSchema())),
  );
});

/** A setup with another value of a field. */
function withOther(setup: Setup, path: readonly string[]): Setup {
  const change = (value: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name !== undefined) {
      const fields = value as Record<string, unknown>;
      return { ...fields, [name]: change(fields[name], rest) };
    }
    if (typeof value === "number") return value + 1;
    return typeof value === "string" ? `${value}!` : { rule: "linear" };
  };
  return change(setup, path) as Setup;
}

/** Runs by what the list of fields calls them. */
const RUNS: Readonly<Record<string, (run: Run) => boolean>> = {
  "all": () => true,
  "none": () => false,
  "nets with S = 256 and their heirs": () => true,
  "nets with another fixed S, and their heirs": (run) => !isOf(run, [256]),
  "nets with jittered S, and their heirs": (run) => isOf(run, JITTERED),
  "nets that start from others, and their heirs": (run) =>
    !["A", "gap"].includes(("net" in run ? run.net : run).config),
  "nets with fc6 and no dropout of their own, and their heirs": (run) =>
    ("net" in run ? run.net : run).config !== "gap",
  "dense evaluations": (run) => "net" in run && run.method === "dense",
  "multi-crop evaluations": (run) => "net" in run && run.method === "multi-crop",
  "centre-crop evaluations": (run) => "net" in run && run.method === "centre-crop",
};

const isOf = (run: Run, S: unknown) => {
  const net = "net" in run ? run.net : run;
  return JSON.stringify(net.S) === JSON.stringify(Array.isArray(S) && S.length === 1 ? S[0] : S);
};

Deno.test("a field is in the keys of the runs that the list names, and of no others", () => {
  const gap: TrainRun = {
    ...{ config: "gap", blocks: [[64]], average: true, S: 256 },
    init: "random",
  };
  const nets = [net("A", 256), net("D", 256), net("D", 384), net("D", JITTERED), gap];
  const tests = nets.flatMap((net) =>
    (["dense", "multi-crop", "centre-crop"] as const).map((method): EvalRun => (
      { net, Q: 384, method }
    ))
  );
  const base: Setup = {
    ...paper,
    train: {
      ...{ ...INTERPRETATIONS.train, ...TRANSFER, ...paper.train, transfer: "deepen" },
      ...{ trainingImages: 1000, validationImages: 100 },
    },
  };
  const under = ({ train, evaluate }: Setup, run: Run) =>
    key(run, { train, evaluate, seed: 0, data: "" });
  const check = ({ field, keys }: SetupField) => {
    const place = ["train", "evaluate"].find((part) =>
      field.split(".")[0]! in base[part as "train" | "evaluate"]
    );
    const changed = withOther(base, [...place ? [place] : [], ...field.split(".")]);
    for (const run of [...nets, ...tests]) {
      const isIn = under(changed, run) !== under(base, run);
      assert.equal(isIn, RUNS[keys]!(run), `${field} (${keys}) of ${JSON.stringify(run)}`);
    }
  };
  const fields = setupFields().filter(({ keys }) => keys !== "all, by the images");
  for (const each of fields) {
    if (!/warmup/.test(each.field)) check(each);
  }
});
