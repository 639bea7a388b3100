import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { auditResults, leftoversIn, leftoversInWords } from "../../lib/store/audit.ts";
import { type PlannedRun, plannedRun } from "../../lib/plan.ts";
import { openStore } from "../../lib/store/mod.ts";
import { inStore } from "../support/in_store.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);
const tests = evaluations(net("A", 256), [224, 256], "dense")
  .map((run) => plannedRun(run, context)) as [PlannedRun, PlannedRun];

Deno.test("an undamaged store has no leftovers and no damaged results", () =>
  inStore((store) => {
    for (const run of [A, ...tests]) store.begin(run);
    store.appendLog(A, { step: 1, epoch: 0, loss: 1, learningRate: 0.1, imagesPerSecond: 9 });
    assert.equal(store.leases.take(A.key), true);
    assert.deepEqual(leftoversInWords(leftoversIn(store)), []);
    assert.deepEqual(auditResults(store), { whole: 0, damages: [], unreadable: [] });
    store.leases.release(A.key);
  }));

Deno.test("leftovers of crashes and edits are listed, with what happens to them", () =>
  inStore((store) => {
    for (const run of [A, ...tests]) store.begin(run);
    const [train, eval0] = [A, tests[0]].map((run) =>
      store.folderOf(run).slice(store.folder.length + 1)
    ) as [string, string];
    const write = (path: string, text = "") =>
      Deno.writeTextFileSync(`${store.folder}/${path}`, text);
    write(`${train}/weights.safetensors.1b4e28ba.part`);
    write("table3.csv.6fa459ea.part");
    write(`${eval0}/posteriors.safetensors.damaged`);
    write(`${eval0}/recipe.json`, "{");
    store.appendLog(A, { step: 1, epoch: 0, loss: 1, learningRate: 0.1, imagesPerSecond: 9 });
    write(
      `${train}/log.jsonl`,
      Deno.readTextFileSync(`${store.folder}/${train}/log.jsonl`) + '{"st',
    );
    assert.deepEqual(leftoversIn(openStore(store.folder)), {
      drafts: ["table3.csv.6fa459ea.part", `${train}/weights.safetensors.1b4e28ba.part`],
      damaged: [`${eval0}/posteriors.safetensors.damaged`],
      finished: [],
      unknown: [eval0],
      logs: [`${train}/log.jsonl`],
      unreadable: [],
    });
    assert.deepEqual(leftoversInWords(leftoversIn(store)), [
      "table3.csv.6fa459ea.part and 1 more: writing was interrupted; can be deleted.",
      `${eval0}/posteriors.safetensors.damaged: damaged; ` +
      "can be deleted when the result is computed again.",
      `${eval0}: the recipe is damaged or does not match the folder; its run starts again.`,
      `${train}/log.jsonl: some lines are cut off or changed, and are ignored.`,
    ]);
  }));

Deno.test("a log that has a step of two processes is not damaged", () =>
  inStore((store) => {
    store.begin(A);
    const line = { step: 1, epoch: 0, loss: 1, learningRate: 0.1, imagesPerSecond: 9 };
    for (const entry of [line, line]) store.appendLog(A, entry);
    assert.equal(store.readLog(A).length, 1);
    assert.deepEqual(leftoversIn(store).logs, []);
  }));

Deno.test("every result is compared with its checksum, and progress is reported", () =>
  inStore((store) => {
    const weights = new Map([["x", { shape: [2], values: Float32Array.of(1, 2) }]]);
    for (const run of [A, ...tests]) store.begin(run);
    store.writeWeights(A, weights);
    const labels = Int32Array.of(1);
    for (const run of tests) {
      store.writePosteriors(run, { classes: 2, values: Float32Array.of(0.5, 0.5), labels });
    }
    assert.deepEqual(auditResults(store), { whole: 3, damages: [], unreadable: [] });
    const file = `${store.folderOf(tests[1])}/posteriors.safetensors`;
    const bytes = Deno.readFileSync(file);
    bytes[bytes.length - 9]! ^= 1;
    Deno.writeFileSync(file, bytes);
    const told: (readonly number[])[] = [];
    const { whole, damages } = auditResults(
      openStore(store.folder),
      (...counts) => told.push(counts),
    );
    assert.equal(whole, 2);
    assert.deepEqual(damages.map((damage) => damage.split(": ")[0]), [`Cannot read "${file}"`]);
    assert.deepEqual(told, [[1, 3], [2, 3], [3, 3]]);
  }));
