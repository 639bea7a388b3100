import assert from "node:assert/strict";
import type { UserError } from "../../lib/errors.ts";
import { LeasePassedOn, Leases } from "../../lib/store/leases.ts";
import type { ProcessIdentity } from "../../lib/system/processes.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { inFolder } from "../support/in_store.ts";
import { printed } from "../support/processes.ts";
import { asTask, IN_PID_NAMESPACE, spawn, withNamespaces } from "../support/tasks.ts";

/** This process as a lease names it. */
function ownerIn(folder: string): ProcessIdentity {
  const leases = new Leases(folder);
  leases.take("probe");
  const owner = JSON.parse(Deno.readTextFileSync(`${folder}/probe.1`));
  leases.release("probe");
  return owner;
}

const write = (file: string, owner: unknown) => Deno.writeTextFileSync(file, JSON.stringify(owner));

Deno.test("one process at a time holds a lease, and another can take it after its release", () =>
  inFolder((folder) => {
    const [one, other] = [new Leases(folder), new Leases(folder)];
    assert.equal(other.owner("run"), undefined);
    assert.equal(one.take("run"), true);
    assert.equal(other.take("run"), false);
    assert.equal(other.take("run.2"), true);
    other.release("run.2");
    assert.equal(other.owner("run")!.pid, Deno.pid);
    one.release("run");
    assert.equal(other.take("run"), true);
    other.release("run");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("releasing a lease of another owner does nothing", () =>
  inFolder((folder) => {
    const [one, other] = [new Leases(folder), new Leases(folder)];
    one.take("run");
    other.release("run");
    assert.equal(other.take("run"), false);
    one.release("run");
  }));

Deno.test("a process that reuses the ID of a dead owner is not its owner", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    const owner = ownerIn(folder);
    write(`${folder}/run.1`, { ...owner, since: "1" });
    assert.equal(leases.owner("run"), undefined);
    assert.equal(leases.take("run"), true);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["run.2"]);
    leases.release("run");
  }));

Deno.test("files of a lease that cannot be removed are named when it is released", () =>
  inFolder(async (folder) => {
    const leases = new Leases(folder);
    write(`${folder}/run.1`, { ...ownerIn(folder), since: "1" });
    const said: string[] = [];
    await whileFailing({ call: "removeSync", part: "/run." }, () => {
      assert.equal(leases.take("run"), true);
      leases.release("run", (sentence) => said.push(sentence));
    });
    assert.deepEqual(
      said,
      [1, 2].map((number) =>
        `Cannot remove "${folder}/run.${number}"; it does no harm, ` +
        "and whoever takes this lease next removes it"
      ),
    );
  }));

Deno.test("an owner elsewhere is dead after a minute without a touch, whatever its clock says", () =>
  inFolder((folder) => {
    let now = 0;
    const leases = new Leases(folder, { now: () => now });
    const owner = ownerIn(folder);
    for (const other of [{ ...owner, host: "other" }, { ...owner, boot: "other" }, "cut off"]) {
      write(`${folder}/run.1`, other);
      // their clock may be years away from ours
      const touch = (year: number) => Deno.utimeSync(`${folder}/run.1`, 0, new Date(year, 1));
      touch(1999);
      assert.equal(leases.take("run"), false);
      now += 59_000;
      assert.equal(leases.take("run"), false);
      touch(1998);
      now += 59_000;
      assert.equal(leases.take("run"), false);
      now += 59_000;
      assert.equal(leases.take("run"), false);
      now += 1_000;
      assert.equal(leases.take("run"), true);
      leases.release("run");
    }
  }));

Deno.test("a lease that another process took over is neither touched nor removed", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    leases.take("run");
    Deno.renameSync(`${folder}/run.1`, `${folder}/run.2`);
    write(`${folder}/run.2`, { host: "other", pid: 1 });
    Deno.utimeSync(`${folder}/run.2`, 0, 0);
    leases.touchAll();
    leases.release("run");
    assert.equal(Deno.statSync(`${folder}/run.2`).mtime!.getTime(), 0);
  }));

