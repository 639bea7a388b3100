/**
 * Bundles by somebody who wants a better number than the nets have, and makes all hashes right. What
 * verification cannot prove it says in a note.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { paper, smoke } from "../../experiments/setups.ts";
import { TABLES } from "../../lib/command_line/tables.ts";
import { type BundlePlan, jsonText } from "../../lib/bundle/contents.ts";
import { checkNames, type KnownNames, labelFault } from "../../lib/bundle/names.ts";
import { readTopFive, topFiveBytes } from "../../lib/bundle/top_five.ts";
import { verifyBundle } from "../../lib/bundle/verify.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { UserError } from "../../lib/errors.ts";
import {
  type NamedTensor,
  openSafetensors,
  safetensorsBytes,
} from "../../lib/weights/safetensors.ts";
import type { Table } from "../../lib/experiment.ts";
import { logIn, logText } from "../../lib/store/run_files.ts";
import type { LogEntry } from "../../lib/vgg/checkpoint.ts";
import { plannedRun } from "../../lib/plan.ts";
import { afterwards, bytes, coverUp, type Entries, named, text } from "../support/bundles.ts";
import { withStore } from "../support/made_store.ts";

/** The names of entries that match. */
const matching = (entries: Entries, pattern: RegExp) =>
  [...entries.keys()].filter((name) => pattern.test(name));

/** Changes a text in a file. */
function replace(entries: Entries, name: string, found: string | RegExp, other: string) {
  const before = text(entries, name);
  const after = before.replace(found, other);
  assert.notEqual(after, before);
  entries.set(name, bytes(after));
}

/** What is noticed, in lines of `kind file reason`. */
async function noticed(change: (entries: Entries) => void): Promise<string[]> {
  let found: string[] = [];
  await withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      change(entries);
      coverUp(entries);
    });
    found = problems.map((problem) =>
      [problem.kind, "file" in problem ? problem.file : "", "reason" in problem && problem.reason]
        .join(" ")
    );
  });
  return found;
}

