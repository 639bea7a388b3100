/** What each task may do: no more than it needs. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { CATALOGUE } from "../lib/command_line/catalogue.ts";
import { TEST_FLAGS } from "./support/tasks.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Tasks of the command line: `deno run FLAGS cli.ts NAME`. */
const commands = Object.entries(project.tasks).flatMap(([name, { description, command }]) => {
  const [, flags, called] = / run (.*) cli\.ts ([\w-]+)$/.exec(command) ?? [];
  return called === undefined ? [] : [{ name, description, called, flags: flags!.split(" ") }];
});

Deno.test("each command of the catalogue is a task of its name, described by its summary", () => {
  const listed = Object.entries(CATALOGUE).map(([name, { summary }]) => [name, summary]);
  const tasks = commands.map(({ name, description }) => [name, description]);
  assert.deepEqual(tasks.sort(), listed.sort());
  for (const { name, called } of commands) assert.equal(called, name);
});

Deno.test("no command may use the network, import code or do everything", () => {
  for (const { name, flags } of commands) {
    assert.ok(flags.includes("--no-prompt"), name);
    const wide = flags.filter((flag) => /^(-A|-\w*[NI]\w*|--allow-(all|net|import)\b)/.test(flag));
    assert.deepEqual(wide, [], name);
  }
});

Deno.test("commands that only read results can load no library but sharp's", () => {
  for (const name of ["claims", "data", "diff", "export", "fuse", "plan", "report", "why"]) {
    const { flags } = commands.find((command) => command.name === name)!;
    const ffi = flags.filter((flag) => flag.startsWith("--allow-ffi"));
    assert.deepEqual(ffi, ["--allow-ffi=node_modules"], name);
    assert.ok(!flags.some((flag) => flag.startsWith("--allow-run")), name);
  }
});

Deno.test("compare may do no more than verify: both read strangers' files", () => {
  const flags = (task: string) => commands.find(({ name }) => name === task)!.flags;
  assert.deepEqual(flags("compare"), flags("verify"));
});

Deno.test("a task that may run named programs does not complain about those that are missing", () => {
  const named = commands.filter(({ flags }) => flags.some((flag) => /^--allow-run=/.test(flag)));
  assert.deepEqual(named.map(({ name }) => name).sort(), ["bundle", "cancel", "status"]);
  // Deno otherwise prints "Info Failed to resolve 'nvidia-smi' for allow-run"
  for (const { name, flags } of named) assert.ok(flags.includes("-q"), name);
});

Deno.test("the gate's tests may do no more than tasks can, but for a port of their own", () => {
  assert.match(project.tasks.ok.command, / && deno task test$/);
  assert.deepEqual(TEST_FLAGS, ["--no-prompt", "-RWESN", "--allow-ffi", "--allow-run"]);
});

Deno.test("no task may do everything: those for who changes the code do what the tests do", () => {
  for (const [name, { command }] of Object.entries(project.tasks)) {
    assert.doesNotMatch(command, / (-A|--allow-all)\b/, name);
    const [, flags] = /^deno run (.*?) (?:--v8-flags=\S+ )?tests\//.exec(command) ?? [];
    if (flags !== undefined && name !== "test") assert.equal(flags, TEST_FLAGS.join(" "), name);
  }
});

/** How attempts that a task's flags may forbid end. */
async function tried(task: string): Promise<Record<string, string>> {
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
    args: ["run", ...commands.find(({ name }) => name === task)!.flags, file],
    cwd: ROOT,
  }).output();
  Deno.removeSync(file);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("a report cannot open the network, run a program or load a library; verify cannot write", async () => {
  const [report, verify] = await Promise.all([tried("report"), tried("verify")]);
  const { remove, ...forbidden } = report!;
  assert.equal(remove, "NotFound");
  assert.deepEqual([...new Set(Object.values(forbidden))], ["NotCapable"]);
  assert.deepEqual([...new Set(Object.values(verify!))], ["NotCapable"]);
});
