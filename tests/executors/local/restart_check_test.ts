/** The proof that trainings go on, with programs that train nothing: what it proves, and what it finds. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../lib/errors.ts";
import {
  mustHaveSameBits,
  reasonOfDifference,
  settingInWords,
  testRestarts,
} from "../../../lib/executors/local/restart_check.ts";
import { flagsOf } from "../../support/tasks.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const lib = (file: string) => new URL(`../../../lib/${file}`, import.meta.url).href;

/**
 * A program that counts to 40 in a store as a training does, with a checkpoint every 2 steps of some
 * ms, and whose weight is `weight`, an expression of `count` and of the folder's name.
 */
const counting = (weight: string) => `
  import { net } from "${new URL("../../../experiments/protocol.ts", import.meta.url)}";
  import { smoke } from "${new URL("../../../experiments/setups.ts", import.meta.url)}";
  import { plannedRun } from "${lib("plan.ts")}";
  import { makeStore } from "${lib("store/mod.ts")}";
  import { INITIAL_PLATEAU } from "${lib("vgg/schedule.ts")}";

  const folder = FOLDER;
  const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
  const run = plannedRun(net("A", 256), context);
  const store = makeStore(folder + "/smoke");
  const earlier = store.readExecutions(run);
  const checkpoint = store.readCheckpoint(run);
  const begin = performance.now();
  store.begin(run);
  const execution = { started: "2000-01-01T00:00:00.000Z", device: "cpu" };
  store.writeExecutions(run, [...earlier, execution]);
  let count = checkpoint?.tensors.get("count").values[0] ?? 0;
  const tensor = (value) => ({ shape: [1], values: Float32Array.of(value) });
  while (count < 40) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    count++;
    if (count % 2 === 0) {
      const tensors = new Map([["count", tensor(count)]]);
      store.writeCheckpoint(run, { step: count, plateau: INITIAL_PLATEAU, tensors });
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  const finished = "2000-01-01T00:00:01.000Z";
  store.writeExecutions(run, [...earlier, { ...execution, finished, seconds }]);
  store.writeWeights(run, new Map([["x", tensor(${weight})], ["y", tensor(-64)]]));
`;

/** Carries the proof out on a program of this text. */
async function proof(text: string) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const told: number[] = [];
  try {
    const proof = await testRestarts({
      command: (results) => {
        const file = `${results}.ts`;
        Deno.writeTextFileSync(file, text.replace("FOLDER", JSON.stringify(results)));
        const flags = [...flagsOf("train"), "--no-check", `--config=${ROOT}deno.json`];
        return [Deno.execPath(), "run", ...flags, file];
      },
      ...{ folder, pieces: 3, onProgress: (kills: number) => told.push(kills) },
    });
    return { ...proof, told };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a program that resumes from its checkpoint passes, however often it is killed", async () => {
  const { kills, hits, whole, pieces, largest, scale, executions, told } = await proof(
    counting("count"),
  );
  assert.equal(pieces, whole);
  assert.deepEqual([largest, scale], [0, 64]);
  assert.deepEqual(told, Array.from({ length: kills }, (_, i) => i + 1));
  assert.ok(hits <= kills);
  assert.ok(executions.length > 0);
});

Deno.test("a program that ends with other weights after kills fails, with the largest difference", async () => {
  const { whole, pieces, largest, scale } = await proof(
    counting('folder.endsWith("pieces") ? 40.5 : count'),
  );
  assert.notEqual(pieces, whole);
  assert.deepEqual([largest, scale], [0.5, 64]);
});

Deno.test("a training that fails without a kill is an error with its last line", async () => {
  await assert.rejects(
    proof('console.error("words"); console.error("no such net"); Deno.exit(1); FOLDER'),
    (error) =>
      error instanceof UserError &&
      /^Cannot train to test restarts: no such net$/.test(error.message),
  );
});

Deno.test("the same bits are promised on one thread, and on a GPU in deterministic mode", () => {
  const processor = { device: "cpu", threads: 1, towers: 2 } as const;
  const gpu = { device: "gpu", threads: 2, towers: 1 } as const;
  const settings = [
    processor,
    { ...processor, threads: 2 },
    { ...gpu, deterministic: true },
    { ...gpu, deterministic: false },
  ];
  assert.deepEqual(settings.map(mustHaveSameBits), [true, false, true, false]);
  assert.deepEqual(settings.map(settingInWords), [
    "cpu, 1 thread(s), 2 tower(s)",
    "cpu, 2 thread(s), 2 tower(s)",
    "gpu, deterministic, 2 thread(s), 1 tower(s)",
    "gpu, any kernels, 2 thread(s), 1 tower(s)",
  ]);
  const isDefect = (setting: typeof settings[number]) =>
    /a defect/.test(reasonOfDifference(setting));
  assert.deepEqual(settings.map(isDefect), [true, false, true, false]);
  assert.match(reasonOfDifference(settings[3]!), /^Without --deterministic a GPU may add/);
});
