import assert from "node:assert/strict";
import { join } from "node:path";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { rowsOfStudy, type StudyRow, tableOfStudy } from "../../lib/command_line/study_rows.ts";
import { override } from "../../lib/command_line/overrides.ts";
import { UserError } from "../../lib/errors.ts";
import { key } from "../../lib/key.ts";
import { contextsOf, plannedRun } from "../../lib/plan.ts";
import { latex } from "../../lib/report/latex.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { differenceOf } from "../../lib/results/paired_difference.ts";
import { ranked } from "../../lib/results/ranking.ts";
import type { RowResult } from "../../lib/results/row_result.ts";
import { holm } from "../../lib/statistics/mod.ts";
import { openTableFile } from "../../lib/tables/mod.ts";
import type { Grid } from "../../lib/tables/study.ts";
import { study } from "../../mod.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { noise } from "../support/formula.ts";
import { inFolder } from "../support/in_store.ts";

const expanded = (grid: Grid, setup = smoke, isAllowed = false): Promise<readonly StudyRow[]> =>
  rowsOfStudy(study({ name: "mine", caption: "", grid }), { setup, word: "mine.ts", isAllowed });

/** Opens a file of this text. */
async function opened(name: string, text: string) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  Deno.writeTextFileSync(join(folder, name), text);
  try {
    return await openTableFile(join(folder, name), {
      ...{ word: name, taken: ["table3"], listed: [], setup: smoke, isStudy: true },
      tableOf: (study) => tableOfStudy(study, { setup: smoke, word: name, isAllowed: false }),
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a grid has a row for each combination, in its order, with nets of the paper's chain", async () => {
  const rows = await expanded({ config: ["A", "B"], S: [256, [256, 512]], Q: ["one", [224, 256]] });
  assert.deepEqual(rows.map(({ combination }) => Object.values(combination.values).join("|")), [
    ...["A|256|256|dense", "A|256|224 256|dense"],
    ...["A|[256;512]|384|dense", "A|[256;512]|224 256|dense"],
    ...["B|256|256|dense", "B|256|224 256|dense"],
    ...["B|[256;512]|384|dense", "B|[256;512]|224 256|dense"],
  ]);
  assert.deepEqual(rows[6]!.evaluations, [
    { net: net("B", [256, 512]), Q: 384, method: "dense" },
  ]);
  assert.ok(rows.every(({ combination }) => combination.setup === undefined));
});

Deno.test("fields of the setup are what --set makes of them, and change keys as it does", async () => {
  const rows = await expanded({
    dropout: [0, 0.5],
    "schedules.first.drops.rule": ["steps"],
    "schedules.first.drops.at": [[0.25, 0.5]],
    method: [["dense", "centre-crop"]],
  });
  assert.equal(rows.length, 2);
  const { train, evaluate } = rows[1]!.combination.setup!;
  assert.equal(train.dropout, 0.5);
  assert.deepEqual(train.schedules.first.drops, { rule: "steps", at: [0.25, 0.5] });
  assert.deepEqual(rows[1]!.evaluations.map(({ method }) => method), ["dense", "centre-crop"]);
  const set = override(
    smoke,
    "dropout=0.5,schedules.first.drops.rule=steps,schedules.first.drops.at=0.25:0.5",
  );
  const [run] = rows[1]!.evaluations;
  const keyUnder = (setup: Pick<typeof smoke, "train" | "evaluate">) =>
    key(run!, { train: setup.train, evaluate: setup.evaluate, seed: 0, data: "" });
  assert.equal(keyUnder({ train, evaluate }), keyUnder(set));
  assert.notEqual(keyUnder(smoke), keyUnder(set));
  // a value that the setup has already is the run of the tables
  const [same] = await expanded({ dropout: [smoke.train.dropout] });
  assert.equal(keyUnder(same!.combination.setup!), keyUnder(smoke));
});

Deno.test("nets of one's own, and seeds with rows of their own", async () => {
  const F = { config: "F", blocks: [[64], [128]] };
  const rows = await expanded({ config: ["A", F], seed: [3, 4] });
  const seedsOf = (
    { combination: { values, seeds } }: StudyRow,
  ) => [values.config, values.seed, ...seeds!];
  assert.deepEqual(rows.map(seedsOf), [
    ...[["A", 3, 3], ["A", 4, 4]],
    ...[["F", 3, 3], ["F", 4, 4]],
  ]);
  assert.deepEqual(rows[2]!.evaluations[0]!.net, { ...F, S: 256, init: "random" });
  const [unnamed] = await expanded({ config: [{ blocks: [[64], [128, 128]] }] });
  assert.equal(unnamed!.combination.values.config, "64-128x2");
});

/** Grids that are none, and what is said of them. */
const FAULTS: readonly (readonly [grid: Grid, fault: RegExp])[] = [
  [{ dropout: [0.1, 1] }, /grid\.dropout\[1\]: Cannot set dropout to "1": it is .* below 1$/],
  [{ dropot: [1] }, /grid\.dropot\[0\]: Cannot set "dropot": .*Did you mean "dropout"\?$/],
  [{ "scenes.classes": [3] }, /grid\.scenes\.classes: rows of a study are of the same images/],
  [{ dataset: ["cifar10"] }, /grid\.dataset: rows of a study are of the same images/],
  [{ S: [256, 200] }, /grid\.S\[1\] is 200: the least scale is 224/],
  [{ S: [[200, 512]] }, /grid\.S\[0\] is 200: the least scale is 224/],
  [{ Q: ["one", [256, 223]] }, /grid\.Q\[1\] is 223: the least scale is 224/],
  [
    { S: [240], Q: ["three"] },
    /the combination S = 240, Q = three, config = A.*Q is 208: the least/,
  ],
  [{ config: [{ config: "F", blocks: [[10]] }] }, /grid\.config\[0\]: blocks: conv1_1 has 0\.625/],
  [
    { config: [{ config: "F", blocks: Array(6).fill([64]) }], crop: [32], oddSides: ["down"] },
    /the combination config = F, crop = 32, .*blocks: 6 max-poolings shrink/,
  ],
  [{ crop: [32, 16] }, /grid\.crop\[1\]: .*five poolings shrink a crop of 16/],
];

for (const [grid, fault] of FAULTS) {
  Deno.test(`a grid is refused before any work: ${fault.source}`, async () => {
    const setup = { ...smoke, train: { ...smoke.train, oddSides: "up" as const } };
    if (grid.crop?.includes(16)) {
      // with sides rounded down 16 pixels vanish in five poolings: 8 4 2 1 0
      const down = { ...smoke, train: { ...smoke.train, crop: 32, oddSides: "down" as const } };
      await assert.rejects(() => expanded(grid, down), fault);
    } else {
      await assert.rejects(() => expanded(grid, setup), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^Cannot read a study from "mine\.ts": /);
        assert.match(error.message, fault);
        return true;
      });
    }
  });
}