Deno.test("a lease that was taken over, released and taken again under its first number is let alone", () =>
  inFolder((folder) => {
    const [leases, other] = [new Leases(folder), new Leases(folder)];
    const losses: UserError[] = [];
    leases.take("run", (error) => void losses.push(error));
    // the owner sleeps; another process takes the lease over, and ends; a third one takes run.1
    Deno.removeSync(`${folder}/run.1`);
    assert.equal(other.take("run"), true);
    Deno.utimeSync(`${folder}/run.1`, 0, 0);
    leases.touchAll();
    assert.deepEqual(losses.map(({ message }) => message), [
      `Cannot keep the lease "${folder}/run.1": another process has taken it`,
    ]);
    leases.release("run");
    assert.equal(Deno.statSync(`${folder}/run.1`).mtime!.getTime(), 0);
    other.release("run");
  }));

Deno.test("a lease that begins again with its first number is not released by its former owner", () =>
  inFolder((folder) => {
    const [leases, other] = [new Leases(folder), new Leases(folder)];
    leases.take("run");
    Deno.removeSync(`${folder}/run.1`);
    assert.equal(other.take("run"), true);
    leases.release("run"); // it has not looked since
    assert.ok(Deno.statSync(`${folder}/run.1`).isFile);
    other.release("run");
  }));

Deno.test("a lease that was taken between the look at a dead owner and the next number is not taken over", () =>
  inFolder((folder) => {
    const [leases, other] = [new Leases(folder), new Leases(folder)];
    write(`${folder}/run.1`, { ...ownerIn(folder), since: "1" });
    const { linkSync } = Deno;
    Deno.linkSync = (...names) => {
      Deno.linkSync = linkSync;
      // others take over, end, and begin again with run.1, while this one is about to take run.2
      Deno.removeSync(`${folder}/run.1`);
      assert.equal(other.take("run"), true);
      linkSync(...names);
    };
    try {
      assert.equal(leases.take("run"), false);
    } finally {
      Deno.linkSync = linkSync;
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["run.1"]);
    other.touchAll();
    assert.equal(leases.take("run"), false);
    other.release("run");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a lease with a live owner is taken, whatever a dead one has left under a higher number", () =>
  inFolder((folder) => {
    const [leases, other] = [new Leases(folder), new Leases(folder)];
    leases.take("run", (error) => assert.fail(error));
    write(`${folder}/run.2`, { ...ownerIn(folder), since: "1" });
    assert.equal(other.take("run"), false);
    assert.equal(other.owner("run")!.pid, Deno.pid);
    leases.release("run");
    assert.equal(other.take("run"), true);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["run.3"]);
    other.release("run");
  }));

Deno.test("touchAll touches held leases", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    leases.take("run");
    Deno.utimeSync(`${folder}/run.1`, 0, 0);
    leases.touchAll();
    assert.notEqual(Deno.statSync(`${folder}/run.1`).mtime!.getTime(), 0);
    leases.release("run");
  }));

Deno.test("the loss of a lease is reported once, at the next touch", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    const losses: UserError[] = [];
    leases.take("run", (error) => void losses.push(error));
    leases.touchAll();
    assert.deepEqual(losses, []);
    Deno.removeSync(`${folder}/run.1`);
    write(`${folder}/run.2`, { host: "other", pid: 1 });
    for (let i = 0; i < 3; i++) leases.touchAll();
    assert.deepEqual(losses.map(({ message }) => message), [
      `Cannot keep the lease "${folder}/run.1": another process has taken it`,
    ]);
    leases.release("run");
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["run.2"]);
  }));

Deno.test("a lease whose file was deleted is taken again at the next touch", () =>
  inFolder((folder) => {
    const [leases, other] = [new Leases(folder), new Leases(folder)];
    leases.take("run", (error) => assert.fail(error));
    Deno.removeSync(`${folder}/run.1`);
    leases.touchAll();
    assert.equal(other.take("run"), false);
    leases.release("run");
  }));

