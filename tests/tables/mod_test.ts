import assert from "node:assert/strict";
import { join } from "node:path";
import { net } from "../../experiments/protocol.ts";
import { paperTables, setups, sideExperiments } from "../../experiments/mod.ts";
import claims from "../../experiments/claims.ts";
import { UserError } from "../../lib/errors.ts";
import type { TrainRun } from "../../lib/experiment.ts";
import { tableFault } from "../../lib/tables/check.ts";
import { claimsFault } from "../../lib/tables/claims.ts";
import { ownNet } from "../../lib/tables/own_net.ts";
import { tableSchema } from "../../lib/tables/shape.ts";
import { tableOfStudy } from "../../lib/command_line/study_rows.ts";
import type { GridStudy } from "../../lib/tables/study.ts";
import { isTableFile, openTableFile, tableFilesIn } from "../../lib/tables/mod.ts";

const { small } = setups;
const listed = [...paperTables, ...sideExperiments];
const A = net("A", 256);
const fromA = (config: TrainRun["config"], layers: unknown) => ({
  ...{ config, S: 256 },
  init: { from: A, layers },
});
const row = (net: unknown, Q: unknown = 256, method = "dense") => ({
  evaluations: [{ net, Q, method }],
});
const table = (rows: unknown[], more: object = {}) => ({
  ...{ name: "mine", caption: "A table", headings: ["config"], rows },
  ...more,
});

const tableOf = (study: GridStudy) =>
  tableOfStudy(study, { setup: small, word: "mine.ts", isAllowed: false });

