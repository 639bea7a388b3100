import assert from "node:assert/strict";
import { basename, resolve } from "node:path";
import { CATALOGUE } from "../../lib/command_line/catalogue.ts";
import { OPTIONS } from "../../lib/command_line/option_list.ts";
import { type Options, readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { UsageError } from "../../lib/errors.ts";
import { nameWithChanges } from "../../lib/results/protocol.ts";

const ALL = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
const ROOT = resolve(import.meta.dirname!, "../..");

function options(...args: string[]): Options {
  return resolveOptions(readCommandLine(args), { command: "table3", takes: ALL });
}

function refuses(args: readonly string[], message: string) {
  assert.throws(() => options(...args), (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.message, message);
    return true;
  });
}

Deno.test("a bare command means one seed of the small setup, inside the project", () => {
  const { setup, paper, given, ...rest } = options();
  assert.deepEqual(given, {});
  assert.equal(paper.name, "paper");
  assert.equal(setup.name, "small");
  assert.equal(setup.dataset, "scenes");
  assert.equal(setup.train.precision, "float32");
  assert.deepEqual(rest, {
    choice: "--setup small",
    data: resolve(ROOT, "data"),
    results: resolve(ROOT, "results/small"),
    seeds: [0],
    skipUnreadable: false,
    strict: false,
    verify: false,
    includeAtChance: false,
    intervals: false,
    oneCore: false,
    executor: "local",
    wait: false,
    dryRun: false,
    yes: false,
    check: false,
    small: false,
    raw: false,
    format: "table",
  });
});

Deno.test("options change what they name", () => {
  const { setup, paper, given, ...rest } = options(
    ..."--setup smoke --seeds 3 --seed=5 --precision bfloat16 --workers 2 --dry-run".split(" "),
    ..."--skip-unreadable --gpu=false --format csv --results /r --data /d".split(" "),
  );
  assert.deepEqual([given.seed, given.gpu, given.format], ["5", false, "csv"]); // as written
  assert.deepEqual([setup.name, paper.name], ["smoke", "paper"]);
  assert.equal(setup.train.precision, "bfloat16");
  assert.deepEqual([given.seed, given.gpu, given["dry-run"]], ["5", false, true]); // as written
  assert.deepEqual(rest, {
    choice: "--setup smoke --precision bfloat16",
    data: resolve("/d"),
    results: resolve("/r/smoke-bfloat16"),
    seeds: [5, 6, 7],
    workers: 2,
    skipUnreadable: true,
    strict: false,
    verify: false,
    includeAtChance: false,
    intervals: false,
    oneCore: false,
    executor: "local",
    wait: false,
    dryRun: true,
    yes: false,
    check: false,
    small: false,
    raw: false,
    gpu: false,
    format: "csv",
  });
});

Deno.test("results on another data set than the setup's own lie in a folder of their own", () => {
  const { setup, results } = options("--results", "/r", "--dataset", "cifar10");
  assert.equal(setup.dataset, "cifar10");
  assert.equal(results, resolve("/r/small-cifar10"));
  assert.equal(options("--results", "/r", "--dataset", "scenes").results, resolve("/r/small"));
});

Deno.test("one precision is one setup and one protocol, by whichever option it was asked for", () => {
  const asked = [
    options("--results", "/r", "--precision", "bfloat16"),
    options("--results", "/r", "--set", "precision=bfloat16"),
    options("--results", "/r", "--precision", "bfloat16", "--set", "precision=bfloat16"),
  ];
  for (const { setup, results } of asked) {
    assert.equal(setup.train.precision, "bfloat16");
    assert.equal(nameWithChanges(setup), "small with precision=bfloat16");
    assert.equal(results, resolve("/r/small-bfloat16"));
  }
  // beside other changes, in whichever order
  const both = ["precision=bfloat16,dropout=0.3", "dropout=0.3,precision=bfloat16"];
  for (const changes of both) {
    const { setup, results, choice } = options("--results", "/r", "--set", changes);
    assert.equal(nameWithChanges(setup), "small with precision=bfloat16,dropout=0.3");
    assert.equal(results, resolve("/r/small-bfloat16-dropout=0.3"));
    assert.equal(choice, "--setup small --precision bfloat16 --set dropout=0.3");
  }
  // the setup's own is no change
  assert.equal(nameWithChanges(options("--set", "precision=float32").setup), "small");
  assert.throws(
    () => options("--precision", "float32", "--set", "precision=bfloat16"),
    /contradict each other: leave one out$/,
  );
  assert.throws(() => options("--set", "precision=bfloat16,precision=float32"), /twice/);
  assert.throws(() => options("--set", "precision=float16"), /is one of float32, bfloat16/);
});