Deno.test("a lease whose file NFS has lost while it was touched is another process's after half a minute", () =>
  inFolder((folder) => {
    let now = 0;
    const leases = new Leases(folder, { now: () => now });
    const losses: UserError[] = [];
    leases.take("run", (error) => void losses.push(error));
    const { openSync } = Deno;
    Deno.openSync = (path, options) => {
      const handle = openSync(path, options);
      handle.utimeSync = () => {
        throw new Error("Stale file handle (os error 116)");
      };
      return handle;
    };
    try {
      now = 30_000;
      leases.touchAll();
    } finally {
      Deno.openSync = openSync;
    }
    assert.ok(losses[0] instanceof LeasePassedOn);
    leases.release("run");
  }));

Deno.test("a lease that cannot be touched for half a minute is lost before another process takes it", () =>
  inFolder((folder) => {
    let now = 0;
    const leases = new Leases(`${folder}/leases`, { now: () => now });
    const losses: UserError[] = [];
    leases.take("run", (error) => void losses.push(error));
    // neither root nor anybody can touch a file below a file
    Deno.renameSync(`${folder}/leases`, `${folder}/away`);
    Deno.writeTextFileSync(`${folder}/leases`, "");
    for (const [at, lost] of [[10_000, 0], [20_000, 0], [30_000, 1], [40_000, 1]] as const) {
      now = at;
      leases.touchAll();
      assert.equal(losses.length, lost, `${at} ms`);
    }
    assert.match(losses[0]!.message, /^Cannot keep a lease in ".*run\.1": Not a directory/);
  }));