Deno.test("means of a small bundle that put the label first are refused, and their rows with them", () =>
  withStore(async (input, folder) => {
    let means = 0;
    const { problems } = await afterwards({ ...input, small: true }, folder, (entries) => {
      for (const name of matching(entries, /^mean\//)) {
        const file = `${folder}/mean`;
        Deno.writeFileSync(file, entries.get(name)!);
        using open = openSafetensors(file);
        const mean = readTopFive(open, name);
        const { labels, kept, classes } = mean;
        // the label first, then the others in their order, all as high as the fifth
        const values = mean.values.map((_, i) => mean.values[i - i % kept + kept - 1]!);
        const forged = {
          ...{ ...mean, values, ranks: new Int32Array(labels.length) },
          top: mean.top.map((_, i) => (labels[Math.floor(i / kept)]! + i % kept) % classes),
          own: Float32Array.from(labels, (_, image) => values[image * kept]!),
        };
        const parts = topFiveBytes(forged, open.metadata.runs!.split(" "));
        entries.set(name, Uint8Array.from(parts.flatMap((part) => [...part])));
        means++;
      }
      coverUp(entries);
    });
    assert.equal(means, 2); // one for each seed
    const rows = problems.flatMap((problem) => problem.kind === "row" ? [problem] : []);
    assert.deepEqual(rows.map(({ table, row }) => `${table}/${row}`), ["first/2", "second/1"]);
    for (const { reason } of rows) {
      assert.match(reason, /image 0 are not the mean of its evaluatio/);
    }
  }));

const LOG = /^train\/D-256-512-.*log\.jsonl$/;
const removals: Record<string, [pattern: RegExp, many: number]> = {
  "a training's log, which may say that it is at chance": [LOG, 2],
  "all logs": [/log\.jsonl$/, 8],
  "a recipe of a training": [/^train\/A-256-.*recipe\.json$/, 2],
  "a recipe of an evaluation": [/^eval\/A-256-.*recipe\.json$/, 2],
  "the lineage": [/^lineage\.json$/, 1],
  "the environment": [/^environment\.json$/, 1],
};

for (const [what, [pattern, many]] of Object.entries(removals)) {
  Deno.test(`missing is noticed: ${what}`, async () => {
    const found = await noticed((entries) => {
      const names = matching(entries, pattern);
      assert.equal(names.length, many);
      for (const name of names) entries.delete(name);
    });
    assert.equal(found.length, many);
    for (const line of found) assert.match(line, /^file .* is missing$/);
  });
}

const logs: Record<string, [change: (text: string) => string, RegExp]> = {
  "empty": [() => "", /has no line$/],
  "cut off before the first drop of the rate": [
    (text) => `${text.split("\n")[0]}\n`,
    /ends at step \d+ of \d+$/,
  ],
  "without its last line": [
    (text) => `${text.split("\n").slice(0, 2).join("\n")}\n`,
    /ends at step \d+ of \d+$/,
  ],
};

for (const [what, [change, reason]] of Object.entries(logs)) {
  Deno.test(`a log is noticed that is ${what}`, async () => {
    const found = await noticed((entries) => {
      const name = named(entries, LOG);
      entries.set(name, bytes(change(text(entries, name))));
    });
    assert.equal(found.length, 1);
    assert.match(found[0]!, reason);
  });
}

Deno.test("a log with another learning rate than the schedule's is noticed", () =>
  withStore(async (input, folder) => {
    const { logLine } = await import("../../lib/store/run_files.ts");
    const { problems } = await afterwards(input, folder, (entries) => {
      const name = named(entries, LOG);
      const lines = text(entries, name).trimEnd().split("\n").map((line) => JSON.parse(line));
      // the rate never drops, so the loss after its first drop is not known
      const flat = lines.map(({ checksum: _, ...line }) =>
        logLine({ ...line, learningRate: lines[0].learningRate })
      );
      entries.set(name, bytes(`${flat.join("\n")}\n`));
      coverUp(entries);
    });
    assert.equal(problems.length, 1);
    assert.match(
      (problems[0] as { reason: string }).reason,
      /learning rate 0\.005 at step \d+, wh/,
    );
  }));

const lines: Record<string, [change: (line: LogEntry) => object, RegExp]> = {
  "a loss below 0": [() => ({ loss: -1 }), /has a loss or a step that is not a number$/],
  "no loss": [() => ({ loss: null }), /has a loss or a step that is not a number$/],
  "half a step": [
    ({ step }) => ({ step: step + 0.5 }),
    /has a loss or a step that is not a number$/,
  ],
  "a step beyond the schedule": [({ step }) => ({ step: step + 1 }), /ends at step \d+ of \d+$/],
};

for (const [what, [change, reason]] of Object.entries(lines)) {
  Deno.test(`a log is noticed whose last line has ${what}`, async () => {
    const found = await noticed((entries) => {
      const name = named(entries, LOG);
      const all = logIn(text(entries, name));
      const last = all.at(-1)!;
      const other = { ...last, ...change(last) } as LogEntry;
      entries.set(name, bytes(logText([...all.slice(0, -1), other])));
    });
    assert.equal(found.length, 1);
    assert.match(found[0]!, reason);
  });
}

const plans: Record<string, [(entries: Entries) => void, RegExp]> = {
  "one seed as three": [
    (entries) => replace(entries, "plan.json", /"seeds": \[\s*0,\s*1\s*\]/, '"seeds": [0, 0, 0]'),
    /plan\.json is not valid: seeds: a value occurs twice$/,
  ],
  "a seed left out": [
    (entries) => replace(entries, "plan.json", /"seeds": \[\s*0,\s*1\s*\]/, '"seeds": [0, 2]'),
    /plan\.json is not valid: seeds: one is left out: commands take seeds that follow each other$/,
  ],
  "seeds that draw what others draw": [
    (entries) =>
      replace(
        entries,
        "plan.json",
        /"seeds": \[\s*0,\s*1\s*\]/,
        '"seeds": [4294967295, 4294967296]',
      ),
    /plan\.json is not valid: seeds\.1: /,
  ],
  "a table twice": [
    (entries) => replace(entries, "plan.json", '"name": "second"', '"name": "first"'),
    /plan\.json is not valid: tables: a value occurs twice$/,
  ],
  "a setup without fields": [
    (entries) =>
      replace(
        entries,
        "plan.json",
        /"train": \{.*?"evaluate"/s,
        '"train": {"x": null}, "evaluate"',
      ),
    /plan\.json is not valid: setup\.train\.batch: /,
  ],
  "a batch of no images": [
    (entries) => replace(entries, "plan.json", /"batch": \d+/, '"batch": 0'),
    /plan\.json is not valid: setup\.train\.batch: /,
  ],
};

for (const [what, [change, reason]] of Object.entries(plans)) {
  Deno.test(`a plan is refused in a sentence: ${what}`, () =>
    assert.rejects(
      noticed(change),
      (error) => error instanceof UserError && reason.test(error.message),
    ));
}

Deno.test("fields of a setup that are unknown here, null included, are reported", async () => {
  const found = await noticed((entries) => {
    replace(entries, "plan.json", '"crop": ', '"x": null, "y": [{"rule": null}], "crop": ');
    entries.set("plan.json", bytes(jsonText(JSON.parse(text(entries, "plan.json")))));
  });
  assert.ok(found.includes('name plan.json setup "smoke" has x null; in this version it is none'));
});

/** Changes an evaluation's posteriors, `[40, 7]` before 40 labels, of the bytes of another one. */
function copied(
  entries: Entries,
  from: RegExp,
  to: RegExp,
  change: (values: Float32Array) => void,
) {
  const [theirs, ours] = [from, to].map((pattern) => entries.get(named(entries, pattern))!);
  const [start, end] = [4 * 40 * 8, 4 * 40];
  const values = new Float32Array(theirs!.slice(-start, -end).buffer);
  change(values);
  ours!.set(new Uint8Array(values.buffer), ours!.length - start);
}

const copies: Record<string, [from: RegExp, to: RegExp, (values: Float32Array) => void, number]> = {
  "of another net": [/^eval\/A-256-/, /^eval\/D-256-512-Q384/, () => {}, 40],
  "of another scale": [/^eval\/D-256-512-Q256/, /^eval\/D-256-512-Q384/, () => {}, 40],
  "but for a bit": [
    /^eval\/A-256-/,
    /^eval\/D-256-512-Q384/,
    (values) => {
      const bits = new Uint32Array(values.buffer);
      bits[0] = bits[0]! ^ 1;
    },
    39,
  ],
  "in another order": [/^eval\/A-256-/, /^eval\/D-256-512-Q384/, (values) => {
    values.set([...values.subarray(7), ...values.subarray(0, 7)]);
  }, 40],
};
for (const [what, [from, to, change, many]] of Object.entries(copies)) {
  Deno.test(`posteriors are noticed that are copies ${what}`, async () => {
    const found = await noticed((entries) => copied(entries, from, to, change));
    const line = found.find((line) => line.startsWith("file eval/"));
    assert.match(line!, new RegExp(`has the posteriors of eval/.* for ${many} of 40 images that`));
  });
}

Deno.test("highest classes are noticed that are copies of another net's", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards({ ...input, small: true }, folder, (entries) => {
      const [from, to] = [/^eval\/A-256-/, /^eval\/D-256-512-Q384/].map((pattern) =>
        named(entries, new RegExp(`${pattern.source}.*safetensors$`))
      ) as [string, string];
      const [theirs, ours] = [from, to].map((name) => /-([0-9a-f]{12})\//.exec(name)![1]!);
      const content = Buffer.from(entries.get(from)!).toString("latin1");
      entries.set(to, Buffer.from(content.replace(theirs!, ours!), "latin1"));
      coverUp(entries);
    });
    const reasons = problems.flatMap((problem) => problem.kind === "file" ? [problem.reason] : []);
    assert.equal(reasons.length, 1, String(reasons));
    assert.match(
      reasons[0]!,
      /^has the posteriors of eval\/.* for 40 of 40 images that were compared$/,
    );
  }));

Deno.test("a text with a field twice is noticed, as programs differ in which one they read", async () => {
  await assert.rejects(
    noticed((entries) =>
      replace(entries, "plan.json", '"small": false', '"small": true,\n  "small": false')
    ),
    /its plan\.json is not written as this program writes it$/,
  );
  const found = await noticed((entries) => {
    const name = named(entries, /^eval\/A-256-.*safetensors$/);
    const content = entries.get(name)!;
    const text = new TextDecoder("latin1").decode(content);
    // the header is padded: a key more takes the place of spaces
    const at = text.indexOf('"labels":{');
    const end = text.indexOf("}}", at) + 2;
    const entry = text.slice(at, end - 1);
    const header = `${text.slice(8, end - 1)},${entry}}`;
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
    const before = Number(new DataView(content.slice(0, 8).buffer).getBigUint64(0, true));
    entries.set(name, Buffer.concat([length, bytes(padded), content.subarray(8 + before)]));
  });
  assert.match(found.join("\n"), /row.*its header is not written as this program writes it/s);
});

Deno.test("a log with more than a training's lines is noticed", async () => {
  const found = await noticed((entries) => {
    const name = named(entries, LOG);
    entries.set(name, bytes(`${text(entries, name)}0 % error\n`));
  });
  assert.match(found[0]!, /log\.jsonl has more than the lines of a training$/);
  assert.equal(found.length, 1);
});

Deno.test("a name that would begin a line of its own is refused", () =>
  assert.rejects(
    noticed((entries) => replace(entries, "plan.json", '"made up"', '"made up\\nall agrees"')),
    /its plan\.json has a control character in "made up\\nall agrees"$/,
  ));

/** Tensors by their names. */
type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** Writes the posteriors and labels of evaluations anew. */
function rewrite(
  entries: Entries,
  pattern: RegExp,
  folder: string,
  change: (tensors: NamedTensors) => NamedTensors,
) {
  for (const name of matching(entries, pattern)) {
    const file = `${folder}/posteriors`;
    Deno.writeFileSync(file, entries.get(name)!);
    using open = openSafetensors(file);
    const own = new Map(["posteriors", "labels"].map((tensor): [string, NamedTensor] => [
      tensor,
      { shape: open.shapes.get(tensor)!, values: open.read(tensor) },
    ]));
    const parts = safetensorsBytes({ tensors: new Map(change(own)), metadata: open.metadata });
    entries.set(name, Uint8Array.from(parts.flatMap((part) => [...part])));
  }
  coverUp(entries);
}

/** Gives the images of evaluations further right classes: all seven. */
function makeRight(entries: Entries, pattern: RegExp, folder: string) {
  rewrite(entries, pattern, folder, (own) => {
    const [{ values: labels }, classes] = [own.get("labels")!, 7];
    const others = Int32Array.from(
      { length: labels.length * (classes - 1) },
      (_, i) => (labels[Math.floor(i / (classes - 1))]! + 1 + i % (classes - 1)) % classes,
    );
    const shape = [labels.length, classes - 1];
    return new Map([...own, ["also_right", { shape, values: others }]] as const);
  });
}

Deno.test("further right classes are refused where images of the data set have one each", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(
      input,
      folder,
      (entries) => makeRight(entries, /^eval\/.*safetensors$/, folder),
    );
    const rows = problems.flatMap((problem) => problem.kind === "row" ? [problem] : []);
    assert.deepEqual(rows.map(({ table, row }) => `${table}/${row}`), [
      ...["first/1", "first/2", "second/1"],
    ]);
    for (const { reason } of rows) {
      assert.match(reason, /have several right classes each, those of "m/);
    }
  }));