Deno.test("a grid is counted before anything runs: more than 10,000 combinations need --yes", async () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i / 1000);
  const large = { dropout: numbers(101), momentum: numbers(100) };
  await assert.rejects(
    () => expanded(large),
    /^UserError: The grid of "mine\.ts" has 10,100 combinations, .*shorten its lists, or add --yes/,
  );
  assert.equal((await expanded({ dropout: numbers(100), momentum: numbers(100) })).length, 10_000);
  assert.equal((await expanded(large, smoke, true)).length, 10_100);
  // counted, not made: 10^15 would take all memory
  const endless = Object.fromEntries(
    ["dropout", "momentum", "weightDecay", "inputScale", "batch"].map((field) => [
      field,
      numbers(1000),
    ]),
  );
  await assert.rejects(
    () => expanded(endless, smoke, true),
    /1,000,000,000,000,000 combinations, and 1,000,000/,
  );
});

/** Files that have no study, and what is said of them. */
const BAD_FILES: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ["throws.ts", "\nthrow new Error('no luck');", /it throws no luck \(throws\.ts:2:\d+\)$/],
  ["nothing.ts", "export const a = 1;", /no default export; end it with: export default study\(/],
  ["table.ts", "export default { rows: [] };", /it is a table; carry it out with deno task table/],
  ["five.json", "5", /all of it: .*expected object/],
  ["code.json", "study()", /it is not JSON: .*; a file with code is one that ends in \.ts$/],
  ["grd.json", '{"name":"x","caption":"","grd":{}}', /no field "grd".*Did you mean "grid"\?$/],
  ["empty.json", '{"name":"x","caption":"","grid":{"S":[]}}', /grid\.S: must have a value$/],
  ["word.json", '{"name":"x","caption":"","grid":{"S":256}}', /grid\.S: .*expected array/],
  [
    "net.json",
    '{"name":"x","caption":"","grid":{"config":["F"]}}',
    /grid\.config\[0\]: must be A,/,
  ],
  [
    "way.json",
    '{"name":"x","caption":"","grid":{"method":["x"]}}',
    /grid\.method\[0\]: must be den/,
  ],
  ["seed.json", '{"name":"x","caption":"","grid":{},"seeds":0}', /seeds: .*>=1/],
  [
    "bool.json",
    '{"name":"x","caption":"","grid":{"dropout":[true]}}',
    /grid\.dropout\[0\]: must be/,
  ],
  ["taken.json", '{"name":"table3","caption":"","grid":{}}', /name: a table of the project/],
  [
    "seeds.json",
    '{"name":"x","caption":"","grid":{"seed":[0,1]},"seeds":3}',
    /seeds: grid\.seed gives each seed rows of its own; remove one of the two$/,
  ],
  ["twice.json", '{"name":"x","caption":"","grid":{"S":[256,256]}}', /grid\.S: a value .* twice$/],
];

