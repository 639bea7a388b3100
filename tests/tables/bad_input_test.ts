/** Files that a user may write by mistake: each gets one line with its name and place, before any work. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { exists } from "../../lib/system/files.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";

/** A table file with these rows. */
const table = (rows: string, more = "") =>
  `import { evaluations, net, ownNet } from "verydeep";
const A = net("A", 256);
const row = (net: any, Q = 256) => ({ evaluations: evaluations(net, [Q], "dense") });
export default { name: "mine", caption: "", headings: ["config"], rows: [${rows}], ${more} };`;

const grid = (fields: string) =>
  `import { study } from "verydeep";
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i / 1e4);
export default study({ name: "mine", caption: "", grid: { ${fields} } });`;

/** What the mistake is; the command; the file; the message after the file's name. */
type Mistake = readonly [
  what: string,
  command: string,
  name: string,
  text: string,
  message: RegExp,
];

const MISTAKES: readonly Mistake[] = [
  [
    "a file that throws",
    ...["table", "mine.ts", "\n\nthrow new Error('no luck');"] as const,
    /^it throws no luck \(mine\.ts:3:\d+\)$/,
  ],
  [
    "a file that exports nothing",
    ...["table", "mine.ts", "const table = 1;"] as const,
    /^it exports no table; end it with: export default \{ name, caption, headings, rows \}$/,
  ],
  [
    "a list without a table, in JSON",
    ...["table", "mine.json", "[]"] as const,
    /^it has no table; write one as an object with name, caption, headings and rows$/,
  ],
  [
    "a table in JSON where claims are asked for",
    ...["claims", "mine.json"] as const,
    JSON.stringify({
      ...{ name: "mine", caption: "", headings: ["config"] },
      rows: [{
        evaluations: [
          { net: { config: "A", S: 256, init: "random" }, Q: 256, method: "dense" },
        ],
      }],
    }),
    /^JSON has tables only; write them in a \.ts file$/,
  ],
  [
    "a study that exports nothing",
    ...["study", "mine.ts", "const study = 1;"] as const,
    /^it has no default export; end it with: export default study\(\{ name, caption, grid \}\)$/,
  ],
  [
    "something of another shape",
    ...["table", "mine.ts", table("row(A), { evaluations: [{ net: A, Q: '256' }] }")] as const,
    /^default: rows\[1\]\.evaluations\[0\]\.Q: .*expected number, received string$/,
  ],
  [
    "two rows alike",
    ...["table", "mine.ts", table("row(A), row(A, 288), row(A)")] as const,
    /^default: rows\[2\] is rows\[0\] again: both have the same evaluations; remove one$/,
  ],
  [
    "a block without a convolution",
    ...["table", "mine.json"] as const,
    JSON.stringify({
      ...{ name: "mine", caption: "", headings: ["config"] },
      rows: [{
        evaluations: [{
          net: { config: "F", blocks: [[64], ["lrn"]], S: 256, init: "random" },
          ...{ Q: 256, method: "dense" },
        }],
      }],
    }),
    /^rows\[0\]\.evaluations\[0\]\.net\.blocks\[1\]: must have a convolution$/,
  ],
  [
    "an init from a net of other shapes",
    "table",
    "mine.ts",
    table(
      `row({ ...ownNet({ config: "F", blocks: [[32], [128]] }, 256), ` +
        `init: { from: A, layers: ["conv1_1", "conv2_1", "fc7"] } })`,
    ),
    /net\.init: Cannot copy conv1_1, conv2_1 from A into F: .* equal shapes are fc7, fc8$/,
  ],
  [
    "an init from a net of which nothing is copied, so that all weights are random",
    ...[
      "table",
      "mine.ts",
      table("row({ config: 'D', S: 256, init: { from: A, layers: [] } })"),
    ] as const,
    /net\.init: Cannot start D from A without a layer of it: take "random" as its init, or list layers; the/,
  ],
  [
    "a layer that is copied twice, which would be another run of the same numbers",
    "table",
    "mine.ts",
    table("row({ config: 'D', S: 256, init: { from: A, layers: ['fc8', 'conv1_1', 'fc8'] } })"),
    /net\.init: Cannot copy fc8 twice into D: list it once$/,
  ],
  [
    "a name that a table of the paper has",
    ...["table", "mine.ts", table("row(A)", "name: 'table3'")] as const,
    /^default: name: a table of the project, or .* called "table3"; choose another name$/,
  ],
  [
    "an S below the crop",
    ...["table", "mine.ts", table("row({ ...A, S: 200 })")] as const,
    /^default: rows\[0\]\.evaluations\[0\]\.net\.S is 200: the least scale is 224,/,
  ],
  [
    "a Q below the crop",
    ...["table", "mine.ts", table("row(A), row(A, 100)")] as const,
    /^default: rows\[1\]\.evaluations\[0\]\.Q is 100: the least scale is 224,/,
  ],
  [
    "a Q of a study below the crop",
    ...["study", "mine.ts", grid("Q: ['one', 100]")] as const,
    /^grid\.Q\[1\] is 100: the least scale is 224,/,
  ],
  [
    "a study's field that a setup does not have",
    ...["study", "mine.ts", grid("dropuot: [0]")] as const,
    /^grid\.dropuot\[0\]: Cannot set "dropuot": .*Did you mean "dropout"\?$/,
  ],
  [
    "a study's field that every object of JavaScript has, and no setup",
    ...["study", "mine.ts", grid("constructor: [1, 2]")] as const,
    /^grid\.constructor\[0\]: Cannot set "constructor": the fields are/,
  ],
  [
    "a study's field called __proto__",
    "study",
    "mine.json",
    '{ "name": "mine", "caption": "c", "grid": { "__proto__": [1] } }',
    /^grid\.__proto__\[0\]: Cannot set "__proto__": the fields are/,
  ],
  [
    "a caption that would erase a terminal's screen",
    ...["table", "mine.ts", table("row(A)", "caption: 'erased\\u001b[2J'")] as const,
    /^default: "erased\\u001b\[2J" has a line break or another control character; write it in one line$/,
  ],
  [
    "a title that turns the digits behind it",
    ...["table", "mine.ts", table("{ ...row(A), title: 'turned \\u202e' }")] as const,
    /^default: "turned \\u202e" has a line break or another control character/,
  ],
  [
    "a study's caption of two lines",
    "study",
    "mine.json",
    '{ "name": "mine", "caption": "one\\ntwo", "grid": { "S": [256] } }',
    /^"one\\ntwo" has a line break or another control character; write it in one line$/,
  ],
  [
    "a JSON table with code in it",
    ...["table", "mine.json", 'import { net } from "verydeep";'] as const,
    /^it is not JSON: .*; a file with code is one that ends in \.ts$/,
  ],
  [
    "a JSON table with a field twice",
    ...["table", "mine.json", '{ "name": "mine", "rows": [], "rows": [] }'] as const,
    /^it has the field "rows" twice in one object; remove one of them$/,
  ],
  [
    "an evaluation twice in a row",
    "table",
    "mine.ts",
    table('row(A), { evaluations: evaluations(A, [256, 384, 256], "dense") }'),
    /^default: rows\[1\]\.evaluations\[2\] is \[0\] again: it would count twice in the mean; remove one$/,
  ],
  [
    "a scale twice in a study",
    ...["study", "mine.ts", grid("Q: [[256, 256, 384]]")] as const,
    /^the combination .*: \[1\] is \[0\] again: it would count twice in the mean; remove one$/,
  ],
  [
    "a study with a wrong value, where any table may be",
    ...["plan", "mine.ts", grid("Q: ['one', 100]")] as const,
    /^grid\.Q\[1\] is 100: the least scale is 224,/,
  ],
  [
    "a study of a wrong shape, where any table may be",
    ...["report", "mine.json", '{"name":"mine","caption":"","grid":{"S":256}}'] as const,
    /^grid\.S: .*expected array/,
  ],
  [
    "a table in place of a study",
    ...["study", "mine.ts", table("row(A)")] as const,
    /^it is a table; carry it out with deno task table \S+mine\.ts$/,
  ],
];

