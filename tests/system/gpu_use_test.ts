import assert from "node:assert/strict";
import { sampleGpus, sampleIn, useIn, watchGpus } from "../../lib/system/gpu_use.ts";
import { withNvidiaSmi } from "../support/nvidia_smi.ts";
import { withEnvironment } from "../support/variables.ts";

Deno.test("GPUs are sampled together: mean use, most memory, all power", async () => {
  const answers = { "0": "90, 1000, 300.50", "GPU-aaaa": "50, 2000, 200.00" };
  await withNvidiaSmi({ answers }, async (calls) => {
    const found = await sampleGpus("0,GPU-aaaa");
    assert.deepEqual(found, { utilisation: 70, memory: 2000 * 2 ** 20, power: 500.5 });
    assert.deepEqual(calls(), [
      "--id=0,GPU-aaaa --query-gpu=utilization.gpu,memory.used,power.draw " +
      "--format=csv,noheader,nounits",
    ]);
  });
});

Deno.test("what the driver does not say is left out", async () => {
  assert.deepEqual(sampleIn("10, 5, [N/A]\n"), { utilisation: 10, memory: 5 * 2 ** 20 });
  assert.equal(sampleIn("[N/A], [N/A], [N/A]\n"), undefined); // a part of a GPU
  assert.equal(sampleIn(""), undefined);
  await withEnvironment({ PATH: "/nowhere" }, async () => {
    assert.equal(await sampleGpus(), undefined);
    const watch = watchGpus();
    const end = watch.begin();
    await watch.sample();
    assert.equal(end(), undefined);
  });
});

Deno.test("energy is mean power times time", () => {
  const samples = [[100, 300], [50, 500]].map(([utilisation, power]) => {
    return { utilisation: utilisation!, memory: 7, power: power! };
  });
  // 400 W for half an hour
  assert.deepEqual(useIn(samples, 1800), {
    ...{ utilisation: 75, memory: 7, power: 400, energy: 0.2, samples: 2 },
  });
  assert.equal(useIn([], 1800), undefined);
  const silent = useIn([{ utilisation: 10, memory: 7 }], 1800);
  assert.deepEqual(silent, { utilisation: 10, memory: 7, samples: 1 });
});

Deno.test("each run gets the samples of its own time", async () => {
  await withNvidiaSmi({ answers: { "0": "90, 1000, 300" } }, async () => {
    const watch = watchGpus();
    try {
      const first = watch.begin();
      await watch.sample();
      const second = watch.begin();
      await watch.sample();
      assert.deepEqual([first()?.samples, second()?.samples], [2, 1]);
      const third = watch.begin();
      assert.equal(third(), undefined);
    } finally {
      watch.stop();
    }
  });
});