Deno.test("under ReaL's labels all evaluations have the same right classes, and a note counts them", () =>
  withStore(async (input, folder) => {
    const real = { ...input, dataset: { ...input.dataset, name: "ilsvrc2012-real" } };
    const one = await afterwards(
      real,
      folder,
      (entries) => makeRight(entries, /^eval\/D-256-512-Q384.*safetensors$/, folder),
    );
    const [row] = one.problems.flatMap((problem) => problem.kind === "row" ? [problem] : []);
    assert.match(row!.reason, /it has other labels than "eval\/|have different labels/);

    const all = await afterwards(
      real,
      folder,
      (entries) => makeRight(entries, /^eval\/.*safetensors$/, folder),
    );
    assert.ok(all.notes.some(({ reason }) => reason.startsWith("images have 7.00 right classes")));
    // the errors in the tables are those of one right class
    assert.ok(all.problems.some((problem) => problem.kind === "cell"));
  }));

Deno.test("further right classes in a row's only evaluation are noticed beside others without them", () =>
  withStore(async (input, folder) => {
    // no row is a mean of both, so that only the evaluations of different rows can be compared
    const [{ rows: [alone, fused], ...first }] = input.tables as [Table, ...Table[]];
    const single = { ...fused!, evaluations: [fused!.evaluations[1]!] };
    const tables = [{ ...first, rows: [alone!, single] }] as readonly Table[];
    const dataset = { ...input.dataset, name: "ilsvrc2012-real" };
    const { problems } = await afterwards(
      { ...input, tables, dataset },
      folder,
      (entries) => makeRight(entries, /^eval\/D-256-512-Q384.*safetensors$/, folder),
    );
    const rows = problems.flatMap((problem) => problem.kind === "row" ? [problem] : []);
    assert.deepEqual(rows.map(({ row }) => row), [2]);
    assert.match(rows[0]!.reason, /it has other labels than "eval\/A-256-/);
  }));

Deno.test("images that a forger leaves out of all evaluations are missed: the plan has their number", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(
      input,
      folder,
      (entries) =>
        rewrite(
          entries,
          /^eval\/.*safetensors$/,
          folder,
          (own) =>
            new Map([...own].map(([name, { shape: [images, ...rest], values }]) => [
              name,
              { shape: [30, ...rest], values: values.subarray(0, values.length / images! * 30) },
            ])),
        ),
    );
    const rows = problems.flatMap((problem) => problem.kind === "row" ? [problem] : []);
    assert.deepEqual(rows.map(({ table, row }) => `${table}/${row}`), [
      ...["first/1", "first/2", "second/1"],
    ]);
    for (const { reason } of rows) {
      assert.match(reason, /it has 30 images of 7 classes, the plan 40 of 7$/);
    }
  }));