for (const [what, command, name, text, message] of MISTAKES) {
  Deno.test(`${what} is told with file and place, before any work`, async () => {
    using sandbox = new CommandSandbox();
    const file = join(sandbox.folder, name);
    Deno.writeTextFileSync(file, text);
    await assert.rejects(sandbox.printed(command, [file]), (error) => {
      assert.ok(error instanceof UserError, String(error));
      const [, rest] =
        /^Cannot read (?:tables|claims|a study) from "\S+": (.*)$/.exec(error.message) ??
          [];
      assert.match(rest ?? error.message, message);
      assert.ok(error.message.includes(file));
      return true;
    });
    assert.ok(!exists(`${sandbox.folder}/results`, "isDirectory"));
  });
}

Deno.test("a grid of more than 10,000 combinations is counted before any work", async () => {
  using sandbox = new CommandSandbox();
  const file = join(sandbox.folder, "mine.ts");
  Deno.writeTextFileSync(file, grid("dropout: numbers(101), momentum: numbers(100)"));
  for (const command of ["study", "table", "plan", "status", "report"]) {
    await assert.rejects(sandbox.printed(command, [file]), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /^The grid of "\S+mine\.ts" has 10,100 combinations, .*add --yes/,
      );
      return true;
    });
  }
  assert.ok(!exists(`${sandbox.folder}/results`, "isDirectory"));
});

Deno.test("a net whose maps vanish is told before any work", async () => {
  using sandbox = new CommandSandbox();
  const file = join(sandbox.folder, "mine.ts");
  const F = '{ config: "F", blocks: [[64], [64], [64], [64], [64], [64]] }';
  Deno.writeTextFileSync(file, table(`row(ownNet(${F}, 256))`));
  // rounded down: 32 16 8 4 2 1 0
  const set = ["--set", "crop=32,oddSides=down"];
  await assert.rejects(
    sandbox.printed("table", [file], ...set),
    /"\S+mine\.ts": default: rows\[0\]\.evaluations\[0\]\.net\.blocks: 6 max-poolings shrink a crop of 32/,
  );
  assert.ok(!exists(`${sandbox.folder}/results`, "isDirectory"));
});