Deno.test("changes of a setup name its folder, in full where a disk takes so long a name", () => {
  const folderOf = (changes: string) => options("--results", "/r", "--set", changes).results;
  assert.equal(folderOf("dropout=0.2,batch=8"), resolve("/r/small-dropout=0.2,batch=8"));
  // 249 characters of changes and six of "small-" are as many as fit
  const longest = `width=0.5,batch=${"8".padStart(233, "0")}`;
  assert.equal(longest.length, 249);
  assert.equal(folderOf(longest), resolve(`/r/small-${longest}`));
  const names = [`${longest}0`, `${longest}00`].map((changes) => basename(folderOf(changes)));
  for (const name of names) {
    assert.equal(name.length, 255);
    assert.ok(name.startsWith("small-width=0.5,batch=000"), name);
  }
  assert.notEqual(names[0], names[1]);
});

Deno.test("what chooses a setup can be written again, quoted where a shell needs it", () => {
  assert.equal(
    options("--set", "dropout=0.2,width=0.25", "--dataset", "folder", "--data", "/d").choice,
    "--setup small --dataset folder --set dropout=0.2,width=0.25",
  );
  assert.equal(options("--dataset", "it's").choice, "--setup small --dataset 'it'\\''s'");
});

Deno.test("folders are relative to where the user stands", () => {
  const before = Deno.env.get("INIT_CWD");
  Deno.env.set("INIT_CWD", "/somewhere");
  try {
    assert.equal(options("--data", "pictures").data, resolve("/somewhere/pictures"));
  } finally {
    if (before === undefined) Deno.env.delete("INIT_CWD");
    else Deno.env.set("INIT_CWD", before);
  }
});

Deno.test("a slip is answered by what was meant", () => {
  refuses(["--setpu", "small"], 'There is no option --setpu. Did you mean "--setup"?');
  refuses(["--dryrun"], 'There is no option --dryrun. Did you mean "--dry-run"?');
  refuses(["-x"], "There is no option -x.");
  refuses(
    ["--setup", "smal"],
    '--setup is one of cifar10, cifar100, medium, paper, small, smoke, not "smal". Did you mean "small"?',
  );
  refuses(
    ["--setup", "toString"],
    '--setup is one of cifar10, cifar100, medium, paper, small, smoke, not "toString". A setup of ' +
      "your own is a file, as in ./mine.json.",
  );
  refuses(["--format", "pdf"], '--format is one of table, csv, json, markdown, latex, not "pdf".');
  refuses(
    ["--precision=float16"],
    '--precision is one of float32, bfloat16, not "float16".' +
      ' Did you mean "bfloat16"?',
  );
});

Deno.test("numbers are whole and large enough", () => {
  for (const value of ["0", "x", "1.5", "1e3", "99999999999", "99999999999999999999"]) {
    refuses(["--seeds", value], `--seeds is a whole number from 1 to 10000, not "${value}"`);
  }
  // 2^32 would draw what 0 draws
  for (const value of ["-1", "4294967296"]) {
    refuses([`--seed=${value}`], `--seed is a whole number from 0 to 4294967295, not "${value}"`);
  }
  refuses(["--seed=4294967295", "--seeds=2"], '--seeds is a whole number from 1 to 1, not "2"');
});

Deno.test("an option that needs a value says so", () => {
  refuses(["--seeds"], "--seeds needs a value: --seeds N");
  refuses(["--data", "--dry-run"], "--data needs a value: --data DIR");
  refuses(["--setup="], "--setup needs a value: --setup NAME");
});

Deno.test("a command refuses options that it does not take", () => {
  assert.throws(
    () =>
      resolveOptions(readCommandLine(["--seeds", "3"]), { command: "table1", takes: ["format"] }),
    new UsageError("table1 takes no --seeds; table1 --help says what it takes"),
  );
});

Deno.test("words are kept apart from options, as they were written", () => {
  const { words, given } = readCommandLine(["run", "0123", "--dry-run", "plan", "-h"]);
  assert.deepEqual(words, ["run", "0123", "plan"]);
  assert.deepEqual(given, { "dry-run": true, help: true });
});