Deno.test("a net's own guesses in place of the labels of scenes: the rows are refused", () =>
  withStore(async (input, folder) => {
    // 35 images, so that each of the seven classes has five
    const [context] = input.contexts;
    const run = plannedRun(input.tables[0]!.rows[0]!.evaluations[0]!, context!);
    const labels = Int32Array.from({ length: 35 }, (_, image) => image % 7);
    const values = Float32Array.from({ length: 35 * 7 }, (_, i) => i % 7 === 3 ? 0.4 : 0.1);
    const dataset = { ...input.dataset, name: "scenes", val: input.dataset.val.slice(0, 35) };
    const scenes = {
      ...{ ...input, dataset, contexts: [context!] },
      tables: [{ ...input.tables[0]!, rows: [input.tables[0]!.rows[0]!] }],
    };
    const rowsWith = async (labels: Int32Array) => {
      input.store.writePosteriors(run, { classes: 7, values, labels });
      const { problems } = await afterwards(scenes, folder, () => {});
      return problems.flatMap((problem) => problem.kind === "row" ? [problem.reason] : []);
    };
    assert.deepEqual(await rowsWith(labels), []);
    const [reason] = await rowsWith(labels.with(4, 3));
    assert.match(reason!, /its image 4 has the label 3, that of "scenes" the label 4$/);
  }, () => false));

