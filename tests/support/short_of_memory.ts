/** Trains a net of few channels in batches of 256, and prints how that went. Tests limit its memory. */
import { net } from "../../experiments/protocol.ts";
import { plannedRun } from "../../lib/plan.ts";
import { engineOf } from "../../lib/executors/local/engine.ts";
import { runOne } from "../../lib/executors/local/run.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { loadAddon } from "../../lib/tensorflow/addon.ts";
import { context, setup, tinyDataset } from "./tiny.ts";

const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
using dataset = tinyDataset();
const first = { learningRate: 0.01, images: 512, drops: { rule: "steps", at: [] } } as const;
const run = plannedRun(net("A", 256), {
  ...context,
  // without dropout, whose draws are a part's own
  train: {
    ...{ ...setup, crop: 224, width: 1 / 16, batch: 256, dropout: 0, validations: 1 },
    ...{ inputScale: 1 / 64, schedules: { ...setup.schedules, first } },
  },
});
const store = makeStore(folder);
const notices: string[] = [];
try {
  runOne(run, {
    engine: engineOf(await loadAddon({ intraOpThreads: 1, interOpThreads: 1 })),
    ...{ store, dataset },
    onProgress() {},
    onNotice: (message) => notices.push(message),
    shouldStop: () => false,
  });
  const losses = store.readLog(run).map(({ loss }) => loss);
  const { microBatch } = store.readExecutions(run).at(-1)!;
  console.log(JSON.stringify({ notices, microBatch, losses }));
} finally {
  Deno.removeSync(folder, { recursive: true });
}