Deno.test("a lease that is gone after half a minute without a touch may have been another process's", () =>
  inFolder((folder) => {
    let now = 0;
    const leases = new Leases(folder, { now: () => now });
    const losses: UserError[] = [];
    leases.take("run", (error) => void losses.push(error));
    // another process took the lease over, did the run, and released the lease
    Deno.removeSync(`${folder}/run.1`);
    now = 30_000;
    leases.touchAll();
    assert.equal(losses.length, 1);
    assert.ok(losses[0] instanceof LeasePassedOn);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a link whose reply was lost, as on NFS, has succeeded", () =>
  inFolder((folder) => {
    const { linkSync } = Deno;
    Deno.linkSync = (...names) => {
      linkSync(...names);
      linkSync(...names); // sent again: it exists
    };
    try {
      const leases = new Leases(folder);
      assert.equal(leases.take("run"), true);
      leases.release("run");
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    } finally {
      Deno.linkSync = linkSync;
    }
  }));

Deno.test("a lease that fails because its folder cannot be flushed leaves no draft", () =>
  inFolder(async (folder) => {
    const leases = new Leases(folder);
    // the first file that is opened is the draft, the second one is the folder
    await whileFailing({ call: "openSync", part: folder, skip: 1 }, () => {
      assert.throws(
        () => leases.take("run"),
        /^UserError: Cannot write ".*: Input\/output error; /,
      );
    });
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    assert.equal(leases.take("run"), true);
    leases.release("run");
  }));

Deno.test("drafts of a lease that dead processes left are removed when it is taken, others stay", () =>
  inFolder((folder) => {
    const owner = ownerIn(folder);
    const draft = (lease: string) => `${lease}.1.${crypto.randomUUID()}.part`;
    const dead = { ...owner, since: "1" };
    write(`${folder}/${draft("run")}`, dead);
    write(`${folder}/${draft("run")}.${crypto.randomUUID()}.part`, dead);
    const others = [
      ["of a live process", draft("run"), owner],
      ["of a process elsewhere", draft("run"), { ...dead, host: "other" }],
      ["of another lease", draft("run.2"), dead],
      ["that is cut off", draft("run"), undefined],
    ] as const;
    for (const [, name, content] of others) write(`${folder}/${name}`, content ?? "");
    const leases = new Leases(folder);
    assert.equal(leases.take("run"), true);
    leases.release("run");
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(
      others.filter(([, name]) => left.includes(name)).map(([which]) => which),
      others.map(([which]) => which),
    );
    assert.equal(left.length, others.length);
  }));

const MODULE = new URL("../../lib/store/leases.ts", import.meta.url);

/** A process that does something with the leases in a folder, as \`train\` may, until its input ends. */
function inProcess(folder: string, work: string, before: readonly string[] = []) {
  const program = `
    import { LeasePassedOn, Leases } from "${MODULE}";
    let now = 0;
    const leases = new Leases(${JSON.stringify(folder)}, { now: () => now });
    console.log(JSON.stringify(${work}));
    await Deno.stdin.read(new Uint8Array(1));
    Deno.exit();
  `;
  const place = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const child = spawn([...before, ...asTask("train", program, place)]);
  const reader = child.stdout.getReader();
  return {
    child,
    /** What it printed. */
    async answer() {
      const { value } = await reader.read();
      return JSON.parse(new TextDecoder().decode(value));
    },
    async end(signal?: Deno.Signal) {
      if (signal) child.kill(signal);
      else await child.stdin.close();
      await child.status;
      await reader.cancel();
      if (signal) await child.stdin.close().catch(() => {});
      Deno.removeSync(place, { recursive: true });
    },
  };
}

Deno.test("one of several processes takes over the lease of a dead owner", () =>
  inFolder(async (folder) => {
    write(`${folder}/run.3`, { ...ownerIn(folder), since: "1" });
    const others = Array.from({ length: 4 }, () => inProcess(folder, 'leases.take("run")'));
    const answers = await Promise.all(others.map((other) => other.answer()));
    for (const other of others) await other.end();
    assert.deepEqual(answers.sort(), [false, false, false, true]);
  }));

Deno.test("the lease of a killed process is free at once, under the tasks' permissions", () =>
  inFolder(async (folder) => {
    const owner = inProcess(folder, 'leases.take("run")');
    assert.equal(await owner.answer(), true);
    const other = inProcess(folder, 'leases.take("run")');
    assert.equal(await other.answer(), false);
    await other.end();
    await owner.end("SIGKILL");
    const next = inProcess(folder, '[leases.owner("run") ?? null, leases.take("run")]');
    assert.deepEqual(await next.answer(), [null, true]);
    await next.end();
  }));

Deno.test("an owner in another PID namespace keeps its lease until a minute without a touch", () =>
  withNamespaces(() =>
    inFolder(async (folder) => {
      const owner = inProcess(folder, 'leases.take("run")', IN_PID_NAMESPACE);
      assert.equal(await owner.answer(), true);
      const looks = '[0, 59_999, 60_000].map((time) => (now = time, leases.take("run")))';
      // the owner is process 1 there; here, that one has another start; and so for two containers
      for (const before of [[], IN_PID_NAMESPACE]) {
        const other = inProcess(folder, '[leases.owner("run").pid, leases.take("run")]', before);
        assert.deepEqual(await other.answer(), [1, false]);
        await other.end();
      }
      const later = inProcess(folder, looks);
      assert.deepEqual(await later.answer(), [false, false, true]);
      await later.end();
      await owner.end();
    })
  ));

Deno.test({
  name: "a killed process holds no lease, even while it is a zombie",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      // A shell that becomes another program never asks how its child, which ends after that, ended.
      const child = "until grep -q cat /proc/$PPID/comm; do :; done";
      const parent = new Deno.Command("sh", {
        args: ["-c", `sh -c '${child}' & echo $!; exec cat`],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const reader = parent.stdout.getReader();
      const pid = Number(new TextDecoder().decode((await reader.read()).value));
      const stat = (pid: number) => printed("cat", `/proc/${pid}/stat`);
      const since = (pid: number) => stat(pid).replace(/^.*\) /, "").split(" ")[19];
      const began = since(pid);
      while (!/ Z /.test(stat(pid))) await new Promise((resolve) => setTimeout(resolve));
      const leases = new Leases(folder);
      const owner = ownerIn(folder);
      write(`${folder}/run.1`, { ...owner, pid: parent.pid, since: since(parent.pid) });
      assert.equal(leases.take("run"), false);
      write(`${folder}/run.1`, { ...owner, pid, since: began });
      assert.equal(leases.owner("run"), undefined);
      assert.equal(leases.take("run"), true);
      leases.release("run");
      await parent.stdin.close();
      await parent.status;
      await reader.cancel();
    }),
});