Deno.test("whatever decides a plan is taken by the commands that carry it out, too", () => {
  // a net is named in a file whatever else its grids have
  const how = new Set<string>(CATALOGUE.plan!.takes).difference(new Set(["format", "yes"]));
  for (
    const name of ["table3", "reproduce-all", "train", "evaluate", "submission", "run"] as const
  ) {
    assert.deepEqual([...how.difference(new Set(CATALOGUE[name]!.takes))], [], name);
  }
});

Deno.test("changes that are too long for a folder's name are cut, and told apart all the same", () => {
  const named = (last: string) => {
    const changes = `batch=${"8".padStart(300, "0")},dropout=${last}`;
    return basename(options("--results", "/r", "--set", changes).results);
  };
  const [one, other] = [named("0.1"), named("0.2")];
  assert.equal(one.length, 255); // what file systems take
  assert.match(one, /^small-batch=0000.*-[0-9a-f]{12}$/);
  assert.notEqual(one, other);
});

Deno.test("intervals of differences need a row that the others are compared with", () => {
  assert.equal(options("--compare", "best", "--intervals").intervals, true);
  refuses(
    ["--intervals"],
    "--intervals is about the differences of --compare; add --compare best, or leave it out",
  );
});

Deno.test("several GPUs: each once, and they share the batch equally", () => {
  assert.equal(options("--device", "gpu:1,gpu:0").device, "gpu:1,gpu:0");
  assert.equal(options("--device", "gpus:4", "--micro-batch", "8").microBatch, 8);
  refuses(
    ["--device", "gpu:0,gpu:0"],
    'Cannot use --device "gpu:0,gpu:0": gpu:0 is named twice; name each GPU once',
  );
  refuses(
    ["--device", "gpus:x"],
    'Cannot use --device "gpus:x": it is cpu, gpu or gpu:N, as in gpu:0, or several, as in ' +
      "gpu:0,gpu:1 or gpus:2",
  );
  refuses(
    ["--device", "gpus:3", "--set", "batch=16"],
    "Cannot share a batch of 16 among 3 GPUs: their number must divide it; take 2",
  );
  refuses(
    ["--device", "gpus:4", "--micro-batch", "2"],
    "Cannot use --micro-batch 2 with 4 GPUs, which share it: it must be a multiple of 4",
  );
  refuses(
    ["--device", "gpus:4", "--executor", "slurm"],
    "--device is about this machine; a cluster's jobs use all GPUs that they are given, and ask for " +
      "them with --resources train.gpus=4",
  );
});

Deno.test("an option that is given twice is refused, or its lists are joined: none is dropped", () => {
  const { setup, choice } = options("--set", "dropout=0.3", "--set", "batch=8");
  assert.deepEqual([setup.train.dropout, setup.train.batch], [0.3, 8]);
  assert.equal(choice, "--setup small --set dropout=0.3,batch=8");
  const onCluster = ["--executor", "slurm", "--resources", "partition=gpu"];
  assert.equal(
    options(...onCluster, "--resources=train.gpus=1").resources,
    "partition=gpu,train.gpus=1",
  );
  refuses(
    ["--Q", "256", "--Q", "384"],
    '--Q is given 2 times, as "256" and "384": give it once, as in --Q 256,384',
  );
  refuses(
    ["--setup", "smoke", "--setup=smoke"],
    '--setup is given 2 times, as "smoke" and "smoke": give it once',
  );
  refuses(["--seeds", "2", "--seeds"], "--seeds needs a value: --seeds N");
  refuses(
    ["--set", "batch=8", "--set", "batch=4"],
    'Cannot set "batch" twice: only one of its values would count',
  );
  assert.equal(options("--strict", "--strict", "--setup", "paper").strict, true);
});

Deno.test("every option with a value is refused when it is given twice, but for lists of changes", () => {
  for (const name of ALL.filter((name) => "value" in OPTIONS[name])) {
    const twice = () => readCommandLine([`--${name}`, "1", `--${name}`, "2"]);
    if (name === "set" || name === "resources") assert.equal(twice().given[name], "1,2");
    else assert.throws(twice, new RegExp(`^UserError: --${name} is given 2 times`));
  }
});

Deno.test("more seeds than a list can hold are refused in a sentence", () => {
  refuses(
    ["--seeds", "99999999999"],
    '--seeds is a whole number from 1 to 10000, not "99999999999"',
  );
});

Deno.test("deterministic GPU kernels are asked for, refused, or left to the default", () => {
  assert.equal(options().deterministic, undefined);
  assert.equal(options("--deterministic").deterministic, true);
  assert.equal(options("--deterministic=false").deterministic, false);
});