const table3 = TABLES.find(({ name }) => name === "table3")!;
Deno.test("a CSV with more than the computed cells is noticed, though all of them agree", async () => {
  const more: Record<string, (csv: string) => string> = {
    "a cell behind the last": (csv) => csv.replace(/\n$/, ",0 % error\n"),
    "an empty line with a space": (csv) => `${csv} \n`,
    "a byte order mark": (csv) => `\uFEFF${csv}`,
  };
  for (const [what, change] of Object.entries(more)) {
    const found = await noticed((entries) =>
      entries.set("first.csv", bytes(change(text(entries, "first.csv"))))
    );
    assert.equal(found.length, 1, what);
    assert.match(found[0]!, /^file first\.csv (has|does not have) /);
  }
});

Deno.test("a CSV with more rows than its table, or fewer, is noticed", async () => {
  const changes: Record<number, (lines: string[]) => string[]> = {
    1: ([header, one]) => [header!, one!],
    3: ([header, one, two]) => [header!, one!, two!, two!],
  };
  for (const [rows, change] of Object.entries(changes)) {
    const found = await noticed((entries) =>
      entries.set(
        "first.csv",
        bytes(`${change(text(entries, "first.csv").split("\n")).join("\n")}\n`),
      )
    );
    assert.deepEqual(found, [`file first.csv has ${rows} rows instead of 2`]);
  }
});

Deno.test("two hashes of one file are noticed", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      const sums = text(entries, "SHA256SUMS");
      const other = `${"0".repeat(64)}  first.csv\n`;
      entries.set("SHA256SUMS", bytes(other + sums));
    });
    assert.deepEqual(problems, [
      { kind: "file", file: "first.csv", reason: "is listed twice in SHA256SUMS" },
    ]);
  }));

const known: KnownNames = {
  setupNamed: (name) => [paper, smoke].find((setup) => setup.name === name),
  tables: [table3],
};

