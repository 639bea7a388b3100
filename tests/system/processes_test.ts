import assert from "node:assert/strict";
import type { ProcessIdentity } from "../../lib/system/processes.ts";
import { run } from "../support/disks.ts";
import { printed } from "../support/processes.ts";
import { asTask, IN_PID_NAMESPACE, withNamespaces } from "../support/tasks.ts";

const MODULE = new URL("../../lib/system/processes.ts", import.meta.url);

/** What a process knows of itself, and whether it thinks that others run. */
interface Answer {
  readonly own: ProcessIdentity;
  readonly running: readonly (boolean | null)[];
}

/** Asks a process with a task's permissions, in front of whose command line `before` stands. */
async function ask(
  task: "train" | "status" | "report",
  { others = [], before = [] }: {
    readonly others?: readonly Partial<ProcessIdentity>[];
    readonly before?: readonly string[];
  } = {},
): Promise<Answer> {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const program = `
      import { isRunning, thisProcess } from "${MODULE}";
      const own = thisProcess();
      const running = ${JSON.stringify(others)}
        .map((other) => isRunning({ ...own, ...other }, own) ?? null);
      console.log(JSON.stringify({ own, running }));
    `;
    const [first, ...rest] = [...before, ...asTask(task, program, folder)];
    const { code, out, err } = await run(first!, ...rest);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The start of a process, field 22 of /proc/PID/stat (man 5 proc_pid_stat). */
const startIn = (stat: string) => stat.replace(/^.*\) /s, "").split(" ")[19];

/** A number that no process has: the kernel's limit is 2^22. */
const NOBODY = 2 ** 22 + 1;

Deno.test({
  name: "tasks that train, and status, know machine, start and namespace, and which processes run",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const boot = printed("cat", "/proc/sys/kernel/random/boot_id").trim();
    const namespace = printed("readlink", "/proc/self/ns/pid").trim();
    const since = startIn(printed("cat", `/proc/${Deno.pid}/stat`))!;
    const me = { pid: Deno.pid, since };
    const others = [
      me,
      { ...me, since: "1" },
      { pid: NOBODY },
      { ...me, boot: "another start" },
      { ...me, host: "another machine" },
    ];
    for (const task of ["train", "status"] as const) {
      const { own, running } = await ask(task, { others });
      assert.equal(own.host, Deno.hostname());
      assert.equal(own.boot, `${boot} ${namespace}`);
      assert.match(own.since!, /^\d+$/);
      assert.deepEqual(running, [true, false, false, null, null], task);
    }
  },
});

Deno.test({
  name: "status knows them where modules set LD_LIBRARY_PATH, too",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const before = ["env", "LD_LIBRARY_PATH=/usr/local/lib"];
    const { running } = await ask("status", { before, others: [{}, { pid: NOBODY }] });
    assert.deepEqual(running, [true, false]);
  },
});

Deno.test("a task that may run no program knows no start, and calls nobody dead", async () => {
  const { own, running } = await ask("report", { others: [{ pid: NOBODY }] });
  assert.deepEqual(Object.keys(own), ["host", "pid"]);
  assert.deepEqual(running, [null]);
});

Deno.test("processes of another PID namespace are neither dead nor alive", () =>
  withNamespaces(async () => {
    const others = [{ pid: NOBODY }, { pid: 1 }];
    const here = await ask("train");
    const there = await ask("train", { before: IN_PID_NAMESPACE, others });
    assert.equal(there.own.pid, 1);
    assert.equal(there.own.host, here.own.host);
    assert.notEqual(there.own.boot, here.own.boot);
    assert.deepEqual(there.running, [false, true]);
    const { running } = await ask("train", { others: [there.own, { ...there.own, pid: NOBODY }] });
    assert.deepEqual(running, [null, null]);
  }));

Deno.test("where /proc shows another namespace than the process's, nothing is known", () =>
  withNamespaces(async () => {
    const before = IN_PID_NAMESPACE.filter((flag) => flag !== "--mount-proc");
    const { own, running } = await ask("train", { before, others: [{ pid: NOBODY }] });
    assert.deepEqual(own, { host: Deno.hostname(), pid: 1 });
    assert.deepEqual(running, [null]);
  }));
