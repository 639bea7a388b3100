import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Leases, type Owner } from "../../lib/store/leases.ts";

/** Does something in an empty folder. */
async function inFolder(work: (folder: string) => Promise<void> | void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    await work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** This process as a lease names it. */
function ownerIn(folder: string): Owner {
  const leases = new Leases(folder);
  leases.take("probe");
  const owner = JSON.parse(Deno.readTextFileSync(`${folder}/probe.1`));
  leases.release("probe");
  return owner;
}

const write = (file: string, owner: unknown) => Deno.writeTextFileSync(file, JSON.stringify(owner));

Deno.test("a run is taken by one at a time, and by the next when it is released", () =>
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

Deno.test("what a process released that does not have it stays another's", () =>
  inFolder((folder) => {
    const [one, other] = [new Leases(folder), new Leases(folder)];
    one.take("run");
    other.release("run");
    assert.equal(other.take("run"), false);
    one.release("run");
  }));

Deno.test("a later process with the number of a dead one is not taken for it", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    const owner = ownerIn(folder);
    write(`${folder}/run.1`, { ...owner, since: "1" });
    assert.equal(leases.owner("run"), undefined);
    assert.equal(leases.take("run"), true);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["run.2"]);
    leases.release("run");
  }));

Deno.test("an owner elsewhere is dead when nothing was heard of it for a minute, by any clock", () =>
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

Deno.test("a lease that passed on to somebody else is neither touched nor removed", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    leases.take("run");
    Deno.renameSync(`${folder}/run.1`, `${folder}/run.2`);
    write(`${folder}/run.2`, { host: "other", pid: 1 });
    Deno.utimeSync(`${folder}/run.2`, 0, 0);
    leases.beat();
    leases.release("run");
    assert.equal(Deno.statSync(`${folder}/run.2`).mtime!.getTime(), 0);
  }));

Deno.test("a beat touches what is held", () =>
  inFolder((folder) => {
    const leases = new Leases(folder);
    leases.take("run");
    Deno.utimeSync(`${folder}/run.1`, 0, 0);
    leases.beat();
    assert.notEqual(Deno.statSync(`${folder}/run.1`).mtime!.getTime(), 0);
    leases.release("run");
  }));

Deno.test("of several processes that find a dead owner, one takes its place", () =>
  inFolder(async (folder) => {
    write(`${folder}/run.3`, { ...ownerIn(folder), since: "1" });
    const module = new URL("../../lib/store/leases.ts", import.meta.url);
    const program = `
      import { Leases } from "${module}";
      const leases = new Leases(${JSON.stringify(folder)});
      const taken = leases.take("run");
      console.log(taken);
      await Deno.stdin.read(new Uint8Array(1));
      Deno.exit();
    `;
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    const children = Array.from({ length: 4 }, () =>
      new Deno.Command(Deno.execPath(), {
        ...{ args: ["eval", program], cwd, stdin: "piped", stdout: "piped", stderr: "null" },
      }).spawn());
    const answers = await Promise.all(children.map(async ({ stdout }) => {
      const reader = stdout.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return new TextDecoder().decode(value).trim();
    }));
    for (const child of children) {
      await child.stdin.close();
      await child.status;
    }
    assert.deepEqual(answers.sort(), ["false", "false", "false", "true"]);
  }));

Deno.test({
  name: "a process that was killed holds nothing, even before it is buried",
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
      const stat = (pid: number) => Deno.readTextFileSync(`/proc/${pid}/stat`);
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