for (const [name, text, message] of BAD_FILES) {
  Deno.test(`a file is no study: ${message.source}`, async () => {
    await assert.rejects(opened(name, text), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /^Cannot read a study from ".*": /);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("options that a grid would overrule are refused: its fields under --set, and its seeds", async () => {
  using sandbox = new CommandSandbox();
  const file = join(sandbox.folder, "mine.json");
  const grid = { dropout: [0, 0.5], seed: [0, 1] };
  Deno.writeTextFileSync(file, JSON.stringify({ name: "mine", caption: "", grid }));
  const refused = (message: RegExp, ...options: string[]) =>
    assert.rejects(sandbox.printed("study", [file], "--dry-run", ...options), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      return true;
    });
  await refused(
    /^--seeds does nothing here: .* lists its seeds; leave --seeds out/,
    "--seeds",
    "3",
  );
  await refused(/^--seed does nothing here/, "--seed", "7");
  await refused(
    /^--set dropout does nothing here: .* lists values of dropout; leave it out of --set/,
    ...["--set", "batch=4,dropout=0.3"],
  );
  assert.match(await sandbox.printed("study", [file], "--dry-run"), /^Plan/);
});

/** Made-up results of rows whose errors rise. */
function results(count: number, images: number): RowResult[] {
  return Array.from({ length: count }, (_, row): RowResult => {
    const ranks = Int32Array.from(
      { length: images },
      (_, image) => noise(image) + noise(row * images + image) / 3 < row / count - 0.3 ? 1 : 0,
    );
    const top1 = 100 * ranks.filter((rank) => rank > 0).length / images;
    const scores = [{ ranks }] as unknown as RowResult["scores"];
    return {
      ...{ row: { evaluations: [] }, measured: { top1 }, seeds: [{ top1 }], runs: [`r${row}`] },
      ...{ scores, protocol: { images, dataset: "d", setup: "s" } as RowResult["protocol"] },
    };
  });
}

Deno.test("rows are sorted by error; p-values of all pairs are corrected; letters follow from them", () => {
  const found = results(6, 400);
  const missing: RowResult = { ...found[0]!, scores: [], seeds: [] };
  delete (missing as { measured?: unknown }).measured;
  const order = ["missing", 5, 3, 1, 4, 2, 0];
  const ranking = ranked(order, [missing, ...order.slice(1).map((row) => found[row as number]!)]);
  assert.deepEqual(ranking.map(({ row }) => row), [0, 1, 2, 3, 4, 5, "missing"]);
  // by hand: McNemar's p-value of each pair, Holm's correction of the 15
  const pairs = [0, 1, 2, 3, 4, 5].flatMap((i) =>
    [0, 1, 2, 3, 4, 5].filter((j) => j > i).map((j) => [i, j] as const)
  );
  const p = holm(pairs.map(([i, j]) => differenceOf(found[i]!.scores, found[j]!.scores).p));
  pairs.forEach(([i, j], pair) => {
    if (i === 0) assert.equal(ranking[j]!.p, p[pair]);
    const [one, other] = [ranking[i]!.letters!, ranking[j]!.letters!];
    assert.equal([...one].some((letter) => other.includes(letter)), p[pair]! >= 0.05);
  });
  assert.deepEqual([ranking[0]!.p, ranking[6]!.p, ranking[6]!.letters], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.ok(new Set(ranking.map(({ letters }) => letters)).size > 2);
});

Deno.test("a thousand rows are ranked, and a display that nobody could read is left out", () => {
  const many = results(1000, 300);
  const rows = many.map((_, number) => ({ evaluations: [], combination: { values: { number } } }));
  const sheet = sheetOf({
    ...{ rows: many, setup: smoke, departures: [] },
    table: { name: "n", caption: "c", headings: ["config"], rows, study: { repeated: 2 } },
    dataset: { name: "d", classes: 20, images: 300 },
  });
  assert.equal(sheet.records.length, 1000);
  assert.equal(sheet.records[999]!.place, 1000);
  // the errors rise with the rows
  assert.deepEqual(
    new Set(sheet.records.slice(0, 20).map(({ row }) => Number(row) < 350)),
    new Set([true]),
  );
  const text = sheet.caption.join(" ");
  assert.match(text, /corrected for 499,500 pairs of rows \(Holm\)/);
  assert.match(text, /2 combinations of the grid are the same as others/);
});

Deno.test("a study in LaTeX has letters as superscripts, and footnotes of its test", () => {
  const few = results(3, 300);
  const rows = few.map((_, number) => ({ evaluations: [], combination: { values: { number } } }));
  const sheet = sheetOf({
    ...{ rows: few, setup: smoke, departures: [] },
    table: { name: "n", caption: "c", headings: ["config"], rows, study: { repeated: 0 } },
    dataset: { name: "d", classes: 20, images: 300 },
  });
  const text = latex(sheet);
  assert.match(text, /\\begin\{tabular\}\{@\{\}rr@\{\}lrr+@\{\}\}/);
  assert.equal(text.match(/\\textsuperscript\{[a-c]+\}/g)?.length, 3);
  const test = "McNemar's exact test, Holm's correction for 3 pairs of rows; n = 300 images.";
  assert.ok(text.includes(`differ: p \\textless{} 0.05, ${test}`), text);
  assert.ok(text.includes(`Of no difference from the best row: ${test}`), text);
  assert.doesNotMatch(text, /letters|same images, corrected/);
});

Deno.test("a study is carried out, shares runs with tables, and is not done again", async () => {
  using sandbox = new CommandSandbox();
  await inFolder(async (folder) => {
    const file = join(folder, "mine.ts");
    Deno.writeTextFileSync(
      file,
      `import { study } from "verydeep";
      export default study({ name: "mine", caption: "Mine", seeds: 2, grid: {
        weightDecay: [0.0005, 0.001], cropGrid: ["edge-to-edge", "cell-centres"], Q: ["one", 288],
      } });`,
    );
    const plan = await sandbox.records("study", [file], "--dry-run");
    // of 8 combinations 4 are others again: the grid of crops does not matter to a dense evaluation
    assert.equal(plan.length, 2 * (2 + 4)); // seeds, trainings, evaluations
    const rows = await sandbox.records("study", [file], "--include-at-chance");
    assert.equal(rows.length, 4);
    const errors = rows.map(({ top1_error }) => top1_error);
    assert.deepEqual(errors, errors.toSorted((one, other) => one - other));
    assert.deepEqual(rows.map(({ place }) => place), [1, 2, 3, 4]);
    for (const { seeds, run, images, letters } of rows) {
      assert.deepEqual([seeds, run.split(" ").length, images, letters], [2, 2, 6, "a"]);
    }
    // the run of Table 3's row of net A is among them
    const options = sandbox.options("study");
    const { dataset } = await sandbox.study(options);
    const [context] = contextsOf({ setup: options.setup, seeds: [0] }, dataset);
    const own = plannedRun({ net: net("A", 256), Q: 256, method: "dense" }, context!).key;
    assert.ok(rows.some(({ run }) => run.split(" ").includes(own)));
    // plan and report take the file, too, and carry nothing out
    assert.deepEqual(await sandbox.records("report", [file], "--include-at-chance"), rows);
    const partly = await sandbox.records("report", [file], "--seeds", "3");
    assert.deepEqual(partly.map(({ place, top1_error }) => [place, top1_error]), [
      ...Array(4).fill([null, null]),
    ]);
    const planned = await sandbox.records("plan", [file]);
    const again = await sandbox.records("study", [file], "--dry-run");
    assert.deepEqual(planned, again);
    assert.ok(again.every(({ state }) => state === "done"));
    const text = await sandbox.printed("study", [file], "--include-at-chance");
    assert.match(text, /│ +best │/);
    assert.match(text, /4 combinations of the grid are the same as others/);
    assert.match(
      text,
      /same images\s+or\s+Student's\s+paired\s+t-test\s+over\s+the\s+seeds,\s+the\s+larger/,
    );
    const slurm = ["--executor", "slurm", "--dry-run"];
    const jobs = await sandbox.printed("study", [file], ...slurm);
    assert.match(jobs, /Nothing was submitted/);
    const todo = await sandbox.printed("study", [file], ...slurm, "--seeds", "3");
    assert.match(todo, /cli\.ts run "?\$key[\s\S]* cli\.ts report \S*mine\.ts /);
    // a seed of the command line counts
    const one = await sandbox.records("study", [file], "--dry-run", "--seeds", "1", "--seed", "1");
    assert.deepEqual([one.length, ...new Set(one.map(({ seed }) => seed))], [6, 1]);
  });
});

/** A study of a field, two scales and a named export, beside a table of the same file. */
const BOTH = `import { evaluations, net, study } from "verydeep";
const A = net("A", 256);
export default {
  name: "own", caption: "Own", headings: ["config"],
  rows: [{ evaluations: evaluations(A, [256], "dense") }],
};
export const decays = study({
  name: "decays", caption: "Decays", seeds: 2, grid: { weightDecay: [0.0005, 0.001], Q: ["one", 288] },
});`;

Deno.test("a study goes wherever a table goes: a folder, plan, status, why, bundle, verify, claims", async () => {
  using sandbox = new CommandSandbox();
  await inFolder(async (folder) => {
    const file = join(folder, "both.ts");
    Deno.writeTextFileSync(file, BOTH);
    const grid = {
      name: "grid",
      caption: "Grid",
      grid: { weightDecay: [0.0005, 0.002] },
    };
    Deno.writeTextFileSync(join(folder, "grid.json"), JSON.stringify(grid));

    // by hand: A under decay 0.0005 (the setup's) with seeds 0 and 1, 0.001 with both, 0.002 with seed 0
    const plan = await sandbox.records("plan", [folder]);
    const trainings = plan.filter(({ run }) => run.startsWith("train"));
    assert.equal(trainings.length, 5);
    assert.equal(plan.length - trainings.length, 2 * 2 * 2 + 1);
    // the nets' names are alike: the fields tell them apart
    assert.deepEqual(trainings.map(({ fields, seed }) => [fields, seed]).sort(), [
      ...[["weightDecay 0.0005", 0], ["weightDecay 0.0005", 1]],
      ...[["weightDecay 0.001", 0], ["weightDecay 0.001", 1], ["weightDecay 0.002", 0]],
    ]);
    assert.ok((await sandbox.records("plan", ["table3"])).every(({ fields }) => !fields));
    const status = await sandbox.records("status", [folder]);
    assert.deepEqual(status.map(({ key }) => key), plan.map(({ key }) => key));

    const rows = await sandbox.records("table", [folder], "--include-at-chance");
    assert.deepEqual(rows.map((row) => row.table ?? row.study), [
      ...["own", "decays", "decays", "decays", "decays", "grid", "grid"],
    ]);
    assert.deepEqual(rows.map(({ seeds }) => seeds), [1, 2, 2, 2, 2, 1, 1]);
    assert.deepEqual(await sandbox.records("report", [folder], "--include-at-chance"), rows);
    const states = await sandbox.records("status", [folder]);
    assert.deepEqual([...new Set(states.map(({ state }) => state))], ["done"]);

    // a row by its values or its number, and its runs by their keys
    const place = `${file}/decays/0.001/288`;
    const why = JSON.parse(await sandbox.printed("why", [place], "--format", "json"));
    const row = rows.find(({ study, weightDecay, Q }) =>
      study === "decays" && weightDecay === 0.001 && Q === 288
    );
    assert.equal(why.row, row.row);
    const ofRow = why.runs.filter(({ run }: { run: string }) => run.startsWith("test"));
    assert.deepEqual(ofRow.map(({ key }: { key: string }) => key), row.run.split(" "));
    assert.match(why.command, /^deno task study \S+both\.ts/);
    const byNumber = JSON.parse(
      await sandbox.printed("why", [`${file}/decays/${row.row}`], "--format", "json"),
    );
    assert.deepEqual(byNumber, why);
    const text = await sandbox.printed("why", [`${join(folder, "grid.json")}/0.002`]);
    assert.match(text, /^grid, row 2: weightDecay 0\.002, config A, S 256, Q 256, method dense\n/);
    assert.match(text, /made by deno task study \S+grid\.json/);
    await assert.rejects(
      sandbox.printed("why", [`${file}/decays/0.003`]),
      /the rows of \S+ are \S+decays\/0\.0005\/256, /,
    );

    // everything behind it in one file, recomputed: also compared with the files
    const zip = join(folder, "all.zip");
    await sandbox.printed("bundle", [zip, folder]);
    const found = await sandbox.records("verify", [zip, folder]);
    assert.deepEqual(found.map(({ kind }) => kind), ["note"]);
    Deno.writeTextFileSync(
      join(folder, "other.json"),
      JSON.stringify({ ...grid, grid: { weightDecay: [0.0005, 0.003] } }),
    );
    const other = await sandbox.records("verify", [zip, join(folder, "other.json")]);
    assert.deepEqual(other.filter(({ kind }) => kind === "name").map(({ reason }) => reason), [
      "grid row 2 has other values, fields or seeds; it is not this version's table of that name",
    ]);
    await assert.rejects(sandbox.printed("claims", [file]), /it exports none; add: export const/);
    await assert.rejects(
      sandbox.printed("report", [file], "--compare", "best"),
      /Cannot compare the rows of "decays" with one of them: it is a study/,
    );
  });
});
