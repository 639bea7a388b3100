import assert from "node:assert/strict";
import { sampleGpus, sampleIn, useIn, watchGpus } from "../../lib/system/gpu_use.ts";
import { withEnvironment } from "../support/tensorflow.ts";

/** Runs `work` where `nvidia-smi` prints `lines` and keeps how it was called. */
async function withNvidiaSmi(lines: string, work: (calls: () => string[]) => Promise<void>) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const script = `#!/bin/sh\necho "$@" >> ${folder}/calls\ncat ${folder}/lines\n`;
    Deno.writeTextFileSync(`${folder}/lines`, lines);
    Deno.writeTextFileSync(`${folder}/nvidia-smi`, script, { mode: 0o755 });
    await withEnvironment(
      { PATH: `${folder}:${Deno.env.get("PATH")}` },
      () => work(() => Deno.readTextFileSync(`${folder}/calls`).trim().split("\n")),
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("GPUs are sampled together: mean use, most memory, all power", async () => {
  await withNvidiaSmi("90, 1000, 300.50\n50, 2000, 200.00\n", async (calls) => {
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
  await withNvidiaSmi("90, 1000, 300\n", async () => {
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
