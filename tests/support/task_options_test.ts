/** Command lines of the tasks for those who change the code. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { UsageError } from "../../lib/errors.ts";
import { countIn, helpOfTask, taskLine } from "./task_options.ts";

const USAGE = {
  words: "[CASE]",
  summary: "Tries cases.",
  options: { sample: { value: "N", text: "about N of them" } },
  notes: "Ends with 1.",
} as const;

Deno.test("words and options are read, and help is asked for anywhere", () => {
  const line = taskLine("faults", ["draw", "--sample", "48", "1"], USAGE)!;
  assert.deepEqual(line, { words: ["draw", "1"], given: { sample: "48" } });
  assert.equal(countIn(line, "sample"), 48);
  assert.equal(taskLine("faults", ["draw", "--help"], USAGE), undefined);
  assert.equal(taskLine("faults", ["-h"], USAGE), undefined);
  assert.match(
    helpOfTask("faults", USAGE),
    /^ {2}--sample N {2}about N of them\n {2}--help {6}this text$/m,
  );
});

Deno.test("unknown options, arguments and values are refused by name", () => {
  const refused = (args: string[], message: RegExp, usage: Partial<typeof USAGE> = USAGE) =>
    assert.throws(
      () => countIn(taskLine("faults", args, usage as typeof USAGE)!, "sample"),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  refused(["--smaple", "3"], /^There is no option "--smaple". Did you mean "--sample"; .* --help/);
  refused(["--all"], /^There is no option "--all"; deno task faults --help lists what it takes$/);
  refused(["--sample"], /^--sample needs a value, N; /);
  for (const value of ["0", "1.5", "many"]) {
    refused(["--sample", value], /^--sample \S+ is not a whole number, 1 or more$/);
  }
  refused(["draw"], /^There is no argument "draw"; /, { ...USAGE, words: undefined! });
});

Deno.test("each task with a program of its own has help, and refuses what it does not know", async () => {
  const programs = Object.entries(project.tasks).flatMap(([name, { command }]) => {
    const [, flags, program] = /^deno run (.+) (tests\/\S+)$/.exec(command) ?? [];
    return program === undefined ? [] : [{ name, flags: flags!.split(" "), program }];
  });
  assert.deepEqual(programs.map(({ name }) => name).sort(), [
    ...["coverage", "faults", "fuzz", "rehearse", "simulate", "soak", "test"],
  ]);
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  await Promise.all(programs.map(async ({ name, flags, program }) => {
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        ...{ args: ["run", "-q", ...flags, "--no-check", program, ...args], cwd },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: text(stdout), err: text(stderr) };
    };
    const [help, odd] = [await run("--help"), await run("--no-such-option")];
    assert.deepEqual([help.code, help.err], [0, ""], name);
    assert.ok(help.out.startsWith(`usage:\n  deno task ${name}`), help.out);
    assert.deepEqual([odd.code, odd.out], [2, ""], name);
    assert.match(odd.err, new RegExp(`^error: .*deno task ${name} --help`), name);
  }));
});
