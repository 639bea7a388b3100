/** What each task may do: no more than it needs. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Kinds of tasks: what they may do, and which they are. */
const KINDS = {
  /** Prints: reads files of the project, and what it is told to check. */
  print: { may: "-R -E=FORCE_COLOR,INIT_CWD,NO_COLOR,TERM", tasks: ["table1", "table2", "verify"] },
  /** Reads results and writes reports. The one native code is sharp, which reads pictures. */
  look: {
    may: "-RWE -S=hostname --allow-ffi=node_modules",
    tasks: ["claims", "data", "diff", "export", "fuse", "report", "why"],
  },
  /** Asks Slurm about its queue too; Deno would say which of its programs are not there. */
  ask: {
    may: "-RWE -S=hostname --allow-ffi=node_modules --allow-run=sacct,scontrol,squeue",
    tasks: ["status"],
    quiet: true,
  },
  cancel: {
    may: "-RWE -S=hostname --allow-ffi=node_modules --allow-run=scancel,squeue",
    tasks: ["cancel"],
    quiet: true,
  },
  /** Says also what fits in memory. */
  plan: {
    may: "-RWE -S=hostname,systemMemoryInfo --allow-ffi=node_modules",
    tasks: ["plan"],
  },
  /** Says also on which machine and at which commit. */
  bundle: {
    may: "-RWES --allow-ffi=node_modules --allow-run=git,nvidia-smi",
    tasks: ["bundle"],
  },
  /** Loads TensorFlow; pip fetches it, so even these need no network themselves. */
  work: {
    may: "-RWES --allow-ffi --allow-run",
    tasks: [
      ...["bench", "doctor", "evaluate", "kernels", "reproduce-all", "run", "setup"],
      ...["starts", "submission", "table3", "table4", "table5", "table6", "table7", "train"],
    ],
  },
};

Deno.test("every task of the command line names what it needs, and nothing else", () => {
  const byName = (entries: [string, string][]) => entries.sort(([a], [b]) => a < b ? -1 : 1);
  const found = Object.entries(project.tasks)
    .filter(([, { command }]) => / cli\.ts /.test(command))
    .map(([name, { command }]): [string, string] => [name, command]);
  const kinds: { may: string; tasks: string[]; quiet?: boolean }[] = Object.values(KINDS);
  const expected = kinds.flatMap(({ may, tasks, quiet }) => {
    const run = `deno run${quiet ? " -q" : ""} --no-prompt ${may}`;
    return tasks.map((name): [string, string] => [name, `${run} cli.ts ${name}`]);
  });
  assert.deepEqual(byName(found), byName(expected));
});

/** Tasks for who works on the project, by what our own part of them may do. */
const OTHERS = {
  // runs every test in the same process, mounts disks and kills programs
  ok: "deno test -A --doc",
  fuzz: "deno run -A tests/fuzz/main.ts",
  rehearse: "deno run -A tests/rehearsal/main.ts",
  coverage: "deno run --no-prompt -R=lib tests/coverage/main.ts",
};

Deno.test("tasks for who works on the project end with what they may do", () => {
  const found = Object.entries(project.tasks).filter(([, { command }]) =>
    !/ cli\.ts /.test(command)
  );
  assert.deepEqual(found.map(([name]) => name).sort(), Object.keys(OTHERS).sort());
  for (const [name, { command }] of found) {
    const last = OTHERS[name as keyof typeof OTHERS];
    assert.ok(command.endsWith(last), `${name} ends with "${last}"`);
  }
});

/** What comes of things that a kind of task may not do, and of removing a file. */
async function tried(kind: keyof typeof KINDS): Promise<Record<string, string>> {
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(
    file,
    `const outcomes: Record<string, string> = {};
    const ways = {
      fetch: () => fetch("http://127.0.0.1:8080/"),
      connect: () => Deno.connect({ port: 8080 }),
      resolve: () => Deno.resolveDns("localhost", "A"),
      listen: () => Deno.listen({ port: 0 }),
      run: () => new Deno.Command("true").output(),
      load: () => Deno.dlopen("/usr/lib/libc.so.6", {}),
      remove: () => Deno.remove("/nowhere/at/all"),
    };
    for (const [name, way] of Object.entries(ways)) {
      try {
        await way();
        outcomes[name] = "done";
      } catch (error) {
        outcomes[name] = (error as Error).name;
      }
    }
    console.log(JSON.stringify(outcomes));
    Deno.exit();`,
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...KINDS[kind].may.split(" "), file],
    cwd: ROOT,
  }).output();
  Deno.removeSync(file);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("a report cannot open the network, run a program or load a library; verify cannot write", async () => {
  const [look, print] = await Promise.all([tried("look"), tried("print")]);
  const { remove, ...forbidden } = look!;
  assert.equal(remove, "NotFound");
  assert.deepEqual([...new Set(Object.values(forbidden))], ["NotCapable"]);
  assert.deepEqual([...new Set(Object.values(print!))], ["NotCapable"]);
});
