import assert from "node:assert/strict";
import type { ReportFormat } from "../../lib/report/formats.ts";
import { table1 } from "../../lib/commands/table1.ts";
import { table2 } from "../../lib/commands/table2.ts";

/** A file with net A, and a net with a sixth block and one that starts from yet another. */
const FILE = `import { evaluations, net, ownNet } from "verydeep";
  const blocks = [[64], [128], [256, 256], [512, 512], [512, 512]];
  const F = { config: "F", blocks: [...blocks, ["lrn", { size: 1, channels: 512 }]] };
  const G = ownNet({ config: "G", blocks }, 256);
  const row = (run) => ({ evaluations: evaluations(run, [256], "dense") });
  const rows = [row(net("A", 256)), row(ownNet(F, 256, G)), row(ownNet(F, 384, G))];
  export default { name: "mine", caption: "", headings: ["config", "S"], rows };`;

/** What a command prints about that file. */
async function printedOf(command: typeof table1, format: ReportFormat, text = FILE) {
  const file = Deno.makeTempFileSync({ prefix: "verydeep-test-", suffix: ".ts" });
  Deno.writeTextFileSync(file, text);
  const { log } = console;
  let out = "";
  console.log = (text: string) => out += `${text}\n`;
  try {
    await command([file], { format });
  } finally {
    console.log = log;
    Deno.removeSync(file);
  }
  return out;
}

Deno.test("table1 FILE prints each net of a file once, those of a sixth block beside the others", async () => {
  const lines = (await printedOf(table1, "table")).split("\n");
  const row = (line: string) => line.split("│").slice(1, -1).map((cell) => cell.trim());
  assert.deepEqual(row(lines[2]!), ["A", "F", "G"]);
  assert.deepEqual(row(lines[3]!), ["11 weight", "12 weight", "11 weight"]);
  const sixth = lines.findIndex((line) => line.includes("LRN"));
  assert.deepEqual(lines.slice(sixth, sixth + 4).map(row), [
    ["", "LRN", ""],
    ["", "conv1-512", ""],
    [],
    ["", "maxpool", ""],
  ]);
  // five poolings that all have
  assert.equal(lines.filter((line) => /^│ +maxpool +│$/.test(line)).length, 5);
});

Deno.test("table1 FILE names strides, batch normalisation and an averaged map", async () => {
  const text = `import { ownNet } from "verydeep";
    const layers = { blocks: [[64, { size: 3, channels: 64, stride: 2 }]], average: true };
    const net = ownNet({ config: "F", ...layers, batchNorm: true }, 256);
    const rows = [{ evaluations: [{ net, Q: 256, method: "dense" }] }];
    export default { name: "mine", caption: "", headings: ["config"], rows };`;
  const layers = JSON.parse(await printedOf(table1, "json", text));
  assert.deepEqual(layers.map(({ name }: { name: string }) => name), [
    ...["conv3-64 BN", "conv3-64 / 2 BN", "FC-1000"],
  ]);
  assert.match(await printedOf(table1, "table", text), /│ +avgpool +│/);
});

Deno.test("table2 FILE counts the parameters of a file's nets", async () => {
  const counts = JSON.parse(await printedOf(table2, "json"));
  const named = Object.fromEntries(
    counts.map((each: { config: string }) => [each.config, each]),
  );
  assert.equal(named.A.paper_millions, 133);
  assert.equal(named.F.paper_millions ?? undefined, undefined);
  assert.equal(named.A.parameters, named.G.parameters);
  // a 1x1 convolution more, and fc6 covers a map of 4 by 4 places instead of 7 by 7
  const more = (512 + 1) * 512 - (7 * 7 - 4 * 4) * 512 * 4096;
  assert.equal(named.F.parameters, named.A.parameters + more);
});
