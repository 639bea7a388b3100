import assert from "node:assert/strict";
import { storedRun } from "../support/in_store.ts";
import { plan } from "../../lib/plan.ts";
import table3 from "../../experiments/table3.ts";
import { UserError } from "../../lib/errors.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";

/** Numbers of a record, without what names the run. */
// deno-lint-ignore no-explicit-any
const errorsIn = ({ top1_error, top5_error, Q }: any) => ({ top1_error, top5_error, Q });

Deno.test("nets are trained, evaluated, imported and fused in one store, the tables'", async () => {
  using sandbox = new CommandSandbox();
  const [B] = await sandbox.records("train", [], "--config", "B", "--S", "256");
  const options = sandbox.options("train");
  const store = makeStore(options.results);
  const { contexts } = await sandbox.study(options);
  const table = plan([table3], contexts);
  const done = () => table.filter((run) => store.status(run).state === "done").map((r) => r.key);
  assert.deepEqual(done(), [B.from, B.key]); // A 256 first
  const planned = storedRun(store, B.key);
  const last = store.readLog(planned).at(-1)!;
  assert.deepEqual([B.config, B.S, B.step, last.step], ["B", 256, 12, 12]);
  assert.equal(B.val_top1_error, Math.round(100 * last.validation!.top1) / 100);
  assert.ok(Deno.statSync(`${B.folder}/weights.safetensors`).isFile);

  const Q = ["--Q", "256,384"];
  const evaluated = await sandbox.records("evaluate", [], "--config", "B", "--S", "256", ...Q);
  assert.deepEqual(evaluated.map(({ run, Q }) => [run, Q]), [
    ["B 256 at Q = 256, dense", 256],
    ["B 256 at Q = 384, dense", 384],
    ["mean of 2", "256 384"],
  ]);
  assert.deepEqual(done(), [B.from, B.key, evaluated[0].key]); // Table 3 wants Q = 256
  const byKey = await sandbox.records("evaluate", [], "--weights", B.key.slice(0, 7), ...Q);
  assert.deepEqual(byKey, evaluated);

  // the same weights as a file from elsewhere say the same of every image
  const file = `${B.folder}/weights.safetensors`;
  const imported = await sandbox.records("evaluate", [], "--config", "B", "--weights", file, ...Q);
  assert.equal(imported[0].run, "B 256 (imported) at Q = 256, dense");
  assert.notEqual(imported[0].key, evaluated[0].key);
  assert.deepEqual(imported.map(errorsIn), evaluated.map(errorsIn));
  const posteriors = (key: string) => {
    using open = store.openPosteriors(storedRun(store, key));
    return open.rows(0, 6);
  };
  for (const [i, { key }] of evaluated.slice(0, 2).entries()) {
    assert.deepEqual(posteriors(imported[i].key), posteriors(key));
  }

  // a net starts from it as it would from the stored one
  const line = ["--config", "B", "--S", "384", "--init-from"];
  const [fromFile] = await sandbox.records("train", [], ...line, file);
  const [fromKey] = await sandbox.records("train", [], ...line, B.key);
  assert.notEqual(fromFile.key, fromKey.key);
  const [one, other] = [fromFile, fromKey].map(({ key }) =>
    store.readWeights(storedRun(store, key))
  );
  assert.deepEqual(one, other);

  const fused = await sandbox.records("fuse", [B.key]);
  assert.deepEqual(fused, evaluated);
  const [, , , , all] = await sandbox.records("fuse", [
    B.key,
    ...imported.slice(0, 2).map((r) => r.key),
  ]);
  assert.deepEqual(errorsIn(all), errorsIn(evaluated[2]));

  // what no table names is listed, too
  const status = await sandbox.records("status", []);
  const states = new Map(status.map(({ key, state }) => [key, state]));
  for (const { key } of [fromFile, ...imported.slice(0, 2)]) assert.equal(states.get(key), "done");
});

Deno.test("a dry run says what there is to do, and writes nothing", async () => {
  using sandbox = new CommandSandbox();
  const line = ["--config", "D", "--S", "384", "--dry-run"];
  const runs = async (command: "train" | "evaluate", ...more: string[]) =>
    (await sandbox.records(command, [], ...line, ...more)).map(({ run, state }) =>
      `${run}, ${state}`
    );
  const nets = ["train A 256, todo", "train D 256, todo", "train D 384, todo"];
  assert.deepEqual(await runs("train"), nets);
  assert.deepEqual(await runs("evaluate"), [...nets, "test D 384 at Q = 384, dense, todo"]);
  assert.throws(() => Deno.statSync(`${sandbox.folder}/results`), Deno.errors.NotFound);
  assert.match(
    await sandbox.printed("train", [], ...line),
    /0 evaluations and 3 trainings; 0 of these/,
  );
});

Deno.test("a fusion whose member is not there names the command that makes it", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("fuse");
  const { contexts } = await sandbox.study(options);
  const find = (config: string, Q?: number) =>
    plan([table3], contexts).find(({ run }) =>
      Q === undefined
        ? "config" in run && run.config === config
        : "net" in run && run.net.config === config && run.Q === Q
    )!;
  const refusal = (words: string[], ...args: string[]) =>
    sandbox.printed("fuse", words, ...args).then(
      () => assert.fail(`${words} were fused`),
      (error: UserError) => {
        assert.ok(error instanceof UserError, String(error));
        return error.message;
      },
    );
  const atQ = find("D", 384);
  const message = await refusal([atQ.key]);
  assert.match(message, /^Cannot fuse D 384 at Q = 384, dense \([0-9a-f]{12}\): it is not done; /);
  assert.match(
    message,
    /make it with: deno task evaluate --config D --S 384 --Q 384 --setup smoke --dataset folder /,
  );
  assert.ok(
    message.endsWith(`--data ${sandbox.folder} --results ${sandbox.folder}/results`),
    message,
  );

  makeStore(options.results).begin(find("A-LRN"));
  assert.match(
    await refusal([find("A-LRN").key.slice(0, 9)], "--method", "multi-crop"),
    /^Cannot fuse A-LRN 256 .* it has no multi-crop evaluation here; make one with: deno task evaluate --config A-LRN --S 256 --Q 256 --method multi-crop /,
  );
  assert.match(await refusal([]), /^fuse needs keys; deno task status lists them$/);
  assert.match(
    await refusal(["0123"]),
    /neither a table nor ".*" has such a run; deno task status lists keys$/,
  );
});

Deno.test("an evaluation is fused with others, each once", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("fuse");
  const { contexts } = await sandbox.study(options);
  const store = makeStore(options.results);
  const [one, two] = plan([table3], contexts).filter(({ run }) => "net" in run);
  for (const run of [one!, two!]) {
    store.begin(run);
    const values = Float32Array.of(0.9, 0.1, 0.2, 0.8);
    store.writePosteriors(run, { classes: 2, values, labels: Int32Array.of(0, 1) });
  }
  await assert.rejects(sandbox.printed("fuse", [one!.key]), /alone; name another key, or evaluate/);
  await assert.rejects(
    sandbox.printed("fuse", [one!.key, one!.key.slice(0, 8)]),
    /Cannot fuse .* with itself; name it once$/,
  );
  // what is stored is fused without the data
  Deno.removeSync(`${sandbox.folder}/train`, { recursive: true });
  const records = await sandbox.records("fuse", [one!.key, two!.key]);
  assert.deepEqual(records.map(({ top1_error }) => top1_error), [0, 0, 0]);
});
