/** Towers: parts of a batch that are computed side by side. */
import assert from "node:assert/strict";
import { small } from "../../experiments/setups.ts";
import { loadAddon } from "../../lib/tensorflow/addon.ts";
import { float32, int32, Session } from "../../lib/tensorflow/session.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { trainingGraph } from "../../lib/vgg/model.ts";

Deno.test("towers change nothing but rounding, dropout's draws included", async () => {
  await ensureInstalled();
  const binding = await loadAddon({ intraOpThreads: 1 });
  const setup = { ...small.train, crop: 28, width: 1 / 16, fc: 64, batch: 8, dropout: 0.5 };
  const pixels = Uint8Array.from(
    { length: 8 * 28 * 28 * 3 },
    (_, i) => 128 + 100 * Math.sin(i * i),
  );
  const losses = [1, 2, 4].map((towers) => {
    const { graph } = trainingGraph({ config: "A", S: 256, init: "random" }, {
      ...{ setup, classes: 5, microBatch: 8, source: "cache", towers },
    });
    const session = new Session(binding, graph);
    try {
      session.run({ "seed/weights": int32([3, 0]) }, ["initialise:0"]);
      return Array.from({ length: 6 }, (_, step) =>
        session.run({
          "crops/pixels:0": { dtype: "uint8", shape: [8, 28, 28, 3], values: pixels },
          "crops/next:1": float32(new Float32Array(24).fill(-128), [8, 3]),
          "crops/next:2": int32([0, 1, 2, 3, 4, 0, 1, 2]),
          "rate": float32([0.02], []),
          "seed/dropout": int32([3, step]),
        }, ["step:0"])[0]!.values[0]!);
    } finally {
      session.close();
    }
  });
  const [one, ...others] = losses;
  for (const other of others) {
    other.forEach((loss, step) =>
      assert.ok(Math.abs(loss - one![step]!) < 1e-4, `${loss}, ${one![step]}`)
    );
  }
  // the same batch, learnt: dropout or not, the loss is another at each step
  assert.equal(new Set(one).size, 6);
});
