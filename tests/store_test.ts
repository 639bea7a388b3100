import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../experiments/protocol.ts";
import { smoke } from "../experiments/setups.ts";
import { UserError } from "../lib/errors.ts";
import { type Context, key, needs, type Run } from "../lib/experiment.ts";
import type { PlannedRun } from "../lib/plan.ts";
import { makeStore, openStore } from "../lib/store.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const planned = (run: Run): PlannedRun => {
  const after = needs(run).map((ancestor) => key(ancestor, context));
  return { run, context, key: key(run, context), after };
};
const D = planned(net("D", JITTERED));
const [atQ] = evaluations(net("D", JITTERED), [384], "dense").map(planned) as [PlannedRun];

function inStore(work: (folder: string) => void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("runs are found again by the first digits of their keys, as they were planned", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    assert.deepEqual(store.runs(), []);
    for (const run of [D, atQ]) store.begin(run);
    assert.deepEqual(store.runs(), [D, atQ]);
    assert.deepEqual(store.find(atQ.key), atQ);
    assert.deepEqual(store.find(D.key.slice(0, 6)), D);
  }));

Deno.test("a key that no run or several have is refused, with the way out", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    assert.throws(
      () => store.find("0123"),
      (error) =>
        error instanceof UserError &&
        /Cannot find run "0123" in .* deno task status/.test(error.message),
    );
    for (const run of [D, atQ]) store.begin(run);
    assert.throws(() => store.find(""), /give more digits$/);
  }));

Deno.test("a folder whose recipe is cut off is no run", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.begin(D);
    Deno.writeTextFileSync(`${store.folderOf(D)}/recipe.json`, '{"run": {"conf');
    assert.deepEqual(store.runs(), []);
  }));

Deno.test("posteriors are read in parts, with their labels", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    const values = Float32Array.from({ length: 12 }, (_, i) => i / 8);
    store.writePosteriors(atQ, { classes: 3, values, labels: Int32Array.of(0, 1, 2, 1) });
    using open = openStore(folder).openPosteriors(atQ);
    assert.equal(open.classes, 3);
    assert.deepEqual([...open.labels], [0, 1, 2, 1]);
    assert.deepEqual([...open.rows(1, 3)], [3, 4, 5, 6, 7, 8].map((i) => i / 8));
    assert.deepEqual([...open.rows(3, 4)], [9, 10, 11].map((i) => i / 8));
  }));

Deno.test("weights are no posteriors: the file is named", () =>
  inStore((folder) => {
    const store = makeStore(folder);
    store.writePosteriors(atQ, {
      classes: 3,
      values: new Float32Array(3),
      labels: Int32Array.of(0, 1),
    });
    assert.throws(
      () => store.openPosteriors(atQ),
      (error) =>
        error instanceof UserError &&
        /posteriors\.safetensors": .*(fit|posteriors)/.test(error.message),
    );
  }));

Deno.test({
  name: "a process that was killed does not hold the store, even before it is buried",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // A shell that becomes another program never asks how its child, which ends after that, ended.
    const child = "until grep -q cat /proc/$PPID/comm; do :; done";
    const parent = new Deno.Command("sh", {
      args: ["-c", `sh -c '${child}' & echo $!; exec cat`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = parent.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    const isZombie = () => / Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
    while (!isZombie()) await new Promise((resolve) => setTimeout(resolve));
    inStore((folder) => {
      const store = makeStore(folder);
      Deno.writeTextFileSync(`${folder}/process`, String(parent.pid));
      assert.equal(store.worker(), parent.pid);
      Deno.writeTextFileSync(`${folder}/process`, String(pid));
      assert.equal(store.worker(), undefined);
    });
    await parent.stdin.close();
    await parent.status;
    await reader.cancel();
  },
});
