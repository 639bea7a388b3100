/** Memory limits of control groups: paths by hand, and a group of our own where we may make one. */
import assert from "node:assert/strict";
import { limitFiles, smallestLimit } from "../../lib/system/cgroups.ts";
import { flagsOf } from "../support/tasks.ts";

Deno.test("limits of all groups around a process are looked for, in both versions", () => {
  const v2 = "/sys/fs/cgroup";
  assert.deepEqual(limitFiles("0::/user.slice/user-1000.slice/session-3.scope\n"), [
    `${v2}/user.slice/user-1000.slice/session-3.scope/memory.max`,
    `${v2}/user.slice/user-1000.slice/memory.max`,
    `${v2}/user.slice/memory.max`,
    `${v2}/memory.max`,
  ]);
  // a container, which sees its own group as the root
  assert.deepEqual(limitFiles("0::/\n"), [`${v2}/memory.max`]);
  const v1 = "/sys/fs/cgroup/memory";
  assert.deepEqual(limitFiles("8:pids:/a\n4:memory:/docker/0d41:x\n3:cpu,memory:/\n"), [
    `${v1}/docker/0d41:x/memory.limit_in_bytes`,
    `${v1}/docker/memory.limit_in_bytes`,
    `${v1}/memory.limit_in_bytes`,
    `${v1}/memory.limit_in_bytes`,
  ]);
  assert.deepEqual(limitFiles(""), []);
});

Deno.test("the least limit counts; a group without one says max", () => {
  assert.equal(smallestLimit("max\n4294967296\n2147483648\nmax\n"), 2 * 2 ** 30);
  assert.equal(smallestLimit("max\n"), Infinity);
  assert.equal(smallestLimit(""), Infinity);
});

/** A group with a limit, another inside it, and where processes enter; nothing where that is denied. */
function groups(): { inner: string; outer: string } | undefined {
  const v1 = { folder: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" };
  const v2 = { folder: "/sys/fs/cgroup", limit: "memory.max" };
  for (const { folder, limit } of [v1, v2]) {
    const outer = `${folder}/verydeep-test-${crypto.randomUUID()}`;
    const inner = `${outer}/inner`;
    try {
      Deno.mkdirSync(outer);
      try {
        Deno.writeTextFileSync(`${outer}/${limit}`, String(2 * 2 ** 30));
        Deno.mkdirSync(inner);
        return { inner, outer };
      } catch {
        Deno.removeSync(outer);
      }
    } catch {
      // not this version, or not allowed
    }
  }
  return undefined;
}

Deno.test("a quota of processors counts, too: the runtime knows it", () => {
  // version 1, or 2: where one may be made
  const [v1, v2] = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].map((folder) =>
    `${folder}/verydeep-test-${crypto.randomUUID()}`
  );
  const tried = [[v1!, "cpu.cfs_quota_us", "100000"], [v2!, "cpu.max", "100000 100000"]] as const;
  const found = tried.find(([group, file, quota]) => {
    try {
      Deno.mkdirSync(group);
      Deno.writeTextFileSync(`${group}/${file}`, quota, { create: false });
      return true;
    } catch {
      try {
        Deno.removeSync(group);
      } catch {
        // it was not made
      }
      return false;
    }
  });
  if (found === undefined) return console.warn("no control group can be made: left out");
  const [group] = found;
  try {
    const machine = new URL("../../lib/system/machine.ts", import.meta.url);
    const script = Deno.makeTempFileSync({ suffix: ".ts" });
    Deno.writeTextFileSync(script, `import { cores } from "${machine}"; console.log(cores());`);
    const { stdout } = new Deno.Command("bash", {
      args: [
        ...["-c", `echo $$ > ${group}/cgroup.procs; exec "$@"`, "bash"],
        ...[Deno.execPath(), "run", ...flagsOf("table3"), script],
      ],
    }).outputSync();
    assert.equal(new TextDecoder().decode(stdout).trim(), "1");
    Deno.removeSync(script);
  } finally {
    Deno.removeSync(group);
  }
});

Deno.test("with the permissions of a task, the limit of a group around the process counts", () => {
  const found = groups();
  if (found === undefined) return console.warn("no control group can be made: left out");
  try {
    const machine = new URL("../../lib/system/machine.ts", import.meta.url);
    const script = Deno.makeTempFileSync({ suffix: ".ts" });
    Deno.writeTextFileSync(
      script,
      `import { memory } from "${machine}"; console.log(memory());`,
    );
    const command = `echo $$ > ${found.inner}/cgroup.procs; exec "$@"`;
    const { stdout, stderr } = new Deno.Command("bash", {
      args: ["-c", command, "bash", Deno.execPath(), "run", ...flagsOf("table3"), script],
    }).outputSync();
    assert.equal(
      new TextDecoder().decode(stdout).trim(),
      String(2 * 2 ** 30),
      new TextDecoder().decode(stderr),
    );
    Deno.removeSync(script);
  } finally {
    Deno.removeSync(found.inner);
    Deno.removeSync(found.outer);
  }
});
