/** Whole processes, as users start them: killed, interrupted, out of memory, two at once. */
import assert from "node:assert/strict";
import { lines } from "../../lib/bench/contestant.ts";
import { readIfThere } from "../../lib/system/files.ts";
import type { PlannedRun } from "../../lib/plan.ts";
import type { Store } from "../../lib/store/mod.ts";
import { run } from "../support/disks.ts";
import { DATA, LONG, outcome, start, storeIn, training } from "../support/commands.ts";
import { isIgnored, listensOn, printed } from "../support/processes.ts";
import { IN_PID_NAMESPACE, withNamespaces } from "../support/tasks.ts";

/** Ways to end a process, and how it ends then. */
const ENDS: Readonly<
  Record<string, {
    readonly end: (child: Deno.ChildProcess) => unknown;
    readonly code?: number;
  }>
> = {
  "SIGKILL": { end: (child) => child.kill("SIGKILL") },
  "SIGINT": { end: (child) => child.kill("SIGINT"), code: 130 },
  "SIGTERM": { end: (child) => child.kill("SIGTERM"), code: 143 },
  "SIGHUP": { end: (child) => child.kill("SIGHUP"), code: 129 },
  "SIGUSR2": { end: (child) => child.kill("SIGUSR2"), code: 140 },
  // what it has mapped is far more than that, so that it can take no more
  "no memory": { end: ({ pid }) => run("prlimit", `--pid=${pid}`, "--as=1000000") },
};

Deno.test({
  name: "a training that is killed, interrupted or out of memory can be resumed",
  ignore: Deno.build.os !== "linux",
  async fn(t) {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    let last = 0;
    for (const [name, { end, code }] of Object.entries(ENDS)) {
      await t.step(name, async () => {
        const { child, says, store, run } = await training(folder, (store, run) => {
          return (store.readCheckpoint(run)?.step ?? 0) > last;
        });
        assert.equal(store.status(run).state, "running");
        await end(child);
        const [status] = await Promise.all([child.status, Array.fromAsync(says)]);
        assert.equal(status.success, false);
        if (code !== undefined) {
          assert.equal(status.code, code);
          assert.deepEqual([...Deno.readDirSync(`${store.folder}/leases`)], []);
        }
        assert.equal(store.status(run).state, "partial");
        const { step } = store.readCheckpoint(run)!;
        assert.ok(step > last);
        last = step;
      });
    }
    Deno.removeSync(folder, { recursive: true });
  },
});

