import assert from "node:assert/strict";
import { filledTables } from "../../lib/command_line/filled_tables.ts";
import table3 from "../../experiments/table3.ts";
import table5 from "../../experiments/table5.ts";
import table6 from "../../experiments/table6.ts";
import { JITTERED, net } from "../../experiments/protocol.ts";
import { UserError } from "../../lib/errors.ts";
import { type ConfigName, isImported, type Table } from "../../lib/experiment.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import { writeKeras } from "../../lib/weights/keras.ts";
import { writeTorchvision } from "../../lib/weights/torchvision.ts";
import { noises } from "../support/formula.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";

/** A file of a net of the sandbox's sides. */
async function written(
  sandbox: CommandSandbox,
  config: ConfigName,
  write: typeof writeKeras | typeof writeTorchvision,
) {
  const { setup } = sandbox.options("table3");
  const shapes = weightShapes(layersOf(config, netShapeOf(setup.train, 2)));
  const tensors = new Map([...shapes].map(([name, shape], i) => {
    const count = shape.reduce((product, side) => product * side);
    return [name, { shape, values: noises(count, { from: 1000 * i }) }];
  }));
  const file = `${sandbox.folder}/${config}-${write.name}`;
  // what the layouts' own libraries subtract
  const mean = write === writeKeras ? [123.68, 116.779, 103.939] : [123.675, 116.28, 103.53];
  await write(file, { tensors, mean, inputScale: 1, recipe: "" });
  return file;
}

async function filled(sandbox: CommandSandbox, tables: readonly Table[], weights: string) {
  const options = sandbox.options("table3");
  return await filledTables(tables, weights, { options, study: await sandbox.study(options) });
}

async function refused(work: Promise<unknown>, message: RegExp) {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("weights take the place of [256;512] alone; other rows are the very same", async () => {
  using sandbox = new CommandSandbox();
  const file = await written(sandbox, "D", writeKeras);
  const { tables, runs, imported } = await filled(sandbox, [table3, table5, table6], `D=${file}`);
  assert.deepEqual(imported.map((net) => net.file), [file]);
  const [single, methods, fusion] = tables.map(({ name, rows }, i) => {
    const own = [table3, table5, table6][i]!;
    assert.equal(own.name, name);
    return rows.flatMap((row, i) => row === own.rows[i] ? [] : [i]);
  });
  assert.deepEqual(single, [8]); // D [256;512], the ninth row
  assert.deepEqual(methods, [0, 1, 2]); // D by each method
  assert.deepEqual(fusion, [1, 2, 3]); // D and E; the submission's D learnt its FC layers only
  assert.ok(runs.every(({ net: { config, init } }) => config === "D" && isImported(init)));
  // one evaluation in Table 3, 3 + 3 + 6 in Table 5, as many in Table 6
  assert.equal(runs.length, 1 + 12 + 12);
  const { evaluations } = tables[2]!.rows[1]!;
  assert.deepEqual(
    evaluations.filter(({ net: { config } }) => config === "E").map((run) => run.net),
    Array(3).fill(net("E", JITTERED)),
  );
});

Deno.test("weights of no row, of another net, or without a net's name are refused", async () => {
  using sandbox = new CommandSandbox();
  const file = await written(sandbox, "D", writeKeras);
  const fill = (weights: string) => filled(sandbox, [table3], weights);
  await refused(
    fill(file),
    /^--weights of a table is a list of CONFIG=FILE, .* not ".*D-writeKeras"$/,
  );
  await refused(fill("D="), /--weights D=vgg16\.h5,E=vgg19\.h5, not "D="$/);
  await refused(fill(`F=${file}`), /^--weights is one of A, A-LRN, B, C, D, E, B-5x5, not "F"/);
  await refused(fill(`D=${file},D=${file}`), /^--weights names D twice$/);
  await refused(fill(`A=${file}`), /^Cannot use weights of A \[256;512\]: no row here uses/);
  await refused(
    fill(`E=${file}`),
    /^Cannot use ".*" instead of E \[256;512\]: it is D \[256;/,
  );
  await refused(
    fill("D=nothing.h5"),
    /^Cannot find --weights "nothing\.h5": it is neither a file nor/,
  );
});

Deno.test("a table with weights trains nothing, and says which numbers they made", async () => {
  using sandbox = new CommandSandbox();
  const [D, E] = [
    await written(sandbox, "D", writeKeras),
    await written(sandbox, "E", writeTorchvision),
  ];
  // random weights are no better than chance
  const weights = ["--weights", `D=${D},E=${E}`, "--include-at-chance"];
  const records = await sandbox.records("table3", [], ...weights);
  const measured = records.filter(({ top1_error }) => typeof top1_error === "number");
  assert.deepEqual(measured.map(({ config, S, Q }) => [config, S, Q]), [
    ["D", "[256;512]", 384],
    ["E", "[256;512]", 384],
  ]);
  assert.match(
    measured[0].departures,
    /^D \[256;512\] from a file of weights in keras's layout, SHA-256 [0-9a-f]{64}, mean colour 123\.68 116\.779 103\.939; /,
  );
  assert.match(
    measured[1].departures,
    /^E \[256;512\] from .* in torchvision's layout, .* 103\.53; /,
  );
  const states = await sandbox.records("status", []);
  const done = states.filter(({ state }) => state === "done").map(({ run }) => run).sort();
  assert.deepEqual(done, [
    "test D [256;512] (imported) at Q = 384, dense",
    "test E [256;512] (imported) at Q = 384, dense",
    "train D [256;512] (imported)",
    "train E [256;512] (imported)",
  ]);

  const text = await sandbox.printed("table3", [], ...weights);
  assert.match(text, /│ \[256;512\] │ +384 │ +\d+\.\d† │ +– │ +25\.6 │/);
  assert.match(text, /† Weights were not trained here: D \[256;512\] from a file/);
  assert.match(text, /10 of 12 rows not measured yet .* with\nthe same options except --weights\./);
  const printed = await sandbox.records("report", ["table3"], ...weights);
  assert.deepEqual(printed, records);

  // once in the store, a net goes by its key; and it is the one that evaluate names
  const { key } = states.find(({ run }) => run === "train D [256;512] (imported)")!;
  Deno.removeSync(D);
  const again = await sandbox.records("table3", [], "--weights", `D=${key}`);
  assert.equal(again[8].run, measured[0].run);
});

Deno.test("a plan with weights asks for no training", async () => {
  using sandbox = new CommandSandbox();
  const file = await written(sandbox, "D", writeKeras);
  const runs = await sandbox.records("table4", [], "--weights", `D=${file}`, "--dry-run");
  assert.deepEqual(
    runs.map(({ run }) => run),
    [256, 384, 512].map((Q) => `test D [256;512] (imported) at Q = ${Q}, dense`),
  );
});