/** What is found about names in a plan of Table 3 under the smoke setup. */
function names(change: Partial<BundlePlan>) {
  const { problems, notes } = checkNames({
    ...{ format: 2, small: false, setup: smoke, seeds: [0], tables: [table3] },
    dataset: {
      name: "scenes",
      classes: Array(20).fill("a"),
      train: 800,
      val: 200,
      fingerprint: "",
    },
    ...change,
  } as BundlePlan, known);
  return [...problems, ...notes].map((found) =>
    `${found.kind}: ${"reason" in found ? found.reason : ""}`
  );
}

const { scenes } = smoke;
const dataset = {
  ...{ name: "scenes", classes: Array(scenes!.classes).fill("a") },
  ...{ train: scenes!.train, val: scenes!.val, fingerprint: "" },
};
const honest = (change: Partial<BundlePlan> = {}) => names({ dataset, ...change });

Deno.test("other sizes than those of the published data set are named", () => {
  const made = (name: string, classes: number, val: number) => ({
    ...{ name, classes: Array(classes).fill("a"), train: 50_000, val, fingerprint: "" },
  });
  const setup = { ...smoke, name: "mine" };
  const about = (changes: BundlePlan["dataset"]) =>
    honest({ setup, dataset: changes }).filter((line) => line.includes("dataset"));
  assert.deepEqual(about(made("cifar10", 10, 10_000)), []);
  assert.deepEqual(about(made("cifar10", 9, 5_000)), [
    'note: dataset "cifar10" has 9 classes; the published one has 10',
    'note: dataset "cifar10" has 5,000 validation images; the published one has 10,000',
  ]);
  assert.deepEqual(about(made("imagenetv2-top-images", 1000, 9_999)), [
    'note: dataset "imagenetv2-top-images" has 9,999 validation images; the published one has 10,000',
  ]);
  assert.deepEqual(about(made("folder", 2, 3)), []);
});

Deno.test("labels that are not those of a known data set are refused, such as a net's own guesses", () => {
  const made = (name: string, classes: number, val: number) => ({
    ...{ name, classes: Array(classes).fill("a"), train: 0, val, fingerprint: "" },
  });
  const turns = (classes: number, val: number) =>
    Int32Array.from({ length: val }, (_, i) => i % classes);
  for (const [name, classes, val] of [["cifar100", 100, 10_000], ["scenes", 5, 20]] as const) {
    assert.equal(labelFault(made(name, classes, val), turns(classes, val)), undefined);
    assert.equal(
      labelFault(made(name, classes, val), turns(classes, val).with(7, 1)),
      `its image 7 has the label 1, that of "${name}" the label ${7 % classes}`,
    );
  }
  // these follow from no name
  const [other, labels] = [made("cifar100", 100, 20), new Int32Array(20)];
  for (const name of ["folder", "ilsvrc2012-real"]) {
    assert.equal(labelFault({ ...other, name }, labels), undefined);
  }
  assert.equal(labelFault(other, labels), undefined);
  assert.equal(labelFault(made("scenes", 3, 20), labels), undefined);
  const doubtful = { ...made("scenes", 5, 20), doubts: ["1 image occurs in two classes."] };
  assert.equal(labelFault(doubtful, labels), undefined);
});

Deno.test("a setup and a table of this version are as they are", () => {
  assert.deepEqual(honest(), []);
});

Deno.test("another setup under the name of one of ours is noticed, field by field", () => {
  const found = honest({ setup: { ...smoke, name: "paper" } });
  assert.ok(
    found.includes(`name: setup "paper" has crop ${smoke.train.crop}; in this version it is 224`),
  );
  assert.ok(found.every((line) => line.startsWith("name: ")));
  const train = { ...smoke.train, dropout: 0.3 };
  assert.deepEqual(honest({ setup: { ...smoke, train } }), [
    `name: setup "smoke" has dropout 0.3; in this version it is ${smoke.train.dropout}`,
  ]);
  // a number in bfloat16 is of another protocol than the setup's
  assert.deepEqual(
    honest({ setup: { ...smoke, train: { ...smoke.train, precision: "bfloat16" } } }),
    [
      'name: setup "smoke" has precision bfloat16; in this version it is float32',
    ],
  );
  assert.deepEqual(honest({ setup: { ...smoke, note: "the paper itself" } }), [
    'name: setup "smoke" has another note',
  ]);
  assert.deepEqual(honest({ setup: { ...smoke, name: "mine" } }), [
    'note: setup "mine" is not one of this version\'s, so its fields were not compared',
  ]);
});