/** Runs a command in a terminal, which it closes at SIGTERM, and exits with the command's code. */
const TERMINAL = `
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.close(terminal))
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

Deno.test({
  name: "a training whose terminal is closed writes a checkpoint",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const before = ["python3", "-c", TERMINAL];
    const isUnderWay = (store: Store, run: PlannedRun) => store.readLog(run).length > 0;
    const { child, says, store, run } = await training(folder, isUnderWay, { before });
    child.kill("SIGTERM");
    const [{ code }] = await Promise.all([child.status, Array.fromAsync(says)]);
    assert.equal(code, 129);
    assert.ok(store.readCheckpoint(run)!.step > 0);
    assert.deepEqual([...Deno.readDirSync(`${store.folder}/leases`)], []);
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "a training under nohup outlives its terminal, and SIGUSR1 opens no port in it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const before = ["env", "--ignore-signal=HUP"];
    const isUnderWay = (store: Store, run: PlannedRun) => store.readLog(run).length > 0;
    const { child, says, store, run } = await training(folder, isUnderWay, { before });
    const told = Array.fromAsync(says);
    for (const signal of ["SIGHUP", "SIGUSR1"] as const) {
      child.kill(signal);
      assert.ok(isIgnored(child.pid, signal), signal);
      const { length } = store.readLog(run);
      await storeIn(folder, (store) => store.readLog(run).length > length + 1);
      assert.deepEqual(listensOn(child.pid), []);
    }
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 143);
    assert.doesNotMatch((await told).join("\n"), /Debugger/);
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "a first signal waits for the end of a step, however long it takes; a second does not",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    // 8,192 images of 224 x 224 pixels a step: minutes on a few cores
    const set = `${LONG},crop=224,width=0.25,batch=8192`;
    const more = ["--micro-batch", "16", "--workers", "1"];
    const isInStep = (store: Store, run: PlannedRun) =>
      store.readExecutions(run).some(({ microBatch }) => microBatch === 16);
    const { child, says, store, run } = await training(folder, isInStep, { set, more });
    child.kill("SIGINT");
    for await (const line of says) if (line.startsWith("stopping")) break;
    child.kill("SIGINT");
    assert.equal((await child.status).code, 130);
    assert.equal(store.readCheckpoint(run), undefined);
    // another process can take its lease at once
    assert.equal(store.leases.owner(run.key), undefined);
    assert.equal(store.leases.take(run.key), true);
    store.leases.release(run.key);
    Deno.removeSync(folder, { recursive: true });
  },
});

/** Tests of a net that starts from another one: five runs. */
const PLAN = [
  ...["evaluate", "--config", "B", "--S", "256", "--Q", "224,256,288"],
  ...["--set", `${DATA},schedules.first.images=3200,validations=4`],
];

/** Each run with its executions, and the lines of its log beside the steps that they are of. */
function doneIn(store: Store) {
  return store.runs().map((run) => {
    const log = `${store.folderOf(run)}/log.jsonl`;
    const lines = readIfThere(log)?.trimEnd().split("\n").length ?? 0;
    return {
      state: store.status(run).state,
      damage: store.damage(run),
      executions: store.readExecutions(run).length,
      twice: lines - store.readLog(run).length,
    };
  });
}

Deno.test("two processes share a plan: each run is executed once, and both print the same", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const children = [
    start(folder, PLAN, { stdout: "piped" }),
    start(folder, PLAN, { stdout: "piped" }),
  ];
  const [one, other] = await Promise.all(children.map(outcome));
  assert.deepEqual([one!.code, other!.code], [0, 0], one!.err + other!.err);
  assert.equal(one!.out, other!.out);
  const store = await storeIn(folder, () => true);
  const once = { state: "done", damage: undefined, executions: 1, twice: 0 };
  assert.deepEqual(doneIn(store), Array(5).fill(once));
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a training in another PID namespace is waited for, and not executed twice", () =>
  withNamespaces(async () => {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const { child, says, store, run } = await training(
      folder,
      (store, run) => store.readCheckpoint(run) !== undefined,
      { before: IN_PID_NAMESPACE },
    );
    // the program that makes the namespace waits for this one
    const [inside] = printed("cat", `/proc/${child.pid}/task/${child.pid}/children`)
      .trim().split(" ").map(Number);
    const other = start(folder, ["train", "--config", "A", "--S", "256", "--set", LONG]);
    const told: string[] = [];
    for await (const line of lines(other.stderr)) {
      told.push(line);
      if (/waiting for/.test(line)) other.kill("SIGINT");
    }
    assert.equal((await other.status).code, 130, told.join("\n"));
    assert.ok(
      told.includes(`A 256: waiting for process 1 on ${Deno.hostname()}, which executes this run`),
    );
    assert.equal(store.status(run).state, "running");
    Deno.kill(inside!, "SIGINT");
    await Promise.all([child.status, Array.fromAsync(says)]);
    const { executions, twice } = doneIn(store)[0]!;
    assert.deepEqual({ executions, twice }, { executions: 1, twice: 0 });
    Deno.removeSync(folder, { recursive: true });
  }));

Deno.test("if one of two processes is killed, the other finishes its run and the plan", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const children = [
    start(folder, PLAN, { stdout: "piped" }),
    start(folder, PLAN, { stdout: "piped" }),
  ];
  const outcomes = children.map(outcome);
  let owner: number | undefined;
  const store = await storeIn(folder, (store) => {
    const [run] = store.runs();
    owner = run && store.readCheckpoint(run) && store.leases.owner(run.key)?.pid;
    return owner !== undefined;
  });
  const killed = children.findIndex(({ pid }) => pid === owner);
  children[killed]!.kill("SIGKILL");
  const survivor = await outcomes[1 - killed]!;
  assert.equal(survivor.code, 0, survivor.err);
  assert.notEqual((await outcomes[killed]!).code, 0);
  assert.deepEqual(doneIn(store).map(({ state }) => state), Array(5).fill("done"));
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a failed run is reported with its dependents, and the exit code is 1", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const [command, ...options] = PLAN;
  // no rate recovers from weights as large as these
  const set = `${DATA},schedules.first.images=3200,validations=4,schedules.first.learningRate=1e30`;
  const args = options.map((option, i) => options[i - 1] === "--set" ? set : option);
  const { code, out, err } = await outcome(start(folder, [command!, ...args], { stdout: "piped" }));
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /^error: Cannot go on training A 256: .* at step \d+ \(learning rate/m);
  assert.match(err, /^error: Cannot finish A 256, nor the 4 runs that depend on it/m);
  assert.doesNotMatch(err, /^ +at /m);
  const store = await storeIn(folder, () => true);
  assert.deepEqual(store.runs().map((run) => store.status(run).state), ["failed"]);
  Deno.removeSync(folder, { recursive: true });
});
