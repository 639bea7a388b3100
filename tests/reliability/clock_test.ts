/** What a clock that jumps changes: nothing but dates. */
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { Leases } from "../../lib/store/leases.ts";
import { plannedRun } from "../../lib/plan.ts";
import { progressBars } from "../../lib/system/progress.ts";
import { engineOf } from "../../lib/executors/local/engine.ts";
import { runOne } from "../../lib/executors/local/run.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { train } from "../../lib/vgg/train.ts";
import { tensorflow } from "../support/run_graph.ts";
import { context as tiny, setup, tinyDataset } from "../support/tiny.ts";

const context = { ...tiny, train: { ...setup, inputScale: 1 / 64 } };
const A = plannedRun(net("A", 256), context);

const DAY = 24 * 3600 * 1000; // ms
const YEAR = 365 * DAY;

/** Does something while the date is years ahead at one look and years behind at the next. */
function whileDatesJump<Result>(work: () => Result): Result {
  const Right = Date;
  let jump = YEAR;
  class Jumping extends Right {
    constructor(...given: [] | [number]) {
      super(given[0] ?? Jumping.now());
    }
    static override now() {
      jump = -Math.sign(jump) * (Math.abs(jump) + DAY);
      return Right.now() + jump;
    }
  }
  globalThis.Date = Jumping as DateConstructor;
  try {
    return work();
  } finally {
    globalThis.Date = Right;
  }
}

/** Trains in a store of its own. @returns what the store has then, and when checkpoints were written */
async function trained(around: <Result>(work: () => Result) => Result) {
  const binding = await tensorflow();
  using dataset = tinyDataset();
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const store = makeStore(folder);
  const steps: number[] = [];
  const write = store.writeCheckpoint.bind(store);
  store.writeCheckpoint = (
    run,
    checkpoint,
  ) => (steps.push(checkpoint.step), write(run, checkpoint));
  around(() =>
    runOne(A, {
      ...{ engine: engineOf(binding), dataset, store, shouldStop: () => false },
      ...{ onProgress() {}, onNotice() {} },
    })
  );
  const found = {
    weights: store.readWeights(A),
    log: store.readLog(A),
    executions: store.readExecutions(A),
    steps,
  };
  Deno.removeSync(folder, { recursive: true });
  return found;
}

Deno.test("a date that jumps by years changes no weight, no checkpoint and no duration", async () => {
  const [calm, jumping] = [await trained((work) => work()), await trained(whileDatesJump)];
  assert.deepEqual(jumping.weights, calm.weights);
  assert.deepEqual(jumping.steps, calm.steps);
  assert.ok(calm.steps.length > 0);
  const losses = (log: typeof calm.log) => log.map(({ imagesPerSecond: _, ...entry }) => entry);
  assert.deepEqual(losses(jumping.log), losses(calm.log));
  for (const { imagesPerSecond } of jumping.log) {
    assert.ok(imagesPerSecond > 0 && Number.isFinite(imagesPerSecond));
  }
  const [{ started, finished, seconds = NaN } = assert.fail()] = jumping.executions;
  assert.ok(Math.abs(Date.parse(finished!) - Date.parse(started)) >= DAY);
  assert.ok(seconds >= 0 && 1000 * seconds < YEAR, `${seconds}`);
});

Deno.test("a checkpoint is written every five minutes, whatever the date", async () => {
  const binding = await tensorflow();
  using dataset = tinyDataset();
  const once = { ...context, train: { ...context.train, validations: 1 } };
  const steps: number[] = [];
  const { now } = performance;
  let elapsed = 0;
  performance.now = () => elapsed;
  try {
    whileDatesJump(() =>
      train(binding, { run: net("A", 256), context: once, dataset }, {
        onCheckpoint: ({ step }) => steps.push(step),
        onProgress: () => elapsed += 100_000, // ms
        ...{ onLog() {}, shouldStop: () => false },
      })
    );
  } finally {
    performance.now = now;
  }
  // 100 s a step: more than 300 s have passed after four; the validation comes after the twelfth
  assert.deepEqual(steps, [4, 8, 12, 12]);
});

Deno.test("a lease stays with its owner and is touched while dates jump", () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  // an owner that this system cannot check
  Deno.writeTextFileSync(`${folder}/run.1`, JSON.stringify({ host: "elsewhere", pid: 1 }));
  let now = 0;
  const [owner, other] = [new Leases(folder), new Leases(folder, { now: () => now })];
  assert.equal(owner.take("held"), true);
  whileDatesJump(() => {
    for (let minute = 0; minute < 9; minute++) {
      const before = Deno.statSync(`${folder}/held.1`).mtime!.getTime();
      owner.touchAll();
      assert.notEqual(Deno.statSync(`${folder}/held.1`).mtime!.getTime(), before);
      Deno.utimeSync(`${folder}/run.1`, new Date(), new Date());
      assert.equal(other.take("held"), false);
      assert.equal(other.take("run"), false);
      now += 60_000;
    }
    assert.equal(other.take("run"), true);
  });
  for (const leases of [owner, other]) for (const name of ["held", "run"]) leases.release(name);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("progress is reported every ten seconds at most, whatever the date", () => {
  const lines: string[] = [];
  whileDatesJump(() => {
    const bars = progressBars({
      stream: { isTTY: false, write: (text: string) => lines.push(text) },
    });
    const bar = bars.bar("work");
    for (let done = 0; done < 9; done++) bar.update(done, 1000);
    bars.stop();
  });
  assert.deepEqual(lines, []);
});