Deno.test("data that a setup makes has the size that the setup says", () => {
  assert.deepEqual(honest({ dataset: { ...dataset, val: 50 } }), [
    `name: dataset "scenes" has val 50; the setup makes ${scenes!.val}`,
  ]);
});

Deno.test("a table of our name has our rows and the paper's errors", () => {
  const [first, ...others] = table3.rows;
  const rows = (...rows: Table["rows"]) => honest({ tables: [{ ...table3, rows }] });
  const what = "it is not this version's table of that name";
  assert.deepEqual(rows({ ...first!, published: { ...first!.published, top1: 44 } }, ...others), [
    `name: table3 row 1 has the published top1 44 instead of 29.6; ${what}`,
  ]);
  assert.deepEqual(
    rows(first!, ...others.slice(1)).at(0),
    `name: table3 has 11 rows instead of 12; ${what}`,
  );
  assert.deepEqual(rows({ ...first!, title: "the best net" }, ...others), [
    `name: table3 row 1 has another title; ${what}`,
  ]);
  for (
    const change of [{ caption: "Ours" }, { note: "0 % error" }, { headings: ["title"] as const }]
  ) {
    assert.deepEqual(honest({ tables: [{ ...table3, ...change }] }), [
      `name: table3 has another caption or note, or other headings; ${what}`,
    ]);
  }
  const elsewhere = first!.evaluations.map((run) => ({ ...run, Q: 512 }));
  assert.deepEqual(rows({ ...first!, evaluations: elsewhere }, ...others), [
    `name: table3 row 1 has other evaluations; ${what}`,
  ]);
  // weights from a file may take the place of a net, but are named
  const weights = "0".repeat(64);
  const imported = first!.evaluations.map((run) => ({
    ...run,
    net: { ...run.net, init: { weights, layout: "keras" } as const },
  }));
  assert.deepEqual(rows({ ...first!, evaluations: imported }, ...others), [
    `note: table3: weights of SHA-256 ${weights} were not trained here; their origin is unknown`,
  ]);
});

Deno.test("a bundle's table is compared with this version's of that name", () =>
  withStore(async (input, folder) => {
    const file = `${folder}/some.zip`;
    await writeBundle(file, input);
    const [first, ...others] = input.tables as [Table, ...Table[]];
    const problemsWith = async (top1: number) => {
      const [row, ...rows] = first.rows;
      const own = {
        ...first,
        rows: [{ ...row!, published: { ...row!.published, top1 } }, ...rows],
      };
      const { problems } = await verifyBundle(file, {
        paper,
        tablesUnder: () => Promise.resolve([own, ...others]),
        setupNamed: () => smoke,
      });
      return problems.map((problem) => "reason" in problem ? problem.reason : problem.kind);
    };
    assert.deepEqual(await problemsWith(25.6), []);
    assert.deepEqual(await problemsWith(44), [
      "first row 1 has the published top1 25.6 instead of 44; it is not this version's table of that name",
    ]);
  }));

Deno.test("a note counts the images of a mean that a small bundle leaves open", () =>
  withStore(async (input, folder) => {
    const openIn = async (small: boolean) => {
      const { notes } = await afterwards({ ...input, small }, folder, () => {});
      return notes.flatMap(({ reason }) =>
        /^(\w+, row \d, seed \d): the five .* leave open (.*)$/.exec(reason)?.slice(1) ?? []
      );
    };
    assert.deepEqual(await openIn(false), []);
    const found = await openIn(true);
    // the same mean in two tables; under seed 0 the five highest classes decide every image
    const [one, text, other, same, ...more] = found;
    assert.deepEqual([one, other, more], ["first, row 2, seed 1", "second, row 1, seed 1", []]);
    assert.match(
      text!,
      /^the top-1 result of \d+ images? and the top-5 result of [1-9]\d* images?$/,
    );
    assert.equal(same, text);
  }));

Deno.test("what cannot be verified is noted: files beside the plan, scores, origins", () =>
  withStore(async (input, folder) => {
    const { problems, notes } = await afterwards(input, folder, (entries) => {
      entries.set("CLAIMS.md", bytes("0 % error"));
      coverUp(entries);
    });
    assert.deepEqual(problems, []);
    const reasons = notes.map(({ reason }) => reason);
    assert.ok(reasons.includes("CLAIMS.md is not part of the plan and was not checked"));
    assert.match(reasons.at(-1)!, /^that the posteriors, labels, .* cannot be verified$/);
  }));