/** Opens a file of this text. */
async function opened(name: string, text: string) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const file = join(folder, name);
  Deno.writeTextFileSync(file, text);
  try {
    return await openTableFile(file, {
      ...{ setup: small, listed, taken: listed.map(({ name }) => name), word: name, tableOf },
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("the paper's own tables and claims pass the check that files have to pass", async () => {
  for (const setup of Object.values(setups)) {
    for (const each of listed) assert.equal(await tableFault(each, setup), undefined, each.name);
  }
  assert.equal(await claimsFault(claims, listed), undefined);
});

/** Tables that are none, and what is said of them. */
const FAULTS: readonly (readonly [value: unknown, fault: RegExp])[] = [
  [5, /^all of it: .*expected object, received number$/],
  [table([]), /^rows: must have a row$/],
  [table([row(A)], { headins: [] }), /no field "headins".*Did you mean "headings"\?$/],
  [table([row({ config: "A", S: 256, inti: "random" })]), /net\.inti": the fields of .* "init"\?$/],
  [
    table([row({ ...A, config: "F" })]),
    /^rows\[0\]\.evaluations\[0\]\.net\.config: must be A, .*has blocks, too/,
  ],
  [table([row({ ...A, S: "256" })]), /\.net\.S: must be a scale such as 256, or the two ends/],
  [table([row({ ...A, S: 223 })]), /\.net\.S is 223: the least scale is 224/],
  [table([row({ ...A, S: [512, 256] })]), /\.net\.S is \[512;256\]: its first end must be below/],
  [table([row(A, 223)]), /^rows\[0\]\.evaluations\[0\]\.Q is 223: the least scale is 224/],
  [table([row(A, 256, "densee")]), /\.method: .*"dense"\|"multi-crop"\|"centre-crop"/],
  [
    table([row(A), row({ ...A, update: "all" })]),
    /^rows\[1\] is rows\[0\] again: both have the same evaluations/,
  ],
  [table([{ evaluations: [] }]), /^rows\[0\]: a row without evaluations.* needs a title$/],
  [table([row(fromA("B", ["conv1_1", "conv1_2"]))]), /\.init: Cannot copy conv1_2 from A into B/],
  [table([row(fromA("B", "all"))]), /\.init: Cannot take all layers of A over into B/],
  [table([row(fromA("A-LRN", "deepen"))]), /\.init: Cannot deepen A into A-LRN: .*normalisation/],
  // the small setup's transfer is deepen
  [
    table([row(fromA("B-5x5", "transfer"))]),
    /\.init: Cannot deepen A into B-5x5: B-5x5 has no conv3_2/,
  ],
  [table([row(fromA("B", "some"))]), /\.init\.layers: must be "all", "deepen", "perturb", "tran/],
  [
    table([row({ ...A, init: { from: fromA("B-5x5", "all"), layers: "all" } })]),
    /\.net\.init: Cannot take all layers of B-5x5 over into A/,
  ],
  [
    table([row({ ...A, init: { from: fromA("B-5x5", ["conv1_1"]), layers: ["fc6"] } })]),
    /\.net\.init\.from\.init: Cannot copy conv1_1 from A into B-5x5/,
  ],
  [table([row(A)], { baseline: 2 }), /^baseline: 2 is not a row: they are 1 to 1$/],
  [
    table([row(A), { title: "theirs", evaluations: [] }], { baseline: 2 }),
    /^baseline: row 2 is a result of others/,
  ],
  [table([row(A)], { columns: ["p"] }), /^columns: "p" needs a baseline/],
  [table([row(A)], { columns: ["top2"] }), /^columns\[0\]: .*"top1"\|"top5"/],
  [table([{ ...row(A), published: { top1: 120 } }]), /^rows\[0\]\.published\.top1: .*100/],
  [table([row(A)], { name: "my table" }), /^name: must be a word of letters/],
  [table([{ evaluations: [{ net: A, Q: 256, method: "dense", test: "x" }] }]), /\.test: tables/],
];

for (const [value, fault] of FAULTS) {
  Deno.test(`a table is refused: ${fault.source}`, async () => {
    assert.match(await tableFault(value, small) ?? "no fault", fault);
  });
}

Deno.test("a net that contains itself, or an endless chain of nets, is refused", async () => {
  const circle: Record<string, unknown> = { config: "A", S: 256 };
  circle.init = { from: circle, layers: "all" };
  assert.match((await tableFault(table([row(circle)]), small))!, /contains itself$/);
});

Deno.test("a file of code gives its tables and claims, and rows stay the same objects", async () => {
  const { tables, claims } = await opened(
    "mine.ts",
    `import { evaluations, net, table3, type Table } from "verydeep";
    const rows = [{ evaluations: evaluations(net("A", 384), [384], "dense") }] as const;
    export const one: Table = { name: "one", caption: "1", headings: ["config"], rows };
    export default [one, { ...one, name: "two" }];
    export const helper = 7;
    export const claims = [{
      name: "larger", section: "1", sentence: "384 is better than 256", relation: "lower",
      pairs: [{ first: rows[0], second: table3.rows[0] }], varies: ["S", "Q", "init"],
    }];`,
  );
  assert.deepEqual(tables.map(({ name, file }) => [name, file]), [
    ["one", "mine.ts"],
    ["two", "mine.ts"],
  ]);
  assert.deepEqual(tables[0]!.rows[0]!.evaluations[0]!.net, net("A", 384));
  assert.equal(claims[0]!.pairs[0]!.first, tables[0]!.rows[0]);
  assert.equal(claims[0]!.pairs[0]!.second, paperTables[0]!.rows[0]);
});

Deno.test("a file of JSON is the same table, and may name its schema", async () => {
  const mine = table([row(fromA("B", "transfer")), row(A)], { baseline: 2 });
  const { tables: [found] } = await opened("mine.json", JSON.stringify({ $schema: "x", ...mine }));
  assert.deepEqual(found, { ...mine, file: "mine.json" });
  const { tables } = await opened("two.json", JSON.stringify([mine, { ...mine, name: "more" }]));
  assert.deepEqual(tables.map(({ name }) => name), ["mine", "more"]);
});

const VALID = JSON.stringify(table([row(A)]));

/** Files that have no tables, and what is said of them. */
const BAD_FILES: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  [
    "throws.ts",
    "\n  throw new Error('no luck');",
    /"throws\.ts": it throws no luck \(throws\.ts:2:\d+\)/,
  ],
  ["word.js", "throw 'no luck';", /it throws no luck$/],
  ["syntax.ts", "export default {", /it throws .*\(syntax\.ts:1:\d+\)$/],
  [
    "import.ts",
    'import { x } from "verydeep"; export default x;',
    /export named 'x' \(import\.ts:1:10\)/,
  ],
  ["lost.ts", 'export * from "./nowhere.ts";', /it throws Module not found ".*nowhere\.ts"/],
  ["five.ts", "export default 5;", /default: all of it: .*expected object, received number/],
  ["list.ts", "export default [{}];", /default\[0\]: name: .*expected string/],
  ["named.ts", "export const t = { rows: [], headings: [] };", /: t: name: .*expected string/],
  [
    "code.json",
    'export default { name: "x" }',
    /it is not JSON: .*; a file with code is one that ends in \.ts$/,
  ],
  ["taken.json", VALID.replace('"mine"', '"table3"'), /name: a table of the project.*"table3"/],
  ["twice.json", `[${VALID}, ${VALID}]`, /two tables are called "mine"$/],
  [
    "claim.ts",
    `export default ${VALID}; export const claims = [{ name: "c", section: "", sentence: "",
      relation: "lower", pairs: [{ first: { evaluations: [] }, second: { evaluations: [] } }],
      varies: ["S"] }];`,
    /claims\[0\]\.pairs\[0\]\.first is not a row of a table of this file/,
  ],
  [
    "claims.ts",
    `export const claims = [{ nam: "c" }];`,
    /claims: .*"\[0\]\.nam"|there is no field/,
  ],
];

for (const [name, text, message] of BAD_FILES) {
  Deno.test(`a file is refused in one line: ${message.source}`, async () => {
    await assert.rejects(opened(name, text), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /^Cannot read tables from ".*": /);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("a net of JSON without a name is named after its layers; so is one in code, by ownNet", async () => {
  const blocks = [[64], [128, 128, "lrn"], [{ size: 1, channels: 256, stride: 2 }]];
  const text = JSON.stringify(table([row({ blocks, S: 256, init: "random", batchNorm: 8 })]));
  const { tables: [found] } = await opened("mine.json", text);
  const [net] = found!.rows[0]!.evaluations.map(({ net }) => net);
  assert.equal(net!.config, "64-128x2.lrn-1c256s2-bn8");
  assert.equal(ownNet({ blocks, batchNorm: 8 } as never, 256).config, net!.config);
  // a long one ends with a digest of all of it
  const long = (last: number) => ownNet({ blocks: [...Array(20).fill([64]), [last]] }, 256).config;
  assert.match(long(64), /^(64-){13}6-[0-9a-f]{8}$/);
  assert.notEqual(long(64), long(128));
  // what is no net's blocks is left to the check
  const odd = JSON.stringify(table([row({ blocks: [64], S: 256, init: "random" })]));
  await assert.rejects(opened("odd.json", odd), /net\.(config|blocks\[0\]): /);
});

Deno.test("a file that is missing, or that the system cannot read, is named", async () => {
  const open = (file: string) =>
    openTableFile(file, { setup: small, listed, taken: [], word: "gone.ts", tableOf });
  await assert.rejects(open("/nowhere/gone.ts"), /"gone\.ts": there is no such file$/);
});

Deno.test("a folder's files with tables are those with the right endings, by name", () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  for (const name of ["b.ts", "a.json", "_helper.ts", ".hidden.ts", "notes.md", "types.d.ts"]) {
    Deno.writeTextFileSync(join(folder, name), "");
  }
  Deno.mkdirSync(join(folder, "folder.ts"));
  assert.deepEqual(tableFilesIn(folder), ["a.json", "b.ts"]);
  assert.ok(isTableFile("x.mjs") && !isTableFile("x.tsv"));
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("docs/reference/table.schema.json is what a table of JSON is checked with", async () => {
  const file = new URL("../../docs/reference/table.schema.json", import.meta.url);
  assert.deepEqual(
    JSON.parse(await Deno.readTextFile(file)),
    JSON.parse(JSON.stringify(tableSchema())),
  );
});

const blocks = (...each: unknown[]) => table([row({ ...A, config: "F", blocks: each })]);

Deno.test("a net of one's own is refused where its blocks make none, with the place in the file", async () => {
  const fault = async (value: unknown, setup = small) =>
    await tableFault(value, setup) ?? "no fault";
  assert.match(await fault(blocks([64], [])), /net\.blocks\[1\]: must have a convolution$/);
  assert.match(await fault(blocks(["lrn"])), /net\.blocks\[0\]: must have a convolution$/);
  assert.match(await fault(blocks([64.5])), /net\.blocks\[0\]\[0\]: must be channels of a 3x3/);
  assert.match(
    await fault(blocks([{ size: 2, channels: 64 }])),
    /\.blocks\[0\]\[0\]\.size: must be odd$/,
  );
  assert.match(await fault(blocks([10])), /conv1_1 has 2\.5 channels, .* width of 0\.25/);
  assert.match(
    await fault(table([row({ ...A, blocks: [[64]] })])),
    /config: A is a net of the paper/,
  );
  assert.match(
    await fault(table([row({ ...A, config: "G" })])),
    /config: must be A, .* has blocks, too/,
  );
  const down = { ...small, train: { ...small.train, oddSides: "down" as const } };
  // 28 14 7 3 1 0
  assert.match(
    await fault(blocks(...Array(5).fill([64])), down),
    /5 max-poolings shrink a crop of 28/,
  );
  assert.equal(await fault(blocks(...Array(4).fill([64])), down), "no fault");
  const two = table([
    row({ ...A, config: "F", blocks: [[64]] }),
    row({ ...A, config: "F", blocks: [[128]] }),
  ]);
  assert.match(
    await fault(two),
    /rows\[1\].*blocks: two nets are called "F" and have other layers/,
  );
  const from = ownNet({ config: "F", blocks: [[64], [128]] }, 256);
  const bad = { config: "G", blocks: [[32], [128]], S: 256, init: { from, layers: ["conv1_1"] } };
  assert.match(
    await fault(table([row(bad)])),
    /init: Cannot copy conv1_1 from F into G: .* are fc6, fc7, fc8$/,
  );
});

const own = (fields: object) =>
  table([row({ ...A, config: "F", blocks: [[64], [128]], ...fields })]);

Deno.test("fields of a net of one's own are checked, and those of the paper's nets have none", async () => {
  const fault = async (value: unknown) => await tableFault(value, small) ?? "no fault";
  assert.equal(await fault(own({ fc: [512, 256], dropout: 0 })), "no fault");
  assert.equal(await fault(own({ fc: [] })), "no fault");
  assert.match(await fault(own({ fc: [1, 2, 3] })), /net\.fc: must have two layers at most/);
  assert.match(
    await fault(own({ fc: [1001] })),
    /net\.fc: fc6 has [\d.]+ units, .* setup's \d+ of 4096/,
  );
  assert.match(await fault(own({ dropout: 1 })), /net\.dropout: /);
  assert.equal(await fault(own({ average: true, fc: [512] })), "no fault");
  const { batch } = small.train;
  for (const batchNorm of [true, 2, batch]) {
    assert.equal(await fault(own({ batchNorm })), "no fault");
  }
  assert.match(
    await fault(own({ batchNorm: 1 })),
    /net\.batchNorm: must be 2 or more: one image has no statistics$/,
  );
  assert.match(
    await fault(own({ batchNorm: 3 })),
    /net\.batchNorm: 3 images do not divide the setup's batch/,
  );
  const single = { ...small, train: { ...small.train, batch: 1 } };
  assert.match(
    (await tableFault(own({ batchNorm: true }), single))!,
    /net\.batchNorm: the setup's batch of 1 has no statistics/,
  );
  const F = ownNet({ config: "F", blocks: [[64], [128]] }, 256);
  const G = (layers: unknown) => ({
    ...{ config: "G", blocks: [[64], [128]], batchNorm: true, S: 256 },
    init: { from: F, layers },
  });
  assert.match(
    await fault(table([row(G(["conv1_1"]))])),
    /Cannot copy conv1_1 from F into G: the layers .* are fc6, fc7, fc8$/,
  );
  assert.match(
    await fault(table([row(G("deepen"))])),
    /Cannot deepen F into G: batch normalisation makes/,
  );
  assert.match(await fault(own({ average: false })), /net\.average: /);
  const halving = { size: 3, channels: 64, stride: 2 };
  assert.equal(await fault(own({ blocks: [[halving], [64]] })), "no fault");
  assert.match(
    await fault(own({ blocks: [[{ ...halving, stride: 3 }]] })),
    /net\.blocks\[0\]\[0\]\.stride: must be 1 or 2$/,
  );
  const down = { ...small, train: { ...small.train, oddSides: "down" as const } };
  const vanishing = own({ average: true, blocks: [[halving], ...Array(4).fill([64]), [64]] });
  // 28 14 7 3 1 0
  assert.match(
    (await tableFault(vanishing, down))!,
    /6 max-poolings and strides shrink a crop of 28 pixels to nothing/,
  );
  assert.match(
    await fault(table([row({ ...A, dropout: 0 })])),
    /net\.dropout: A is a net of the paper; give a net with another "dropout" blocks and another name$/,
  );
});
